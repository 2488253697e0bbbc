# SPDX-License-Identifier: Apache-2.0
"""Bodies as participants that can be published; a service is read and looked at once, however many say the same."""

import marshal
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Final

from registry.domains.domain import Domain
from registry.errors import Reason, ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.plans.model import ALL, CLAUSE
from registry.smp.bulk_publishing import WantedParticipant
from registry.smp.business_cards import card_body
from registry.smp.documents.business_card import read as read_card
from registry.smp.examined_services import ExaminedService, ServiceExaminer
from registry.smp.exchange.json_reader import JsonReader
from registry.smp.exchange.model_json import read_extension, read_participant, read_property, read_service
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import owner_groups
from registry.storage.unit_of_work import Connection
from registry.trust import TrustModel

_LOOKS_COUNT_FOR: Final = timedelta(minutes=10)
_MOST_KEPT: Final = 32_768


class WantedBodies:
    """Reads bodies for a domain."""

    def __init__(self, stored: StoredDomain, trust_of: Callable[[Domain], TrustModel]) -> None:
        self._stored = stored
        self._trust_of = trust_of
        self._examined: dict[bytes, ExaminedService] = {}
        self._examiner: ServiceExaminer | None = None
        self._examined_at: datetime | None = None
        self._owners: dict[str, int | None] = {}

    def look_anew(self, now: datetime) -> None:
        """Begin a batch: forget what was looked at so long ago that a certificate may have ended meanwhile."""
        self._owners.clear()
        if self._examined_at is None or now - self._examined_at > _LOOKS_COUNT_FOR:
            self._examined.clear()
            self._examined_at = now
            self._examiner = ServiceExaminer(self._stored.domain, self._trust_of(self._stored.domain), now)

    def read(self, connection: Connection, body: Mapping[str, Any]) -> WantedParticipant:
        """What a body says; raises ValidationError with all reasons."""
        reasons: list[Reason] = []
        said = dict(body)
        services = said.pop("services", [])
        reader = JsonReader(said, "", reasons)
        participant = reader.object("participant", read_participant)
        extensions = reader.objects("extensions", read_extension)
        properties = reader.objects("properties", read_property)
        card = reader.optional_text("business_card")
        owner = self._owner(connection, reader.text("owner"), reasons)
        reader.finish()
        found = self._services(services, participant, reasons)
        xml = None if card is None or reasons else self._card(card, participant, reasons)
        if reasons:
            raise ValidationError(dict.fromkeys(reasons))
        return WantedParticipant(participant, found, extensions, properties, xml, owner)

    def _services(
        self, said: Any, participant: ParticipantIdentifier, reasons: list[Reason]
    ) -> tuple[ExaminedService, ...]:
        if not isinstance(said, list):
            reasons.append(Reason("SMP-JSON", "services: not a list", CLAUSE))
            return ()
        found: dict[tuple[str, str], ExaminedService] = {}
        for number, item in enumerate(said):
            try:
                service = self._service(item, participant, f"services[{number}]")
            except ValidationError as error:
                reasons += error.reasons
                continue
            if service.rows.document_type in found:
                message = f"{service.metadata.document_type} is there twice"
                reasons.append(Reason("PLAN-TWICE", message, CLAUSE))
            found[service.rows.document_type] = service
        return tuple(found.values())

    def _service(self, said: Any, participant: ParticipantIdentifier, where: str) -> ExaminedService:
        # In the form of version 2 equal values are equal bytes, and it takes a fraction of the time that JSON takes.
        digest = blake2b(marshal.dumps(said, 2), digest_size=16)
        if _redirects(said):
            digest.update(str(participant).encode())  # its address may name the participant
        key = digest.digest()
        found = self._examined.get(key)
        if found is None:
            assert self._examiner is not None  # noqa: S101  # made by `look_anew`
            reasons: list[Reason] = []
            reader = JsonReader(said, where, reasons)
            metadata = read_service(reader, participant)
            reader.finish()
            if reasons:
                raise ValidationError(reasons)
            if len(self._examined) >= _MOST_KEPT:
                del self._examined[next(iter(self._examined))]
            found = self._examined[key] = self._examiner.examine(metadata)
        return found

    def _card(self, said: str, participant: ParticipantIdentifier, reasons: list[Reason]) -> bytes | None:
        try:
            return card_body(read_card(said.encode()), participant, self._stored.domain)
        except ValidationError as error:
            reasons += error.reasons
            return None

    def _owner(self, connection: Connection, name: str, reasons: list[Reason]) -> int | None:
        if not name:
            return None
        if name not in self._owners:
            row = owner_groups.by_name(connection, self._stored.id, name)
            self._owners[name] = None if row is None else row.id
        if self._owners[name] is None:
            reasons.append(Reason("PLAN-OWNER", f"there is no group {name[:80]!r} in this domain", CLAUSE))
        return self._owners[name]


def _redirects(said: Any) -> bool:
    groups = said.get("process_metadata") if isinstance(said, dict) else None
    return isinstance(groups, list) and any(isinstance(group, dict) and "redirect" in group for group in groups)


def completed(body: Mapping[str, Any], unsaid: frozenset[str], held: Mapping[str, Any]) -> dict[str, Any]:
    """A body with what is published where its source says nothing."""
    found = dict(body)
    for name in unsaid - {ALL}:
        if name in held:
            found[name] = held[name]
        else:
            found.pop(name, None)
    if ALL in unsaid and "services" not in unsaid:
        named = {_document_type(item) for item in found.get("services", ())}
        kept = [item for item in held.get("services", ()) if _document_type(item) not in named]
        found["services"] = [*found.get("services", ()), *kept]
    if "owner" in held:
        found.setdefault("owner", held["owner"])
    return found


def _document_type(service: Any) -> str:
    said = service.get("document_type") if isinstance(service, dict) else None
    return f"{said.get('scheme', '')}::{said.get('value', '')}" if isinstance(said, dict) else ""
