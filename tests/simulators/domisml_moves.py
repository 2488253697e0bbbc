# SPDX-License-Identifier: Apache-2.0
"""Moves what a DomiSML has into an instance, as `registry move-in load` does, and says what became of everything."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from registry.app.instance import Instance
from registry.app.move_in_receivers import Choices, receivers_of
from registry.move_in.model import Kind, Receiver, Result, SourceRecord, Unhoused, part_of
from registry.move_in.sources.domisml_sql import DomiSmlSql
from registry.move_in.sources.sql import open_database
from registry.storage.engine import Actor

MOVER = Actor("cli:mover", "request-move")


@dataclass(slots=True)
class Moved:
    """What became of each record, by kind and key, and what had no home."""

    results: dict[tuple[Kind, str], Result] = field(default_factory=dict)
    unhoused: tuple[Unhoused, ...] = ()

    def of(self, kind: Kind) -> dict[str, Result]:
        """The results of one kind, by key."""
        return {key: result for (each, key), result in self.results.items() if each is kind}


def read(url: str) -> tuple[dict[tuple[Kind, str], SourceRecord], tuple[Unhoused, ...]]:
    """All that a database holds."""
    return read_from(DomiSmlSql(open_database(url)))


def read_from(source: DomiSmlSql) -> tuple[dict[tuple[Kind, str], SourceRecord], tuple[Unhoused, ...]]:
    """All that a source holds, which is closed then."""
    try:
        source.check()
        records = {(record.kind, record.key): record for record in source.records(None)}
        return records, source.unhoused()
    finally:
        source.close()


def move(
    instance: Instance,
    records: Iterable[SourceRecord],
    *,
    gone: Iterable[tuple[Kind, str]] = (),
    sub_domains: Mapping[str, str] | None = None,
) -> Moved:
    """Load records kind by kind, part by part; what is gone of SMPs and sub-domains goes last."""
    receivers = {each.kind: each for each in receivers_of(instance, None, Choices(sub_domains=sub_domains or {}))}
    moved, gone = Moved(), set(gone)
    parts: dict[tuple[Kind, int], list[SourceRecord]] = {}
    for record in records:
        parts.setdefault((record.kind, part_of(record.key)), []).append(record)
    for kind in Kind:
        late = kind in {Kind.SUB_DOMAIN, Kind.PUBLISHER}
        numbers = {part for each, part in parts if each is kind}
        numbers |= set() if late else {part_of(key) for each, key in gone if each is kind}
        for part in sorted(numbers):
            keys = [] if late else [key for each, key in gone if each is kind and part_of(key) == part]
            _apply(instance, receivers[kind], parts.get((kind, part), []), keys, moved)
    for kind in (Kind.PUBLISHER, Kind.SUB_DOMAIN):
        if keys := [key for each, key in gone if each is kind]:
            _apply(instance, receivers[kind], [], keys, moved)
    return moved


def move_all(instance: Instance, url: str, *, sub_domains: Mapping[str, str] | None = None) -> Moved:
    """Load a whole database into an instance that has nothing of it yet."""
    records, unhoused = read(url)
    moved = move(instance, records.values(), sub_domains=sub_domains)
    moved.unhoused = unhoused
    return moved


def _apply(instance: Instance, receiver: Receiver, records: list[SourceRecord], gone: list[str], moved: Moved) -> None:
    with instance.database.write(MOVER) as work:
        work.moves_in = True
        results = receiver.apply(work, records, gone)
    assert sorted(each.key for each in results) == sorted([*(each.key for each in records), *gone])
    moved.results |= {(receiver.kind, each.key): each for each in results}
