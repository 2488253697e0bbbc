# SPDX-License-Identifier: Apache-2.0
"""Plans in domains that want a second person: proposed for one participant, submitted, approved or rejected."""

from typing import Annotated

from pydantic import Field

from registry.accounts.permissions import Action
from registry.api.v1 import rules
from registry.api.v1.answers import Answer
from registry.api.v1.bulk_items import BulkItem, BulkItems
from registry.api.v1.call import Call, CallState
from registry.api.v1.domains import DomainName
from registry.api.v1.models import Model
from registry.api.v1.participants import PARTICIPANT, ParticipantId, ParticipantInput
from registry.api.v1.plans import PLAN, PlanId, PlanModel, operator_of, required, shown
from registry.api.v1.routing import Resource, url
from registry.api.v1.rules import Needs, Within, no_participant, parsed_participant, require, scope_of
from registry.api.v1.service_models import CodeModel, ServiceModel
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.plans import reviewing
from registry.plans.proposing import propose
from registry.plans.reviewing import MAX_TEXT
from registry.storage.domain_directory import StoredDomain
from registry.storage.unit_of_work import UnitOfWork

resource = Resource("reviews", "What somebody else has to look at before it is published.")


class Approval(Model):
    """A yes."""

    text: Annotated[str, Field(max_length=MAX_TEXT, description="What the audit log keeps of it.")] = ""


class Rejection(Model):
    """A no."""

    text: Annotated[str, Field(min_length=1, max_length=MAX_TEXT, description="Why.")]


class Proposal(ParticipantInput):
    """What a participant is to become; what is left out stays as it is, and of a new one is as usual."""

    removed: Annotated[bool, Field(description="With all that it receives.")] = False
    services: Annotated[list[ServiceModel], Field(max_length=1000, description="Each says its document type.")] = Field(
        default_factory=list
    )
    replace_services: Annotated[bool, Field(description="Whether others that are published are withdrawn.")] = False
    withdrawn: Annotated[list[CodeModel], Field(max_length=1000, description="Document types.")] = Field(
        default_factory=list
    )
    business_card: Annotated[
        str | None, Field(max_length=1_000_000, description="The card as XML; null withdraws it.")
    ] = None


@resource.post(
    f"{PARTICIPANT}/proposals",
    Within(Action.SERVICE_WRITE, rules.domain),
    {201: PlanModel},
    examples={"in no list": {"visibility": "internal"}, "removed": {"removed": True}},
)
def propose_participant(call: Call, domain: DomainName, participant: ParticipantId, body: Proposal) -> Answer:
    """Make a plan of what a participant is to become; where the domain wants a review, it is submitted at once.

    Who may do it by themselves where no review is wanted may propose it. Registrations are no part of plans.
    """
    stored = call.context.domain(domain)
    identifier = parsed_participant(stored, participant)
    call.narrowed = True  # what is tried asks

    def change(work: UnitOfWork) -> list[str]:
        return _carried_out(call, work, stored, identifier, body)

    plan_id = propose(call.context.database, operator_of(call), stored, identifier, change)
    return Answer(shown(call, required(call, stored, plan_id)), 201, {"location": url(PLAN, domain, str(plan_id))})


@resource.post(f"{PLAN}/submit", Needs(Action.PLAN_WRITE, rules.domain), {200: PlanModel})
def submit_plan(call: Call, domain: DomainName, plan: PlanId) -> PlanModel:
    """Ask somebody else to look at a plan; who does so can't approve it."""
    stored = call.context.domain(domain)
    reviewing.submit(call.context.database, operator_of(call), required(call, stored, plan).id)
    return shown(call, required(call, stored, plan))


@resource.post(f"{PLAN}/approve", Needs(Action.PLAN_APPROVE, rules.domain), {200: PlanModel})
def approve_plan(call: Call, domain: DomainName, plan: PlanId, body: Approval) -> PlanModel:
    """Let a plan be applied. Never by the account that made or submitted it."""
    stored = call.context.domain(domain)
    reviewing.approve(call.context.database, operator_of(call), required(call, stored, plan).id, body.text)
    return shown(call, required(call, stored, plan))


@resource.post(f"{PLAN}/reject", Needs(Action.PLAN_APPROVE, rules.domain), {200: PlanModel})
def reject_plan(call: Call, domain: DomainName, plan: PlanId, body: Rejection) -> PlanModel:
    """Let a plan not be applied, and say why. Who made or submitted it gives it up (DELETE)."""
    stored = call.context.domain(domain)
    reviewing.reject(call.context.database, operator_of(call), required(call, stored, plan).id, body.text)
    return shown(call, required(call, stored, plan))


def _carried_out(
    call: CallState, work: UnitOfWork, stored: StoredDomain, participant: ParticipantIdentifier, body: Proposal
) -> list[str]:
    """Write what is proposed, as far as the caller may. Gives what is worth knowing."""
    context = call.context
    items = BulkItems(context, call.principal, call.actor, stored)
    said = body.model_dump(mode="json", exclude_unset=True)
    own = {name: said[name] for name in said.keys() & BulkItem.model_fields.keys()}
    action = "delete" if body.removed else "put"
    item = BulkItem.model_validate({**own, "participant": str(participant), "action": action})
    warnings = items.carry_out(work, item)[1]
    if body.removed or not {"withdrawn", "business_card"} & said.keys():
        return warnings
    require(
        call.principal,
        Action.SERVICE_WRITE,
        scope_of(context, stored, participant),
        lambda: no_participant(str(participant)),
    )
    for code in body.withdrawn:
        document_type = DocumentTypeIdentifier(code.scheme, code.value)
        context.publishing.delete_service_metadata(call.actor, stored, participant, document_type)
    if body.business_card is not None:
        context.business_cards.put(call.actor, stored, participant, body.business_card.encode())
    elif "business_card" in said:
        context.business_cards.delete(call.actor, stored, participant)
    return warnings
