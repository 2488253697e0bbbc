# SPDX-License-Identifier: Apache-2.0
"""`…/participants/{participant}/business-card`: what the Peppol Directory shows of a participant, in XML."""

from registry.accounts.permissions import Action
from registry.api.v1 import rules
from registry.api.v1.answers import Answer, Raw
from registry.api.v1.call import Call, CallState
from registry.api.v1.domains import DomainName
from registry.api.v1.participants import PARTICIPANT, ParticipantId
from registry.api.v1.routing import Resource
from registry.api.v1.rules import Needs, no_participant, parsed_participant
from registry.errors import NotFoundError
from registry.identifiers.participant import ParticipantIdentifier
from registry.smp.publishing import Outcome
from registry.storage.domain_directory import StoredDomain

resource = Resource("business cards", "What the Peppol Directory shows of a participant.")
CARD = f"{PARTICIPANT}/business-card"
XML = "application/xml"
_BODY = {XML: {"schema": {"type": "string", "description": "A BusinessCard of version 1, 2 or 3."}}}


@resource.get(CARD, Needs(Action.PARTICIPANT_READ, rules.participant), {200: XML})
def read_business_card(call: Call, domain: DomainName, participant: ParticipantId) -> Raw:
    """Read a participant's business card, in version 3."""
    stored = call.context.domain(domain)
    found = _card(call, stored, parsed_participant(stored, participant))
    if found is None:
        raise NotFoundError(f"{participant} has no business card")
    return found


@resource.put(CARD, Needs(Action.SERVICE_WRITE, rules.participant), {200: XML, 201: XML}, body=_BODY)
def put_business_card(call: Call, domain: DomainName, participant: ParticipantId) -> Answer:
    """Publish a participant's business card, or replace it."""
    stored = call.context.domain(domain)
    identifier = _locked(call, stored, participant)
    outcome = call.context.business_cards.put(call.actor, stored, identifier, call.body)
    return Answer(_card(call, stored, identifier), 201 if outcome is Outcome.CREATED else 200)


@resource.delete(CARD, Needs(Action.SERVICE_WRITE, rules.participant), {204: None})
def delete_business_card(call: Call, domain: DomainName, participant: ParticipantId) -> None:
    """Withdraw a participant's business card."""
    stored = call.context.domain(domain)
    call.context.business_cards.delete(call.actor, stored, _locked(call, stored, participant))


def _locked(call: CallState, stored: StoredDomain, participant: str) -> ParticipantIdentifier:
    identifier = parsed_participant(stored, participant)
    if call.context.participants.lock(call.work, stored, identifier) is None:
        raise no_participant(participant)
    call.match(lambda: _card(call, stored, identifier))
    return identifier


def _card(call: CallState, stored: StoredDomain, participant: ParticipantIdentifier) -> Raw | None:
    found = call.context.business_cards.find(stored, participant)
    return None if found is None else Raw(found.body, XML)
