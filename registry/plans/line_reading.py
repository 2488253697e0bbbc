# SPDX-License-Identifier: Apache-2.0
"""JSON lines as what participants say: a line each, as `registry export` writes them (docs/reference/exchange.md)."""

import json
from collections.abc import Iterator
from typing import Any, Final

from registry.domains.domain import Domain
from registry.errors import Reason, ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.plans.bounded import BoundedLines
from registry.plans.model import CLAUSE, Said
from registry.plans.table_reading import key_of
from registry.smp.exchange.json_lines import FORMAT, parse_json
from registry.smp.exchange.table_columns import lines_text
from registry.storage.spool import Spool

PARTS: Final = frozenset(
    {"participant", "extensions", "properties", "services", "business_card", "owner", "visibility"}
)
_NEEDED: Final = ("properties",)
"""Parts of which a line that doesn't have them says nothing, as in exports of older versions."""


class LineReader:
    """Reads JSON lines for a domain."""

    def __init__(self, domain: Domain, lines: BoundedLines) -> None:
        self._domain = domain
        self._lines = lines

    def said(self) -> Iterator[Said]:
        """What is said, in order of the participants' keys. Raises as `BoundedLines`.

        A participant that comes twice is refused: which line counts isn't ours to guess.
        """
        with Spool() as spool:
            for number, line in enumerate(self._lines, 1):
                if line.strip() and not (number == 1 and _is_header(line)):
                    spool.add(self._key(line) or f"\n{number}", f"{number} {line.strip()}".encode())
            for key, found in spool.groups():
                first, text = found[0].decode().split(" ", 1)
                if len(found) > 1:
                    numbers = [int(item.split(b" ", 1)[0]) for item in found]
                    reason = Reason("PLAN-TWICE", f"{lines_text(numbers)}: the participant comes twice", CLAUSE)
                    yield Said(numbers[0], key, key, {}, reasons=(reason,))
                else:
                    yield self._participant(int(first), "" if key.startswith("\n") else key, text)

    def _key(self, line: str) -> str:
        try:
            return key_of(self._domain, _participant(parse_json(line)))
        except ValidationError:
            return ""

    def _participant(self, number: int, key: str, line: str) -> Said:
        try:
            body = parse_json(line)
            participant = _participant(body)
            key_of(self._domain, participant)
        except ValidationError as error:
            reasons = [Reason(item.id, f"line {number}: {item.message}", item.clause) for item in error.reasons]
            return Said(number, key, "", {}, reasons=reasons)
        if unknown := sorted(body.keys() - PARTS):
            message = f"line {number}: nothing called {unknown[0][:80]!r} is known here"
            return Said(number, key, str(participant), {}, reasons=(Reason("SMP-JSON", message, CLAUSE),))
        unsaid = frozenset(name for name in _NEEDED if name not in body)
        return Said(number, key, str(participant), body, unsaid)


def _is_header(line: str) -> bool:
    """Whether a first line names the format. Raises ValidationError where it names another one."""
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return False
    if not isinstance(said, dict) or said.keys() != {"format"}:
        return False
    if said["format"] != FORMAT:
        raise ValidationError.of(
            "SMP-JSON-FORMAT", f"line 1: the format is not {FORMAT}: another one, or newer", CLAUSE
        )
    return True


def _participant(body: Any) -> ParticipantIdentifier:
    said = body.get("participant") if isinstance(body, dict) else None
    if not isinstance(said, dict) or not all(type(said.get(name, "")) is str for name in ("scheme", "value")):
        raise ValidationError.of("PLAN-PARTICIPANT", "no participant is named", CLAUSE)
    participant = ParticipantIdentifier(said.get("scheme", ""), said.get("value", ""))
    try:
        str(participant).encode()
    except UnicodeEncodeError:
        raise ValidationError.of("PLAN-PARTICIPANT", "the participant holds half of a surrogate pair", CLAUSE) from None
    if not participant.value:
        raise ValidationError.of("PLAN-PARTICIPANT", "no participant is named", CLAUSE)
    return participant
