# SPDX-License-Identifier: Apache-2.0
"""Registers participants and keeps their names in DNS: rows and zone journal in one transaction.

Nothing here asks who calls; `registry.sml.service` does. Our own SMP calls this in the transaction in which it makes
the service group.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from registry.audit.events import record_many
from registry.dns.journal import NewState, ZoneJournal
from registry.dns.records import legacy_cname_rrset, naptr_rrset
from registry.domains.domain import Domain
from registry.errors import AlreadyExistsError, ValidationError
from registry.identifiers.dns_names import legacy_cname_owner, participant_owner
from registry.identifiers.participant import ParticipantIdentifier
from registry.sml.errors import (
    bad_request,
    migration_planned,
    participant_exists,
    participants_not_found,
    unauthorized,
)
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import publishers, registrations
from registry.storage.queries.publishers import PublisherRow
from registry.storage.queries.registrations import NewRegistration, RegistrationRow
from registry.storage.unit_of_work import UnitOfWork


class Registrar:
    """Creates, removes and moves registrations, with their DNS records and audit events."""

    def __init__(self, journal: ZoneJournal) -> None:
        self._journal = journal

    def register(
        self,
        work: UnitOfWork,
        stored: StoredDomain,
        publisher: PublisherRow,
        participants: Sequence[ParticipantIdentifier],
    ) -> None:
        """Register participants for a publisher, all or none. Raises SmlError (ERR-106) for the first that can't be."""
        domain = stored.domain
        self._check(work, stored, publisher, participants)
        new = [_new_registration(domain, participant) for participant in participants]
        taken = {(row.scheme, row.value_key) for row in _existing(work, stored, new)}
        for participant, row in zip(participants, new, strict=True):
            if (row.scheme, row.value_key) in taken:
                raise participant_exists(participant.value, participant.scheme)
        try:
            registrations.add(work, stored.id, publisher.id, new)
        except AlreadyExistsError as error:
            raise participant_exists(participants[0].value, participants[0].scheme) from error
        self._point(work, stored, publisher, [(p, row.label) for p, row in zip(participants, new, strict=True)])
        record_many(
            work,
            "sml:registration:create",
            [(str(participant), None, {"smp_id": publisher.smp_id}) for participant in participants],
            domain_id=stored.id,
        )

    def unregister(self, work: UnitOfWork, stored: StoredDomain, rows: Sequence[RegistrationRow], smp_id: str) -> None:
        """Remove registrations and their names."""
        registrations.remove(work, [row.id for row in rows])
        self._journal.write(work, zone_id_of(stored), [state for row in rows for state in _gone(stored.domain, row)])
        record_many(
            work,
            "sml:registration:delete",
            [(str(participant_of(row)), {"smp_id": smp_id}, None) for row in rows],
            domain_id=stored.id,
        )

    def unregister_owned(
        self, work: UnitOfWork, stored: StoredDomain, publisher: PublisherRow, rows: Sequence[RegistrationRow]
    ) -> None:
        """As `unregister`, for rows that must be this publisher's and free of open migrations.

        Raises SmlError: ERR-101 for somebody else's, ERR-114 for one with an open migration.
        """
        if any(row.publisher_id != publisher.id for row in rows):
            raise unauthorized("At least one of the participants belongs to another SMP")
        migrating = registrations.open_migrations(work.connection, [row.id for row in rows], work.now)
        for row in rows:
            if row.id in migrating:
                raise migration_planned(row.value, row.scheme)
        self.unregister(work, stored, rows, publisher.smp_id)

    def move(
        self,
        work: UnitOfWork,
        stored: StoredDomain,
        rows: Sequence[RegistrationRow],
        publisher: PublisherRow,
    ) -> None:
        """Give registrations to another publisher and let their names lead there."""
        before = publishers.smp_ids(work.connection, {row.publisher_id for row in rows})
        registrations.move(work, [row.id for row in rows], publisher.id)
        self._point(work, stored, publisher, [(participant_of(row), row.label) for row in rows])
        record_many(
            work,
            "sml:registration:migrate",
            [
                (str(participant_of(row)), {"smp_id": before[row.publisher_id]}, {"smp_id": publisher.smp_id})
                for row in rows
            ],
            domain_id=stored.id,
        )

    def point_all(self, work: UnitOfWork, stored: StoredDomain, publisher: PublisherRow, *, batch: int = 1000) -> None:
        """Let the names of all participants of a publisher lead to its present address."""
        for rows in batches(work, publisher.id, batch):
            self._point(work, stored, publisher, [(participant_of(row), row.label) for row in rows])

    def find(
        self, work: UnitOfWork, stored: StoredDomain, participants: Sequence[ParticipantIdentifier]
    ) -> list[RegistrationRow]:
        """The registrations of participants, in order. Raises SmlError (ERR-110) when one isn't registered."""
        keys = [(p.scheme, stored.domain.identifiers.participant_key(p)) for p in participants]
        service = stored.domain.dns.naptr_service
        found = {
            (row.scheme, row.value_key): row
            for row in registrations.find(work.connection, stored.id, keys)
            if row.naptr_service == service
        }
        if any(key not in found for key in keys):
            raise participants_not_found()
        return [found[key] for key in keys]

    def _point(
        self,
        work: UnitOfWork,
        stored: StoredDomain,
        publisher: PublisherRow,
        owners: Sequence[tuple[ParticipantIdentifier, str]],
    ) -> None:
        profile = stored.domain.dns
        try:
            # All names of a publisher hold the same record, which is judged and written once.
            naptr = naptr_rrset("@", publisher.logical_address, profile.naptr_services, profile.ttl)
            states = [NewState(label, "NAPTR", replace(naptr, owner=label)) for _, label in owners]
            if profile.legacy_cname:
                states += [
                    NewState.of(
                        legacy_cname_rrset(
                            legacy_cname_owner(participant, profile.name_form),
                            publisher.smp_id,
                            profile.zone,
                            profile.ttl,
                            label=profile.publisher_label,
                        )
                    )
                    for participant, _ in owners
                    if not participant.is_wildcard
                ]
        except ValidationError as error:
            raise bad_request(str(error)) from error
        self._journal.write(work, zone_id_of(stored), states)

    def _check(
        self,
        work: UnitOfWork,
        stored: StoredDomain,
        publisher: PublisherRow,
        participants: Sequence[ParticipantIdentifier],
    ) -> None:
        rules = stored.domain.identifiers
        owners = stored.domain.sml.wildcard_owners
        for participant in participants:
            reasons = rules.validate_participant(participant, allow_wildcard_participant=True)
            if reasons:
                raise bad_request("; ".join(str(reason) for reason in reasons))
            if participant.scheme == stored.domain.dns.publisher_label.rpartition(".")[2]:
                # An SMP can choose an id that equals the hash of a participant: two meanings for one name.
                raise bad_request(f"The scheme '{participant.scheme}' is taken in DNS: SMPs have their names there")
            allowed = publisher.smp_id.lower() in {smp_id.lower() for smp_id in owners.get(participant.scheme, ())}
            if participant.is_wildcard and not allowed:
                raise unauthorized("The user is not allowed to register Wildcard for this scheme")
        schemes = sorted({p.scheme for p in participants if not p.is_wildcard})
        if registrations.in_schemes(work.connection, stored.id, schemes, "*"):
            raise bad_request("Only ParticipantIdentifier Wildcards can be registered for this scheme")


