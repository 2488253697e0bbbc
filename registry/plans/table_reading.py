# SPDX-License-Identifier: Apache-2.0
"""A CSV table as what participants say (docs/reference/plan-columns.md).

Rows of a participant may stand anywhere: they are put together outside of the memory. What makes the table unreadable
refuses it as a whole; what is wrong with a row refuses the participant of that row, with all reasons.
"""

import csv
import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

from registry.domains.domain import Domain
from registry.errors import Reason, ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.plans.bounded import BoundedLines
from registry.plans.model import ALL, CLAUSE, Said
from registry.smp.exchange.json_lines import parse_json
from registry.smp.exchange.model_json import (
    extensions_to_json,
    identifier_to_json,
    properties_to_json,
    service_to_json,
)
from registry.smp.exchange.table_columns import (
    COLUMNS,
    EXTENSIONS_JSON,
    JSON_COLUMNS,
    OF_ENDPOINTS,
    OF_REDIRECTS,
    OF_SERVICES,
    PARTICIPANT,
    PROPERTIES_JSON,
    PROPERTY,
    PUBLIC_PROPERTY,
    SERVICE_JSON,
    VISIBILITY,
    SaidRows,
    delimiter_of,
    extensions_of,
    lines_text,
    service_of,
    unguarded,
    wrong_columns,
)
from registry.storage.spool import Spool
from registry.storage.types import to_json

MAX_COLUMNS: Final = 200
MAX_ROWS: Final = 5_000_000
MAX_PARTICIPANT_BYTES: Final = 32_000_000
LONGEST_KEY: Final = 600
_KEPT: Final = 8_192
_RULE: Final = "PLAN-CSV"


class TableReader:
    """Reads one table for a domain."""

    def __init__(self, domain: Domain, lines: BoundedLines) -> None:
        self._domain = domain
        self._lines = lines
        self._key_of = lru_cache(_KEPT)(self._parsed)
        self._services = lru_cache(_KEPT)(_service_json)
        self._unsaid: frozenset[str] = frozenset()
        self._says_visibility = False

    def said(self) -> Iterator[Said]:
        """What is said, participant by participant, in order of their keys. Raises as `BoundedLines`."""
        with Spool() as spool:
            for number, row, wrong in self._rows():
                who = row.pop(PARTICIPANT, "")
                key, reasons = self._key_of(who)
                told = [_with_line(number, reason) for reason in (*reasons, *wrong)]
                spool.add(key or f"\n{number}", to_json([number, who, row, told]).encode())
            if large := spool.larger_than(MAX_PARTICIPANT_BYTES):
                message = f"the rows of {large[0][:100]} have more than {MAX_PARTICIPANT_BYTES} bytes"
                raise ValidationError.of("PLAN-SIZE", message, CLAUSE)
            for key, found in spool.groups():
                yield self._participant("" if key.startswith("\n") else key, [json.loads(item) for item in found])

    def _participant(self, key: str, found: Sequence[tuple[int, str, dict[str, str], list[list[str]]]]) -> Said:
        line, who = found[0][0], found[0][1]
        reasons = [Reason(*said) for *_, told in found for said in told]
        if not key or reasons:
            return Said(line, key, who, {}, reasons=tuple(dict.fromkeys(reasons)))
        said = SaidRows([(number, row) for number, _, row, _ in found], _RULE, CLAUSE)
        if len({spelled for _, spelled, *_ in found}) > 1 and len({self._spelled(item[1]) for item in found}) > 1:
            others = sorted({item[0] for item in found if self._spelled(item[1]) != self._spelled(who)})
            said.refuse([line, *others], "the participant is spelled in two ways")
        body = self._body(self._spelled(who), said)
        return Said(line, key, who, body, self._unsaid, tuple(dict.fromkeys(said.reasons)))

    def _body(self, participant: ParticipantIdentifier, said: SaidRows) -> dict[str, Any]:
        body: dict[str, Any] = {"participant": identifier_to_json(participant)}
        extension, card, owner = (said.once(name) for name in ("participant_extension", "business_card", "owner"))
        body["extensions"] = [
            *extensions_to_json(extensions_of(extension)),
            *_json_list(said, EXTENSIONS_JSON),
        ]
        body["properties"] = [*properties_to_json(tuple(said.properties())), *_json_list(said, PROPERTIES_JSON)]
        body["services"] = [*self._written_out(said), *self._in_cells(said)]
        if card:
            body["business_card"] = card
        if owner:
            body["owner"] = owner
        if self._says_visibility:
            body[VISIBILITY] = said.once(VISIBILITY) or self._domain.visibility.default.value
        return {name: value for name, value in body.items() if value}

    def _in_cells(self, said: SaidRows) -> Iterator[Any]:
        for rows in said.by_document_type():
            cells = tuple(tuple((name, row[name]) for name in COLUMNS if name in row) for _, row in rows)
            text, wrong = self._services(cells)
            for message in wrong:
                said.refuse([number for number, _ in rows], message)
            if text:
                yield json.loads(text)

    def _written_out(self, said: SaidRows) -> Iterator[Any]:
        for number, row in said.rows:
            if SERVICE_JSON not in row:
                continue
            about = sorted(row.keys() & {*OF_SERVICES, *OF_ENDPOINTS, *OF_REDIRECTS})
            if about:
                said.refuse([number], f"beside {SERVICE_JSON} there is {', '.join(about)}")
            try:
                yield parse_json(row[SERVICE_JSON])
            except ValidationError as error:
                said.refuse([number], f"{SERVICE_JSON}: {error.reasons[0].message}")

    def _rows(self) -> Iterator[tuple[int, dict[str, str], list[Reason]]]:
        """The number of a row's last line, its cells by column, and what is wrong with it."""
        lines = iter(self._lines)
        head = next(lines, "")
        names = self._head(head)
        reader = csv.reader(lines, delimiter=delimiter_of(head), strict=True)
        rows = 0
        while True:
            begins = self._lines.number + 1
            try:
                cells = next(reader, None)
            except csv.Error as error:
                raise ValidationError.of(
                    "PLAN-QUOTES", f"line {begins}: no CSV from here on: {error}", CLAUSE
                ) from error
            if cells is None:
                return
            if not any(map(str.strip, cells)):
                continue
            rows += 1
            if rows > MAX_ROWS:
                raise ValidationError.of("PLAN-SIZE", f"line {begins}: there are more than {MAX_ROWS} rows", CLAUSE)
            row = {name: text for name, cell in zip(names, cells, strict=False) if (text := unguarded(cell.strip()))}
            wrong = []
            # Also for fewer: what isn't there would count as empty, and empty removes (RFC 4180 §2.4).
            if len(cells) != len(names):
                message = f"{len(cells)} cells in {len(names)} columns; put quotes around what has a separator"
                wrong.append(Reason(_RULE, message, CLAUSE))
            yield begins, row, wrong

    def _head(self, head: str) -> list[str]:
        if head.count(delimiter_of(head)) >= MAX_COLUMNS:
            raise ValidationError.of("PLAN-COLUMNS", f"line 1: there are more than {MAX_COLUMNS} columns", CLAUSE)
        try:
            cells = next(csv.reader([head], delimiter=delimiter_of(head), strict=True), [])
        except csv.Error as error:
            raise ValidationError.of("PLAN-QUOTES", f"line 1: no CSV: {error}", CLAUSE) from error
        names = [name.strip() for name in cells]
        if wrong := wrong_columns(names, {*COLUMNS, VISIBILITY, *JSON_COLUMNS}):
            raise ValidationError(Reason("PLAN-COLUMNS", f"line 1: {message}", CLAUSE) for message in wrong)
        self._unsaid = _unsaid(names)
        self._says_visibility = VISIBILITY in names
        return names

    def _parsed(self, who: str) -> tuple[str, tuple[Reason, ...]]:
        if not who:
            return "", (Reason("PLAN-PARTICIPANT", "no participant is named", CLAUSE),)
        try:
            return key_of(self._domain, ParticipantIdentifier.parse(who, scheme_optional=True)), ()
        except ValidationError as error:
            return "", error.reasons

    @staticmethod
    def _spelled(who: str) -> ParticipantIdentifier:
        return ParticipantIdentifier.parse(who, scheme_optional=True)


