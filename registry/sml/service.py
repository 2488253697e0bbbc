# SPDX-License-Identifier: Apache-2.0
"""The operations of the SML as its clients know them; each is authorized, and is one transaction."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import date

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from registry.dns.journal import ZoneJournal
from registry.identifiers.participant import ParticipantIdentifier
from registry.sml import repeats
from registry.sml.authorization import AuthorizedCaller, TrustOf
from registry.sml.calls import Calls
from registry.sml.candidates import Candidates, check_list, keys_of
from registry.sml.errors import (
    FaultKind,
    SmlError,
    bad_request,
    publisher_exists,
    publisher_not_found,
    publisher_suspended,
    unauthorized,
)
from registry.sml.migrations import Migrations, check_migration_key
from registry.sml.model import Caller, ParticipantPage, Publisher
from registry.sml.publisher_certificates import PublisherCertificates, begin_by_date, read_certificate
from registry.sml.publishers import Publishers, publisher_of
from registry.sml.registration import Registrar, participant_of
from registry.sml.repeats import repeatable
from registry.sml.suspended import check_none_suspended
from registry.storage.domain_directory import DomainDirectory, StoredDomain
from registry.storage.engine import Database, retried
from registry.storage.queries import probes, publishers, registrations
from registry.storage.queries.publishers import PublisherRow
from registry.storage.queries.registrations import RegistrationRow
from registry.storage.unit_of_work import UnitOfWork


class SmlService:
    """Implements `registry.sml.model.SmlOperations` on the database."""

    def __init__(
        self,
        database: Database,
        directory: DomainDirectory,
        journal: ZoneJournal,
        registrar: Registrar,
        trust_of: TrustOf,
    ) -> None:
        self._database = database
        self.directory = directory
        self.calls = Calls(database, directory, trust_of)
        self._publishers = Publishers(journal, registrar)
        self._certificates = PublisherCertificates(trust_of)
        self._registrar = registrar
        self.migrations = Migrations(registrar)

    # ManageServiceMetadata

    @retried
    @repeatable(repeats.created)
    def create_publisher(self, caller: Caller, publisher: Publisher) -> None:
        """Register an SMP for the caller's certificate, in the one domain that accepts it; to warn is not enough.

        Raises SmlError: ERR-106 for an id that exists, in any domain of the caller, or breaks a rule.
        """
        with self._authorized(caller, publisher.smp_id) as (work, authorized):
            if publishers.find(work.connection, authorized.domain_ids, publisher.smp_id):
                raise publisher_exists(publisher.smp_id)
            stored = _only_domain(authorized)
            for own in authorized.own_publishers(work):
                if own.suspended and own.domain_id == stored.id:  # or it would go on under another id
                    raise publisher_suspended(own.smp_id)
            self.add_publisher(work, stored, publisher, authorized.certificate.public_bytes(Encoding.DER))

    def add_publisher(
        self, work: UnitOfWork, stored: StoredDomain, publisher: Publisher, certificate: bytes | None
    ) -> None:
        """Add a publisher with its DNS name, and the certificate (DER) that may speak for it."""
        self._publishers.add(work, stored, publisher, certificate)

    @retried
    def read_publisher(self, caller: Caller, smp_id: str) -> Publisher:
        """The caller's publisher, as it was registered."""
        with self._authorized(caller, smp_id) as (work, authorized):
            return publisher_of(authorized.own_publisher(work, smp_id))

    @retried
    @repeatable(repeats.changed)
    def update_publisher(self, caller: Caller, publisher: Publisher) -> None:
        """Change a publisher's addresses; the names of all its participants follow."""
        with self._authorized(caller, publisher.smp_id) as (work, authorized):
            row = authorized.own_publisher(work, publisher.smp_id, lock=True)
            stored = authorized.domain_of(row)
            self._publishers.change(work, stored, row, publisher.logical_address, publisher.physical_address)

    @retried
    @repeatable(repeats.removed)
    def delete_publisher(self, caller: Caller, smp_id: str) -> None:
        """Remove a publisher with all its registrations and names.

        Raises SmlError: ERR-113 while a participant has an open migration.
        """
        with self._authorized(caller, smp_id) as (work, authorized):
            row = authorized.own_publisher(work, smp_id, lock=True)
            check_none_suspended(work, row)
            self._publishers.remove(work, authorized.domain_of(row), row)

    # ManageParticipantIdentifier

    @retried
    @repeatable(repeats.registered)
    def create_participants(
        self,
        caller: Caller,
        smp_id: str,
        participants: Sequence[ParticipantIdentifier],
        service: str | None = None,
    ) -> None:
        """Register participants, all or none; none at all is done at once.

        With `service` they are registered for this NAPTR service rather than for those of the domain, or for it too.
        """
        authorized = self.calls.authorize(caller, smp_id)
        offered = {stored.id: Candidates.of(stored, participants) for stored in authorized.domains}
        with self.calls.transaction(authorized) as work:
            row = authorized.own_publisher(work, smp_id)
            stored = authorized.domain_of(row)
            check_list(offered[stored.id].keys, stored.domain.sml.max_list)
            if service is None:
                self._registrar.register(work, stored, row, offered[stored.id])
            else:
                self._registrar.register_for(work, stored, row, participants, service)

    @retried
    @repeatable(repeats.unregistered)
    def delete_participants(
        self, caller: Caller, smp_id: str | None, participants: Sequence[ParticipantIdentifier]
    ) -> None:
        """Remove registrations, all or none; without an SMP id they must be the caller's own.

        Raises SmlError: ERR-110 when one isn't registered, ERR-101 when one is somebody else's, ERR-114 when one has
        an open migration.
        """
        with self._authorized(caller, smp_id) as (work, authorized):
            own = authorized.own_publishers(work) if smp_id is None else [authorized.own_publisher(work, smp_id)]
            own = [row for row in own if not row.suspended]
            if not own:
                raise unauthorized("The certificate owns no SMP")
            stored, rows = self._find_in_domains(work, authorized, own, participants)
            for publisher_id in dict.fromkeys(row.publisher_id for row in rows):
                mine = [row for row in rows if row.publisher_id == publisher_id]
                owner = next((row for row in own if row.id == publisher_id), own[0])
                self._registrar.unregister_owned(work, stored, owner, mine)

    @retried
    def list_participants(self, caller: Caller, smp_id: str, page: str | None) -> ParticipantPage:
        """A page of a publisher's participants, in order of registration."""
        with self._authorized(caller, smp_id) as (work, authorized):
            row = authorized.own_publisher(work, smp_id)
            size = authorized.domain_of(row).domain.sml.page_size
            rows = registrations.page(work.connection, row.id, _page_number(page), size + 1)
            more = len(rows) > size
            participants = tuple(participant_of(found) for found in rows[:size])
            return ParticipantPage(row.smp_id, participants, str(rows[size - 1].id) if more else None)

    @retried
    @repeatable(repeats.prepared)
    def prepare_migration(self, caller: Caller, smp_id: str, participant: ParticipantIdentifier, key: str) -> None:
        """Let another SMP take a participant over, if it knows the key; a second call replaces the key."""
        check_migration_key(key)
        with self._authorized(caller, smp_id) as (work, authorized):
            row = authorized.own_publisher(work, smp_id)
            self.migrations.prepare(work, authorized.domain_of(row), row, participant, key)

    @retried
    @repeatable(repeats.migrated)
    def migrate(self, caller: Caller, smp_id: str, participant: ParticipantIdentifier, key: str) -> None:
        """Take a participant over. Raises SmlError: ERR-111 when no open migration of it has this key."""
        with self._authorized(caller, smp_id) as (work, authorized):
            row = authorized.own_publisher(work, smp_id)
            self.migrations.complete(work, authorized.domain_of(row), row, participant, key)

    # BDMSL

    @retried
    @repeatable(repeats.succeeding)
    def prepare_change_certificate(
        self, caller: Caller, new_certificate: x509.Certificate | str, migration_date: date | None
    ) -> None:
        """Let the caller's next certificate (PEM where it is text) speak for all SMPs of the present one (ICD 1.30).

        From the day on (see `begin_by_date`), beside the present one until that ends. Suspended SMPs are left out.
        Raises SmlError: ERR-101 where the caller owns no SMP, ERR-106 for a certificate or a day that won't do.
        """
        certificate = read_certificate(new_certificate)
        with self._authorized(caller, None) as (work, authorized):
            own = [row for row in authorized.own_publishers(work) if not row.suspended]
            if not own:
                raise unauthorized("The certificate owns no SMP")
            begin = begin_by_date(authorized.certificate, certificate, migration_date, work.now)
            for row in own:
                self._certificates.succeed(work, authorized.domain_of(row), row, certificate, begin)

    @retried
    def exists_participant(self, caller: Caller, smp_id: str, participant: ParticipantIdentifier) -> bool:
        """Whether an SMP has a participant; anybody may ask whom one of the SMP's domains lets in.

        Raises SmlError: ERR-100 where there is no such SMP in the caller's domains.
        """
        with self._authorized(caller, None) as (work, authorized):
            found = publishers.find(work.connection, authorized.domain_ids, smp_id)
            if not found:
                raise publisher_not_found(smp_id)
            owners = {row.id for row in found}
            for row in found:
                key = authorized.domain_of(row).domain.identifiers.participant_key(participant)
                held = registrations.find(work.connection, row.domain_id, [(participant.scheme, key)])
                if any(registration.publisher_id in owners for registration in held):
                    return True
            return False

    @retried
    def is_alive(self, caller: Caller) -> None:
        """Write to the database and read it back. Raises SmlError: ERR-105 where that doesn't work."""
        with self._authorized(caller, None) as (work, _authorized):
            if not probes.write_and_read(work):
                raise SmlError(FaultKind.INTERNAL_ERROR, 105, "The database doesn't give back what is written")

    # helpers

    def _authorized(
        self, caller: Caller, smp_id: str | None
    ) -> AbstractContextManager[tuple[UnitOfWork, AuthorizedCaller]]:
        return self.calls.open(caller, smp_id)

    def _find_in_domains(
        self,
        work: UnitOfWork,
        authorized: AuthorizedCaller,
        own: Sequence[PublisherRow],
        participants: Sequence[ParticipantIdentifier],
    ) -> tuple[StoredDomain, list[RegistrationRow]]:
        """The one domain, of those in which the caller has publishers, that knows all the participants."""
        mine = {row.domain_id for row in own}
        missing: SmlError | None = None
        for stored in authorized.domains:
            if stored.id in mine:
                check_list(keys_of(stored.domain, participants), stored.domain.sml.max_list)
                try:
                    return stored, self._registrar.find(work, stored, participants)
                except SmlError as error:
                    missing = error
        raise missing or unauthorized("The certificate owns no SMP")


def _only_domain(authorized: AuthorizedCaller) -> StoredDomain:
    if not authorized.trusted:
        raise unauthorized("The domain only warns of the certificate; the operator has to add the SMP")
    if len(authorized.trusted) > 1:
        names = ", ".join(stored.domain.name for stored in authorized.trusted)
        raise bad_request(f"Several domains accept the certificate ({names}); the operator has to add the SMP")
    return authorized.trusted[0]


def _page_number(page: str | None) -> int:
    if page is None:
        return 0
    if not (page.isascii() and page.isdigit() and len(page) <= 18):
        raise bad_request(f"NextPageIdentifier is not one that this service gave: '{page[:40]}'")
    return int(page)
