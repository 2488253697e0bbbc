# SPDX-License-Identifier: Apache-2.0
"""Bodies as participants that can be published; a service is read and looked at once, however many say the same."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from registry.domains.domain import Domain
from registry.errors import Reason, ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.plans.model import ALL, CLAUSE, STAYS
from registry.smp.bulk_publishing import WantedParticipant
from registry.smp.business_cards import card_body
from registry.smp.documents.business_card import read as read_card
from registry.smp.examined_services import ExaminedService, ServicesRead
from registry.smp.exchange.json_reader import JsonReader
from registry.smp.exchange.model_json import (
    read_extension,
    read_participant,
    read_property,
    read_visibility,
)
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import owner_groups
from registry.storage.unit_of_work import Connection
from registry.trust import TrustModel


class WantedBodies:
    """Reads bodies for a domain."""

    def __init__(self, stored: StoredDomain, trust_of: Callable[[Domain], TrustModel]) -> None:
        self._stored = stored
        self._read = ServicesRead(stored.domain, lambda: trust_of(stored.domain))
        self._owners: dict[str, int | None] = {}

    def look_anew(self, now: datetime) -> None:
        """Begin a batch: forget what was looked at so long ago that a certificate may have ended meanwhile."""
        self._owners.clear()
        self._read.look_anew(now)

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
        visibility = read_visibility(reader)
        owner = self._owner(connection, reader.text("owner"), reasons)
        reader.finish()
        found = self._services(services, participant, reasons)
        xml = None if card is None or reasons else self._card(card, participant, reasons)
        if reasons:
            raise ValidationError(dict.fromkeys(reasons))
        return WantedParticipant(
            participant, found, extensions, properties, business_card=xml, owner_group_id=owner, visibility=visibility
        )

    def _services(
        self, said: Any, participant: ParticipantIdentifier, reasons: list[Reason]
    ) -> tuple[ExaminedService, ...]:
        if not isinstance(said, list):
            reasons.append(Reason("SMP-JSON", "services: not a list", CLAUSE))
            return ()
        found: dict[tuple[str, str], ExaminedService] = {}
        for number, item in enumerate(said):
            try:
                service = self._read.read(item, participant, f"services[{number}]")
            except ValidationError as error:
                reasons += error.reasons
                continue
            if service.rows.document_type in found:
                message = f"{service.metadata.document_type} is there twice"
                reasons.append(Reason("PLAN-TWICE", message, CLAUSE))
            found[service.rows.document_type] = service
        return tuple(found.values())

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
    for name in STAYS & held.keys():
        found.setdefault(name, held[name])
    return found


def _document_type(service: Any) -> str:
    said = service.get("document_type") if isinstance(service, dict) else None
    return f"{said.get('scheme', '')}::{said.get('value', '')}" if isinstance(said, dict) else ""