def key_of(domain: Domain, participant: ParticipantIdentifier) -> str:
    """How a participant compares, as `scheme::value`. Raises ValidationError where that is longer than anybody's."""
    key = f"{participant.scheme}::{domain.identifiers.participant_key(participant)}"
    if len(key) > LONGEST_KEY or "\0" in key:
        raise ValidationError.of("PLAN-PARTICIPANT", f"no participant is called {key[:80]!r}", CLAUSE)
    return key


def _with_line(number: int, reason: Reason) -> list[str]:
    return [reason.id, f"{lines_text([number])}: {reason.message}", reason.clause]


def _unsaid(names: Sequence[str]) -> frozenset[str]:
    """The parts of a participant that have no column."""
    columns = {
        "extensions": {"participant_extension", EXTENSIONS_JSON},
        "business_card": {"business_card"},
        "services": {"document_type", SERVICE_JSON},
    }
    unsaid = {part for part, those in columns.items() if those.isdisjoint(names)}
    if PROPERTIES_JSON not in names and not any(name.startswith((PROPERTY, PUBLIC_PROPERTY)) for name in names):
        unsaid.add("properties")
    return frozenset({*unsaid, ALL} if "services" in unsaid else unsaid)


def _json_list(said: SaidRows, name: str) -> list[Any]:
    if not (text := said.once(name)):
        return []
    numbers = [number for number, row in said.rows if name in row]
    try:
        found = parse_json(text)
    except ValidationError as error:
        said.refuse(numbers, f"{name}: {error.reasons[0].message}")
        return []
    if not isinstance(found, list):
        said.refuse(numbers, f"{name}: no list")
        return []
    return found


def _service_json(rows: tuple[tuple[tuple[str, str], ...], ...]) -> tuple[str, tuple[str, ...]]:
    metadata, wrong = service_of([dict(row) for row in rows])
    return "" if metadata is None else to_json(service_to_json(metadata)), tuple(wrong)
