# SPDX-License-Identifier: Apache-2.0
"""Publishes many participants at once, each with all that it receives: the same rules as `registry.smp.publishing`,
the same documents, and a statement for each table rather than one for each row.

A participant is taken as a whole or not at all, and told by one event. It is as it comes: what is published of it and
isn't among that is withdrawn, and its spelling is the one that comes. Whoever calls has the domain for itself.
"""

import re
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeVar

from registry.accounts.groups import place_participant
from registry.audit.events import record, record_many
from registry.directory.marking import mark
from registry.errors import (
    AlreadyExistsError,
    ConflictError,
    NotFoundError,
    Reason,
    RegistryError,
    TechnicalError,
    ValidationError,
)
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.rules import stops_new_entries_only
from registry.identifiers.text import shorten
from registry.metadata import CustomProperty, Extension, ServiceGroup, ServiceMetadata, Visibility
from registry.sml.candidates import Candidates, Key, keys_of
from registry.sml.errors import SmlError
from registry.sml.registration import Registrar
from registry.sml.suspended import check_not_suspended
from registry.smp.business_cards import audited_card
from registry.smp.examined_services import ExaminedService
from registry.smp.publishing import (
    Outcome,
    audited_group,
    audited_metadata,
    own_publisher,
    same_metadata,
    unwritable_group,
    visibility_warnings,
)
from registry.smp.signed_documents import etag_of
from registry.smp.validation import participant_reasons, property_reasons
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor, Database
from registry.storage.property_rows import properties_to_row
from registry.storage.queries import (
    access_points,
    bulk_access_points,
    bulk_groups,
    bulk_services,
    business_cards,
    registrations,
    service_groups,
    services,
)
from registry.storage.queries.bulk_groups import HeldGroup, NewGroup
from registry.storage.queries.bulk_services import ServiceRows
from registry.storage.queries.services import ServiceRow
from registry.storage.unit_of_work import UnitOfWork

_SERVICES_AT_ONCE = 500
_ANY_TYPE = DocumentTypeIdentifier("busdox-docid-qns", "urn:any::Any##any::1")
_PLAIN = re.compile(r"[A-Za-z0-9._-]+(:[A-Za-z0-9._-]+)*")
"""What every dialect can write and every URL can carry as it is, whether scheme or value."""
_NewService = tuple[int, ServiceRows]
_T = TypeVar("_T", bound=Hashable)


@dataclass(frozen=True, slots=True)
class WantedParticipant:
    """All that a participant is to be; each document type stands among `services` once.

    `business_card` is the XML to be served. `owner_group_id` is None where the owner group is to stay as it is; but a
    participant leaves one of which `may_stay_in` says no. `visibility` is None where it is to stay, or is as usual.
    """

    participant: ParticipantIdentifier
    services: tuple[ExaminedService, ...] = ()
    extensions: tuple[Extension, ...] = ()
    properties: tuple[CustomProperty, ...] = ()
    business_card: bytes | None = None
    owner_group_id: int | None = None
    may_stay_in: Callable[[int], bool] = lambda _group_id: True
    visibility: Visibility | None = None


class Written(NamedTuple):
    """What became of a participant: what was done, and what is worth knowing; or why nothing was."""

    outcome: Outcome | None
    warnings: tuple[str, ...] = ()
    error: RegistryError | None = None


class _Held(NamedTuple):
    """What is published of some participants, by the number of the service group, or of the service."""

    services: dict[int, list[ServiceRow]]
    metadata: dict[int, ServiceMetadata]
    cards: dict[int, bytes]


