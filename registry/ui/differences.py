# SPDX-License-Identifier: Apache-2.0
"""What differs between two values of JSON, member by member."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """A member that isn't the same; None where there is none."""

    path: str
    """The names that lead to it, with dots between; empty for a value that has no members."""
    before: str | None
    after: str | None


def differences(before: Any, after: Any) -> list[Change]:
    """All members that differ, in the order in which they are there; None is nothing, and not JSON's null."""
    return list(_changes((), *(_Absent if each is None else each for each in (before, after))))


class _Absent:
    pass


def _changes(path: tuple[str, ...], before: Any, after: Any) -> Iterator[Change]:
    sides = [{} if each is _Absent else each for each in (before, after)]
    if all(isinstance(each, Mapping) for each in sides) and any(sides):
        one, other = sides
        for name in dict.fromkeys((*one, *other)):
            yield from _changes((*path, str(name)), one.get(name, _Absent), other.get(name, _Absent))
    elif before != after or isinstance(before, bool) is not isinstance(after, bool):
        yield Change(".".join(path), _text(before), _text(after))


def _text(value: Any) -> str | None:
    if value is _Absent:
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