def participant_of(row: RegistrationRow) -> ParticipantIdentifier:
    """The participant in its registered spelling."""
    return ParticipantIdentifier(row.scheme, row.value)


def batches(work: UnitOfWork, publisher_id: int, size: int) -> Iterator[list[RegistrationRow]]:
    """All registrations of a publisher, `size` at a time."""
    after = 0
    while rows := registrations.page(work.connection, publisher_id, after, size):
        yield rows
        after = rows[-1].id


def _existing(work: UnitOfWork, stored: StoredDomain, new: Sequence[NewRegistration]) -> list[RegistrationRow]:
    rows = registrations.find(work.connection, stored.id, [(row.scheme, row.value_key) for row in new])
    return [row for row in rows if row.naptr_service == stored.domain.dns.naptr_service]


def _new_registration(domain: Domain, participant: ParticipantIdentifier) -> NewRegistration:
    try:
        label = participant_owner(participant, domain.dns.name_form)
    except ValidationError as error:
        raise bad_request(str(error)) from error
    key = domain.identifiers.participant_key(participant)
    return NewRegistration(participant.scheme, participant.value, key, domain.dns.naptr_service, label)


def _gone(domain: Domain, row: RegistrationRow) -> list[NewState]:
    states = [NewState(row.label, "NAPTR", None)]
    participant = participant_of(row)
    if domain.dns.legacy_cname and not participant.is_wildcard:
        states.append(NewState(legacy_cname_owner(participant, domain.dns.name_form), "CNAME", None))
    return states


def zone_id_of(stored: StoredDomain) -> int:
    """The zone of a domain. Raises SmlError (ERR-106) where it has none."""
    if stored.zone_id is None:  # the directory offers only domains with a zone to the SML
        raise bad_request(f"The domain {stored.domain.name} has no zone")
    return stored.zone_id
