# SPDX-License-Identifier: Apache-2.0
"""What look-ups have found, for as long as it may be used: bounded in number and bytes, the least used go first.

Pure: times are seconds since 1970, passed by whoever calls. An entry is *fresh* first, and *good in need* after that:
used only where finding out anew failed. Who may go on in need is decided when the entry is made.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

from registry.resolver.answers import Answer

_OVERHEAD = 1000  # bytes of an entry beside its texts: key, objects, links


@dataclass(slots=True)
class Entry:
    """An answer, when it was `made`, and until when it is what (exclusive)."""

    answer: Answer
    made: float
    fresh_until: float
    good_until: float
    """In need; never before `fresh_until`."""
    retry_at: float = 0.0
    """Before this moment it is used without finding out anew, since that has just failed."""


class AnswerCache:
    """Not for several threads."""

    def __init__(self, max_entries: int, max_bytes: int) -> None:
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._entries: OrderedDict[Hashable, Entry] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def fresh(self, key: Hashable, now: float) -> Entry | None:
        """The entry, if it is fresh."""
        entry = self._entries.get(key)
        if entry is None or now >= entry.fresh_until:
            return None
        self._entries.move_to_end(key)
        return entry

    def in_need(self, key: Hashable, now: float) -> Entry | None:
        """The entry, if it is good in need; one that isn't even that is dropped."""
        entry = self._entries.get(key)
        if entry is not None and now >= entry.good_until:
            self.drop(key)
            return None
        return entry

    def put(self, key: Hashable, entry: Entry) -> None:
        """Keep an entry in place of any other of that key; not one that is too large by itself."""
        self.drop(key)
        size = _size(entry)
        if size > self._max_bytes:
            return
        self._entries[key] = entry
        self.bytes += size
        while len(self._entries) > self._max_entries or self.bytes > self._max_bytes:
            _, dropped = self._entries.popitem(last=False)
            self.bytes -= _size(dropped)

    def drop(self, key: Hashable) -> None:
        """Forget an entry, if there is one."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.bytes -= _size(entry)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self.bytes = 0


def _size(entry: Entry) -> int:
    return len(entry.answer.body) + len(entry.answer.explanation) + _OVERHEAD
