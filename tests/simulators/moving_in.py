# SPDX-License-Identifier: Apache-2.0
"""A source and a receiver for tests of moving in: what the one holds a test says, what the other gets it sees."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256

from registry.errors import Reason
from registry.move_in.model import Kind, Result, SourceKind, SourceRecord, Unhoused, Verdict, part_of
from registry.storage.unit_of_work import UnitOfWork

Part = tuple[Kind, int]


def record_of(key: str, content: object = 0, kind: Kind = Kind.PARTICIPANT) -> SourceRecord:
    """A record that says something."""
    return SourceRecord(kind, key, json.dumps(content).encode())


class MemorySource:
    """Implements `registry.move_in.model.Source`; `counts_parts` says whether it knows what its parts amount to."""

    kind = SourceKind.CSV

    def __init__(self, records: Iterable[SourceRecord], *, counts_parts: bool = False) -> None:
        self.held = list(records)
        self.counts_parts = counts_parts
        self.read: list[Part | None] = []
        self.fails_after: tuple[int, Exception] | None = None
        self.closed = False

    def check(self) -> None:
        pass

    def checksums(self) -> Mapping[Part, str] | None:
        if not self.counts_parts:
            return None
        parts: dict[Part, list[bytes]] = {}
        for record in self.held:
            parts.setdefault((record.kind, part_of(record.key)), []).append(record.key.encode() + record.body)
        return {part: sha256(b"".join(sorted(said))).hexdigest() for part, said in parts.items()}

    def records(self, parts: Collection[Part] | None) -> Iterator[SourceRecord]:
        self.read += [None] if parts is None else sorted(parts)
        for number, record in enumerate(self.held):
            if self.fails_after is not None and number == self.fails_after[0]:
                raise self.fails_after[1]
            if parts is None or (record.kind, part_of(record.key)) in parts:
                yield record

    def unhoused(self) -> tuple[Unhoused, ...]:
        return (Unhoused("smp_user.password", 3, "passwords are not carried"),)

    def close(self) -> None:
        self.closed = True


class KeepingReceiver:
    """Implements `registry.move_in.model.Receiver`; keeps bodies by key, and refuses those that say so."""

    def __init__(self, kind: Kind = Kind.PARTICIPANT, log: list[tuple[str, str]] | None = None) -> None:
        self.kind = kind
        self.kept: dict[str, bytes] = {}
        self.calls: list[tuple[list[str], list[str]]] = []
        self.log: list[tuple[str, str]] = [] if log is None else log
        self.before: Callable[[int], None] = lambda _number: None

    def apply(self, work: UnitOfWork, records: Sequence[SourceRecord], gone: Sequence[str]) -> Sequence[Result]:
        self.before(len(self.calls))
        self.calls.append(([record.key for record in records], list(gone)))
        self.log += [(self.kind.value, f"+{record.key}") for record in records]
        self.log += [(self.kind.value, f"-{key}") for key in gone]
        assert work.moves_in
        return [*map(self._take, records), *map(self._remove, gone)]

    def _take(self, record: SourceRecord) -> Result:
        if record.body == b'"refused"':
            return Result(record.key, Verdict.REFUSED, (Reason("TEST-REFUSED", "it says so", "§1"),))
        known = record.key in self.kept
        self.kept[record.key] = record.body
        return Result(record.key, Verdict.UPDATED if known else Verdict.CREATED)

    def _remove(self, key: str) -> Result:
        if self.kept.get(key) == b'"stays"':
            return Result(key, Verdict.REFUSED, (Reason("TEST-STAYS", "it stays"),))
        self.kept.pop(key, None)
        return Result(key, Verdict.REMOVED)
