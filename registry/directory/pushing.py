# SPDX-License-Identifier: Apache-2.0
"""Tells the directory of a domain what is due: some participants at a time, and of these several at once.

Each call is noted before it is made, with a time at which it is made again, and what came of it afterwards; both calls
are idempotent. So whoever dies in between leaves what is done once more, and nothing is lost. What the directory is
to be told of a participant is asked when it is told, not when it changed.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from registry.directory.client import Answer, Indexer, Told
from registry.identifiers.participant import ParticipantIdentifier
from registry.storage.engine import Actor, Database, retried
from registry.storage.queries import directory_entries, directory_standings
from registry.storage.queries.directory_entries import DirectoryPlace, EntryRow, Key
from registry.storage.unit_of_work import UnitOfWork
from registry.telemetry import directory_calls_total

BATCH, TOGETHER = 100, 8
"""Participants in one transaction; calls at a time."""
FIRST_WAIT, LAST_WAIT = timedelta(seconds=30), timedelta(hours=6)
"""How long after the first failure it is tried again; each time twice as long, up to the last."""
_MAX_FAILURE = 1_000

AfterBatch = Callable[[UnitOfWork, "Pushed"], None]
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Pushed:
    """How many calls were taken, for participants to be found and to be forgotten; refused; and failed for now."""

    told: int = 0
    forgotten: int = 0
    refused: int = 0
    failed: int = 0

    def to_json(self) -> dict[str, int]:
        """For a job's result, and a client."""
        return {"told": self.told, "forgotten": self.forgotten, "refused": self.refused, "failed": self.failed}

    @property
    def calls(self) -> int:
        """How many there were."""
        return self.told + self.forgotten + self.refused + self.failed


@dataclass(frozen=True, slots=True)
class _Call:
    """`digest` is of what there is to find; None: the participant is to be forgotten."""

    row: EntryRow
    participant: ParticipantIdentifier
    digest: str | None


@dataclass(slots=True)
class Pusher:
    """Tells the directory at `place` by `indexer`. `chance` makes waits differ; `name` is the domain's."""

    database: Database
    actor: Actor
    place: DirectoryPlace
    indexer: Indexer
    name: str
    after_batch: AfterBatch = lambda _work, _pushed: None
    chance: random.Random = field(default_factory=random.Random)
    batch: int = BATCH
    together: int = TOGETHER

    def run(self) -> Pushed:
        """Tell all that is due, until there is no more or the directory takes nothing at all."""
        pushed = Pushed()
        with ThreadPoolExecutor(self.together, "directory") as threads:
            while (calls := begin(self.database, self)) is not None:
                if not calls:
                    continue  # there was nothing to tell of these
                told = list(threads.map(self._told, calls))
                if not end(self.database, self, calls, told, pushed):
                    break
        return pushed

    def _told(self, call: _Call) -> Told:
        return self.indexer.delete(call.participant) if call.digest is None else self.indexer.put(call.participant)

    def wait(self, attempts: int) -> timedelta:
        """How long to wait after so many failures."""
        doublings: int = min(max(attempts - 1, 0), 20)
        return min(FIRST_WAIT * float(2**doublings), LAST_WAIT) * self.chance.uniform(0.75, 1.25)


@retried
def begin(database: Database, pusher: Pusher) -> Sequence[_Call] | None:
    """Take what is due next, and note that it is told; None where nothing is, or the directory is left alone."""
    place = pusher.place
    with database.write(pusher.actor) as work:
        paused = directory_standings.find(work.connection, place.domain_id).paused_until
        if paused is not None and paused > work.now:
            return None
        rows = directory_entries.due(work, place.domain_id, pusher.batch)
        if not rows:
            return None
        wanted = directory_entries.wanted_of(work.connection, place, [row.key for row in rows])
        calls = [call for row in rows if (call := _call(row, wanted)) is not None]
        needed = {call.row.id for call in calls}
        directory_entries.note_tries(
            work, {call.row.id: work.now + pusher.wait(call.row.attempts + 1) for call in calls}
        )
        idle = [row for row in rows if row.id not in needed]
        directory_entries.settle(work, [row.id for row in idle if row.key in wanted])
        directory_entries.drop(work, [row.id for row in idle if row.key not in wanted])
        return calls


def _call(row: EntryRow, wanted: Mapping[Key, tuple[str, str]]) -> _Call | None:
    """What is to be told of a participant; None for nothing."""
    if row.key not in wanted:
        # Also after a call of which nobody knows what became.
        if row.asked_at is None:
            return None
        return _Call(row, ParticipantIdentifier(row.scheme, row.value), None)
    value, digest = wanted[row.key]
    return None if row.told == digest else _Call(row, ParticipantIdentifier(row.scheme, value), digest)


@retried
def end(database: Database, pusher: Pusher, calls: Sequence[_Call], told: Sequence[Told], pushed: Pushed) -> bool:
    """Note what came of calls; False where the directory takes nothing at all, and is to be left alone for a while."""
    place, counted = pusher.place, Pushed(pushed.told, pushed.forgotten, pushed.refused, pushed.failed)
    with database.write(pusher.actor) as work:
        for call, one in zip(calls, told, strict=True):
            _note(work, pusher, call, one, counted)
        failed = [one for one in told if one.answer is Answer.FAILED]
        goes_on = len(failed) < len(told)
        if goes_on:
            directory_standings.note_answer(work, place.domain_id)
        else:
            failures = directory_standings.find(work.connection, place.domain_id).failures
            wait = max(pusher.wait(failures + 1), *(one.wait for one in failed))
            reason = failed[0].failure[:_MAX_FAILURE]
            directory_standings.note_failure(work, place.domain_id, reason, work.now + wait)
            log.warning("directory_takes_nothing", domain=pusher.name, reason=reason, wait_s=int(wait.total_seconds()))
        pusher.after_batch(work, counted)
    pushed.told, pushed.forgotten = counted.told, counted.forgotten
    pushed.refused, pushed.failed = counted.refused, counted.failed
    for one in told:
        directory_calls_total.labels(pusher.name, one.answer.value).inc()
    return goes_on


def _note(work: UnitOfWork, pusher: Pusher, call: _Call, told: Told, counted: Pushed) -> None:
    match told.answer:
        case Answer.TAKEN if call.digest is not None:
            directory_entries.note_told(work, call.row, call.digest)
            counted.told += 1
        case Answer.TAKEN:
            directory_entries.note_forgotten(work, call.row)
            counted.forgotten += 1
        case Answer.REFUSED:
            directory_entries.note_failure(work, call.row, told.failure[:_MAX_FAILURE], told.status, None)
            counted.refused += 1
        case Answer.FAILED:
            again: datetime = work.now + max(pusher.wait(call.row.attempts + 1), told.wait)
            directory_entries.note_failure(work, call.row, told.failure[:_MAX_FAILURE], told.status, again)
            counted.failed += 1
