# SPDX-License-Identifier: Apache-2.0
"""Checks that the chain of events is whole: in the database, and in an exported file.

Each event's hash is made anew from what is stored. The first place where something is wrong is told; what comes after
it can't be judged. Who could change the whole database could make a whole new chain: only a head that was noted
elsewhere tells (`expected`).
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum

from registry.audit.chain import Head, link
from registry.errors import NotFoundError
from registry.storage.engine import Database
from registry.storage.queries import audit, events
from registry.storage.queries.events import ChainedRow
from registry.storage.types import to_json
from registry.storage.unit_of_work import Connection

PRUNED = "audit:chain:prune"
"""The tag of the event that says where the chain begins since then."""

Link = tuple[int, str, ChainedRow]
"""An event in the chain: position, hash, and what is hashed."""


class Flaw(StrEnum):
    """What is wrong at a place of the chain."""

    CHANGED = "changed"
    MISSING = "missing"
    OUT_OF_ORDER = "out of order"
    CUT_OFF = "cut off"
    FORKED = "forked"


@dataclass(frozen=True, slots=True)
class Finding:
    """The first place where the chain isn't what it was, and why, in words."""

    flaw: Flaw
    position: int
    message: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What was checked: the chain after `begin` up to `end`, and how many events wait for their place in it.

    With a finding, `end` is the last place at which all was well, and `events` are those up to there.
    """

    begin: Head
    end: Head
    events: int
    unsealed: int = 0
    finding: Finding | None = None


def verify(database: Database, expected: Head | None = None) -> Verification:
    """Check the chain in the database, reading it once from begin to end.

    `expected` is a head that was noted before: the chain must still have it. Raises NotFoundError where it can't be
    compared, since the chain has been pruned beyond it.
    """
    with database.read() as connection:
        row = audit.chain(connection)
        begin, end = Head(row.begin_position, row.begin_hash), Head(row.position, row.hash)
        unsealed = events.count_unsealed(connection)
        evidence = _PruneEvidence(begin)
        with closing(events.chained(connection)) as links:
            found = walk(begin, evidence.watched(links), lambda: events.hashes(connection), expected)
        finding = found.finding or _at_the_ends(connection, found, end, evidence)
    return Verification(found.begin, found.end, found.events, unsealed, finding)


def walk(
    begin: Head,
    links: Iterable[Link],
    reread: Callable[[], Generator[tuple[int, str]]],
    expected: Head | None = None,
) -> Verification:
    """Check events in the order of the chain; `reread` gives their positions and hashes once more, for a diagnosis.

    Raises NotFoundError for an expected head from before `begin`.
    """
    if expected is not None and expected.position < begin.position:
        raise NotFoundError(f"the chain begins after {begin.position}: {expected.position} can't be compared any more")
    at, count = begin, 0
    finding = _compared(at, expected)
    if finding is None:
        for position, hash_, row in links:
            finding = _flaw(at, position, hash_, row, reread) or _compared(Head(position, hash_), expected)
            if finding is not None:
                break
            at, count = Head(position, hash_), count + 1
        else:
            if expected is not None and expected.position > at.position:
                message = f"the chain ends here, but there has been an event at {expected.position}"
                finding = Finding(Flaw.CUT_OFF, at.position + 1, message)
    return Verification(begin, at, count, finding=finding)


def _compared(at: Head, expected: Head | None) -> Finding | None:
    if expected is None or at.position != expected.position or at.hash == expected.hash:
        return None
    return Finding(Flaw.FORKED, at.position, f"the hash here is {at.hash}, not the expected {expected.hash}")


def _flaw(
    at: Head, position: int, hash_: str, row: ChainedRow, reread: Callable[[], Generator[tuple[int, str]]]
) -> Finding | None:
    wanted = at.position + 1
    if position < wanted:
        return Finding(Flaw.FORKED, position, f"there is another event at {position} (sequence {row.sequence})")
    if position > wanted:
        return Finding(Flaw.MISSING, wanted, f"there is no event; the next one is at {position}")
    if link(position, at.hash, row) == hash_:
        return None
    with closing(reread()) as hashes:
        home = _home(position, hash_, row, hashes)
    if home is not None:
        return Finding(Flaw.OUT_OF_ORDER, position, f"the event here (sequence {row.sequence}) belongs at {home}")
    message = f"the hash of the event here (sequence {row.sequence}) or of the one before is not that of its content"
    return Finding(Flaw.CHANGED, position, message)


def _home(position: int, hash_: str, row: ChainedRow, hashes: Iterable[tuple[int, str]]) -> int | None:
    """The place that an event was sealed for, if it is another one than where it was found.

    It is known by the hash there, or by the one that the event took along. The hash before it may stand at the place
    itself, where neighbours have changed places.
    """
    before = ""
    for place, held in hashes:
        if place != position and {link(place, before, row), link(place, held, row)} & {held, hash_}:
            return place
        before = held
    return None


class _PruneEvidence:
    """Watches out for the event that says why the chain begins where it does."""

    def __init__(self, begin: Head) -> None:
        self._begin = begin
        self.found = begin.position == 0

    def watched(self, links: Iterable[Link]) -> Iterator[Link]:
        for item in links:
            if item[2].tag == PRUNED:
                self.see(item[2].after)
            yield item

    def see(self, after: str | None) -> None:
        self.found |= after == pruned_to(self._begin)


def pruned_to(begin: Head) -> str:
    """What the event of a pruning says, as it is stored."""
    return to_json({"position": begin.position, "hash": begin.hash})


def _at_the_ends(connection: Connection, found: Verification, end: Head, evidence: _PruneEvidence) -> Finding | None:
    if found.end.position < end.position:
        message = f"the chain ends here, but {end.position} events have been sealed"
        return Finding(Flaw.CUT_OFF, found.end.position + 1, message)
    if found.end.position > end.position:
        message = f"the chain should end at {end.position}, and goes on to {found.end.position}"
        return Finding(Flaw.FORKED, end.position + 1, message)
    if found.end.hash != end.hash:
        return Finding(Flaw.FORKED, end.position, f"the chain should end with {end.hash}, not {found.end.hash}")
    for after in events.tagged_unsealed(connection, PRUNED):
        evidence.see(after)
    if not evidence.found:
        message = f"the events up to {found.begin.position} are gone, and no event {PRUNED} says so"
        return Finding(Flaw.MISSING, found.begin.position, message)
    return None
