# SPDX-License-Identifier: Apache-2.0
"""Loads what was staged, step by step, each a transaction: what differs goes to the receivers, and into the ledger.

What others are built upon (owners, sub-domains, SMPs) comes first as a whole, and what is gone of it goes last; all
else goes part by part, so that an open migration comes with its registration. Who is broken off loads again: a step is
done or not, and what is done isn't found a second time. A plan is the same on a database that takes everything back.
"""

import contextlib
import gc
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from registry.errors import TechnicalError
from registry.move_in.model import Kind, Receiver, Result, Source, Unhoused, Verdict
from registry.move_in.report import (
    Difference,
    Differences,
    Limits,
    Tally,
    reason_json,
    refuse_too_many_refused,
)
from registry.move_in.spellings import Spellings
from registry.move_in.staging import Part, Staging
from registry.move_in.standby import wait_for_writers
from registry.storage.engine import Actor, Database, retried
from registry.storage.queries import move_ins
from registry.storage.queries.move_ins import Held, Moved
from registry.storage.unit_of_work import UnitOfWork

FOUNDATIONS: Final = (Kind.OWNER, Kind.SUB_DOMAIN, Kind.PUBLISHER)
"""What other records are built upon; there are few."""
_OTHERS: Final = tuple(kind for kind in Kind if kind not in FOUNDATIONS)
_RECORDS: Final = 2000
"""Records that a step takes at least, where there are so many."""
_HOLD_S: Final = 3.0
"""How long a plan keeps others from writing."""
_ALLOCATIONS: Final = 50_000


