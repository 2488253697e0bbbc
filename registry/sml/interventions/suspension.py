# SPDX-License-Identifier: Apache-2.0
"""Suspends and resumes SMPs and participants: their names go from DNS and come back, their data stay.

A suspended SMP may not call either. What is suspended twice (the participant and its SMP) has to be resumed twice.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby

from registry.audit.events import record, record_many
from registry.directory.marking import mark, mark_all
from registry.errors import AlreadyExistsError, ConflictError
from registry.identifiers.participant import WILDCARD
from registry.sml.errors import some_of
from registry.sml.interventions.finding import lock_publisher, publisher_named, registered
from registry.sml.interventions.model import Applied, Done, Plan, Wanted
from registry.sml.publishers import Publishers
from registry.sml.registration import Registrar, participant_of
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import interventions, migrations, publishers, registrations
from registry.storage.queries.publishers import PublisherRow
from registry.storage.queries.registrations import RegistrationRow
from registry.storage.unit_of_work import Connection, UnitOfWork


class PublisherSuspension:
    """Suspends an SMP, or resumes it."""

    needs = frozenset({"smp_id"})
    takes = frozenset[str]()

    def __init__(self, bulk: Publishers, *, suspends: bool) -> None:
        self._publishers = bulk
        self._suspends = suspends

    def plan(self, connection: Connection, stored: StoredDomain, wanted: Wanted, now: datetime) -> Plan:
        """How many participants follow. Raises NotFoundError; AlreadyExistsError where it is so already."""
        row = publisher_named(connection, stored, wanted.smp_id)
        self._check(row, suspended=self._suspends)
        return self._counted(connection, row, now, suspends=self._suspends)

    def apply(self, work: UnitOfWork, stored: StoredDomain, wanted: Wanted, number: int) -> Applied:
        """Do it."""
        row = lock_publisher(work, publisher_named(work.connection, stored, wanted.smp_id).id)
        self._check(row, suspended=self._suspends)
        return Applied({"publisher": row.id}, self._set(work, stored, row, suspended=self._suspends))

    def plan_undo(self, connection: Connection, stored: StoredDomain, done: Done, now: datetime) -> Plan:
        """What comes back. Raises ConflictError where the SMP has gone, or is in another state since."""
        row = publishers.by_id(connection, done.before["publisher"])
        if row is None or row.removing:
            raise ConflictError("the SMP isn't there any more")
        self._check(row, suspended=not self._suspends)
        return self._counted(connection, row, now, suspends=not self._suspends)

    def undo(self, work: UnitOfWork, stored: StoredDomain, done: Done, number: int) -> Applied:
        """Take it back."""
        row = lock_publisher(work, done.before["publisher"])
        self._check(row, suspended=not self._suspends)
        return Applied(job_id=self._set(work, stored, row, suspended=not self._suspends))

    @staticmethod
    def _check(row: PublisherRow, *, suspended: bool) -> None:
        if row.suspended is suspended:
            raise AlreadyExistsError(f"the SMP {row.smp_id} is {'suspended' if suspended else 'not suspended'} already")

    @staticmethod
    def _counted(connection: Connection, row: PublisherRow, now: datetime, *, suspends: bool) -> Plan:
        held, migrating = (
            interventions.holding(connection, row.id, WILDCARD),
            migrations.number_open(connection, row.id, now),
        )
        counts = {"participants": held.participants, "suspended": held.suspended, "migrations": migrating}
        notes = []
        if suspends and migrating:
            notes.append("open migrations stay open: who has a key may still take the participant over")
        if not suspends and held.suspended:
            notes.append("participants that are suspended themselves stay so")
        return Plan(counts, tuple(notes))

    def _set(self, work: UnitOfWork, stored: StoredDomain, row: PublisherRow, *, suspended: bool) -> int | None:
        publishers.set_suspended(work, row.id, suspended=suspended)
        mark_all(work, stored)
        tag = "sml:publisher:suspend" if suspended else "sml:publisher:resume"
        record(work, tag, row.smp_id, domain_id=stored.id)
        return self._publishers.bulk.follow(work, stored, replace(row, suspended=suspended))


class ParticipantSuspension:
    """Suspends participants, or resumes them."""

    needs = frozenset({"participants"})
    takes = frozenset[str]()

    def __init__(self, registrar: Registrar, *, suspends: bool) -> None:
        self._registrar = registrar
        self._suspends = suspends

    def plan(self, connection: Connection, stored: StoredDomain, wanted: Wanted, now: datetime) -> Plan:
        """Whom it concerns. Raises NotFoundError; AlreadyExistsError where all of them are so already."""
        rows = registered(connection, stored, wanted.participants)
        changing = self._changing(rows)
        smp_ids = publishers.smp_ids(connection, {row.publisher_id for row in changing}).values()
        counts = {"participants": len(changing), "unchanged": len(rows) - len(changing)}
        return Plan(counts, (f"of {some_of(sorted(smp_ids))}",))

    def apply(self, work: UnitOfWork, stored: StoredDomain, wanted: Wanted, number: int) -> Applied:
        """Do it."""
        rows = self._changing(registered(work.connection, stored, wanted.participants, lock=True))
        self._set(work, stored, rows, suspended=self._suspends)
        return Applied({"registrations": [row.id for row in rows]})

    def plan_undo(self, connection: Connection, stored: StoredDomain, done: Done, now: datetime) -> Plan:
        """What comes back, and what doesn't. Raises ConflictError where nothing can."""
        ids = done.before["registrations"]
        rows = interventions.registrations_by_id(connection, stored.id, ids)
        return self._restoring(ids, rows)[1]

    def undo(self, work: UnitOfWork, stored: StoredDomain, done: Done, number: int) -> Applied:
        """Take it back."""
        ids = done.before["registrations"]
        rows = interventions.registrations_by_id(work.connection, stored.id, ids, lock=True)
        self._set(work, stored, self._restoring(ids, rows)[0], suspended=not self._suspends)
        return Applied()

    def _changing(self, rows: Sequence[RegistrationRow]) -> list[RegistrationRow]:
        changing = [row for row in rows if row.suspended is not self._suspends]
        if not changing:
            state = "suspended" if self._suspends else "not suspended"
            raise AlreadyExistsError(f"{some_of(str(participant_of(row)) for row in rows)}: {state} already")
        return changing

    def _restoring(self, ids: Sequence[int], rows: Sequence[RegistrationRow]) -> tuple[list[RegistrationRow], Plan]:
        restoring = [row for row in rows if row.suspended is self._suspends]
        gone, since = len(ids) - len(rows), len(rows) - len(restoring)
        notes = [f"{gone} can't be, since they aren't registered any more"] if gone else []
        notes += [f"{since} have been {'resumed' if self._suspends else 'suspended'} since"] if since else []
        if not restoring:
            raise ConflictError(f"nothing is left that could be undone: {'; '.join(notes)}")
        return restoring, Plan({"participants": len(restoring), "left": gone + since}, tuple(notes))

    def _set(self, work: UnitOfWork, stored: StoredDomain, rows: Sequence[RegistrationRow], *, suspended: bool) -> None:
        registrations.set_suspended(work, [row.id for row in rows], suspended=suspended)
        mark(work, stored, [(row.scheme, row.value_key) for row in rows])
        by_publisher = sorted(rows, key=lambda row: row.publisher_id)
        for publisher_id, mine in groupby(by_publisher, key=lambda row: row.publisher_id):
            publisher = publishers.hold(work, publisher_id)
            assert publisher is not None  # noqa: S101 — a registration has one
            self._registrar.point(work, stored, publisher, [replace(row, suspended=suspended) for row in mine])
        tag = "sml:registration:suspend" if suspended else "sml:registration:resume"
        told = [(str(participant_of(row)), None, None) for row in rows]
        record_many(work, tag, told, domain_id=stored.id)
