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
from registry.errors import AlreadyExistsError, ConflictError, ValidationError
from registry.identifiers.dns_names import legacy_cname_owner, participant_owner
from registry.identifiers.participant import WILDCARD, ParticipantIdentifier
from registry.sml.errors import (
    FaultKind,
    SmlError,
    bad_request,
    broken_rules,
    migration_planned,
    participant_exists,
    participants_not_found,
    unauthorized,
)
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import publishers, registrations
from registry.storage.queries.publishers import PublisherRow
from registry.storage.queries.registrations import NewRegistration, RegistrationRow
from registry.storage.unit_of_work import Connection, UnitOfWork


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
        self._register(work, stored, publisher, participants, _held(work.connection, stored, participants))

    def ensure(
        self, work: UnitOfWork, stored: StoredDomain, publisher: PublisherRow, participant: ParticipantIdentifier
    ) -> bool:
        """Register a participant unless the publisher has; returns whether that changed anything.

        Raises SmlError (ERR-106) where it can't be registered, ConflictError where another publisher has.
        """
        held = _held(work.connection, stored, [participant])
        if not _taken(stored, [participant], held):
            self._register(work, stored, publisher, [participant], held)
            return True
        if self.find(work, stored, [participant])[0].publisher_id != publisher.id:
            raise ConflictError(f"{participant} is registered by another SMP; it has to be migrated")
        return False

    def _register(
        self,
        work: UnitOfWork,
        stored: StoredDomain,
        publisher: PublisherRow,
        participants: Sequence[ParticipantIdentifier],
        held: Sequence[RegistrationRow],
    ) -> None:
        for refusal in _unfit(stored, publisher, participants, held):
            raise refusal
        new = [_new_registration(stored.domain, participant) for participant in participants]
        for participant in _taken(stored, participants, held):
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

    def refusals(
        self,
        connection: Connection,
        stored: StoredDomain,
        publisher: PublisherRow,
        participants: Sequence[ParticipantIdentifier],
    ) -> list[SmlError]:
        """All that stands against registering participants; `register` raises the first. Raises SmlError (ERR-106)."""
        held = _held(connection, stored, participants)
        if unfit := list(_unfit(stored, publisher, participants, held)):
            return unfit
        for participant in participants:
            _new_registration(stored.domain, participant)  # refuses what has no name in DNS
        return [participant_exists(p.value, p.scheme) for p in _taken(stored, participants, held)]

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
        check_not_migrating(work, rows)
        self.unregister(work, stored, rows, publisher.smp_id)

    def move(
        self,
        work: UnitOfWork,
        stored: StoredDomain,
        rows: Sequence[RegistrationRow],
        publisher: PublisherRow,
    ) -> None:
        """Give registrations to another publisher and let their names lead there.

        Raises SmlError (ERR-101) for a wildcard that the publisher may not have.
        """
        for row in rows:
            if not _may_have(stored, publisher, participant_of(row)):
                raise _wildcard_refused(row.scheme)
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
            for row in registrations.find(work.connection, stored.id, keys, lock=True)
            if row.naptr_service == service
        }
        missing = [participant for participant, key in zip(participants, keys, strict=True) if key not in found]
        if missing:
            raise participants_not_found(missing)
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
            raise bad_request(str(error), error) from error
        self._journal.write(work, zone_id_of(stored), states)


def _held(
    connection: Connection, stored: StoredDomain, participants: Sequence[ParticipantIdentifier]
) -> list[RegistrationRow]:
    """What is registered that can stand against participants: themselves, and the wildcards of their schemes."""
    keys = [(p.scheme, stored.domain.identifiers.participant_key(p)) for p in participants]
    wildcards = {(p.scheme, WILDCARD): None for p in participants if not p.is_wildcard}
    return registrations.find(connection, stored.id, [*keys, *wildcards])


