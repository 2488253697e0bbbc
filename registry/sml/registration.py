# SPDX-License-Identifier: Apache-2.0
"""Registers participants and keeps their names in DNS: rows and zone journal in one transaction.

Nothing here asks who calls; `registry.sml.service` does. Our own SMP calls this in the transaction in which it makes
the service group.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from registry.audit.batch_lookup import BEGUN
from registry.audit.events import record, record_batch, record_many
from registry.directory.marking import mark
from registry.dns.journal import ZoneJournal
from registry.errors import AlreadyExistsError, ConflictError, ValidationError
from registry.identifiers.participant import WILDCARD, ParticipantIdentifier
from registry.sml.admission.admission import Admission
from registry.sml.admission.services import check_services
from registry.sml.candidates import Candidates, Key, keys_of, may_have, wildcard_refused
from registry.sml.delegations import delegation_refusal
from registry.sml.errors import (
    SmlError,
    bad_request,
    broken_rules,
    migration_planned,
    participant_exists,
    participants_not_found,
    unauthorized,
)
from registry.sml.migration_ends import end_migrations
from registry.sml.names import (
    gone_states,
    new_participant_states,
    participant_states,
    services_of,
    stored_services,
)
from registry.sml.quarantine import begin_quarantine, end_quarantine
from registry.sml.suspended import check_not_suspended
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import migrations, publishers, registrations
from registry.storage.queries.migrations import Outcome
from registry.storage.queries.publishers import PublisherRow
from registry.storage.queries.registrations import Held, RegistrationRow
from registry.storage.unit_of_work import Connection, UnitOfWork


class Registrar:
    """Creates, removes and moves registrations, with their DNS records and audit events."""

    def __init__(self, journal: ZoneJournal, admission: Admission) -> None:
        self._journal = journal
        self._admission = admission

    def register(
        self,
        work: UnitOfWork,
        stored: StoredDomain,
        publisher: PublisherRow,
        candidates: Candidates,
    ) -> None:
        """Register participants for a publisher, all or none.

        Raises SmlError (ERR-106) for the first that can't be registered.
        """
        held = _held(work.connection, stored, candidates.participants, candidates.keys)
        self._register(work, stored, publisher, candidates, held)

    def register_for(
        self,
        work: UnitOfWork,
        stored: StoredDomain,
        publisher: PublisherRow,
        participants: Sequence[ParticipantIdentifier],
        service: str,
    ) -> None:
        """Register participants for one service rather than for those of the domain.

        A participant that the publisher has for other services gets this one beside them. Errors as those of
        `register`.
        """
        keys = keys_of(stored.domain, participants)
        held = _held(work.connection, stored, participants, keys)
        (service,) = check_services(stored.domain, [service])
        known = {(scheme, key) for scheme, key, _ in held}
        new = [p for p, key in zip(participants, keys, strict=True) if key not in known]
        if new:
            services = stored_services(stored.domain.dns, [service])
            self._register(work, stored, publisher, Candidates.of(stored, new, services), held)
        for participant in participants:
            if participant not in new:
                self._add_service(work, stored, publisher, participant, service)

    def ensure(
        self, work: UnitOfWork, stored: StoredDomain, publisher: PublisherRow, participant: ParticipantIdentifier
    ) -> bool:
        """Register a participant unless the publisher has; returns whether that changed anything.

        Raises SmlError (ERR-106) where it can't be registered, ERR-101 where the publisher is suspended, ConflictError
        where another publisher has it.
        """
        candidate = Candidates.of(stored, [participant])
        held = _held(work.connection, stored, [participant], candidate.keys)
        if not _taken(candidate, held):
            check_not_suspended(publisher, ())
            self._register(work, stored, publisher, candidate, held)
            return True
        if self.find(work, stored, [participant])[0].publisher_id != publisher.id:
            raise ConflictError(f"{participant} is registered by another SMP; it has to be migrated")
        return False

    def _register(
        self,
        work: UnitOfWork,
        stored: StoredDomain,
        publisher: PublisherRow,
        candidates: Candidates,
        held: Sequence[Held],
    ) -> None:
        participants, new = candidates.participants, candidates.new
        # Its address goes into the names, so nobody may change it meanwhile.
        publisher = publishers.hold(work, publisher.id) or publisher
        for refusal in _unfit(candidates, publisher, held):
            raise refusal
        if candidates.nameless is not None:
            raise candidates.nameless
        for participant in _taken(candidates, held):
            raise participant_exists(participant.value, participant.scheme)
        # Behind the others: who repeats a call must hear that it was done.
        if reasons := self._admission.check(stored, publisher, participants):
            raise broken_rules(reasons)
        self._admission.make_room(work, stored, publisher, len(participants))
        event = record_batch(
            work,
            "sml:registration:create",
            [str(participant) for participant in participants],
            domain_id=stored.id,
            after={"smp_id": publisher.smp_id},
        )
        try:
            registrations.add(work, stored.id, publisher.id, new, event)
        except AlreadyExistsError as error:
            raise participant_exists(participants[0].value, participants[0].scheme) from error
        mark(work, stored, candidates.keys)
        end_quarantine(work, stored, publisher, participants)
        self._journal.write_new(work, zone_id_of(stored), new_participant_states(stored.domain, publisher, new))
        # Behind the journal, whose rows hold the zone's: nobody gives the names away at the same moment.
        if refused := delegation_refusal(work.connection, stored, [row.label for row in new]):
            raise refused

    def _add_service(
        self,
        work: UnitOfWork,
        stored: StoredDomain,
        publisher: PublisherRow,
        participant: ParticipantIdentifier,
        service: str,
    ) -> None:
        profile = stored.domain.dns
        # As they are by now, and stay: whoever else writes has his say in what the names hold, too.
        publisher = publishers.hold(work, publisher.id) or publisher
        (row,) = self.find(work, stored, [participant])
        held = services_of(row.services) or profile.naptr_services
        if row.publisher_id != publisher.id or service in held:
            raise participant_exists(participant.value, participant.scheme)
        services = stored_services(profile, [*held, service])
        registrations.change_services(work, row.id, services)
        self.point(work, stored, publisher, [replace(row, services=services)])
        shown = {"before": {"services": sorted(held)}, "after": {"services": sorted([*held, service])}}
        record(work, "sml:registration:update", str(participant_of(row)), domain_id=stored.id, **shown)

    def refusals(
        self,
        connection: Connection,
        stored: StoredDomain,
        publisher: PublisherRow,
        participants: Sequence[ParticipantIdentifier],
    ) -> list[SmlError]:
        """All that stands against registering participants; `register` raises the first. Raises SmlError (ERR-106)."""
        candidates = Candidates.of(stored, participants)
        held = _held(connection, stored, participants, candidates.keys)
        if unfit := list(_unfit(candidates, publisher, held)):
            return unfit
        if candidates.nameless is not None:
            raise candidates.nameless
        if refused := delegation_refusal(connection, stored, [row.label for row in candidates.new]):
            return [refused]
        if taken := _taken(candidates, held):
            return [participant_exists(p.value, p.scheme) for p in taken]
        reasons = self._admission.check(stored, publisher, participants)
        return [broken_rules(reasons)] if reasons else []

    def unregister(self, work: UnitOfWork, stored: StoredDomain, rows: Sequence[RegistrationRow], smp_id: str) -> None:
        """Remove registrations and their names; their migrations end."""
        end_migrations(work, [row.id for row in rows], Outcome.UNREGISTERED)
        registrations.remove(work, [row.id for row in rows])
        mark(work, stored, [(row.scheme, row.value_key) for row in rows])
        begin_quarantine(work, stored, rows, smp_id)
        self._journal.write(work, zone_id_of(stored), gone_states(stored.domain, rows))
        record_many(
            work,
            "sml:registration:delete",
            [(str(participant_of(row)), {"smp_id": smp_id} | _begun(row), None) for row in rows],
            domain_id=stored.id,
        )

    def unregister_owned(
        self, work: UnitOfWork, stored: StoredDomain, publisher: PublisherRow, rows: Sequence[RegistrationRow]
    ) -> None:
        """As `unregister`, for rows that must be this publisher's and free of open migrations.

        Raises SmlError: ERR-101 for somebody else's, and where the publisher or one of them is suspended; ERR-114 for
        one with an open migration.
        """
        if any(row.publisher_id != publisher.id for row in rows):
            raise unauthorized("At least one of the participants belongs to another SMP")
        check_not_suspended(publisher, rows)
        check_not_migrating(work, rows)
        self.unregister(work, stored, rows, publisher.smp_id)

    def move(
        self,
        work: UnitOfWork,
        stored: StoredDomain,
        rows: Sequence[RegistrationRow],
        publisher: PublisherRow,
    ) -> None:
        """Give registrations to another publisher and let their names lead there; their migrations end.

        Raises SmlError (ERR-101) for a wildcard that the publisher may not have.
        """
        publisher = publishers.hold(work, publisher.id) or publisher
        self.check_taking(stored, rows, publisher)
        self._admission.make_room(work, stored, publisher, len(rows), moved=True)
        before = publishers.smp_ids(work.connection, {row.publisher_id for row in rows})
        end_migrations(work, [row.id for row in rows], Outcome.TRANSFERRED, publisher.smp_id)
        registrations.move(work, [row.id for row in rows], publisher.id)
        mark(work, stored, [(row.scheme, row.value_key) for row in rows])
        self.point(work, stored, publisher, rows)
        record_many(
            work,
            "sml:registration:migrate",
            [
                (str(participant_of(row)), {"smp_id": before[row.publisher_id]}, {"smp_id": publisher.smp_id})
                for row in rows
            ],
            domain_id=stored.id,
        )

    def check_taking(self, stored: StoredDomain, rows: Sequence[RegistrationRow], publisher: PublisherRow) -> None:
        """Raises SmlError: ERR-101 for a wildcard that the publisher may not have, ERR-106 for what isn't admitted."""
        participants = [participant_of(row) for row in rows]
        for participant in participants:
            if not may_have(stored.domain, publisher, participant):
                raise wildcard_refused(participant.scheme)
        if reasons := self._admission.check(stored, publisher, participants, moved=True):
            raise broken_rules(reasons)

    def point(
        self, work: UnitOfWork, stored: StoredDomain, publisher: PublisherRow, rows: Sequence[RegistrationRow]
    ) -> None:
        """Let the names of registrations hold what they shall, of whatever publisher they were before."""
        self._journal.write(work, zone_id_of(stored), participant_states(stored.domain, publisher, rows))

    def find(
        self, work: UnitOfWork, stored: StoredDomain, participants: Sequence[ParticipantIdentifier]
    ) -> list[RegistrationRow]:
        """The registrations of participants, in order. Raises SmlError (ERR-110) when one isn't registered."""
        keys = keys_of(stored.domain, participants)
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


