# SPDX-License-Identifier: Apache-2.0
"""Dictionaries by name for the event loop of a name server: nothing that is done to one takes long at a time.

A dictionary of a million names stands still for 70 ms when it grows or is freed. A `NameTable` is many small ones. A
`Layer` is a dictionary as it will be after changes, which are kept beside it: made in another thread while the
dictionary is read, shown at once, folded into it by parts, and the same to a reader at every moment.
"""

from collections.abc import Iterable, Iterator, MutableMapping
from typing import Final, TypeVar, cast

V = TypeVar("V")

_PARTS: Final = 256
_SHIFT: Final = 48
"""Of a hash, whose low bits choose the place inside a part: those would be the same for all that is in it."""
_ABSENT: Final = object()


class NameTable(MutableMapping[bytes, V]):
    """A dictionary in parts, by the hash of the name."""

    __slots__ = ("parts",)

    def __init__(self) -> None:
        self.parts: tuple[dict[bytes, V], ...] = tuple({} for _ in range(_PARTS))

    def _part(self, name: bytes) -> dict[bytes, V]:
        return self.parts[hash(name) >> _SHIFT & _PARTS - 1]

    def get(self, name: bytes, default: object = None) -> V | None:  # type: ignore[override]
        """What is at a name, or `default`."""
        return self.parts[hash(name) >> _SHIFT & _PARTS - 1].get(name, default)  # type: ignore[return-value]

    def __getitem__(self, name: bytes) -> V:
        return self._part(name)[name]

    def __setitem__(self, name: bytes, value: V) -> None:
        self._part(name)[name] = value

    def __delitem__(self, name: bytes) -> None:
        del self._part(name)[name]

    def __contains__(self, name: object) -> bool:
        return name in self._part(cast("bytes", name))

    def __iter__(self) -> Iterator[bytes]:
        for part in self.parts:
            yield from part

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def add_new(self, names: Iterable[bytes], value: V) -> list[bytes]:
        """Put the value at those of the names that aren't there; returns those that are."""
        parts = self.parts
        known = []
        for name in names:
            part = parts[hash(name) >> _SHIFT & _PARTS - 1]
            if name in part:
                known.append(name)
            else:
                part[name] = value
        return known


class Layer(MutableMapping[bytes, V]):
    """`base` with changes, which it doesn't know of before `fold`; `many` if these may be very many."""

    __slots__ = ("_base", "_changes")

    def __init__(self, base: MutableMapping[bytes, V], *, many: bool = False) -> None:
        self._base = base
        self._changes: NameTable[V | None] | dict[bytes, V | None] = NameTable() if many else {}

    def get(self, name: bytes, default: object = None) -> V | None:  # type: ignore[override]
        """What is at a name, or `default`."""
        found: object = self._changes.get(name, _ABSENT)
        if found is _ABSENT:
            found = self._base.get(name)
        return default if found is None else found  # type: ignore[return-value]

    def __getitem__(self, name: bytes) -> V:
        found = self.get(name)
        if found is None:
            raise KeyError(name)
        return found

    def __setitem__(self, name: bytes, value: V) -> None:
        self._changes[name] = value

    def __delitem__(self, name: bytes) -> None:
        if name not in self:
            raise KeyError(name)
        self._changes[name] = None

    def __contains__(self, name: object) -> bool:
        return self.get(cast("bytes", name)) is not None

    def __iter__(self) -> Iterator[bytes]:
        changes = self._changes
        yield from (name for name in self._base if name not in changes)
        yield from (name for name, value in changes.items() if value is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        return bool(self._base) if not self._changes else any(True for _ in self)

    def fold(self) -> Iterator[None]:
        """Bring the changes into the base, one at each step; whoever reads through this one sees no difference."""
        base = self._base
        for part in self._changes.parts if isinstance(self._changes, NameTable) else (self._changes,):
            while part:
                name, value = part.popitem()
                if value is None:
                    base.pop(name, None)
                else:
                    base[name] = value
                yield
