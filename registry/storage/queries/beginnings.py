# SPDX-License-Identifier: Apache-2.0
"""Participants whose identifiers begin as somebody typed, as ranges of keys that an index has in a row.

Keys compare by code points on both databases, so those that begin alike stand together. A scheme that isn't said is
every scheme of the domain: there are few, and an index tells them by as many steps. So it is with the agencies of a
scheme, whose code stands before the number that people know.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Connection, Select, Table, bindparam, case, func, select, tuple_

from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.rules import IdentifierRules
from registry.storage.tables import registration, service_group

MAX_SCHEMES: Final = 100
MAX_AGENCIES: Final = 300
LOOKED_AT: Final = 5_000
"""Of how many keys a page looks at most at what its index doesn't tell."""
_LAST: Final = 0x10FFFF
_SURROGATES: Final = range(0xD800, 0xE000)
_AGENCY: Final = re.compile(r"[0-9]{4}:")


@dataclass(frozen=True, slots=True, order=True)
class Beginning:
    """Keys of a scheme that begin with `value`; of every scheme where there is none."""

    scheme: str
    value: str = ""

    def conditions(
        self, scheme: Column[str], value_key: Column[str], after: Sequence[str], *, among: bool = False
    ) -> list[ColumnElement[bool]]:
        """What an index by scheme and key knows of its rows behind the (scheme, key) `after`, () for the first.

        With `among` also at it: more than one row may have it. One bound on each side: a database that is given two
        may begin at the wrong one.
        """
        if not self.scheme:
            here = tuple_(scheme, value_key)
            return [here >= tuple_(*after) if among else here > tuple_(*after)] if after else []
        found: list[ColumnElement[bool]] = [scheme == self.scheme]
        if after and after[0] == self.scheme and after[1] >= self.value:
            found.append(value_key >= after[1] if among else value_key > after[1])
        elif self.value:
            found.append(value_key >= self.value)
        if (high := following(self.value)) is not None:
            found.append(value_key < high)
        return found

    def looked_at(self, value_key: Column[str]) -> list[ColumnElement[bool]]:
        """What such an index doesn't tell."""
        if self.scheme or not self.value:
            return []
        high = following(self.value)
        return [value_key >= self.value, *([] if high is None else [value_key < high])]

    def is_before(self, place: Sequence[str]) -> bool:
        """Whether all of it stands before a (scheme, value key)."""
        if not self.scheme or not place:
            return False
        high = following(self.value)
        return self.scheme < place[0] or (self.scheme == place[0] and high is not None and high <= place[1])

    def holds(self, other: "Beginning") -> bool:
        """Whether it has all that `other` has."""
        return self.scheme in {"", other.scheme} and other.value.startswith(self.value)


EVERYTHING: Final = Beginning("")


@dataclass(frozen=True, slots=True)
class Sought:
    """How identifiers begin that are looked for; what is empty doesn't matter."""

    scheme: str = ""
    value: str = ""
    """How the value begins."""
    anything: str = ""
    """How the identifier begins: scheme, value, or the number behind the code of an agency."""


def following(prefix: str) -> str | None:
    """The least text, by code points, behind all that begin with `prefix`; None where nothing stands behind them."""
    rest = prefix.rstrip(chr(_LAST))
    if not rest:
        return None
    after = ord(rest[-1]) + 1
    return rest[:-1] + chr(_SURROGATES.stop if after in _SURROGATES else after)


def beginnings(
    connection: Connection, table: Table, domain_id: int, rules: IdentifierRules, sought: Sought
) -> list[Beginning]:
    """What is sought in `table`, service groups or registrations, in order; none of them has rows of another."""
    texts = (sought.scheme, sought.value, sought.anything)
    if any(ord(char) in _SURROGATES for text in texts for char in text):
        return []  # no identifier holds half of a pair
    if not sought.value and not sought.anything:
        return [Beginning(sought.scheme)] if sought.scheme else [EVERYTHING]
    schemes = [sought.scheme] if sought.scheme else _schemes(connection, table, domain_id)
    if len(schemes) > MAX_SCHEMES or "" in schemes:
        return [_without_schemes(rules, sought)]
    found: set[Beginning] = set()
    for scheme in schemes:
        value = Beginning(scheme, _key(rules, scheme, sought.value))
        if not sought.anything:
            found.add(value)
            continue
        for each in _of_anything(connection, table, domain_id, rules, scheme, sought.anything):
            if value.holds(each):
                found.add(each)
            elif each.holds(value):
                found.add(value)
    return _apart(found)


