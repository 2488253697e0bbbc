# SPDX-License-Identifier: Apache-2.0
"""The claims of a JWT, each of the kind that it has to be (RFC 7519 §2, §4.1); what is of another kind is refused."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from trust_lists.errors import JsonRefusedError, MetadataRefusedError, shown
from trust_lists.strict_json import parse_json

MAX_BYTES = 500_000
_MAX_TEXT = 2_000
_ENTITY = re.compile(r"https://([A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?)(?::[0-9]{1,5})?(?:/[!$-;=@-Z_a-z~]*)?")
"""A name or an address of version 4, so that names of hosts can be compared; no query, and no fragment."""


@dataclass(frozen=True, slots=True)
class Claims:
    """A JSON object, read by its members. All methods raise MetadataRefusedError STATEMENT_CLAIM."""

    members: dict[str, object]
    where: str = ""

    def text(self, name: str) -> str:
        """A text that must be there, and not be empty."""
        found = self.members.get(name)
        if not isinstance(found, str) or not 0 < len(found) <= _MAX_TEXT:
            raise self.refused(name, "is no text")
        return found

    def texts(self, name: str, most: int) -> tuple[str, ...]:
        """A list of texts; empty where it is absent."""
        return tuple(self._text(each, name) for each in self.items(name, most))

    def entity(self, name: str) -> str:
        """An entity identifier: an https URL with a host (OpenID Federation 1.0 §1.2)."""
        found = self.text(name)
        if not host_of(found):
            raise self.refused(name, f"is no entity identifier: {shown(found)!r}")
        return found

    def instant(self, name: str) -> datetime:
        """A NumericDate that must be there."""
        found = self.members.get(name)
        if isinstance(found, bool) or not isinstance(found, int | float):
            raise self.refused(name, "is no number of seconds")
        try:
            return datetime.fromtimestamp(found, UTC)
        except (ValueError, OverflowError, OSError):
            raise self.refused(name, "is no instant") from None

    def instant_or_none(self, name: str) -> datetime | None:
        """A NumericDate, if it is there."""
        return self.instant(name) if name in self.members else None

    def number(self, name: str) -> int | None:
        """A whole number of at least 0, if it is there."""
        found = self.members.get(name)
        if name not in self.members:
            return None
        if isinstance(found, bool) or not isinstance(found, int) or found < 0:
            raise self.refused(name, "is no number of at least 0")
        return found

    def items(self, name: str, most: int) -> list[object]:
        """A list; empty where it is absent."""
        found = self.members.get(name, [])
        if not isinstance(found, list) or len(found) > most:
            raise self.refused(name, f"is no list of at most {most}")
        return found

    def section(self, name: str) -> "Claims":
        """An object; empty where it is absent."""
        return self.of(self.members.get(name, {}), name)

    def sections(self) -> Iterable[tuple[str, "Claims"]]:
        """All members, which are objects."""
        return [(name, self.of(each, name)) for name, each in self.members.items()]

    def of(self, value: object, name: str) -> "Claims":
        """A value of it that is an object."""
        if not isinstance(value, dict):
            raise self.refused(name, "is no JSON object")
        return Claims(value, f"{self.where}{name}.")

    def refused(self, name: str, problem: str) -> MetadataRefusedError:
        """The error that a member is wrong."""
        return MetadataRefusedError("STATEMENT_CLAIM", f"{shown(self.where + name)} {problem}")

    def _text(self, value: object, name: str) -> str:
        if not isinstance(value, str) or not 0 < len(value) <= _MAX_TEXT:
            raise self.refused(name, "holds what is no text")
        return value


def read_claims(payload: bytes) -> Claims:
    """The claims of a payload. Raises MetadataRefusedError STATEMENT_JSON."""
    try:
        value = parse_json(payload, max_bytes=MAX_BYTES)
    except JsonRefusedError as error:
        raise MetadataRefusedError("STATEMENT_JSON", f"the claims: {error}") from None
    if not isinstance(value, dict):
        raise MetadataRefusedError("STATEMENT_JSON", "the claims are no JSON object")
    return Claims(value)


def host_of(entity: str) -> str:
    """The host of an entity identifier, in lower case; "" for what is none."""
    match = _ENTITY.fullmatch(entity)
    return match[1].lower() if match else ""
