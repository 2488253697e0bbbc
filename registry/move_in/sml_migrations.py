# SPDX-License-Identifier: Apache-2.0
"""Takes open migrations in: whoever has the key may go on with it here, as long as a migration is open here.

The time begins anew, since DomiSML's migrations never end by themselves (sml.md §1.3).
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from registry.audit.events import record as record_event
from registry.errors import ValidationError
from registry.move_in.attempts import attempt
from registry.move_in.model import Kind, Result, SourceRecord, Verdict
from registry.move_in.sml_domains import SmlDomains
from registry.move_in.sml_records import MigrationRecord, participant_of
from registry.sml.candidates import keys_of
from registry.sml.migration_ends import end_migrations
from registry.sml.migrations import Migrations as SmlMigrations
from registry.sml.registration import Registrar
from registry.sml.registration import participant_of as registered
from registry.storage.engine import Database
from registry.storage.queries import migrations, moved_registrations, publishers, registrations
from registry.storage.queries.migrations import Outcome
from registry.storage.unit_of_work import UnitOfWork


class Migrations:
    """Implements `registry.move_in.model.Receiver`."""

    kind = Kind.MIGRATION

    def __init__(self, database: Database, domains: SmlDomains, registrar: Registrar) -> None:
        self._database = database
        self._domains = domains
        self._registrar = registrar
        self._migrations = SmlMigrations(registrar)

    def apply(self, work: UnitOfWork, records: Sequence[SourceRecord], gone: Sequence[str]) -> Sequence[Result]:
        """See `Receiver.apply`. One that is gone is cancelled here, too, unless a move has ended it."""
        self._domains.refresh()
        taken = [
            attempt(self._database, work, each.key, partial(self._take, record=MigrationRecord.of(each)))
            for each in records
        ]
        return [*taken, *(attempt(self._database, work, key, partial(self._cancel, key=key)) for key in gone)]

    def _take(self, work: UnitOfWork, record: MigrationRecord) -> Result:
        stored = self._domains.of(record.sub_domain)
        (row,) = self._registrar.find(work, stored, [record.participant])
        smp_id = publishers.smp_ids(work.connection, {row.publisher_id})[row.publisher_id]
        if smp_id.lower() != record.smp_id.lower():
            message = f"it was prepared by the SMP {record.smp_id}, and the participant is that of {smp_id}"
            raise ValidationError.of("MOVE-IN-MIGRATION-OTHER-SMP", message)
        before = migrations.open_of(work.connection, [row.id], work.now).get(row.id)
        if before is not None and before.key_sha256 == record.key_sha256:
            return Result(record.key, Verdict.UNCHANGED, notes=record.notes)
        end_migrations(work, [row.id], Outcome.REPLACED)
        expires_at = work.now + timedelta(days=stored.domain.sml.migration_days)
        moved_registrations.open_migration(work, row.id, record.key_sha256, expires_at)
        record_event(
            work,
            "sml:migration:prepare",
            str(registered(row)),
            domain_id=stored.id,
            before=before and {"prepared_at": before.prepared_at.isoformat(), "prepared_by": before.prepared_by},
            after={"smp_id": smp_id, "expires_at": expires_at.isoformat()},
        )
        return Result(record.key, Verdict.UPDATED if before else Verdict.CREATED, notes=record.notes)

    def _cancel(self, work: UnitOfWork, key: str) -> Result:
        sub_domain, participant = participant_of(key)
        stored = self._domains.find(sub_domain)
        if stored is not None:
            keys = keys_of(stored.domain, [participant])
            for row in registrations.find(work.connection, stored.id, keys, lock=True):
                if migrations.open_of(work.connection, [row.id], work.now):
                    self._migrations.cancel(work, stored, row)
        return Result(key, Verdict.REMOVED)