class BulkPublishing:
    """Writes what an SMP publishes, many participants at once."""

    def __init__(self, database: Database, registrar: Registrar) -> None:
        self._database = database
        self._registrar = registrar

    def put_all(self, work: UnitOfWork, stored: StoredDomain, wanted: Sequence[WantedParticipant]) -> list[Written]:
        """Publish participants, and register them where our SMP is at the domain's own SML.

        One answer for each, in order; what is refused leaves nothing behind. Raises TechnicalError.
        """
        written: dict[int, Written] = {}
        warnings: dict[int, tuple[str, ...]] = {}
        seen: set[Key] = set()
        for place, (item, key) in enumerate(
            zip(wanted, keys_of(stored.domain, [item.participant for item in wanted]), strict=True)
        ):
            reasons, warnings[place] = _examined(stored, item)
            if reasons:
                written[place] = Written(None, error=ValidationError(reasons))
            elif key in seen:
                written[place] = Written(None, error=ConflictError(f"{item.participant} comes twice"))
            seen.add(key)
        left = [place for place in range(len(wanted)) if place not in written]
        for place, outcome in self._put(work, stored, [(place, wanted[place]) for place in left]):
            told = () if outcome.outcome is None else (*warnings[place], *outcome.warnings)
            written[place] = outcome._replace(warnings=told)
        return [written[place] for place in range(len(wanted))]

    def _put(
        self, work: UnitOfWork, stored: StoredDomain, wanted: Sequence[tuple[int, WantedParticipant]]
    ) -> Iterator[tuple[int, Written]]:
        """Write participants together; where one of them can't be, find out which by halves."""
        if not wanted:
            return
        try:
            with self._database.write(Actor(work.actor, work.request_id)) as part:
                outcomes = self._write(part, stored, [item for _, item in wanted])
        except (SmlError, ConflictError, AlreadyExistsError, NotFoundError, ValidationError) as error:
            plain = error.plain if isinstance(error, SmlError) else error
            if isinstance(plain, TechnicalError):
                raise plain from error
            if len(wanted) == 1:
                yield wanted[0][0], Written(None, error=plain)
                return
            middle = len(wanted) // 2
            yield from self._put(work, stored, wanted[:middle])
            yield from self._put(work, stored, wanted[middle:])
        else:
            for (place, _), outcome in zip(wanted, outcomes, strict=True):
                yield place, outcome

    def _write(self, work: UnitOfWork, stored: StoredDomain, wanted: Sequence[WantedParticipant]) -> list[Written]:
        keys = keys_of(stored.domain, [item.participant for item in wanted])
        groups = bulk_groups.find_all(work.connection, stored.id, keys)
        registered = self._register(work, stored, [item.participant for item in wanted], keys)
        new = [(item, key) for item, key in zip(wanted, keys, strict=True) if key not in groups]
        coming = self._add_groups(work, stored, new)
        held = _held_of(work, [group.id for group in groups.values()])
        changing: list[tuple[int, ExaminedService]] = []
        outcomes = []
        for item, key in zip(wanted, keys, strict=True):
            group = groups.get(key)
            if group is None:
                outcomes.append(Written(Outcome.CREATED))
                continue
            change = _Change(work, stored, item, group)
            change.carry_out(held)
            coming += change.coming
            changing += change.changing
            changed = change.written or change.coming or change.changing or key in registered
            outcomes.append(Written(Outcome.UPDATED if changed else Outcome.UNCHANGED, change.warnings))
        self._write_services(work, stored, coming, changing)
        unchanged = Outcome.UNCHANGED
        mark(work, stored, [key for key, said in zip(keys, outcomes, strict=True) if said.outcome is not unchanged])
        return outcomes

    def _write_services(
        self,
        work: UnitOfWork,
        stored: StoredDomain,
        coming: Sequence[_NewService],
        changing: Sequence[tuple[int, ExaminedService]],
    ) -> None:
        every = (*(rows for _, rows in coming), *(service.rows for _, service in changing))
        shown = {digest: point for rows in every for digest, point in rows.access_points.items()}
        numbers = bulk_access_points.find_or_add_all(work, stored.id, shown)
        bulk_services.add_all(work, coming, numbers)
        for service_id, service in changing:
            services.change(work, service_id, stored.id, service.metadata)
        if changing:  # a service may have kept one of its own that says the same
            access_points.remove_unused(work, set(numbers.values()))

    def _add_groups(
        self, work: UnitOfWork, stored: StoredDomain, new: Sequence[tuple[WantedParticipant, Key]]
    ) -> list[_NewService]:
        """Insert participants with their cards; gives their services, which are to be inserted yet."""
        groups = [
            NewGroup(
                item.participant,
                key[1],
                item.extensions,
                item.properties,
                item.owner_group_id,
                len(item.services),
                item.visibility or stored.domain.visibility.default,
            )
            for item, key in new
        ]
        numbers = bulk_groups.add_all(work, stored.id, groups)
        placed = [(number, item) for number, (item, _) in zip(numbers, new, strict=True)]
        cards = [(number, item.business_card) for number, item in placed]
        bulk_groups.add_cards(work, [(number, body, etag_of(body)) for number, body in cards if body is not None])
        told = [(str(item.participant), None, _audited(item)) for _, item in placed]
        record_many(work, "smp:service-group:create", told, domain_id=stored.id)
        return [(number, service.rows) for number, item in placed for service in item.services]

    def _register(
        self,
        work: UnitOfWork,
        stored: StoredDomain,
        participants: Sequence[ParticipantIdentifier],
        keys: Sequence[Key],
    ) -> set[Key]:
        """Register at our SML who isn't registered yet; gives the keys of those.

        Raises SmlError, and ConflictError where another SMP has one of them.
        """
        own = own_publisher(work.connection, stored)
        if own is None:
            return set()
        service = stored.domain.dns.naptr_service
        rows = registrations.find(work.connection, stored.id, keys, lock=True)
        held = {(row.scheme, row.value_key): row.publisher_id for row in rows if row.naptr_service == service}
        for participant, key in zip(participants, keys, strict=True):
            if held.get(key, own.id) != own.id:
                raise ConflictError(f"{participant} is registered by another SMP; it has to be migrated")
        new = [participant for participant, key in zip(participants, keys, strict=True) if key not in held]
        if new:
            check_not_suspended(own, ())
            self._registrar.register(work, stored, own, Candidates.of(stored, new))
        return set(keys) - held.keys()


