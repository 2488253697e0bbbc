# SPDX-License-Identifier: Apache-2.0
"""Walking through JSON with a path in hand: each value is of the type that the schema gives it, or the list is refused.

`null` counts as absent, since serialisers write it for empty lists. Members that nobody asked for, and containers
that are empty against the schema, are remembered, so that nothing is passed over unseen.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import NoReturn, TypeVar

from trust_lists.documents.lote.unread import Unread
from trust_lists.errors import ListRefusedError
from trust_lists.instants import read_instant

_Value = TypeVar("_Value")


def refuse(path: str, problem: str) -> NoReturn:
    """Raises ListRefusedError LIST_STRUCTURE with the path of the value."""
    raise ListRefusedError("LIST_STRUCTURE", f"{path[:300]} {problem}")


class JsonObject:
    """An object in a document, with its path (`$.LoTE.ListAndSchemeInformation`).

    All methods raise ListRefusedError LIST_STRUCTURE where a value is of another type than its name says.
    """

    __slots__ = ("_left", "_unread", "_value", "path")

    def __init__(self, value: object, path: str, unread: Unread) -> None:
        self._value: dict[str, object] = _typed(value, dict, path, "an object")
        self._left = set(self._value)
        self._unread = unread
        self.path = path

    def __contains__(self, name: str) -> bool:
        return self._value.get(name) is not None

    def text(self, name: str) -> str:
        """A string; "" where it is absent."""
        value = self._take(name)
        return "" if value is None else _typed(value, str, f"{self.path}.{name}", "a string")

    def needed(self, name: str) -> str:
        """A string that must be there."""
        if name not in self:
            refuse(f"{self.path}.{name}", "is missing")
        return self.text(name)

    def integer(self, name: str) -> int | None:
        """A whole number; None where it is absent."""
        value = self._take(name)
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            refuse(f"{self.path}.{name}", f"is {_kind(value)}, not an integer")
        return value

    def needed_integer(self, name: str) -> int:
        """A whole number that must be there."""
        value = self.integer(name)
        if value is None:
            refuse(f"{self.path}.{name}", "is missing")
        return value

    def instant(self, name: str) -> datetime | None:
        """A date and time; None where it is absent."""
        text = self.text(name)
        if name not in self:
            return None
        found = read_instant(text)
        if found is None:
            refuse(f"{self.path}.{name}", f"is no date and time: {text[:40]!r}")
        return found

    def needed_instant(self, name: str) -> datetime:
        """A date and time that must be there."""
        found = self.instant(name)
        if found is None:
            refuse(f"{self.path}.{name}", "is missing")
        return found

    def member(self, name: str, read: Callable[["JsonObject"], _Value]) -> _Value | None:
        """An object, and what it holds that `read` didn't ask for as unread; None where it is absent."""
        value = self._take(name)
        return None if value is None else self._read(value, f"{self.path}.{name}", read)

    def needed_member(self, name: str, read: Callable[["JsonObject"], _Value]) -> _Value:
        """An object that must be there."""
        if name not in self:
            refuse(f"{self.path}.{name}", "is missing")
        return self._read(self._take(name), f"{self.path}.{name}", read)

    def is_object(self, name: str) -> bool:
        """Whether the member is an object."""
        return isinstance(self._value.get(name), dict)

    def items(self, name: str, read: Callable[[object, str], _Value]) -> tuple[_Value, ...]:
        """The items of an array, each read with its path; () where it is absent."""
        value = self._take(name)
        if value is None:
            return ()
        path = f"{self.path}.{name}"
        items: list[object] = _typed(value, list, path, "an array")
        if not items:
            self._unread.add(lambda: f"{path} is empty")
        return tuple(read(item, f"{path}[{number}]") for number, item in enumerate(items))

    def objects(self, name: str, read: Callable[["JsonObject"], _Value]) -> tuple[_Value, ...]:
        """The items of an array of objects, and what they hold that `read` didn't ask for as unread."""
        return self.items(name, lambda value, path: self._read(value, path, read))

    def texts(self, name: str) -> tuple[str, ...]:
        """The items of an array of strings."""
        return self.items(name, lambda value, path: _typed(value, str, path, "a string"))

    def raw(self, name: str) -> object:
        """Whatever is there."""
        return self._take(name)

    def _read(self, value: object, path: str, read: Callable[["JsonObject"], _Value]) -> _Value:
        return read_object(value, path, read, self._unread)

    def tell_left(self) -> None:
        """Adds the members that nobody asked for to what is unread."""
        for name in sorted(self._left):
            if name in self:
                self._unread.add(partial("{}.{}".format, self.path, name[:80]))

    def _take(self, name: str) -> object:
        self._left.discard(name)
        return self._value.get(name)


def read_object(value: object, path: str, read: Callable[[JsonObject], _Value], unread: Unread) -> _Value:
    """What `read` makes of an object; members that it didn't ask for are added to `unread`."""
    item = JsonObject(value, path, unread)
    found = read(item)
    item.tell_left()
    return found


def _typed(value: object, kind: type[_Value], path: str, called: str) -> _Value:
    if not isinstance(value, kind):
        refuse(path, f"is {_kind(value)}, not {called}")
    return value


def _kind(value: object) -> str:
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
