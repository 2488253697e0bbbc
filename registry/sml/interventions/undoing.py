# SPDX-License-Identifier: Apache-2.0
"""Taking an intervention back: a power as any other, so that it is asked for, approved and told like one.

It is for a while only, and once: what is to be so again after that is asked for anew.
"""

from collections.abc import Mapping
from datetime import datetime

from registry.errors import ConflictError, NotFoundError
from registry.sml.interventions.model import Applied, Done, Kind, Plan, Power, Wanted
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import interventions
from registry.storage.queries.interventions import InterventionRow, State
from registry.storage.unit_of_work import Connection, UnitOfWork


class Undoing:
    """Takes an intervention back that was applied, as long as the domain's `sml.undo_hours` say."""

    needs = frozenset({"undoes"})
    takes = frozenset[str]()

    def __init__(self, powers: Mapping[Kind, Power]) -> None:
        self._powers = powers

    def plan(self, connection: Connection, stored: StoredDomain, wanted: Wanted, now: datetime) -> Plan:
        """What would come back, and what doesn't. Raises ConflictError where it can't be undone (any more)."""
        row = self.check(connection, stored, wanted.undoes, now)
        return self._powers[Kind(row.kind)].plan_undo(connection, stored, done_of(connection, row), now)

    def apply(self, work: UnitOfWork, stored: StoredDomain, wanted: Wanted, number: int) -> Applied:
        """Do it."""
        row = self.check(work.connection, stored, wanted.undoes, work.now)
        asked = interventions.find(work.connection, stored.id, number)
        assert asked is not None  # noqa: S101 — it is what asks
        applied = self._powers[Kind(row.kind)].undo(work, stored, done_of(work.connection, row), number)
        interventions.undone(work, row.id, asked.asked_by)
        return applied

    def plan_undo(self, connection: Connection, stored: StoredDomain, done: Done, now: datetime) -> Plan:
        """Raises ConflictError."""
        raise ConflictError("what was undone is asked for anew, not undone")

    def undo(self, work: UnitOfWork, stored: StoredDomain, done: Done, number: int) -> Applied:
        """Raises ConflictError."""
        raise ConflictError("what was undone is asked for anew, not undone")

    @staticmethod
    def check(connection: Connection, stored: StoredDomain, number: int | None, now: datetime) -> InterventionRow:
        """The intervention, which was applied, and not too long ago. Raises NotFoundError, ConflictError."""
        row = None if number is None else interventions.find(connection, stored.id, number)
        if row is None:
            raise NotFoundError(f"the domain {stored.domain.name} has no intervention {number}")
        if row.state is not State.APPLIED:
            raise ConflictError(f"intervention {row.id} is {row.state}: there is nothing to undo")
        if "undoes" in row.content:
            raise ConflictError(f"intervention {row.id} undid another one: ask for that one anew")
        if row.undo_until is None or row.undo_until <= now:
            ended = "" if row.undo_until is None else f" since {row.undo_until:%Y-%m-%dT%H:%MZ}"
            message = f"intervention {row.id} can't be undone{ended} (sml.undo_hours); ask for {Kind(row.kind).inverse}"
            raise ConflictError(message)
        return row


def done_of(connection: Connection, row: InterventionRow) -> Done:
    """An applied intervention, as undoing it needs it."""
    assert row.applied_at is not None and row.before is not None  # noqa: PT018, S101 — it was applied
    job = None if row.job_id is None else interventions.job_end(connection, row.job_id)
    ended = row.applied_at if job is None or job.finished_at is None else job.finished_at
    return Done(row.id, row.before["power"], ended, row.job_id)
