# SPDX-License-Identifier: Apache-2.0
"""Takes the participants of an old SML in, a part at once: the same rows, names and events as `Registrar` would make.

Who is registered there stays registered: quotas and wildcards say who may come, and aren't asked; all other rules of
the domain are. Events tell of all new participants of an SMP in a part together, as those of a list do.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import NamedTuple

from registry.audit.events import record as record_event
from registry.audit.events import record_batch, record_many
from registry.dns.journal import NewState, ZoneJournal
from registry.errors import Reason, RegistryError, ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.move_in.attempts import attempt, reasons_of
from registry.move_in.model import Kind, Result, SourceRecord, Verdict
from registry.move_in.sml_domains import SmlDomains
from registry.move_in.sml_records import RegistrationRecord, participant_of
from registry.sml.admission.admission import Admission
from registry.sml.admission.services import check_services
from registry.sml.candidates import Candidates, keys_of, may_have, wildcard_refused
from registry.sml.delegations import delegation_refusal
from registry.sml.errors import SmlError, broken_rules
from registry.sml.interventions.model import Kind as Power
from registry.sml.interventions.model import Wanted
from registry.sml.interventions.suspension import ParticipantSuspension
from registry.sml.names import new_participant_states, services_of, stored_services
from registry.sml.quarantine import end_quarantine, quarantine_refusals
from registry.sml.registration import Registrar, zone_id_of
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Database
from registry.storage.queries import moved_registrations, publishers, registrations
from registry.storage.queries.publishers import PublisherRow
from registry.storage.queries.registrations import NewRegistration, RegistrationRow
from registry.storage.unit_of_work import UnitOfWork


class _Wanted(NamedTuple):
    """A record with what is stored of it, and whose it shall be."""

    record: RegistrationRecord
    participant: ParticipantIdentifier
    new: NewRegistration
    publisher: PublisherRow

    @property
    def place(self) -> tuple[str, str]:
        """By what it is found."""
        return self.new.scheme, self.new.value_key


class Registrations:
    """Implements `registry.move_in.model.Receiver`."""

    kind = Kind.REGISTRATION

    def __init__(
        self, database: Database, domains: SmlDomains, registrar: Registrar, journal: ZoneJournal, admission: Admission
    ) -> None:
        self.database = database
        self.domains = domains
        self.registrar = registrar
        self.journal = journal
        self.admission = admission

    def apply(self, work: UnitOfWork, records: Sequence[SourceRecord], gone: Sequence[str]) -> Sequence[Result]:
        """See `Receiver.apply`."""
        self.domains.refresh()
        self._remove(work, gone)
        results = {key: Result(key, Verdict.REMOVED) for key in gone}
        read = sorted(map(RegistrationRecord.of, records), key=lambda each: each.sub_domain)
        for sub_domain, mine in groupby(read, key=lambda each: each.sub_domain):
            stored = self.domains.find(sub_domain)
            if stored is None:
                error = ValidationError.of("MOVE-IN-NO-DOMAIN", f"the sub-domain {sub_domain} has no domain here")
                results |= {each.key: Result(each.key, Verdict.REFUSED, reasons_of(error)) for each in mine}
            else:
                _Part(self, work, stored, results).take([*mine])
        return [results[key] for key in (*(each.key for each in records), *gone)]

    def _remove(self, work: UnitOfWork, gone: Sequence[str]) -> None:
        named = sorted(map(participant_of, gone), key=lambda each: each[0])
        for sub_domain, mine in groupby(named, key=lambda each: each[0]):
            if (stored := self.domains.find(sub_domain)) is None:
                continue
            keys = keys_of(stored.domain, [participant for _, participant in mine])
            rows = sorted(_held(work, stored, keys).values(), key=lambda row: row.publisher_id)
            smp_ids = publishers.smp_ids(work.connection, {row.publisher_id for row in rows})
            for publisher_id, its in groupby(rows, key=lambda row: row.publisher_id):
                self.registrar.unregister(work, stored, [*its], smp_ids[publisher_id])


@dataclass(frozen=True, slots=True)
class _Part:
    """The participants of one domain that are taken in together; `results` are filled by the way."""

    receiver: Registrations
    work: UnitOfWork
    stored: StoredDomain
    results: dict[str, Result]

    def take(self, records: Sequence[RegistrationRecord]) -> None:
        """Register those that are new, change those that are otherwise here, and refuse what can't be."""
        wanted = self._wanted(records)
        held = _held(self.work, self.stored, [each.place for each in wanted])
        new = [each for each in wanted if each.place not in held]
        for error_of in (self._not_admitted, self._quarantined, self._given_away):
            new = self._sieve(new, error_of)
        self._register(new)
        for each in new:
            self._say(each.record, Verdict.CREATED)
        for each in wanted:
            if each.place in held:
                self._change(each, held[each.place])

    def _wanted(self, records: Sequence[RegistrationRecord]) -> list[_Wanted]:
        """The records that can have a registration, each participant once."""
        known = moved_registrations.publishers_named(
            self.work.connection, self.stored.id, [each.smp_id for each in records]
        )
        services: dict[tuple[str, ...], str | SmlError | None] = {(): None}
        found: dict[tuple[str, str], _Wanted] = {}
        for record, participant, new in self._named(records):
            publisher = known.get(record.smp_id.lower())
            if record.services not in services:
                services[record.services] = self._services(record.services)
            own = services[record.services]
            if record.others:
                who = ", ".join((record.smp_id, *record.others))
                message = f"several SMPs have it: {who}; let the wrong ones give it up in the old system"
                self._refuse(record, ValidationError.of("MOVE-IN-SEVERAL-SMPS", message, "SAD 2.4"))
            elif publisher is None:
                message = f"its SMP {record.smp_id} isn't here; see why that was refused"
                self._refuse(record, ValidationError.of("MOVE-IN-NO-SMP", message))
            elif isinstance(own, SmlError):
                self._refuse(record, own)
            elif not may_have(self.stored.domain, publisher, participant):
                self._refuse(record, wildcard_refused(participant.scheme))
            elif (place := (new.scheme, new.value_key)) in found:
                message = f"the source has it twice: {found[place].record.key}"
                self._refuse(record, ValidationError.of("MOVE-IN-TWICE", message))
            else:
                kept = new._replace(services=own, suspended=record.suspended)
                found[place] = _Wanted(record, participant, kept, publisher)
        return list(found.values())

    def _named(
        self, records: Sequence[RegistrationRecord]
    ) -> list[tuple[RegistrationRecord, ParticipantIdentifier, NewRegistration]]:
        """The records whose participants keep the rules of the domain, and have a name in DNS."""
        participants = [each.participant for each in records]
        candidates = Candidates.of(self.stored, participants)
        if not candidates.faults and candidates.nameless is None:
            return list(zip(records, participants, candidates.new, strict=True))
        if len(records) > 1:
            return [each for record in records for each in self._named([record])]
        for error in (*candidates.faults.values(), candidates.nameless):
            if error is not None:
                self._refuse(records[0], error)
        return []

    def _services(self, named: Iterable[str]) -> str | SmlError | None:
        try:
            return stored_services(self.stored.domain.dns, check_services(self.stored.domain, named))
        except SmlError as error:
            return error

    # Refusals

    def _sieve(
        self, group: list[_Wanted], error_of: Callable[[Sequence[_Wanted]], RegistryError | None]
    ) -> list[_Wanted]:
        """Those against which nothing speaks: all are asked about together first."""
        error = error_of(group) if group else None
        if error is None:
            return group
        if len(group) > 1:
            return [kept for each in group for kept in self._sieve([each], error_of)]
        self._refuse(group[0].record, error)
        return []

    def _not_admitted(self, group: Sequence[_Wanted]) -> RegistryError | None:
        if not self.stored.domain.sml.admission:
            return None
        reasons = list[Reason]()
        for publisher, mine in _by_publisher(group):
            named = [each.participant for each in mine]
            reasons += self.receiver.admission.check(self.stored, publisher, named, moved=True)
        return broken_rules(reasons) if reasons else None

    def _quarantined(self, group: Sequence[_Wanted]) -> RegistryError | None:
        if not self.stored.domain.sml.quarantine_days:
            return None
        for publisher, mine in _by_publisher(group):
            named, at = [each.participant for each in mine], self.work.now
            for refusal in quarantine_refusals(self.work.connection, self.stored, publisher, named, at):
                return refusal
        return None

    def _given_away(self, group: Sequence[_Wanted]) -> RegistryError | None:
        return delegation_refusal(self.work.connection, self.stored, [each.new.label for each in group])

    def _refuse(self, record: RegistrationRecord, error: RegistryError) -> None:
        self.results[record.key] = Result(record.key, Verdict.REFUSED, reasons_of(error))

    # Writes

    def _register(self, group: Sequence[_Wanted]) -> None:
        work, stored = self.work, self.stored
        rows, states = list[tuple[int, int | None, NewRegistration]](), list[NewState]()
        for publisher, mine in _by_publisher(group):  # which nobody changes in a domain in standby
            subjects, after = [str(each.participant) for each in mine], {"smp_id": publisher.smp_id}
            event = record_batch(work, "sml:registration:create", subjects, domain_id=stored.id, after=after)
            rows += ((publisher.id, event, each.new) for each in mine)
            states += new_participant_states(stored.domain, publisher, [each.new for each in mine])
        if not rows:
            return
        moved_registrations.add(work, stored.id, rows)
        for publisher, mine in _by_publisher(group) if stored.domain.sml.quarantine_days else ():
            end_quarantine(work, stored, publisher, [each.participant for each in mine])
        self.receiver.journal.write_new(work, zone_id_of(stored), states)
        suspended = [(str(each.participant), None, None) for each in group if each.new.suspended]
        record_many(work, "sml:registration:suspend", suspended, domain_id=stored.id)

    def _change(self, wanted: _Wanted, row: RegistrationRow) -> None:
        same = (row.publisher_id, row.services, row.suspended) == (wanted.publisher.id, *wanted.new[-2:])
        if same:
            self._say(wanted.record, Verdict.UNCHANGED)
            return
        change = partial(self._write_change, wanted=wanted, row=row)
        key = wanted.record.key
        self.results[key] = attempt(self.receiver.database, self.work, key, change)

    def _write_change(self, work: UnitOfWork, wanted: _Wanted, row: RegistrationRow) -> Result:
        stored, registrar, publisher, new = self.stored, self.receiver.registrar, wanted.publisher, wanted.new
        if row.publisher_id != publisher.id:
            registrar.move(work, stored, [row], publisher)
        if row.services != new.services:
            registrations.change_services(work, row.id, new.services)
            registrar.point(work, stored, publisher, [replace(row, services=new.services)])
            before, after = (
                {"services": sorted(services_of(each) or stored.domain.dns.naptr_services)}
                for each in (row.services, new.services)
            )
            subject, tag = str(wanted.participant), "sml:registration:update"
            record_event(work, tag, subject, domain_id=stored.id, before=before, after=after)
        if row.suspended is not new.suspended:
            power = Power.SUSPEND_PARTICIPANT if new.suspended else Power.RESUME_PARTICIPANT
            asked = Wanted(power, participants=(wanted.participant,))
            ParticipantSuspension(registrar, suspends=new.suspended).apply(work, stored, asked, 0)
        return Result(wanted.record.key, Verdict.UPDATED)

    def _say(self, record: RegistrationRecord, verdict: Verdict) -> None:
        self.results[record.key] = Result(record.key, verdict)


def _held(
    work: UnitOfWork, stored: StoredDomain, keys: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], RegistrationRow]:
    """The registrations of participants that there are, by their keys; nobody else changes them meanwhile."""
    service = stored.domain.dns.naptr_service
    rows = registrations.find(work.connection, stored.id, keys, lock=True)
    return {(row.scheme, row.value_key): row for row in rows if row.naptr_service == service}


def _by_publisher(group: Iterable[_Wanted]) -> Iterable[tuple[PublisherRow, list[_Wanted]]]:
    """By the ids of publishers, so that two who write wait for each other in one order."""
    ordered = sorted(group, key=lambda each: each.publisher.id)
    return [(mine[0].publisher, mine) for mine in (list(its) for _, its in groupby(ordered, lambda e: e.publisher.id))]
