# SPDX-License-Identifier: Apache-2.0
"""What was read from PostgreSQL and is still right: documents in memory, emptied when one may have changed.

Three things could make it wrong, and none may: a change that isn't told, because the listener is cut off; a read that
began before a change and ends after it; and an instant that was planned, at which stamps move without anybody writing.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from registry.storage.unit_of_work import Topic

_K = TypeVar("_K", bound=Hashable)
_V = TypeVar("_V")
_TOPICS = frozenset({Topic.DOCUMENTS, Topic.DOMAINS})
_OVERHEAD = 1_500
"""Bytes of an entry beside its document: its key, its stamp, and the dictionary's."""


@dataclass(frozen=True, slots=True)
class CacheLimits:
    """What a process may keep; without entries or bytes it keeps nothing."""

    entries: int
    size: int
    """Bytes in all."""


NO_CACHE = CacheLimits(0, 0)


@dataclass(frozen=True, slots=True)
class _Entry(Generic[_V]):
    value: _V
    size: int
    until: datetime | None


class DocumentCache(Generic[_K, _V]):
    """The documents that were asked for last. Methods may be called from several threads."""

    def __init__(self, limits: CacheLimits, connected: Callable[[], bool]) -> None:
        """`connected` says whether changes are told; while they aren't, nothing is kept and nothing found."""
        self._limits = limits
        self._connected = connected
        self._lock = threading.Lock()
        self._entries: OrderedDict[_K, _Entry[_V]] = OrderedDict()
        self._size = 0
        self._generation = 0

    def find(self, key: _K, now: datetime) -> _V | None:
        """What is kept for a key."""
        if not self._connected():
            return None
        with self._lock:
            found = self._entries.get(key)
            if found is None or (found.until is not None and now >= found.until):
                return None
            self._entries.move_to_end(key)
            return found.value

    @property
    def generation(self) -> int | None:
        """To be asked for before what is put is read; None where nothing can be kept now."""
        return self._generation if self._limits.entries and self._connected() else None

    def put(self, key: _K, value: _V, size: int, generation: int | None, until: datetime | None) -> None:
        """Keep what was read, `size` bytes, unless something has changed since the generation was asked for.

        `until` is the instant at which it changes by itself, None where there is none.
        """
        size += _OVERHEAD
        with self._lock:
            if generation != self._generation or size > self._limits.size:
                return
            if (replaced := self._entries.pop(key, None)) is not None:
                self._size -= replaced.size
            self._entries[key] = _Entry(value, size, until)
            self._size += size
            while len(self._entries) > self._limits.entries or self._size > self._limits.size:
                _, gone = self._entries.popitem(last=False)
                self._size -= gone.size

    def changed(self, topics: frozenset[Topic]) -> None:
        """Forget everything where one of the topics is about documents."""
        if not topics.isdisjoint(_TOPICS):
            with self._lock:
                self._empty()

    def __len__(self) -> int:
        return len(self._entries)

    def _empty(self) -> None:
        self._entries.clear()
        self._size = 0
        self._generation += 1
