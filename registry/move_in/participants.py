# SPDX-License-Identifier: Apache-2.0
"""Takes the participants of an old SMP into a domain: services, extensions, business cards, owners and properties.

A participant is taken as a whole or refused with all reasons: half of what somebody receives would be a wrong answer.
What participants say of all their services, or of one, is read and looked at once, however many say the same.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from typing import Any

from registry.domains.domain import Domain
from registry.errors import Reason, RegistryError, ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.move_in.attempts import attempt, reasons_of, refused
from registry.move_in.model import Kind, Result, SourceRecord, Verdict, part_of
from registry.move_in.participant_records import parsed, reasons_in
from registry.sml.registration import Registrar
from registry.smp.bulk_publishing import BulkPublishing, WantedParticipant, Written
from registry.smp.business_cards import card_body
from registry.smp.documents.business_card import read as read_card
from registry.smp.examined_services import MOST_KEPT, ExaminedService, ServicesRead
from registry.smp.exchange.json_reader import JsonReader
from registry.smp.exchange.model_json import read_extension, read_participant, read_property
from registry.smp.publishing import Outcome, Publishing
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor, Database
from registry.storage.queries import move_ins, owner_groups, service_groups
from registry.storage.unit_of_work import UnitOfWork
from registry.trust import TrustModel

_VERDICTS = {
    Outcome.CREATED: Verdict.CREATED,
    Outcome.UPDATED: Verdict.UPDATED,
    Outcome.UNCHANGED: Verdict.UNCHANGED,
}
_REDIRECT = b'"redirect":'
_MOST_LISTED = 100
"""Services that are kept together at most; so many more take memory, and rarely do two participants say the same."""


class Participants:
    """Implements `registry.move_in.model.Receiver` for one domain.

    With `keep_untrusted` endpoint certificates that the domain doesn't trust are taken, and noted.
    """

    kind = Kind.PARTICIPANT

    def __init__(
        self,
        database: Database,
        registrar: Registrar,
        publishing: Publishing,
        trust_of: Callable[[Domain], TrustModel],
        stored: StoredDomain,
        *,
        keep_untrusted: bool = False,
    ) -> None:
        self._database = database
        self._bulk = BulkPublishing(database, registrar)
        self._publishing = publishing
        self._stored = stored
        self._listed: dict[bytes, tuple[ExaminedService, ...]] = {}
        lenient = replace(stored.domain, endpoint_certificates="warn") if keep_untrusted else stored.domain
        # What is forgotten is listed no more: it would be kept by that alone.
        self._read = ServicesRead(lenient, lambda: trust_of(stored.domain), self._listed.clear)

    def apply(self, work: UnitOfWork, records: Sequence[SourceRecord], gone: Sequence[str]) -> Sequence[Result]:
        """See `Receiver.apply`."""
        self._read.look_anew(work.now)
        groups = _Groups(work, self._stored.id)
        results: dict[str, Result] = {}
        wanted: dict[str, WantedParticipant] = {}
        notes: dict[str, list[str]] = {}
        for record in records:
            try:
                wanted[record.key] = self._wanted(record, groups, notes.setdefault(record.key, []))
            except RegistryError as error:
                results[record.key] = refused(record.key, error)
        for key, written in zip(wanted, self._bulk.put_all(work, self._stored, list(wanted.values())), strict=True):
            results[key] = _result(key, written, notes[key])
        return [
            *(results[record.key] for record in records),
            *(attempt(self._database, work, key, partial(self._remove, key=key)) for key in gone),
        ]

    def _wanted(self, record: SourceRecord, groups: "_Groups", notes: list[str]) -> WantedParticipant:
        """What a record says; raises ValidationError with all reasons."""
        body, services = parsed(record)
        reasons = list(reasons_in(body))
        body.pop("refused", None)
        notes += body.pop("notes", ())
        reader = JsonReader(body, "", reasons)
        participant = reader.object("participant", read_participant)
        if reasons:
            raise ValidationError(reasons)
        card = reader.optional_text("business_card")
        wanted = WantedParticipant(
            participant,
            self._services(services, participant, reasons, notes),
            reader.objects("extensions", read_extension),
            reader.objects("properties", read_property),
            None if card is None else self._card(card, participant, reasons),
            groups.number(reader.text("owner"), notes),
            groups.may_keep,
        )
        reader.finish()
        if reasons:
            raise ValidationError(dict.fromkeys(reasons))
        return wanted

    def _services(
        self, said: bytes, participant: ParticipantIdentifier, reasons: list[Reason], notes: list[str]
    ) -> tuple[ExaminedService, ...]:
        """The services in a JSON list: kept together where nothing is wrong, and nothing depends on who says it."""
        key = blake2b(said, digest_size=16).digest()
        if (known := self._listed.get(key)) is not None:
            return known
        before = len(reasons), len(notes)
        found = self._each_service(json.loads(said), participant, reasons, notes)
        if before == (len(reasons), len(notes)) and len(found) <= _MOST_LISTED and _REDIRECT not in said:
            if len(self._listed) >= MOST_KEPT:
                self._listed.clear()
            self._listed[key] = found
        return found

    def _each_service(
        self, said: Sequence[Any], participant: ParticipantIdentifier, reasons: list[Reason], notes: list[str]
    ) -> tuple[ExaminedService, ...]:
        found: dict[tuple[str, str], ExaminedService] = {}
        for number, item in enumerate(said):
            try:
                service = self._read.read(item, participant, f"services[{number}]")
            except ValidationError as error:
                reasons += error.reasons
                continue
            document_type = service.rows.document_type
            if found.pop(document_type, None) is not None:
                notes.append(f"{service.metadata.document_type} is there twice; the last one counts")
            found[document_type] = service
        return tuple(found.values())

    def _card(self, said: str, participant: ParticipantIdentifier, reasons: list[Reason]) -> bytes | None:
        try:
            return card_body(read_card(said.encode()), participant, self._stored.domain)
        except ValidationError as error:
            reasons += error.reasons
            return None

    def _remove(self, work: UnitOfWork, key: str) -> Result:
        try:
            participant = ParticipantIdentifier.parse(key, scheme_optional=True)
        except ValidationError:
            return Result(key, Verdict.REMOVED)  # nothing of this name can have been taken in
        value_key = self._stored.domain.identifiers.participant_key(participant)
        found = service_groups.find(work.connection, self._stored.id, participant.scheme, value_key)
        if found is None:
            return Result(key, Verdict.REMOVED)
        self._publishing.delete_service_group(Actor(work.actor, work.request_id), self._stored, participant)
        return Result(key, Verdict.REMOVED)


class _Groups:
    """The numbers of owner groups by the logins of those whose they are."""

    def __init__(self, work: UnitOfWork, domain_id: int) -> None:
        self._work = work
        self._domain_id = domain_id
        self._found: dict[str, int | None] = {"": None}
        self._of_source: dict[int, bool] = {}

    def number(self, login: str, notes: list[str]) -> int | None:
        """None where nobody is named, or nobody of this name was taken in."""
        if login not in self._found:
            row = owner_groups.by_name(self._work.connection, self._domain_id, login)
            self._found[login] = None if row is None else row.id
        if login and self._found[login] is None:
            notes.append(f"its owner {login!r} was not taken in, so it is in no group")
        return self._found[login]

    def may_keep(self, group_id: int) -> bool:
        """Whether a participant that is nobody's at the source may be in a group: in none of the source's."""
        if group_id not in self._of_source:
            connection = self._work.connection
            row = owner_groups.by_id(connection, group_id)
            self._of_source[group_id] = row is not None and move_ins.has(
                connection, self._domain_id, Kind.OWNER, part_of(row.name), row.name
            )
        return not self._of_source[group_id]


def _result(key: str, written: Written, notes: Sequence[str]) -> Result:
    if written.outcome is None:
        return Result(key, Verdict.REFUSED, () if written.error is None else reasons_of(written.error))
    return Result(key, _VERDICTS[written.outcome], notes=(*notes, *written.warnings))
