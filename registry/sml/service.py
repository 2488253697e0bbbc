# SPDX-License-Identifier: Apache-2.0
"""The operations of the SML as its clients know them; each is authorized, and is one transaction."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.serialization import Encoding

from registry.audit.events import record
from registry.dns.journal import NewState, ZoneJournal
from registry.dns.records import naptr_rrset, publisher_rrset
from registry.domains.base_url import check_https_443
from registry.errors import AlreadyExistsError, ValidationError
from registry.identifiers.migration_key import validate_migration_key
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.smp_id import validate_smp_id
from registry.sml.authorization import AuthorizedCaller, TrustOf
from registry.sml.errors import (
    FaultKind,
    SmlError,
    bad_request,
    migration_not_found,
    publisher_exists,
    unauthorized,
)
from registry.sml.model import Caller, ParticipantPage, Publisher
from registry.sml.registration import Registrar, batches, participant_of, zone_id_of
from registry.storage.certificate_rows import certificate_row
from registry.storage.domain_directory import DomainDirectory, StoredDomain
from registry.storage.engine import Actor, Database
from registry.storage.queries import certificates, publishers, registrations
from registry.storage.queries.publishers import PublisherRow
from registry.storage.queries.registrations import RegistrationRow
from registry.storage.unit_of_work import UnitOfWork

MIGRATION_LASTS = timedelta(days=90)
_RRTYPES = ("CNAME", "A", "AAAA")
_MAX_PHYSICAL_ADDRESS = 255


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
        self._journal = journal
        self._registrar = registrar
        self._trust_of = trust_of

    # ManageServiceMetadata

    def create_publisher(self, caller: Caller, publisher: Publisher) -> None:
        """Register an SMP for the caller's certificate, in the one domain that accepts it.

        Raises SmlError: ERR-106 for an id that exists, in any domain of the caller, or breaks a rule.
        """
        with self._authorized(caller) as (work, authorized):
            if publishers.find(work.connection, authorized.domain_ids, publisher.smp_id):
                raise publisher_exists(publisher.smp_id)
            stored = _only_domain(authorized)
            self.add_publisher(work, stored, publisher, authorized.certificate.public_bytes(Encoding.DER))

    def add_publisher(
        self, work: UnitOfWork, stored: StoredDomain, publisher: Publisher, certificate: bytes | None
    ) -> None:
        """Add a publisher with its DNS name, and the certificate (DER) that may speak for it."""
        _check_publisher(stored, publisher)
        try:
            publisher_id = publishers.add(
                work, stored.id, publisher.smp_id, publisher.logical_address, publisher.physical_address
            )
        except AlreadyExistsError as error:
            raise publisher_exists(publisher.smp_id) from error
        if certificate is not None:
            row = certificate_row(certificate)
            certificates.put(work.connection, [row])
            publishers.add_certificate(work, publisher_id, row["sha256"])
        self._name_publisher(work, stored, publisher.smp_id, publisher.logical_address)
        record(work, "sml:publisher:create", publisher.smp_id, domain_id=stored.id, after=_audited(publisher))

    def read_publisher(self, caller: Caller, smp_id: str) -> Publisher:
        """The caller's publisher, as it was registered."""
        with self._authorized(caller) as (work, authorized):
            row = authorized.own_publisher(work, smp_id)
            return Publisher(row.smp_id, row.logical_address, row.physical_address)

    def update_publisher(self, caller: Caller, publisher: Publisher) -> None:
        """Change a publisher's addresses; the names of all its participants follow."""
        with self._authorized(caller) as (work, authorized):
            row = authorized.own_publisher(work, publisher.smp_id)
            stored = authorized.domain_of(row)
            changed = Publisher(row.smp_id, publisher.logical_address, publisher.physical_address)
            before = Publisher(row.smp_id, row.logical_address, row.physical_address)
            if changed == before:
                return
            _check_publisher(stored, changed)
            publishers.change_addresses(work, row.id, changed.logical_address, changed.physical_address)
            self._name_publisher(work, stored, row.smp_id, changed.logical_address)
            if changed.logical_address != before.logical_address:
                updated = publishers.find(work.connection, [stored.id], row.smp_id)[0]
                self._registrar.point_all(work, stored, updated)
            record(
                work,
                "sml:publisher:update",
                row.smp_id,
                domain_id=stored.id,
                before=_audited(before),
                after=_audited(changed),
            )

    def delete_publisher(self, caller: Caller, smp_id: str) -> None:
        """Remove a publisher with all its registrations and names.

        Raises SmlError: ERR-113 while a participant has an open migration.
        """
        with self._authorized(caller) as (work, authorized):
            row = authorized.own_publisher(work, smp_id)
            stored = authorized.domain_of(row)
            migrating = registrations.open_migrations_of_publisher(work.connection, row.id, work.now)
            if migrating:
                text = f"The SMP '{smp_id}' can't be deleted: {migrating} of its participants have an open migration"
                raise SmlError(FaultKind.BAD_REQUEST, 113, text)
            for rows in batches(work, row.id, 1000):
                self._registrar.unregister(work, stored, rows, row.smp_id)
            owner = _publisher_owner(stored, row.smp_id)
            self._journal.write(work, zone_id_of(stored), [NewState(owner, rdtype, None) for rdtype in _RRTYPES])
            publishers.remove(work, row.id)
            before = Publisher(row.smp_id, row.logical_address, row.physical_address)
            record(work, "sml:publisher:delete", row.smp_id, domain_id=stored.id, before=_audited(before))

    # ManageParticipantIdentifier

    def create_participants(self, caller: Caller, smp_id: str, participants: Sequence[ParticipantIdentifier]) -> None:
        """Register participants, all or none; none at all is done at once."""
        with self._authorized(caller) as (work, authorized):
            row = authorized.own_publisher(work, smp_id)
            stored = authorized.domain_of(row)
            _check_list(stored, participants)
            self._registrar.register(work, stored, row, participants)

    def delete_participants(
        self, caller: Caller, smp_id: str | None, participants: Sequence[ParticipantIdentifier]
    ) -> None:
        """Remove registrations, all or none; without an SMP id they must be the caller's own.

        Raises SmlError: ERR-110 when one isn't registered, ERR-101 when one is somebody else's, ERR-114 when one has
        an open migration.
        """
        with self._authorized(caller) as (work, authorized):
            own = authorized.own_publishers(work) if smp_id is None else [authorized.own_publisher(work, smp_id)]
            if not own:
                raise unauthorized("The certificate owns no SMP")
            stored, rows = self._find_in_domains(work, authorized, own, participants)
            for publisher_id in dict.fromkeys(row.publisher_id for row in rows):
                mine = [row for row in rows if row.publisher_id == publisher_id]
                owner = next((row for row in own if row.id == publisher_id), own[0])
                self._registrar.unregister_owned(work, stored, owner, mine)

    def list_participants(self, caller: Caller, smp_id: str, page: str | None) -> ParticipantPage:
        """A page of a publisher's participants, in order of registration."""
        with self._authorized(caller) as (work, authorized):
            row = authorized.own_publisher(work, smp_id)
            size = authorized.domain_of(row).domain.sml.page_size
            rows = registrations.page(work.connection, row.id, _page_number(page), size + 1)
            more = len(rows) > size
            participants = tuple(participant_of(found) for found in rows[:size])
            return ParticipantPage(row.smp_id, participants, str(rows[size - 1].id) if more else None)

    def prepare_migration(self, caller: Caller, smp_id: str, participant: ParticipantIdentifier, key: str) -> None:
        """Let another SMP take a participant over, if it knows the key; a second call replaces the key."""
        reasons = validate_migration_key(key)
        if reasons:
            raise bad_request("; ".join(str(reason) for reason in reasons))
        with self._authorized(caller) as (work, authorized):
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

    def migrate(self, caller: Caller, smp_id: str, participant: ParticipantIdentifier, key: str) -> None:
        """Take a participant over. Raises SmlError: ERR-111 when no open migration of it has this key."""
        with self._authorized(caller) as (work, authorized):
            row = authorized.own_publisher(work, smp_id)
            stored = authorized.domain_of(row)
            found = self._registrar.find(work, stored, [participant])
            open_keys = registrations.open_migrations(work.connection, [found[0].id], work.now)
            if open_keys.get(found[0].id) != _key_hash(key) or found[0].publisher_id == row.id:
                raise migration_not_found(participant.value, participant.scheme)
            self._registrar.move(work, stored, found, row)

    # helpers

    @contextmanager
    def _authorized(self, caller: Caller) -> Iterator[tuple[UnitOfWork, AuthorizedCaller]]:
        authorized = AuthorizedCaller(caller, self._directory.with_sml(), self._trust_of, self._database.now())
        with self._database.write(Actor(authorized.actor(), caller.request_id)) as work:
            yield work, authorized

    def _name_publisher(self, work: UnitOfWork, stored: StoredDomain, smp_id: str, logical_address: str) -> None:
        profile = stored.domain.dns
        rrset = publisher_rrset(smp_id, logical_address, profile.ttl, label=profile.publisher_label)
        others = [NewState(rrset.owner, rdtype, None) for rdtype in _RRTYPES if rdtype != rrset.rdtype]
        self._journal.write(work, zone_id_of(stored), [NewState.of(rrset), *others])

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
                _check_list(stored, participants)
                try:
                    return stored, self._registrar.find(work, stored, participants)
                except SmlError as error:
                    missing = error
        raise missing or unauthorized("The certificate owns no SMP")