class _Change:
    """Brings a participant that is there to what it is to be: all but services that come or change.

    Those are `coming`, and `changing` by their numbers, once `carry_out` is done; `written` says whether anything else
    was to be done.
    """

    def __init__(self, work: UnitOfWork, stored: StoredDomain, item: WantedParticipant, group: HeldGroup) -> None:
        self._work, self._stored, self._item, self._group = work, stored, item, group
        self.written = False
        self.coming: list[_NewService] = []
        self.changing: list[tuple[int, ExaminedService]] = []
        self.warnings: tuple[str, ...] = ()

    def carry_out(self, held: _Held) -> None:
        """Write and record it."""
        rules, group_id = self._stored.domain.identifiers, self._group.id
        self.written = any((self._change_group(), self._change_owner(), self._change_card(held.cards.get(group_id))))
        there = {
            (row.document_type.scheme, rules.document_type_key(row.document_type)): row
            for row in held.services.get(group_id, ())
        }
        for service in self._item.services:
            row = there.pop(service.rows.document_type, None)
            if row is None:
                service_groups.touch(self._work, group_id)
                self._record("smp:service-metadata:create", after=service.says)
                self.coming.append((group_id, service.rows))
            elif not same_metadata(before := held.metadata[row.id], service.metadata):
                said = {"document_type": str(row.document_type), "says": audited_metadata(before)}
                self._record("smp:service-metadata:update", before=said, after=service.says)
                self.changing.append((row.id, service))
        for row in there.values():
            services.remove(self._work, row.id)
            service_groups.touch(self._work, group_id)
            self._record("smp:service-metadata:delete", before={"document_type": str(row.document_type)})
        self.written |= bool(there)

    def _change_group(self) -> bool:
        work, item, group = self._work, self._item, self._group
        differs = False
        if item.participant.value != group.participant.value:
            bulk_groups.spell(work, group.id, item.participant.value)
            self.warnings = (f"it was spelled {group.participant} here until now",)
            differs = True
        if item.extensions != group.extensions:
            service_groups.change(work, group.id, item.extensions)
            differs = True
        if item.properties != group.properties:
            service_groups.set_properties(work, group.id, item.properties)
            differs = True
        if item.visibility not in (None, group.visibility):
            service_groups.set_visibility(work, group.id, item.visibility)
            differs = True
        if differs:
            before = audited_group(group.participant, group.extensions, group.properties, group.visibility)
            after = None if item.visibility is None else {"visibility": item.visibility.value}
            self._record("smp:service-group:update", before=before, after=after)
        return differs

    def _change_owner(self) -> bool:
        wanted, held = self._item.owner_group_id, self._group.owner_group_id
        if wanted == held or (wanted is None and held is not None and self._item.may_stay_in(held)):
            return False
        participant = self._item.participant
        key = self._stored.domain.identifiers.participant_key(participant)
        place_participant(self._work, self._stored.id, participant.scheme, key, wanted)
        return True

    def _change_card(self, held: bytes | None) -> bool:
        body = self._item.business_card
        if body == held:
            return False
        before = None if held is None else audited_card(held)
        if body is None:
            business_cards.remove(self._work, self._group.id)
            self._record("smp:business-card:delete", before=before)
        else:
            business_cards.put(self._work, self._group.id, body, etag_of(body))
            tag = "smp:business-card:create" if held is None else "smp:business-card:update"
            self._record(tag, before=before, after=audited_card(body))
        return True

    def _record(self, tag: str, *, before: Any = None, after: Any = None) -> None:
        subject = str(self._item.participant)
        record(self._work, tag, subject, domain_id=self._stored.id, before=before, after=after)


