# SPDX-License-Identifier: Apache-2.0
"""Tells the old system what was written here since the cutover, event by event, and remembers how far it is.

Events are read in the order of the chain, so none is passed over that is committed late. What the old system refuses
is remembered with its reason and tried again each time; where it can't be reached, nothing is passed over.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from registry.audit.chain import seal
from registry.audit.events import Event, opened, record
from registry.errors import ConflictError, RegistryError, TechnicalError, UnauthorizedError
from registry.identifiers.participant import ParticipantIdentifier
from registry.jobs.queue import enqueue
from registry.move_in.replay.changes import TAGS, Change, Subject, changes_of
from registry.move_in.replay.model import MAX_REFUSED, OldSystem, Replayed
from registry.storage.engine import Actor, Database
from registry.storage.queries import move_ins, replaying
from registry.storage.queries.move_ins import MoveInRow
from registry.storage.turns import turn
from registry.storage.unit_of_work import UnitOfWork

_PAGE = 200
REPLAY = "move-in-replay"
"""The kind of the job that replays a move."""
EVERY = timedelta(minutes=1)
KEPT = "replay"
"""The name in the steps of a move under which it is kept how far the replay is."""


def request_replay(work: UnitOfWork, number: int) -> None:
    """Ask for the next replay of a move by a job. Not a recurring one, since most installations never need it."""
    due = work.now + EVERY
    enqueue(work, REPLAY, {"move": number}, key=f"{REPLAY}:{number}:{due.isoformat(timespec='minutes')}", run_at=due)


class Replay:
    """The replay of one move; `stopped` is asked between two changes whether to leave the rest for another time."""

    def __init__(
        self, database: Database, number: int, old: OldSystem, *, stopped: Callable[[], bool] = lambda: False
    ) -> None:
        self._database = database
        self._number = number
        self._old = old
        self._stopped = stopped

    def run(self, actor: Actor) -> Replayed:
        """Tell everything that is committed by now.

        Raises ConflictError where the move isn't cut over or another process is at it, TechnicalError where the old
        system can't be reached, UnauthorizedError where it lets us do nothing.
        """
        with turn(self._database, f"move-in-replay:{self._number}") as ours:
            if not ours:
                raise ConflictError("another process replays this move at the moment")
            seal(self._database)
            with self._database.read() as connection:
                row = move_ins.by_id(connection, self._number)
            if row.event_at_cutover is None:
                raise ConflictError(f"the move {row.id} isn't cut over: there is nothing to replay")
            done = Replayed.of(row.event_at_cutover, row.steps.get(KEPT))
            try:
                self._go_on(actor, row, done)
            except (TechnicalError, UnauthorizedError) as error:
                done.failure = str(error)
                self._keep(actor, done)
                raise
            return done

    def _go_on(self, actor: Actor, row: MoveInRow, done: Replayed) -> None:
        self._try_refused_again(done)
        self._tell_planned(row, done)
        while not self._stopped():
            events = self._events_after(row, done.position)
            if not events:
                done.at, done.failure = self._database.now().isoformat(), ""
                self._keep(actor, done)
                return
            changes = changes_of(events)
            for change, position in changes.at.items():
                self._tell(change, position, done)
            for name, count in changes.left_out.items():
                done.left_out[name] = done.left_out.get(name, 0) + count
            done.position = events[-1].position or done.position
            self._keep(actor, done)

    def _try_refused_again(self, done: Replayed) -> None:
        again, done.refused = done.refused, {}
        if again:
            with self._database.read() as connection:
                rows = replaying.at_positions(connection, again)
                events = opened(connection, self._database.master_key, rows, whole=True)
            for change, position in changes_of(events).at.items():
                self._tell(change, position, done)

    def _tell_planned(self, row: MoveInRow, done: Replayed) -> None:
        """Tell what was planned for an instant that came since: that leaves no event."""
        if Subject.PUBLISHED not in self._old.subjects or not done.at:
            return
        since, until = datetime.fromisoformat(done.at), self._database.now()
        for domain_id in row.domain_ids:
            with self._database.read() as connection:
                found = replaying.with_successor_since(connection, domain_id, since, until)
            for participant in found:
                self._tell_published(domain_id, participant, done.position, done)

    def _events_after(self, row: MoveInRow, position: int) -> Sequence[Event]:
        with self._database.read() as connection:
            rows = replaying.events_after(connection, row.domain_ids, position, TAGS, _PAGE)
            return opened(connection, self._database.master_key, rows, whole=True)

    def _tell(self, change: Change, position: int, done: Replayed) -> None:
        if change.subject is Subject.ACCESS_POINT and Subject.PUBLISHED in self._old.subjects:
            with self._database.read() as connection:
                participants = replaying.using(connection, change.domain_id, [change.name])
            for participant in participants:
                self._tell_published(change.domain_id, participant, position, done)
        elif change.subject in self._old.subjects:
            self._take(change, position, done)

    def _tell_published(self, domain_id: int, participant: tuple[str, str], position: int, done: Replayed) -> None:
        change = Change(domain_id, Subject.PUBLISHED, str(ParticipantIdentifier(*participant)))
        self._take(change, position, done)

    def _take(self, change: Change, position: int, done: Replayed) -> None:
        try:
            self._old.take(change)
        except (TechnicalError, UnauthorizedError):
            raise
        except RegistryError as error:
            done.refused[position] = str(error)
            if len(done.refused) > MAX_REFUSED:
                message = f"the old system refuses more than {MAX_REFUSED} changes, the last one with: {error}"
                raise TechnicalError(message) from error
        else:
            done.told += 1

    def _keep(self, actor: Actor, done: Replayed) -> None:
        with self._database.write(actor) as work:
            row = move_ins.lock(work, self._number)
            before = Replayed.of(done.position, row.steps.get(KEPT))
            move_ins.change(work, self._number, steps={**row.steps, KEPT: done.to_json()})
            if (before.told, before.refused, before.failure) != (done.told, done.refused, done.failure):
                said = {"position": done.position, "told": done.told, "refused": len(done.refused)}
                record(work, "move-in:move:replay", f"move-in:{self._number}", after=said | {"failure": done.failure})