def _unfit(
    stored: StoredDomain,
    publisher: PublisherRow,
    participants: Sequence[ParticipantIdentifier],
    held: Sequence[RegistrationRow],
) -> Iterator[SmlError]:
    """What the rules of the domain have against participants."""
    rules = stored.domain.identifiers
    for participant in participants:
        reasons = rules.validate_participant(participant, allow_wildcard_participant=True)
        if reasons:
            yield broken_rules(reasons)
        elif participant.scheme == stored.domain.dns.publisher_label.rpartition(".")[2]:
            # An SMP can choose an id that equals the hash of a participant: two meanings for one name.
            message = f"The scheme '{participant.scheme}' is taken in DNS: SMPs have their names there"
            yield bad_request(message, ValidationError.of("SML-SCHEME-TAKEN", message))
        elif not _may_have(stored, publisher, participant):
            yield _wildcard_refused(participant.scheme)
    schemes = {row.scheme for row in held if row.value_key == WILDCARD}
    if any(p.scheme in schemes and not p.is_wildcard for p in participants):
        message = "Only ParticipantIdentifier Wildcards can be registered for this scheme"
        yield bad_request(message, ValidationError.of("SML-WILDCARD-ONLY", message))


def _may_have(stored: StoredDomain, publisher: PublisherRow, participant: ParticipantIdentifier) -> bool:
    """Whether a publisher may have a participant: not every one may have a wildcard."""
    owners = stored.domain.sml.wildcard_owners.get(participant.scheme, ())
    return not participant.is_wildcard or publisher.smp_id.lower() in {smp_id.lower() for smp_id in owners}


def _wildcard_refused(scheme: str) -> SmlError:
    text = "The user is not allowed to register Wildcard for this scheme"
    message = f"sml.wildcard_owners of the domain does not name this SMP for the scheme {scheme}"
    return SmlError(FaultKind.UNAUTHORIZED, 101, text, ValidationError.of("SML-WILDCARD-OWNER", message))


def participant_of(row: RegistrationRow) -> ParticipantIdentifier:
    """The participant in its registered spelling."""
    return ParticipantIdentifier(row.scheme, row.value)


def check_list(stored: StoredDomain, participants: Sequence[ParticipantIdentifier], most: int) -> None:
    """Raises SmlError (ERR-106) for a list that is too long, or names a participant twice."""
    if len(participants) > most:
        text = f"The list has {len(participants)} participants; {most} is the most"
        raise bad_request(text, ValidationError.of("SML-LIST-LENGTH", text))
    keys = {(p.scheme, stored.domain.identifiers.participant_key(p)) for p in participants}
    if len(keys) < len(participants):
        text = "The list names a participant twice"
        raise bad_request(text, ValidationError.of("SML-LIST-TWICE", text))


def check_not_migrating(work: UnitOfWork, rows: Sequence[RegistrationRow]) -> None:
    """Raises SmlError (ERR-114) for a registration with an open migration."""
    migrating = registrations.open_migrations(work.connection, [row.id for row in rows], work.now)
    for row in rows:
        if row.id in migrating:
            raise migration_planned(row.value, row.scheme)


def batches(work: UnitOfWork, publisher_id: int, size: int) -> Iterator[list[RegistrationRow]]:
    """All registrations of a publisher, `size` at a time."""
    after = 0
    while rows := registrations.page(work.connection, publisher_id, after, size):
        yield rows
        after = rows[-1].id


def _taken(
    stored: StoredDomain, participants: Sequence[ParticipantIdentifier], held: Sequence[RegistrationRow]
) -> list[ParticipantIdentifier]:
    """Those that are registered already."""
    service, key_of = stored.domain.dns.naptr_service, stored.domain.identifiers.participant_key
    keys = {(row.scheme, row.value_key) for row in held if row.naptr_service == service}
    return [p for p in participants if (p.scheme, key_of(p)) in keys]


def _new_registration(domain: Domain, participant: ParticipantIdentifier) -> NewRegistration:
    try:
        label = participant_owner(participant, domain.dns.name_form)
    except ValidationError as error:
        raise bad_request(str(error), error) from error
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
