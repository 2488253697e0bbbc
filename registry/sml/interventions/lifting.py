# SPDX-License-Identifier: Apache-2.0
"""Lets deregistered participants out of quarantine before their time, and puts them back."""

from collections.abc import Sequence
from datetime import datetime

from registry.audit.events import record_many
from registry.errors import ConflictError, NotFoundError
from registry.identifiers.participant import ParticipantIdentifier
from registry.sml.errors import some_of
from registry.sml.interventions.model import Applied, Done, Plan, Wanted
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import quarantine, registrations
from registry.storage.queries.quarantine import QuarantineRow
from registry.storage.unit_of_work import Connection, UnitOfWork


class Lifting:
    """Lets participants be registered by whomever, at once."""

    needs = frozenset({"participants"})
    takes = frozenset[str]()

    def plan(self, connection: Connection, stored: StoredDomain, wanted: Wanted, now: datetime) -> Plan:
        """Whose they were. Raises NotFoundError naming those that aren't in quarantine."""
        rows = _quarantined(connection, stored, wanted, now)
        former = sorted({row.smp_id for row in rows if row.smp_id})
        ends = max(row.until for row in rows)
        notes = [f"of {some_of(former)}"] if former else []
        return Plan({"participants": len(rows)}, (*notes, f"the last of it would end at {ends:%Y-%m-%dT%H:%MZ}"))

    def apply(self, work: UnitOfWork, stored: StoredDomain, wanted: Wanted, number: int) -> Applied:
        """Do it."""
        rows = _quarantined(work.connection, stored, wanted, work.now)
        quarantine.remove(work, stored.id, [row.key for row in rows])
        told = [(str(each), None, None) for each in wanted.participants]
        record_many(work, "sml:registration:lift-quarantine", told, domain_id=stored.id)
        return Applied({"quarantined": [[*row.key, row.smp_id, row.until.isoformat()] for row in rows]})

    def plan_undo(self, connection: Connection, stored: StoredDomain, done: Done, now: datetime) -> Plan:
        """Which of them go back. Raises ConflictError where none can."""
        return _restorable(connection, stored, done, now)[1]

    def undo(self, work: UnitOfWork, stored: StoredDomain, done: Done, number: int) -> Applied:
        """Put them back, until the time that it was before."""
        rows, _ = _restorable(work.connection, stored, done, work.now)
        quarantine.put(work, rows)
        told = [(str(ParticipantIdentifier(*row.key)), None, {"until": row.until.isoformat()}) for row in rows]
        record_many(work, "sml:registration:quarantine", told, domain_id=stored.id)
        return Applied()


def _quarantined(
    connection: Connection, stored: StoredDomain, wanted: Wanted, now: datetime
) -> Sequence[QuarantineRow]:
    keys = {(each.scheme, stored.domain.identifiers.participant_key(each)): each for each in wanted.participants}
    found = quarantine.find(connection, stored.id, list(keys), now)
    if missing := [str(participant) for key, participant in keys.items() if key not in found]:
        raise NotFoundError(f"not in quarantine: {some_of(missing)}")
    return [found[key] for key in keys]


def _restorable(
    connection: Connection, stored: StoredDomain, done: Done, now: datetime
) -> tuple[list[QuarantineRow], Plan]:
    every = [
        QuarantineRow(stored.id, scheme, value_key, smp_id, datetime.fromisoformat(until))
        for scheme, value_key, smp_id, until in done.before["quarantined"]
    ]
    keys = [row.key for row in every]
    taken = {(row.scheme, row.value_key) for row in registrations.find(connection, stored.id, keys)}
    again = quarantine.find(connection, stored.id, keys, now)
    rows = [row for row in every if row.until > now and row.key not in taken and row.key not in again]
    notes = [f"{len(taken)} are registered again"] if taken else []
    notes += [f"{len(again)} are in quarantine again"] if again else []
    over = len(every) - len(rows) - len(taken) - len(again)
    notes += [f"{over} would be out by now"] if over else []
    if not rows:
        raise ConflictError(f"nothing is left that could be undone: {'; '.join(notes)}")
    return rows, Plan({"participants": len(rows), "left": len(every) - len(rows)}, tuple(notes))