def _only_domain(authorized: AuthorizedCaller) -> StoredDomain:
    if len(authorized.domains) > 1:
        names = ", ".join(stored.domain.name for stored in authorized.domains)
        raise bad_request(f"Several domains accept the certificate ({names}); the operator has to add the SMP")
    return authorized.domains[0]


def _check_publisher(stored: StoredDomain, publisher: Publisher) -> None:
    problems = [str(reason) for reason in validate_smp_id(publisher.smp_id)]
    schemes = stored.domain.sml.url_schemes
    try:
        parts = urlsplit(publisher.logical_address)
        if parts.scheme not in schemes or not parts.hostname or parts.port == 0:  # port: ValueError beyond 65535
            problems.append(f"LogicalAddress must be an absolute URL with scheme {' or '.join(sorted(schemes))}")
        # What DNS couldn't carry must not be registered.
        naptr_rrset("x", publisher.logical_address, stored.domain.dns.naptr_services, stored.domain.dns.ttl)
        publisher_rrset("x", publisher.logical_address, stored.domain.dns.ttl)
        own_name = f"{_publisher_owner(stored, publisher.smp_id)}.{stored.domain.dns.zone}"
        if (parts.hostname or "").rstrip(".") == own_name:
            problems.append(f"LogicalAddress must not be {own_name}, which becomes an alias of it")
    except ValueError:
        problems.append("LogicalAddress is not a URL")
    except ValidationError as error:
        problems += [str(reason) for reason in error.reasons]
    if stored.domain.smp.https_443_only and (refused := check_https_443(publisher.logical_address)):
        problems.append(str(refused))
    if len(publisher.physical_address) > _MAX_PHYSICAL_ADDRESS:
        problems.append(f"PhysicalAddress has more than {_MAX_PHYSICAL_ADDRESS} characters")
    if problems:
        raise bad_request("; ".join(problems))


def _check_list(stored: StoredDomain, participants: Sequence[ParticipantIdentifier]) -> None:
    most = stored.domain.sml.max_list
    if len(participants) > most:
        raise bad_request(f"The list has {len(participants)} participants; {most} is the most")
    keys = {(p.scheme, stored.domain.identifiers.participant_key(p)) for p in participants}
    if len(keys) < len(participants):
        raise bad_request("The list names a participant twice")


def _page_number(page: str | None) -> int:
    if page is None:
        return 0
    if not (page.isascii() and page.isdigit() and len(page) <= 18):
        raise bad_request(f"NextPageIdentifier is not one that this service gave: '{page[:40]}'")
    return int(page)


def _key_hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _publisher_owner(stored: StoredDomain, smp_id: str) -> str:
    return f"{smp_id.lower()}.{stored.domain.dns.publisher_label}"


def _audited(publisher: Publisher) -> dict[str, str]:
    return {
        "smp_id": publisher.smp_id,
        "logical_address": publisher.logical_address,
        "physical_address": publisher.physical_address,
    }