@contextlib.contextmanager
def _rarely_collected() -> Iterator[None]:
    """Look for cycles rarely: records have none, and what a load keeps would be looked through again and again."""
    before = gc.get_threshold()
    gc.set_threshold(_ALLOCATIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


@dataclass(frozen=True, slots=True)
class _Step:
    """Parts that are loaded in one transaction: what is new or has changed of them, what is gone, or both."""

    kinds: tuple[Kind, ...]
    parts: tuple[int, ...]
    takes: bool = True
    removes: bool = True


@dataclass(frozen=True, slots=True)
class _Change:
    """What of a step differs, of one kind."""

    kind: Kind
    parts: tuple[int, ...]
    held: Mapping[str, Held]
    listed: Mapping[str, tuple[int, str]]
    wanted: frozenset[str]
    gone: tuple[str, ...]
    spellings: Spellings


@_rarely_collected()
def stage(
    database: Database,
    move_id: int,
    source: Source,
    staging: Staging,
    told: Callable[[int], None] = lambda _number: None,
    *,
    again: bool = True,
) -> None:
    """Read what has changed of a source into an empty file; with `again` also what was refused the last time, and how
    much there is that has no home here.

    Raises what the source raises.
    """
    checksums = source.checksums()
    with database.read() as connection:
        held = {(Kind(kind), part) for kind, part in move_ins.held_parts(connection, move_id)}
        known = {(Kind(kind), part): said for (kind, part), said in move_ins.part_digests(connection, move_id).items()}
        refused = {(Kind(kind), part) for kind, part in move_ins.held_parts(connection, move_id, refused=True)}
    if checksums is None:
        parts: dict[Part, str | None] = dict.fromkeys(held)
        wanted = None
    else:
        places = checksums.keys() | known.keys() | held
        changed = {place for place in places if checksums.get(place) is None or checksums[place] != known.get(place)}
        parts = {place: checksums.get(place) for place in changed | (refused if again else set())}
        readable = parts.keys() & checksums.keys()
        wanted = None if readable == checksums.keys() else readable

    def about() -> Mapping[str, object]:
        found = source.unhoused() if again else ()
        return {"unhoused": [[each.name, each.count, each.why] for each in found]}

    records = iter(()) if wanted is not None and not wanted else source.records(wanted)
    staging.fill(records, parts, about, told)


def unhoused_in(staging: Staging) -> tuple[Unhoused, ...]:
    """What the source holds and what has no home here."""
    return tuple(Unhoused(*each) for each in staging.about()["unhoused"])


class Loader:
    """Loads one staged move; `same` gives what is equal for all keys of one participant."""

    def __init__(
        self,
        database: Database,
        actor: Actor,
        move_id: int,
        receivers: Sequence[Receiver],
        staging: Staging,
        same: Callable[[str], str] = str,
    ) -> None:
        self._database = database
        self._actor = actor
        self._move_id = move_id
        self._receivers = {receiver.kind: receiver for receiver in receivers}
        self._staging = staging
        self._same = same

    @_rarely_collected()
    def differences(self) -> Differences:
        """Compare all that was read with the ledger; parts that are as they were, and known to be so, are done."""
        with self._database.read() as connection:
            counts = move_ins.counts(connection, self._move_id)
        found = {
            Kind(kind): Difference(held=sum(by_verdict.values()), refused=by_verdict.get(Verdict.REFUSED, 0))
            for kind, by_verdict in counts.items()
        }
        same: list[Part] = []
        staged = self._staging.parts()
        for kind in Kind:
            for parts in _grouped({place: count for place, (count, _) in staged.items() if place[0] is kind}):
                change = self._change(kind, parts)
                new = len(change.wanted - change.held.keys())
                found[kind] = found.get(kind, Difference()).plus(
                    Difference(0, new, len(change.wanted) - new, len(change.gone) + len(change.spellings.superseded))
                )
                if not change.wanted and not change.gone:
                    same += [(kind, part) for part in parts if staged[kind, part][1] is None]
        self._staging.done(same)
        return found

    @_rarely_collected()
    def run(self, differences: Differences, limits: Limits, told: Callable[[int], None]) -> Tally:
        """Load what is staged. Raises ConflictError where too many are refused; what was done stays done."""
        tally = Tally()
        for step in self._steps():
            done = self._carry_out(step)
            tally.add(done)
            if step.removes:
                self._staging.done([(kind, part) for kind in step.kinds for part in step.parts])
            told(tally.total)
            refuse_too_many_refused(tally, differences, limits)
            if step.kinds == (Kind.SUB_DOMAIN,) and done.total:
                wait_for_writers(self._database)  # of the domains that have come into standby just now
        return tally

    @_rarely_collected()
    def rehearse(self, told: Callable[[int], None]) -> Tally:
        """As `run`, on a `RehearsalDatabase`: what would become of everything.

        Transactions are taken back every few seconds, so that others can write, and each begins with what the rest is
        built upon.
        """
        steps = list(self._steps())
        begin = [step for step in steps if not step.removes]
        left = [step for step in steps if step.removes]
        tally = self._rehearse_some(begin, [])[0]
        while left:
            found, done = self._rehearse_some(begin, left)
            tally.add(found)
            left = left[done:]
            told(tally.total)
        return tally

    @retried
    def _rehearse_some(self, begin: Sequence[_Step], left: Sequence[_Step]) -> tuple[Tally, int]:
        """What becomes of as many of the steps as there is time for, and how many; of all of `begin` without any."""
        tally, done = Tally(), 0
        with self._database.write(self._actor) as work:
            work.moves_in = True
            for step in begin:
                found = self._carry_out(step)
                if not left:
                    tally.add(found)
            until = time.monotonic() + _HOLD_S
            for step in left:
                tally.add(self._carry_out(step))
                done += 1
                if time.monotonic() > until:
                    break
        return tally, done

    def _steps(self) -> Iterator[_Step]:
        staged = {place: count for place, (count, _) in self._staging.parts().items()}
        of_kind = {kind: {place: count for place, count in staged.items() if place[0] is kind} for kind in Kind}
        for kind in FOUNDATIONS:
            yield from (_Step((kind,), parts, removes=False) for parts in _grouped(of_kind[kind]))
        others: dict[Part, int] = {}
        for kind in _OTHERS:
            others |= of_kind[kind]
        yield from (_Step(_OTHERS, parts) for parts in _grouped(others))
        for kind in reversed(FOUNDATIONS):
            yield from (_Step((kind,), parts, takes=False) for parts in _grouped(of_kind[kind]))

    @retried
    def _carry_out(self, step: _Step) -> Tally:
        """Load one step. Raises TechnicalError."""
        staged = self._staging.parts_among(step.kinds, step.parts)
        changes = [
            self._change(kind, parts)
            for kind in step.kinds
            if (parts := tuple(part for each, part in staged if each is kind))
        ]
        tally = Tally()
        if not any(_differs(step, change) for change in changes) and (not step.removes or not any(staged.values())):
            return tally
        with self._database.write(self._actor) as work:
            work.moves_in = True
            for change in changes:
                if _differs(step, change):
                    tally.add(self._apply(work, step, change))
            if step.removes:
                digests = [(kind, part, digest) for (kind, part), digest in staged.items()]
                move_ins.put_parts(work, self._move_id, digests)
            if step.kinds[0] in FOUNDATIONS:
                move_ins.join_standby(work, self._move_id)
        return tally

    def _change(self, kind: Kind, parts: tuple[int, ...]) -> _Change:
        with self._database.read() as connection:
            held = move_ins.held(connection, self._move_id, kind, parts)
        listed = self._staging.listed(kind, parts)
        wanted = frozenset(
            key for key, (_, digest) in listed.items() if (known := held.get(key)) is None or known.digest != digest
        )
        spellings = Spellings.of(listed, held, self._same) if kind is Kind.PARTICIPANT else Spellings()
        gone = tuple(sorted(held.keys() - listed.keys() - spellings.superseded))
        return _Change(kind, parts, held, listed, wanted | spellings.anew, gone, spellings)

    def _apply(self, work: UnitOfWork, step: _Step, change: _Change) -> Tally:
        kind, held, spellings = change.kind, change.held, change.spellings
        wanted = change.wanted - spellings.further.keys() if step.takes else frozenset()
        gone = change.gone if step.removes else ()
        never_here = [key for key in gone if not held[key].digest]
        going = [key for key in gone if held[key].digest]
        records = list(self._staging.records(kind, change.parts, wanted)) if wanted else []
        receiver = self._receivers.get(kind)
        if receiver is None:
            raise TechnicalError(f"the source has records of {kind}, which can't be loaded here")
        results = list(receiver.apply(work, records, going)) if records or going else []
        if sorted(result.key for result in results) != sorted(chain(wanted, going)):
            raise TechnicalError(f"not all that was read of {kind} was answered for")
        results += spellings.refusals()
        places = {key: change.listed[key] for key in change.wanted} | {key: held[key][:2] for key in going}
        moved = []
        for result in results:
            part, digest = places[result.key]
            if result.verdict is not Verdict.REMOVED:
                here = spellings.here.get(result.key, held[result.key].digest if result.key in held else "")
                moved.append(_moved(part, digest, here, result))
        changed = [*never_here, *spellings.superseded, *(result.key for result in results if result.key in held)]
        move_ins.remove_records(work, self._move_id, kind, [(held[key].part, key) for key in changed])
        move_ins.add_records(work, self._move_id, kind, moved)
        results += (Result(key, Verdict.REMOVED) for key in never_here)
        return Tally.of(kind, results, sum(held[key].verdict == Verdict.REFUSED for key in changed))


def _moved(part: int, digest: str, here: str, result: Result) -> Moved:
    """For the ledger, which has the digest of what is here: what was `here` before where that was refused."""
    if result.verdict is Verdict.REFUSED:
        digest = here
    reasons = [reason_json(reason) for reason in result.reasons]
    return Moved(part, result.key, digest, result.verdict.value, reasons or None, list(result.notes) or None)


def _differs(step: _Step, change: _Change) -> bool:
    return bool(step.takes and change.wanted) or bool(step.removes and change.gone)


def _grouped(counts: Mapping[Part, int]) -> Iterator[tuple[int, ...]]:
    """The parts of these places in their order, so many together that a step is worth a transaction."""
    by_part: dict[int, int] = {}
    for (_, part), count in counts.items():
        by_part[part] = by_part.get(part, 0) + count
    group: list[int] = []
    size = 0
    for part in sorted(by_part):
        group.append(part)
        size += by_part[part]
        if size >= _RECORDS:
            yield tuple(group)
            group, size = [], 0
    if group:
        yield tuple(group)
