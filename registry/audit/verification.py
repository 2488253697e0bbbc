# SPDX-License-Identifier: Apache-2.0
"""Checks that the chain of events is whole: in the database, and in an exported file.

Each event's hash is made anew from what is stored. The first place where something is wrong is told; what comes after
it can't be judged. Of an event about many its subjects are compared with the digest that it has of them, where the
master key is at hand. Who could change the whole database could make a whole new chain: only a head that was noted
elsewhere tells (`expected`).
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice
from typing import NamedTuple

from registry.audit.batch_lookup import entries_in
from registry.audit.batches import Entries, batch_in
from registry.audit.chain import Head, link
from registry.audit.opening import Unreadable
from registry.errors import NotFoundError
from registry.master_key import MasterKey
from registry.storage.engine import Database
from registry.storage.queries import audit, events
from registry.storage.queries.events import ChainedRow
from registry.storage.types import to_json
from registry.storage.unit_of_work import Connection

PRUNED = "audit:chain:prune"
"""The tag of the event that says where the chain begins since then."""

_PAGE = 1_000


class Link(NamedTuple):
    """An event in the chain: position, hash, what is hashed, and of an event about many the entries, where known."""

    position: int
    hash: str
    row: ChainedRow
    entries: Entries | Unreadable | None = None


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

    Of `unopened` events about many nobody could look at the subjects, for want of the master key.
    With a finding, `end` is the last place at which all was well, and `events` are those up to there.
    """

    begin: Head
    end: Head
    events: int
    unsealed: int = 0
    finding: Finding | None = None
    unopened: int = 0


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
        with closing(links_of(connection, database.master_key)) as links:
            found = walk(begin, evidence.watched(links), lambda: events.hashes(connection), expected)
        finding = found.finding or _at_the_ends(connection, found, end, evidence)
    return replace(found, unsealed=unsealed, finding=finding)


def links_of(connection: Connection, master_key: MasterKey | None, after: int = -1) -> Generator[Link]:
    """The chain after a position, in its order; streamed. Whoever stops before the end closes it."""
    with closing(events.chained(connection, after)) as chained:
        while page := tuple(islice(chained, _PAGE)):
            about_many = [row.sequence for _, _, row in page if batch_in(row)]
            entries = entries_in(connection, master_key, about_many) if about_many else {}
            for position, hash_, row in page:
                yield Link(position, hash_, row, entries.get(row.sequence))


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
    at, count, unopened = begin, 0, 0
    finding = _compared(at, expected)
    if finding is None:
        for link_ in links:
            here = Head(link_.position, link_.hash)
            finding = _flaw(at, link_, reread) or _compared(here, expected) or _flaw_within(link_)
            if finding is not None:
                break
            at, count, unopened = here, count + 1, unopened + (link_.entries is Unreadable.NO_KEY)
        else:
            if expected is not None and expected.position > at.position:
                message = f"the chain ends here, but there has been an event at {expected.position}"
                finding = Finding(Flaw.CUT_OFF, at.position + 1, message)
    return Verification(begin, at, count, finding=finding, unopened=unopened)


def _compared(at: Head, expected: Head | None) -> Finding | None:
    if expected is None or at.position != expected.position or at.hash == expected.hash:
        return None
    return Finding(Flaw.FORKED, at.position, f"the hash here is {at.hash}, not the expected {expected.hash}")


def _flaw(at: Head, found: Link, reread: Callable[[], Generator[tuple[int, str]]]) -> Finding | None:
    wanted, (position, hash_, row, _) = at.position + 1, found
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


def _flaw_within(found: Link) -> Finding | None:
    """What is wrong with the subjects of an event about many."""
    batch, entries = batch_in(found.row), found.entries
    if batch is None or entries is Unreadable.NO_KEY:
        return None
    event = f"the event here (sequence {found.row.sequence})"
    if entries is None or entries is Unreadable.MISSING:
        return Finding(Flaw.MISSING, found.position, f"the subjects of {event}, which is about many, are gone")
    if isinstance(entries, Unreadable) or not batch.fits(entries):
        return Finding(Flaw.CHANGED, found.position, f"the subjects of {event} are not those that it is about")
    return None


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
            if item.row.tag == PRUNED:
                self.see(item.row.after)
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
