# SPDX-License-Identifier: Apache-2.0
"""The use cases of business cards: publish, show and withdraw what the Peppol Directory shows of a participant.

A card belongs to a service group and goes with it. It is kept as version 3, which has a place for everything. Audit
events tell a card by its hash only: it may name natural persons, and events stay when the card has gone.
"""

import hashlib
from dataclasses import replace
from typing import Any

from registry.audit.events import record
from registry.directory.marking import mark_participant
from registry.domains.domain import Domain
from registry.errors import NotFoundError, ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.smp.documents.business_card import BusinessCard, Version, read, write_business_card
from registry.smp.publishing import Outcome
from registry.smp.signed_documents import etag_of
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor, Database, retried
from registry.storage.queries import business_cards, service_groups
from registry.storage.queries.documents import SignedDocument
from registry.storage.queries.service_groups import ServiceGroupRow
from registry.storage.unit_of_work import Connection, UnitOfWork


class BusinessCards:
    """Writes and shows business cards."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, actor: Actor, stored: StoredDomain, participant: ParticipantIdentifier, body: bytes) -> Outcome:
        """Publish the card in `body`, XML of any version, or replace the one that is there.

        Raises ValidationError with all reasons, also where the card is of somebody else; NotFoundError when the
        participant has no service group.
        """
        card = read(body)
        _check_whose(card, participant, stored.domain)
        return self.publish(actor, stored, card)

    @retried
    def publish(self, actor: Actor, stored: StoredDomain, card: BusinessCard) -> Outcome:
        """As `put`, for a card that was read already."""
        with self._database.write(actor) as work:
            group = self._group(work, stored, card.participant)
            # As with service metadata, the participant is shown in its registered spelling.
            body = card_body(card, group.participant, stored.domain)
            held = _find(work.connection, stored, card.participant)
            if held is not None and held.body == body:
                return Outcome.UNCHANGED
            business_cards.put(work, group.id, body, etag_of(body))
            tag = "smp:business-card:create" if held is None else "smp:business-card:update"
            before = None if held is None else audited_card(held.body)
            mark_participant(work, stored, group.participant)
            self._record(work, stored, tag, group, before=before, after=audited_card(body))
            return Outcome.CREATED if held is None else Outcome.UPDATED

    @retried
    def delete(self, actor: Actor, stored: StoredDomain, participant: ParticipantIdentifier) -> None:
        """Withdraw a participant's card. Raises NotFoundError when there is none."""
        with self._database.write(actor) as work:
            group = self._group(work, stored, participant)
            held = _find(work.connection, stored, participant)
            if held is None:
                raise NotFoundError(f"{participant} has no business card")
            business_cards.remove(work, group.id)
            mark_participant(work, stored, participant)
            self._record(work, stored, "smp:business-card:delete", group, before=audited_card(held.body))

    def get(self, stored: StoredDomain, participant: ParticipantIdentifier) -> BusinessCard:
        """A participant's card. Raises NotFoundError when there is none."""
        with self._database.read() as connection:
            held = _find(connection, stored, participant)
        if held is None:
            raise NotFoundError(f"{participant} has no business card")
        return read(held.body)

    def find(self, stored: StoredDomain, participant: ParticipantIdentifier) -> SignedDocument | None:
        """The card as it is served, or None. It blocks, so callers in an event loop use a worker thread."""
        with self._database.read() as connection:
            return _find(connection, stored, participant)

    def served(self, stored: StoredDomain, participant: ParticipantIdentifier) -> SignedDocument | None:
        """As `find`, but as public listeners see it: who is private isn't there."""
        key = stored.domain.identifiers.participant_key(participant)
        with self._database.read() as connection:
            return business_cards.find(connection, stored.id, participant.scheme, key, served=True)

    def _group(self, work: UnitOfWork, stored: StoredDomain, participant: ParticipantIdentifier) -> ServiceGroupRow:
        key = stored.domain.identifiers.participant_key(participant)
        service_groups.lock_participant(work, stored.id, participant.scheme, key)
        found = service_groups.find(work.connection, stored.id, participant.scheme, key)
        if found is None:
            raise NotFoundError(f"{participant} has no service group")
        return found

    def _record(
        self,
        work: UnitOfWork,
        stored: StoredDomain,
        tag: str,
        group: ServiceGroupRow,
        *,
        before: Any = None,
        after: Any = None,
    ) -> None:
        record(work, tag, str(group.participant), domain_id=stored.id, before=before, after=after)


def _find(connection: Connection, stored: StoredDomain, participant: ParticipantIdentifier) -> SignedDocument | None:
    key = stored.domain.identifiers.participant_key(participant)
    return business_cards.find(connection, stored.id, participant.scheme, key)


def card_body(card: BusinessCard, participant: ParticipantIdentifier, domain: Domain) -> bytes:
    """The card as it is served, in the spelling of `participant`. Raises ValidationError, also for somebody else's."""
    _check_whose(card, participant, domain)
    return write_business_card(replace(card, participant=participant))


def _check_whose(card: BusinessCard, participant: ParticipantIdentifier, domain: Domain) -> None:
    if not domain.identifiers.same_participant(card.participant, participant):
        message = f"the business card is of {card.participant}, not of {participant}"
        raise ValidationError.of("BUSINESS-CARD-OTHER", message, f"{Version.V3.schema} BusinessCardType")


def audited_card(body: bytes) -> dict[str, Any]:
    """What an auditor may see of a card."""
    return {"sha256": hashlib.sha256(body).hexdigest(), "bytes": len(body)}
