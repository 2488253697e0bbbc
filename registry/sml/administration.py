# SPDX-License-Identifier: Apache-2.0
"""What an administrator does at the SML: the same rules, names and events as over SOAP, without a client certificate.

Whether the caller may do so was decided before. Refusals are errors of the tree, with all reasons; each method that
writes is one transaction.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from cryptography import x509

from registry.dns.journal import ZoneJournal
from registry.errors import NotFoundError
from registry.identifiers.participant import ParticipantIdentifier
from registry.sml.authorization import TrustOf
from registry.sml.candidates import Candidates, check_list, keys_of
from registry.sml.errors import together
from registry.sml.interventions import four_eyes
from registry.sml.migrations import Migrations, check_migration_key
from registry.sml.model import Publisher
from registry.sml.plain import plainly
from registry.sml.publisher_certificates import PublisherCertificates, Window
from registry.sml.publishers import Publishers
from registry.sml.quarantine import quarantine_refusals
from registry.sml.registration import Registrar, check_not_migrating
from registry.sml.registration_plans import MAX_LIST, RegistrationPlans
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor, Database, retried
from registry.storage.queries import migrations, publishers, registrations, sml_views
from registry.storage.queries.beginnings import Sought, beginnings
from registry.storage.queries.migrations import EndedMigration, HistoryFilter, OpenMigration
from registry.storage.queries.publishers import PublisherRow
from registry.storage.queries.sml_views import (
    Place,
    PublisherCertificate,
    PublisherView,
    RegistrationFilter,
    RegistrationView,
)
from registry.storage.tables import registration
from registry.storage.unit_of_work import Connection, UnitOfWork


class SmlAdministration:
    """The publishers, registrations and migrations of the domains for which this instance is the SML.

    Writing raises ConflictError in any other domain; reading finds nothing there. What names a publisher raises
    NotFoundError where there is none.
    """

    def __init__(self, database: Database, journal: ZoneJournal, registrar: Registrar, trust_of: TrustOf) -> None:
        self._database = database
        self._registrar = registrar
        self._migrations = Migrations(registrar)
        self._publishers = Publishers(journal, registrar)
        self._certificates = PublisherCertificates(trust_of)
        self.plans = RegistrationPlans(database, registrar)
        """What changes of registrations would come to."""

    # Publishers

    def publishers(self, stored: StoredDomain, after: str, size: int) -> list[PublisherView]:
        """Up to `size` publishers with ids, in lower case, behind `after`."""
        with self._database.read() as connection:
            return sml_views.publishers(connection, stored.id, after, size)

    def publisher(
        self, stored: StoredDomain, smp_id: str, *, lock: bool = False
    ) -> tuple[PublisherView, list[PublisherCertificate]]:
        """One publisher, with its certificates; inside of a transaction `lock` keeps others from changing it."""
        with self._database.read() as connection:
            if lock:
                publishers.lock(connection, [stored.id], smp_id)
            found = sml_views.publisher_view(connection, stored.id, smp_id)
            if found is None:
                raise _no_publisher(stored, smp_id)
            return found, sml_views.certificates_of(connection, found.id)

    @retried
    def create_publisher(self, actor: Actor, stored: StoredDomain, publisher: Publisher) -> None:
        """Register an SMP, for which nobody may speak yet: see `add_certificate`.

        Raises ValidationError; AlreadyExistsError for an id that is taken.
        """
        with self._writing(actor, stored) as work:
            self._publishers.add(work, stored, publisher, None)

    @retried
    def change_publisher(
        self, actor: Actor, stored: StoredDomain, smp_id: str, logical_address: str, physical_address: str
    ) -> bool:
        """Give an SMP new addresses; returns whether it had others. Raises ValidationError."""
        with self._writing(actor, stored) as work:
            row = _publisher(work.connection, stored, smp_id, lock=True)
            four_eyes.check_leading_elsewhere(work, stored, row, logical_address)
            return self._publishers.change(work, stored, row, logical_address, physical_address)

    @retried
    def delete_publisher(self, actor: Actor, stored: StoredDomain, smp_id: str) -> None:
        """Remove an SMP with all its registrations. Raises ConflictError while one of them has an open migration."""
        with self._writing(actor, stored) as work:
            row = _publisher(work.connection, stored, smp_id, lock=True)
            four_eyes.check_removing(work, stored, row)
            self._publishers.remove(work, stored, row)

    @retried
    def add_certificate(
        self, actor: Actor, stored: StoredDomain, smp_id: str, certificate: x509.Certificate, window: Window
    ) -> str:
        """Let a certificate speak for an SMP; returns its fingerprint.

        Raises ValidationError where the domain wouldn't accept its bearer, or its key is another SMP's;
        AlreadyExistsError.
        """
        with self._writing(actor, stored) as work:
            row = _publisher(work.connection, stored, smp_id, lock=True)
            return self._certificates.add(work, stored, row, certificate, window)

    @retried
    def change_certificate(
        self, actor: Actor, stored: StoredDomain, smp_id: str, sha256: str, window: Window, *, last: bool = False
    ) -> bool:
        """Give a certificate another window; returns whether it had one.

        Raises NotFoundError, ValidationError; ConflictError where nobody could speak for the SMP any more, unless
        `last` says that this is meant.
        """
        with self._writing(actor, stored) as work:
            row = _publisher(work.connection, stored, smp_id, lock=True)
            return self._certificates.change(work, stored, row, sha256, window, last=last)

    @retried
    def end_certificate(
        self, actor: Actor, stored: StoredDomain, smp_id: str, sha256: str, *, last: bool = False
    ) -> None:
        """Let a certificate speak for an SMP no more, from now on. Raises as `change_certificate`."""
        with self._writing(actor, stored) as work:
            row = _publisher(work.connection, stored, smp_id, lock=True)
            self._certificates.end(work, stored, row, sha256, last=last)

    # Registrations

    def registrations(
        self,
        stored: StoredDomain,
        after: Place,
        size: int,
        *,
        smp_id: str | None = None,
        sought: Sought | None = None,
    ) -> tuple[list[RegistrationView], Place]:
        """Up to `size` registrations behind the one at the place `after`, and behind which others may follow, or ().

        In the order in which they were registered where only those of one SMP are wanted, by scheme and value else.
        """
        with self._database.read() as connection:
            publisher_id = None if smp_id is None else _publisher(connection, stored, smp_id).id
            wanted = RegistrationFilter(publisher_id)
            if sought is not None:
                parts = beginnings(connection, registration, stored.id, stored.domain.identifiers, sought)
                wanted = RegistrationFilter(publisher_id, parts)
            return sml_views.registrations(connection, stored.id, wanted, after, size, self._database.now())

    def registration(
        self, stored: StoredDomain, participant: ParticipantIdentifier, *, lock: bool = False
    ) -> RegistrationView:
        """The registration of a participant; `lock` as that of `publisher`. Raises NotFoundError."""
        key = stored.domain.identifiers.participant_key(participant)
        service, now = stored.domain.dns.naptr_service, self._database.now()
        with self._database.read() as connection:
            if lock:
                registrations.lock(connection, stored.id, participant.scheme, key)
            row = sml_views.registration_view(connection, stored.id, participant.scheme, key, service, now)
        if row is None:
            raise NotFoundError(f"not registered: {participant}")
        return row

    @retried
    def register(
        self, actor: Actor, stored: StoredDomain, smp_id: str, participants: Sequence[ParticipantIdentifier]
    ) -> None:
        """Register participants for an SMP, all or none.

        Raises ValidationError with what is wrong with any of them; AlreadyExistsError naming those that are
        registered.
        """
        with self._writing(actor, stored) as work:
            row = _publisher(work.connection, stored, smp_id)
            check_list(keys_of(stored.domain, participants), MAX_LIST)
            refusals = self._registrar.refusals(work.connection, stored, row, participants)
            refusals += quarantine_refusals(work.connection, stored, row, participants, work.now)
            if refusals:
                raise together([refusal.plain for refusal in refusals])
            self._registrar.register(work, stored, row, Candidates.of(stored, participants))

    @retried
    def unregister(self, actor: Actor, stored: StoredDomain, participants: Sequence[ParticipantIdentifier]) -> None:
        """Remove registrations, whichever SMP has them, all or none.

        Raises NotFoundError naming those that aren't registered; ConflictError where a migration is open.
        """
        with self._writing(actor, stored) as work:
            check_list(keys_of(stored.domain, participants), MAX_LIST)
            rows = self._registrar.find(work, stored, participants)
            four_eyes.check_unregistering(stored, rows)
            check_not_migrating(work, rows)
            smp_ids = publishers.smp_ids(work.connection, {row.publisher_id for row in rows})
            for publisher_id, smp_id in smp_ids.items():
                mine = [row for row in rows if row.publisher_id == publisher_id]
                self._registrar.unregister(work, stored, mine, smp_id)

    @retried
    def move(
        self, actor: Actor, stored: StoredDomain, participants: Sequence[ParticipantIdentifier], smp_id: str
    ) -> int:
        """Give participants to another SMP, all or none, and end their migrations; returns how many it didn't have.

        Raises NotFoundError naming those that aren't registered; ValidationError for what the SMP may not have.
        """
        with self._writing(actor, stored) as work:
            publisher = _publisher(work.connection, stored, smp_id)
            check_list(keys_of(stored.domain, participants), MAX_LIST)
            rows = self._registrar.find(work, stored, participants)
            others = [row for row in rows if row.publisher_id != publisher.id]
            if others:
                four_eyes.check_moving(stored)
                self._registrar.move(work, stored, others, publisher)
            return len(others)

    # Migrations

    def migrations(self, stored: StoredDomain, after: int, size: int, smp_id: str | None = None) -> list[OpenMigration]:
        """Up to `size` open migrations of registrations with ids after `after`."""
        with self._database.read() as connection:
            mine = None if smp_id is None else [_publisher(connection, stored, smp_id).id]
            at = self._database.now()
            return migrations.page(connection, after, size, at, domain_id=stored.id, publisher_ids=mine)

    def migration(self, stored: StoredDomain, participant: ParticipantIdentifier) -> OpenMigration:
        """The open migration of a participant. Raises NotFoundError where it isn't registered, or has none."""
        row = self.registration(stored, participant)
        with self._database.read() as connection:
            opened = migrations.open_of(connection, [row.id], self._database.now())
        if row.id not in opened:
            raise NotFoundError(f"no migration of {participant} is open")
        return opened[row.id]

    def migration_history(
        self,
        stored: StoredDomain,
        before: int | None,
        size: int,
        *,
        participant: ParticipantIdentifier | None = None,
        smp_id: str | None = None,
    ) -> list[EndedMigration]:
        """Up to `size` migrations that ended, with ids below `before`, the last one first.

        Of a participant, and from or to an SMP, which may be gone by now, so it is to be spelled as it was.
        """
        key = stored.domain.identifiers.participant_key
        of = None if participant is None else (participant.scheme, key(participant))
        wanted = HistoryFilter(of, None if smp_id is None else [smp_id])
        with self._database.read() as connection:
            return migrations.history(connection, [stored.id], wanted, before, size)

    @retried
    def prepare_migration(
        self, actor: Actor, stored: StoredDomain, participant: ParticipantIdentifier, key: str
    ) -> OpenMigration:
        """Let whoever has the key take a participant over, in place of the SMP that has it; replaces an open migration.

        Raises ValidationError for a key that breaks rules; NotFoundError.
        """
        with self._writing(actor, stored) as work:
            check_migration_key(key)
            (row,) = self._registrar.find(work, stored, [participant])
            holder = publishers.by_id(work.connection, row.publisher_id)
            assert holder is not None  # noqa: S101 — a foreign key
            if holder.smp_id.lower() != (stored.domain.smp.smp_id or "").lower():  # what our SMP has is its to give
                four_eyes.check_moving(stored)
            return self._migrations.prepare(work, stored, holder, participant, key)

    @retried
    def complete_migration(
        self, actor: Actor, stored: StoredDomain, participant: ParticipantIdentifier, smp_id: str, key: str
    ) -> None:
        """Give a participant to an SMP by the key of its migration. Raises NotFoundError, ValidationError."""
        with self._writing(actor, stored) as work:
            taker = _publisher(work.connection, stored, smp_id)
            self._migrations.complete(work, stored, taker, participant, key)

    @retried
    def cancel_migration(self, actor: Actor, stored: StoredDomain, participant: ParticipantIdentifier) -> None:
        """Close an open migration: its key means nothing any more. Raises NotFoundError."""
        with self._writing(actor, stored) as work:
            (row,) = self._registrar.find(work, stored, [participant])
            self._migrations.cancel(work, stored, row)

    # helpers

    @contextmanager
    def _writing(self, actor: Actor, stored: StoredDomain) -> Iterator[UnitOfWork]:
        with plainly(stored), self._database.write(actor) as work:
            yield work


def _publisher(connection: Connection, stored: StoredDomain, smp_id: str, *, lock: bool = False) -> PublisherRow:
    if lock:  # what is written depends on all of it, and others may suspend it meanwhile
        publishers.lock(connection, [stored.id], smp_id)
    found = publishers.find(connection, [stored.id], smp_id)
    if not found:
        raise _no_publisher(stored, smp_id)
    return found[0]


def _no_publisher(stored: StoredDomain, smp_id: str) -> NotFoundError:
    return NotFoundError(f"the domain {stored.domain.name} has no SMP {smp_id!r}")
