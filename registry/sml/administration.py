# SPDX-License-Identifier: Apache-2.0
"""What an administrator does at the SML: the same rules, names and events as over SOAP, without a client certificate.

Whether the caller may do so was decided before. Refusals are errors of the tree, with all reasons; each method that
writes is one transaction.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from registry.audit.events import record
from registry.dns.journal import ZoneJournal
from registry.errors import AlreadyExistsError, ConflictError, NotFoundError, Reason, RegistryError, ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.sml.authorization import TrustOf
from registry.sml.errors import SmlError, some_of
from registry.sml.model import Publisher
from registry.sml.publishers import Publishers
from registry.sml.registration import Registrar, check_list, check_not_migrating, participant_of
from registry.storage.certificate_rows import certificate_row
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor, Database, retried
from registry.storage.queries import certificates, publishers, registrations, sml_views
from registry.storage.queries.publishers import PublisherRow
from registry.storage.queries.sml_views import (
    MigrationView,
    PublisherCertificate,
    PublisherView,
    RegistrationFilter,
    RegistrationView,
)
from registry.storage.unit_of_work import Connection, UnitOfWork
from trust_lists.evaluation.trust_configuration.model import Context

MAX_LIST = 1000
"""The most participants that one call may name; SOAP allows fewer."""


@dataclass(frozen=True, slots=True)
class Window:
    """From and until when a certificate may speak for a publisher; None: from now on, or without an end."""

    usable_from: datetime | None = None
    usable_until: datetime | None = None


class SmlAdministration:
    """The publishers, registrations and migrations of the domains for which this instance is the SML.

    Writing raises ConflictError in any other domain; reading finds nothing there. What names a publisher raises
    NotFoundError where there is none.
    """

    def __init__(self, database: Database, journal: ZoneJournal, registrar: Registrar, trust_of: TrustOf) -> None:
        self._database = database
        self._registrar = registrar
        self._publishers = Publishers(journal, registrar)
        self._trust_of = trust_of

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
                publishers.lock(connection, stored.id, smp_id)
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
            row = _publisher(work.connection, stored, smp_id)
            return self._publishers.change(work, stored, row, logical_address, physical_address)

    @retried
    def delete_publisher(self, actor: Actor, stored: StoredDomain, smp_id: str) -> None:
        """Remove an SMP with all its registrations. Raises ConflictError while one of them has an open migration."""
        with self._writing(actor, stored) as work:
            self._publishers.remove(work, stored, _publisher(work.connection, stored, smp_id))

    @retried
    def add_certificate(
        self, actor: Actor, stored: StoredDomain, smp_id: str, certificate: x509.Certificate, window: Window
    ) -> str:
        """Let a certificate speak for an SMP; returns its fingerprint.

        Raises ValidationError where the domain wouldn't accept its bearer; AlreadyExistsError.
        """
        with self._writing(actor, stored) as work:
            row = _publisher(work.connection, stored, smp_id)
            begin = window.usable_from or work.now
            reasons = [*_window_reasons(begin, window.usable_until)]
            trust, at = self._trust_of(stored.domain), max(begin, work.now)
            decision = trust.decide("sml-client", certificate, at, context={Context.SMP_ID: row.smp_id})
            if not decision.accepted and decision.enforced:
                message = f"the domain doesn't accept the certificate of an SML client: {decision.reason}"
                reasons.append(Reason("SML-CERTIFICATE-REFUSED", message))
            if reasons:
                raise ValidationError(reasons)
            values = certificate_row(certificate.public_bytes(Encoding.DER))
            certificates.put(work.connection, [values])
            publishers.add_certificate(work, row.id, values["sha256"], begin, window.usable_until)
            after = _audited(values["sha256"], Window(begin, window.usable_until))
            self._certificate_changed(work, stored, row, "sml:publisher-certificate:create", after=after)
            return str(values["sha256"])

    @retried
    def change_certificate(self, actor: Actor, stored: StoredDomain, smp_id: str, sha256: str, window: Window) -> bool:
        """Give a certificate another window; returns whether it had one. Raises NotFoundError, ValidationError."""
        with self._writing(actor, stored) as work:
            row = _publisher(work.connection, stored, smp_id)
            held = _certificate(work.connection, row, sha256)
            changed = Window(window.usable_from or held.usable_from or work.now, window.usable_until)
            if (held.usable_from, held.usable_until) == (changed.usable_from, changed.usable_until):
                return False
            if reasons := _window_reasons(changed.usable_from, changed.usable_until):
                raise ValidationError(reasons)
            publishers.change_certificate(work, row.id, sha256, changed.usable_from, changed.usable_until)
            before = _audited(sha256, Window(held.usable_from, held.usable_until))
            tag = "sml:publisher-certificate:update"
            self._certificate_changed(work, stored, row, tag, before=before, after=_audited(sha256, changed))
            return True

    @retried
    def end_certificate(self, actor: Actor, stored: StoredDomain, smp_id: str, sha256: str) -> None:
        """Let a certificate speak for an SMP no more, from now on. Raises NotFoundError."""
        with self._writing(actor, stored) as work:
            row = _publisher(work.connection, stored, smp_id)
            held = _certificate(work.connection, row, sha256)
            if held.usable_until is not None and held.usable_until <= work.now:
                return
            before = _audited(sha256, Window(held.usable_from, held.usable_until))
            tag = "sml:publisher-certificate:end"
            if held.usable_from is not None and held.usable_from >= work.now:
                publishers.remove_certificate(work, row.id, sha256)  # it never spoke
                self._certificate_changed(work, stored, row, tag, before=before)
                return
            publishers.change_certificate(work, row.id, sha256, held.usable_from, work.now)
            after = _audited(sha256, Window(held.usable_from, work.now))
            self._certificate_changed(work, stored, row, tag, before=before, after=after)

    # Registrations

    def registrations(
        self,
        stored: StoredDomain,
        after: tuple[int | str, ...],
        size: int,
        *,
        smp_id: str | None = None,
        scheme: str | None = None,
        value_begins: str = "",
    ) -> list[tuple[tuple[int | str, ...], RegistrationView]]:
        """Up to `size` registrations behind the one at the place `after`, each with its place.

        Raises ValidationError for `value_begins` without a scheme, whose rules say how values compare.
        """
        if value_begins and not scheme:
            raise ValidationError.of("FILTER-SCHEME", "a filter by value needs one by scheme")
        begins = value_begins
        if scheme and value_begins:
            begins = stored.domain.identifiers.participant_key(ParticipantIdentifier(scheme, value_begins))
        with self._database.read() as connection:
            publisher_id = None if smp_id is None else _publisher(connection, stored, smp_id).id
            wanted = RegistrationFilter(publisher_id, scheme, begins)
            rows = sml_views.registrations(connection, stored.id, wanted, after, size, self._database.now())
            return [(wanted.place(row), row) for row in rows]

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
            check_list(stored, participants, MAX_LIST)
            if refusals := self._registrar.refusals(work.connection, stored, row, participants):
                raise _together([refusal.plain for refusal in refusals])
            self._registrar.register(work, stored, row, participants)

    @retried
    def unregister(self, actor: Actor, stored: StoredDomain, participants: Sequence[ParticipantIdentifier]) -> None:
        """Remove registrations, whichever SMP has them, all or none.

        Raises NotFoundError naming those that aren't registered; ConflictError where a migration is open.
        """
        with self._writing(actor, stored) as work:
            check_list(stored, participants, MAX_LIST)
            rows = self._registrar.find(work, stored, participants)
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
            check_list(stored, participants, MAX_LIST)
            rows = self._registrar.find(work, stored, participants)
            others = [row for row in rows if row.publisher_id != publisher.id]
            if others:
                self._registrar.move(work, stored, others, publisher)
            return len(others)

    # Migrations

    def migrations(self, stored: StoredDomain, after: int, size: int, smp_id: str | None = None) -> list[MigrationView]:
        """Up to `size` open migrations of registrations with ids after `after`."""
        with self._database.read() as connection:
            publisher_id = None if smp_id is None else _publisher(connection, stored, smp_id).id
            return sml_views.migrations(connection, stored.id, publisher_id, after, size, self._database.now())

    @retried
    def cancel_migration(self, actor: Actor, stored: StoredDomain, participant: ParticipantIdentifier) -> None:
        """Close an open migration: its key means nothing any more. Raises NotFoundError."""
        with self._writing(actor, stored) as work:
            (row,) = self._registrar.find(work, stored, [participant])
            if row.id not in registrations.open_migrations(work.connection, [row.id], work.now):
                raise NotFoundError(f"no migration of {participant} is open")
            registrations.cancel_migration(work, row.id)
            smp_id = publishers.smp_ids(work.connection, {row.publisher_id})[row.publisher_id]
            subject = str(participant_of(row))
            record(work, "sml:migration:cancel", subject, domain_id=stored.id, before={"smp_id": smp_id})

    # helpers

    @contextmanager
    def _writing(self, actor: Actor, stored: StoredDomain) -> Iterator[UnitOfWork]:
        if not stored.domain.sml.enabled or stored.zone_id is None:
            raise ConflictError(f"this instance is not the SML of the domain {stored.domain.name}")
        try:
            with self._database.write(actor) as work:
                yield work
        except SmlError as error:
            raise error.plain from error

    def _certificate_changed(
        self, work: UnitOfWork, stored: StoredDomain, row: PublisherRow, tag: str, **audited: Any
    ) -> None:
        publishers.touch(work, row.id)
        record(work, tag, row.smp_id, domain_id=stored.id, **audited)


def _publisher(connection: Connection, stored: StoredDomain, smp_id: str) -> PublisherRow:
    found = publishers.find(connection, [stored.id], smp_id)
    if not found:
        raise _no_publisher(stored, smp_id)
    return found[0]


def _no_publisher(stored: StoredDomain, smp_id: str) -> NotFoundError:
    return NotFoundError(f"the domain {stored.domain.name} has no SMP {smp_id!r}")


def _certificate(connection: Connection, row: PublisherRow, sha256: str) -> PublisherCertificate:
    for held in sml_views.certificates_of(connection, row.id):
        if held.sha256 == sha256:
            return held
    raise NotFoundError(f"the SMP {row.smp_id} has no certificate {sha256}")


def _window_reasons(begin: datetime | None, end: datetime | None) -> list[Reason]:
    if begin is None or end is None or begin < end:
        return []
    return [Reason("SML-CERTIFICATE-WINDOW", "usable_until must be after usable_from")]


def _together(refusals: Sequence[RegistryError]) -> RegistryError:
    """One error for several; what breaks rules says more than what is there already."""
    reasons = [reason for error in refusals if isinstance(error, ValidationError) for reason in error.reasons]
    return ValidationError(reasons) if reasons else AlreadyExistsError(some_of(map(str, refusals)))


def _audited(sha256: str, window: Window) -> dict[str, str | None]:
    begin, end = window.usable_from, window.usable_until
    return {
        "certificate": sha256,
        "usable_from": begin.isoformat() if begin else None,
        "usable_until": end.isoformat() if end else None,
    }