def _examined(stored: StoredDomain, item: WantedParticipant) -> tuple[list[Reason], tuple[str, ...]]:
    """Why a participant can't be published, and what is worth knowing of it; its services were looked at before."""
    domain, participant = stored.domain, item.participant
    found = [*participant_reasons(domain, participant)]
    if item.properties:
        found += property_reasons(item.properties)
    if item.extensions or not all(map(_PLAIN.fullmatch, (participant.scheme, participant.value))):
        # With a document type that nothing is wrong with: whether one can be told from its URL is asked of it alone.
        found += unwritable_group(domain, ServiceGroup(participant, (_ANY_TYPE,), item.extensions))
    warnings = [
        *map(str, domain.identifiers.participant_warnings(participant)),
        *visibility_warnings(stored, item.visibility),
        *(str(reason) for reason in found if stops_new_entries_only(reason)),
        *(f"{warning}{where}" for warning, where in _with_types(item.services, lambda service: service.warnings)),
    ]
    reasons = [reason for reason in found if not stops_new_entries_only(reason)]
    for reason, where in _with_types(item.services, lambda service: service.reasons):
        reasons.append(replace(reason, message=reason.message + where))
    return list(dict.fromkeys(reasons)), tuple(dict.fromkeys(warnings))


def _with_types(
    examined: Sequence[ExaminedService], said: Callable[[ExaminedService], Sequence[_T]]
) -> Iterator[tuple[_T, str]]:
    """What is said of services, each once, with the document types that it is said of."""
    found: dict[_T, list[DocumentTypeIdentifier]] = {}
    for service in examined:
        for item in said(service):
            found.setdefault(item, []).append(service.metadata.document_type)
    for item, (first, *others) in found.items():
        more = f" and {len(others)} more document types" if others else ""
        yield item, f", for {shorten(str(first))}{more}"


def _audited(item: WantedParticipant) -> dict[str, Any]:
    """All of a new participant, in one event."""
    told: dict[str, Any] = {"participant": str(item.participant)}
    if item.services:
        told["services"] = [service.says for service in item.services]
    if item.extensions:
        told["extensions"] = [extension.content.decode() for extension in item.extensions]
    if item.properties:
        told["properties"] = properties_to_row(item.properties)
    if item.business_card is not None:
        told["business_card"] = audited_card(item.business_card)
    if item.owner_group_id is not None:
        told["group"] = item.owner_group_id
    if item.visibility is not None:
        told["visibility"] = item.visibility.value
    return told


def _held_of(work: UnitOfWork, group_ids: Sequence[int]) -> _Held:
    listed = bulk_services.of_groups(work.connection, group_ids)
    ids = [row.id for rows in listed.values() for row in rows]
    metadata: dict[int, ServiceMetadata] = {}
    for start in range(0, len(ids), _SERVICES_AT_ONCE):
        metadata |= services.load_many(work.connection, ids[start : start + _SERVICES_AT_ONCE], work.now)
    return _Held(listed, metadata, bulk_groups.cards_of(work.connection, group_ids))
