# SPDX-License-Identifier: Apache-2.0
"""The operations of the SML as its clients know them; each is authorized, and is one transaction."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from cryptography.hazmat.primitives.serialization import Encoding

from registry.audit.events import record
from registry.dns.journal import ZoneJournal
from registry.identifiers.migration_key import validate_migration_key
from registry.identifiers.participant import ParticipantIdentifier
from registry.sml.authorization import AuthorizedCaller, TrustOf
from registry.sml.errors import (
    SmlError,
    bad_request,
    broken_rules,
    migration_not_found,
    publisher_exists,
    unauthorized,
)
from registry.sml.model import Caller, ParticipantPage, Publisher
from registry.sml.publishers import Publishers, publisher_of
from registry.sml.registration import Registrar, check_list, participant_of
from registry.storage.domain_directory import DomainDirectory, StoredDomain
from registry.storage.engine import Actor, Database, retried
from registry.storage.queries import publishers, registrations
from registry.storage.queries.publishers import PublisherRow
from registry.storage.queries.registrations import RegistrationRow
from registry.storage.unit_of_work import UnitOfWork

MIGRATION_LASTS = timedelta(days=90)


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
        self._directory = directory
        self._publishers = Publishers(journal, registrar)
        self._registrar = registrar
        self._trust_of = trust_of

    # ManageServiceMetadata

    @retried
    def create_publisher(self, caller: Caller, publisher: Publisher) -> None:
        """Register an SMP for the caller's certificate, in the one domain that accepts it; to warn is not enough.

        Raises SmlError: ERR-106 for an id that exists, in any domain of the caller, or breaks a rule.
        """
        with self._authorized(caller, publisher.smp_id) as (work, authorized):
            if publishers.find(work.connection, authorized.domain_ids, publisher.smp_id):
                raise publisher_exists(publisher.smp_id)
            stored = _only_domain(authorized)
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
    def update_publisher(self, caller: Caller, publisher: Publisher) -> None:
        """Change a publisher's addresses; the names of all its participants follow."""
        with self._authorized(caller, publisher.smp_id) as (work, authorized):
            row = authorized.own_publisher(work, publisher.smp_id)
            stored = authorized.domain_of(row)
            self._publishers.change(work, stored, row, publisher.logical_address, publisher.physical_address)

    @retried
    def delete_publisher(self, caller: Caller, smp_id: str) -> None:
        """Remove a publisher with all its registrations and names.

        Raises SmlError: ERR-113 while a participant has an open migration.
        """
        with self._authorized(caller, smp_id) as (work, authorized):
            row = authorized.own_publisher(work, smp_id)
            self._publishers.remove(work, authorized.domain_of(row), row)

    # ManageParticipantIdentifier

    @retried
    def create_participants(self, caller: Caller, smp_id: str, participants: Sequence[ParticipantIdentifier]) -> None:
        """Register participants, all or none; none at all is done at once."""
        with self._authorized(caller, smp_id) as (work, authorized):
            row = authorized.own_publisher(work, smp_id)
            stored = authorized.domain_of(row)
            check_list(stored, participants, stored.domain.sml.max_list)
            self._registrar.register(work, stored, row, participants)

    @retried
    def delete_participants(
        self, caller: Caller, smp_id: str | None, participants: Sequence[ParticipantIdentifier]
    ) -> None:
        """Remove registrations, all or none; without an SMP id they must be the caller's own.

        Raises SmlError: ERR-110 when one isn't registered, ERR-101 when one is somebody else's, ERR-114 when one has
        an open migration.
        """
        with self._authorized(caller, smp_id) as (work, authorized):
            own = authorized.own_publishers(work) if smp_id is None else [authorized.own_publisher(work, smp_id)]
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
    def prepare_migration(self, caller: Caller, smp_id: str, participant: ParticipantIdentifier, key: str) -> None:
        """Let another SMP take a participant over, if it knows the key; a second call replaces the key."""
        reasons = validate_migration_key(key)
        if reasons:
            raise broken_rules(reasons)
        with self._authorized(caller, smp_id) as (work, authorized):
            row = authorized.own_publisher(work, smp_id)
            stored = authorized.domain_of(row)
            found = self._registrar.find(work, stored, [participant])
            if found[0].publisher_id != row.id:
                raise unauthorized("The participant belongs to another SMP")
            registrations.prepare_migration(work, [found[0].id], _key_hash(key), work.now + MIGRATION_LASTS)
            record(
                work,
                "sml:migration:prepare",
                str(participant_of(found[0])),
                domain_id=stored.id,
                after={"smp_id": row.smp_id, "expires_at": (work.now + MIGRATION_LASTS).isoformat()},
            )

    @retried
    def migrate(self, caller: Caller, smp_id: str, participant: ParticipantIdentifier, key: str) -> None:
        """Take a participant over. Raises SmlError: ERR-111 when no open migration of it has this key."""
        with self._authorized(caller, smp_id) as (work, authorized):
            row = authorized.own_publisher(work, smp_id)
            stored = authorized.domain_of(row)
            found = self._registrar.find(work, stored, [participant])
            open_keys = registrations.open_migrations(work.connection, [found[0].id], work.now)
            if open_keys.get(found[0].id) != _key_hash(key) or found[0].publisher_id == row.id:
                raise migration_not_found(participant.value, participant.scheme)
            self._registrar.move(work, stored, found, row)

    # helpers

    @contextmanager
    def _authorized(self, caller: Caller, smp_id: str | None) -> Iterator[tuple[UnitOfWork, AuthorizedCaller]]:
        """A transaction for the caller; `smp_id` is the SMP that the call is about, where it says so."""
        domains, now = self._directory.with_sml(), self._database.now()
        authorized = AuthorizedCaller(caller, domains, self._trust_of, now, smp_id)
        with self._database.write(Actor(authorized.actor(), caller.request_id)) as work:
            yield work, authorized

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
                check_list(stored, participants, stored.domain.sml.max_list)
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


def _key_hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