def _of_anything(
    connection: Connection, table: Table, domain_id: int, rules: IdentifierRules, scheme: str, text: str
) -> Iterable[Beginning]:
    head = str(ParticipantIdentifier(scheme, "x"))[:-1]
    if text.lower().startswith(head.lower()):
        return [Beginning(scheme, _key(rules, scheme, text[len(head) :]))]
    found = [Beginning(scheme, _key(rules, scheme, text))]
    if head.lower().startswith(text.lower()):
        found.append(Beginning(scheme))
    elif ":" not in text:
        found += (
            Beginning(scheme, _key(rules, scheme, agency + text))
            for agency in _agencies(connection, table, domain_id, scheme)
        )
    return found


def _without_schemes(rules: IdentifierRules, sought: Sought) -> Beginning:
    scheme, separator, value = sought.anything.partition("::")
    if separator and scheme:
        return Beginning(scheme, _key(rules, scheme, value))
    return Beginning("", _key(rules, "", sought.value or sought.anything))


def _apart(found: Iterable[Beginning]) -> list[Beginning]:
    """Each that isn't part of another one, in order: two of them are either apart, or one holds the other."""
    apart: list[Beginning] = []
    for each in sorted(found):
        if not apart or not apart[-1].holds(each):
            apart.append(each)
    return apart


def _key(rules: IdentifierRules, scheme: str, value: str) -> str:
    return rules.participant_key(ParticipantIdentifier(scheme, value)) if value else ""


def _steps(table: Table, column: str, here: list[ColumnElement[bool]], low: str, behind: Any) -> Select[Any]:
    """The distinct values of a column from `low` on, or what `behind` makes of one, each by a step in the index."""
    found = table.c[column]
    steps = select(func.min(found).label("step")).where(*here, found >= low).cte("steps", recursive=True)
    onward = select(func.min(found)).where(*here, found > behind(steps.c.step)).scalar_subquery()
    steps = steps.union_all(select(onward).where(steps.c.step.is_not(None)))
    return select(steps.c.step).where(steps.c.step.is_not(None)).limit(bindparam("most"))


def _behind_agency(key: ColumnElement[str]) -> ColumnElement[str]:
    """Behind all of its agency; of what has none, behind others that begin alike and have none either."""
    code, sign = func.substr(key, 1, 4), func.substr(key, 5, 1)
    return case(
        (sign == ":", code + ";"),
        (sign == "", key),
        (sign < ":", code + "9" + chr(_LAST)),
        else_=code + chr(_LAST),
    )


def _statements(table: Table) -> tuple[Select[Any], Select[Any]]:
    c = table.c
    here = c.domain_id == bindparam("domain")
    # Codes are digits; ":" follows those.
    numbered = [here, c.scheme == bindparam("scheme"), c.value_key < ":"]
    schemes = _steps(table, "scheme", [here], "", lambda step: step)
    return schemes, _steps(table, "value_key", numbered, "0", _behind_agency)


_STATEMENTS: Final = {table.name: _statements(table) for table in (service_group, registration)}


def _schemes(connection: Connection, table: Table, domain_id: int) -> list[str]:
    """The schemes of a domain in order; one more than MAX_SCHEMES where there are many."""
    parameters = {"domain": domain_id, "most": MAX_SCHEMES + 1}
    return [str(step) for step in connection.execute(_STATEMENTS[table.name][0], parameters).scalars()]


def _agencies(connection: Connection, table: Table, domain_id: int, scheme: str) -> list[str]:
    """The codes of agencies in a scheme, each with its colon; the first ones of too many."""
    parameters = {"domain": domain_id, "scheme": scheme, "most": MAX_AGENCIES}
    steps = connection.execute(_STATEMENTS[table.name][1], parameters).scalars()
    return sorted({step[:5] for step in steps if _AGENCY.match(step)})
