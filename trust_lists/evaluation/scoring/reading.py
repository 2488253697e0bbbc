# SPDX-License-Identifier: Apache-2.0
"""Values of the files of facts and judgements: exact numbers, ranges of them, dates and digests.

Numbers become fractions, never floats: `0.1` is a tenth, so that weights and scores are exact. Their length and
exponent are bounded before they are read, since `1e999999999` would fill the memory.
"""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from trust_lists import yaml_nodes
from trust_lists.errors import JsonRefusedError, ScoringError, YamlRefusedError, shown
from trust_lists.strict_json import parse_json

MAX_BYTES = 500_000
"""More than the largest table needs, and what is read within some seconds even where it was made to be slow."""
UNKNOWN = "unknown"
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?", re.ASCII)
_RATIO = re.compile(r"([1-9][0-9]{0,17})/([1-9][0-9]{0,17})", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Range:
    """What is known of a number: from `low` to `high`, both of them included; one number where they are the same."""

    low: Fraction
    high: Fraction

    @property
    def exact(self) -> bool:
        """Whether this is one number."""
        return self.low == self.high

    @property
    def middle(self) -> Fraction:
        """Half-way between both ends: the mean of what is drawn from the range."""
        return (self.low + self.high) / 2

    def to_json(self) -> dict[str, int | float]:
        """Both ends."""
        return {"from": plain(self.low), "to": plain(self.high)}


@dataclass(frozen=True, slots=True)
class Node(yaml_nodes.Node):
    """A value, or where one could be; what is wrong with it goes to `reasons`."""

    def number(self) -> Fraction | None:
        """A decimal number: `1056`, `0.25`, `1e6`."""
        value = self.text()
        if not value:
            return None
        if not _NUMBER.fullmatch(value):
            self.wrong(f"{shown(value)!r} is no number such as 1056, 0.25 or 1e6")
            return None
        return Fraction(value)

    def ratio(self) -> Fraction | None:
        """How many times more: a decimal number above 0, or a ratio such as `1/3`."""
        match = _RATIO.fullmatch(self.text())
        found = Fraction(int(match[1]), int(match[2])) if match else self.number()
        if found is not None and found <= 0:
            self.wrong("a ratio above 0 is expected")
            return None
        return found

    def range(self) -> Range | None:
        """A number, or a mapping `{from: 2, to: 14}`; None where that is unknown, or wrong."""
        if not self.is_mapping:
            found = None if self.text() == UNKNOWN else self.number()
            return None if found is None else Range(found, found)
        ends = self.section(required=("from", "to"))
        low, high = ends["from"].number(), ends["to"].number()
        if low is None or high is None:
            return None
        if low > high:
            self.wrong("`from` is above `to`")
            return None
        return Range(low, high)

    def identifiers(self) -> dict[str, "Node"]:
        """The value as a mapping whose keys are short identifiers (letters, digits, `.`, `_`, `-`)."""
        found = self.entries()
        for key in [key for key in found if not _ID.fullmatch(key)]:
            found.pop(key).wrong("a key is made of up to 60 letters, digits, full stops, underscores and hyphens")
        return found

    def one_of(self, known: Collection[str], what: str) -> str:
        """One of these identifiers."""
        value = self.line()
        if value and value not in known:
            self.wrong(f"there is no {what} {shown(value)!r}; there are {', '.join(sorted(known)) or 'none'}")
            return ""
        return value

    def digest(self) -> str:
        """A SHA-256 in hexadecimal, or `none` (which is returned as an empty text)."""
        value = self.text().lower()
        if value in {"", "none"}:
            return ""
        if not _SHA256.fullmatch(value):
            self.wrong(f"{shown(value)!r} is no SHA-256 (64 hexadecimal digits), and not `none`")
            return ""
        return value

    def day(self) -> date | None:
        """A date (ISO 8601)."""
        value = self.text()
        if not value:
            return None
        try:
            return date.fromisoformat(value if _DATE.fullmatch(value) else "")
        except ValueError:
            self.wrong(f"{shown(value)!r} is no date such as 2026-11-22")
            return None


Section = yaml_nodes.Section[Node]


def parse(data: bytes, what: str) -> Node:
    """The one document of `data`, YAML or JSON. Raises ScoringError where it is neither, too large, or no mapping."""
    if len(data) > MAX_BYTES:
        raise ScoringError((f"{what}: {len(data)} bytes; {MAX_BYTES} are allowed",))
    try:
        root = yaml_nodes.parse(_as_yaml(data))
    except YamlRefusedError as error:
        raise ScoringError((f"{what}: {error}",)) from None
    if not root.is_mapping:
        raise ScoringError((f"{what}: a mapping is expected, which begins with `kind: …`",))
    return Node(root.raw, "", [])


def _as_yaml(data: bytes) -> bytes:
    """JSON that YAML 1.1 doesn't take (indented by tabs, or with surrogate pairs) as such that it does."""
    if not data.lstrip().startswith(b"{") or not (b"\t" in data or b"\\u" in data):
        return data
    try:
        return json.dumps(parse_json(data, max_bytes=MAX_BYTES), ensure_ascii=False, indent=1).encode()
    except JsonRefusedError:
        return data


def plain(number: Fraction) -> int | float:
    """The number for JSON: a whole one as such, others as the nearest double."""
    return number.numerator if number.denominator == 1 and abs(number) < 2**53 else float(number)
