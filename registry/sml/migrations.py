# SPDX-License-Identifier: Apache-2.0
"""The life of a migration: prepared with a key that is good once, then completed, cancelled, replaced or expired.

Nothing here asks who calls; `registry.sml.service`, `registry.sml.migration_routes` and `registry.sml.administration`
do. (Peppol SML, PrepareMigrationRecord and CompleteMigrationRecord; sml.md §1.3)
"""

from datetime import timedelta

from registry.audit.events import record
from registry.errors import NotFoundError
from registry.identifiers.migration_key import validate_migration_key
from registry.identifiers.participant import ParticipantIdentifier
from registry.jobs.worker import JobContext
from registry.sml.errors import broken_rules, migration_not_found, unauthorized
from registry.sml.migration_ends import end_due_migrations, end_migrations
from registry.sml.registration import Registrar, participant_of
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import migrations
from registry.storage.queries.migrations import OpenMigration, Outcome
from registry.storage.queries.publishers import PublisherRow
from registry.storage.queries.registrations import RegistrationRow
from registry.storage.unit_of_work import UnitOfWork

EXPIRE = "sml-migrations"
"""The kind of the job that ends and announces migrations whose time has run out."""
_BATCH = 500


def check_migration_key(key: str) -> None:
    """Raises SmlError (ERR-106) for a key that breaks rules."""
    if reasons := validate_migration_key(key):
        raise broken_rules(reasons)


class Migrations:
    """Opens and ends migrations, each in the transaction of whoever asks."""

    def __init__(self, registrar: Registrar) -> None:
        self._registrar = registrar

    def prepare(
        self,
        work: UnitOfWork,
        stored: StoredDomain,
        publisher: PublisherRow,
        participant: ParticipantIdentifier,
        key: str,
    ) -> OpenMigration:
        """Let whoever has the key, which was checked, take a participant of the publisher over.

        An open migration is replaced: its key means nothing any more. With the key that it has, it stays the same one
        and its time begins anew. Raises SmlError: ERR-110 where the participant isn't registered, ERR-101 where it is
        another publisher's.
        """
        (row,) = self._registrar.find(work, stored, [participant])
        if row.publisher_id != publisher.id:
            raise unauthorized("The participant belongs to another SMP")
        expires_at = work.now + timedelta(days=stored.domain.sml.migration_days)
        before = migrations.open_of(work.connection, [row.id], work.now).get(row.id)
        if not (before and before.has_key(key) and migrations.renew(work, row.id, expires_at)):
            end_migrations(work, [row.id], Outcome.REPLACED)
            migrations.add(work, row.id, key, expires_at)
        record(
            work,
            "sml:migration:prepare",
            str(participant_of(row)),
            domain_id=stored.id,
            before=before and {"prepared_at": before.prepared_at.isoformat(), "prepared_by": before.prepared_by},
            after={"smp_id": publisher.smp_id, "expires_at": expires_at.isoformat()},
        )
        return migrations.open_of(work.connection, [row.id], work.now)[row.id]

    def opened_by(
        self, work: UnitOfWork, stored: StoredDomain, participant: ParticipantIdentifier, key: str
    ) -> tuple[RegistrationRow, OpenMigration]:
        """The open migration of a participant that has this key, and its registration.

        Raises SmlError: ERR-110 where it isn't registered, ERR-111 where there is none with this key.
        """
        (row,) = self._registrar.find(work, stored, [participant])
        opened = migrations.open_of(work.connection, [row.id], work.now).get(row.id)
        if opened is None or not opened.has_key(key):
            raise migration_not_found(participant.value, participant.scheme)
        return row, opened

    def complete(
        self,
        work: UnitOfWork,
        stored: StoredDomain,
        publisher: PublisherRow,
        participant: ParticipantIdentifier,
        key: str,
    ) -> None:
        """Give a participant to the publisher, which has the key. Raises SmlError as `opened_by`; ERR-101 for a
        wildcard that the publisher may not have.
        """
        row, _ = self.opened_by(work, stored, participant, key)
        # None is ended where its time runs out at this very moment.
        if row.publisher_id == publisher.id or not end_migrations(work, [row.id], Outcome.COMPLETED, publisher.smp_id):
            raise migration_not_found(participant.value, participant.scheme)
        self._registrar.move(work, stored, [row], publisher)

    def cancel(self, work: UnitOfWork, stored: StoredDomain, row: RegistrationRow) -> None:
        """Let the key of a registration's open migration mean nothing any more. Raises NotFoundError."""
        ended = end_migrations(work, [row.id], Outcome.CANCELLED)
        if not ended:
            raise NotFoundError(f"no migration of {participant_of(row)} is open")
        before = {"smp_id": ended[0].from_smp_id, "prepared_at": ended[0].prepared_at.isoformat()}
        record(work, "sml:migration:cancel", str(participant_of(row)), domain_id=stored.id, before=before)


def expire_migrations(context: JobContext) -> dict[str, int]:
    """The job `EXPIRE`: ends what has run out, a batch at a time; its result says how many."""
    while True:
        with context.database.write(context.actor) as work:
            ended = end_due_migrations(work, _BATCH)
            context.progress(work, context.done + ended)
        if ended < _BATCH:
            return {"expired": context.done}