def _held(
    connection: Connection, stored: StoredDomain, participants: Sequence[ParticipantIdentifier], keys: Sequence[Key]
) -> list[Held]:
    """What is registered that can stand against participants: themselves, and the wildcards of their schemes."""
    wildcards = {(p.scheme, WILDCARD): None for p in participants if not p.is_wildcard}
    return registrations.held(connection, stored.id, [*keys, *wildcards])


def _unfit(candidates: Candidates, publisher: PublisherRow, held: Sequence[Held]) -> Iterator[SmlError]:
    """What the rules of the domain have against participants."""
    yield from candidates.unfit(publisher)
    schemes = {scheme for scheme, key, _ in held if key == WILDCARD}
    if any(p.scheme in schemes and not p.is_wildcard for p in candidates.participants):
        message = "Only ParticipantIdentifier Wildcards can be registered for this scheme"
        yield bad_request(message, ValidationError.of("SML-WILDCARD-ONLY", message))


def _begun(row: RegistrationRow) -> dict[str, int]:
    """How the event of the end of a registration leads to that of its beginning, which is about many."""
    return {} if row.event is None else {BEGUN: row.event}


def participant_of(row: RegistrationRow) -> ParticipantIdentifier:
    """The participant in its registered spelling."""
    return ParticipantIdentifier(row.scheme, row.value)


def check_not_migrating(work: UnitOfWork, rows: Sequence[RegistrationRow]) -> None:
    """Raises SmlError (ERR-114) for a registration with an open migration."""
    migrating = migrations.open_of(work.connection, [row.id for row in rows], work.now)
    for row in rows:
        if row.id in migrating:
            raise migration_planned(row.value, row.scheme, migrating[row.id].story)


def _taken(candidates: Candidates, held: Sequence[Held]) -> list[ParticipantIdentifier]:
    """Those that are registered already."""
    if not held:
        return []
    service = candidates.stored.domain.dns.naptr_service
    taken = {(scheme, key) for scheme, key, for_service in held if for_service == service}
    return [p for p, key in zip(candidates.participants, candidates.keys, strict=True) if key in taken]


def zone_id_of(stored: StoredDomain) -> int:
    """The zone of a domain. Raises SmlError (ERR-106) where it has none."""
    if stored.zone_id is None:  # the directory offers only domains with a zone to the SML
        raise bad_request(f"The domain {stored.domain.name} has no zone")
    return stored.zone_id
