# SPDX-License-Identifier: Apache-2.0
"""`/domains/{domain}/interventions`: what operators do to what others have registered; and what is kept out by it.

Where the domain wants a second person, what is asked for waits, and another account approves it.
"""

from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field

from registry.accounts.permissions import Action
from registry.api.v1 import rules
from registry.api.v1.answers import Answer
from registry.api.v1.call import Call, CallState
from registry.api.v1.cursors import Cursor, Limit, paged, read_cursor
from registry.api.v1.domains import DOMAIN, DomainName
from registry.api.v1.models import Identifier, Line, Model, Moment, Page, Paragraph, Word
from registry.api.v1.participant_lists import parsed_participants
from registry.api.v1.publishers import Pem, read_pem
from registry.api.v1.routing import Resource, url
from registry.api.v1.rules import Needs
from registry.errors import Reason, ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.sml.interventions.desk import MAX_NAMED, Intervention
from registry.sml.interventions.model import CertificateName, Kind, Operator, Plan, Wanted
from registry.storage.queries.interventions import State

resource = Resource("interventions", "What operators do to what others have registered: asked for, approved, undone.")
_INTERVENTIONS = f"{DOMAIN}/interventions"
_INTERVENTION = f"{_INTERVENTIONS}/{{intervention}}"
_READ = Needs(Action.INTERVENTION_READ, rules.domain)
_ASK = Needs(Action.INTERVENTION_ASK, rules.domain)
_APPROVE = Needs(Action.INTERVENTION_APPROVE, rules.domain)
_LIST = Needs(Action.REGISTRATION_LIST, rules.domain)
KindName = Literal[
    "suspend-publisher",
    "resume-publisher",
    "suspend-participant",
    "resume-participant",
    "transfer",
    "lift-quarantine",
    "block-certificate",
    "unblock-certificate",
]
StateName = Literal["waiting", "applied", "refused", "undone"]
Number = Annotated[int, Field(ge=1, lt=2**63, description="The number of an intervention.")]
"""The path parameter `{intervention}`."""
_OnlyPlan = Annotated[bool, Query(description="Only tell what it would do.")]


class CertificateChoice(Model):
    """A certificate, itself or by its issuer and serial number."""

    certificate: Pem | None = None
    issuer: Annotated[Line | None, Field(description="As RFC 4514 writes it.", examples=["CN=SMP CA,C=BE"])] = None
    serial: Annotated[Word | None, Field(description="Hexadecimal.", examples=["1f00"])] = None


class NewIntervention(Model):
    """What is asked for; which of the members it needs depends on its kind."""

    kind: KindName
    smp_id: Annotated[Word | None, Field(description="The SMP that it is about, or that gives.")] = None
    to_smp_id: Annotated[Word | None, Field(description="The SMP that a transfer gives to.")] = None
    participants: Annotated[
        list[Identifier], Field(max_length=MAX_NAMED, description="Of a transfer: only these; by default all.")
    ] = []  # noqa: RUF012 — pydantic copies it
    certificates: Annotated[list[CertificateChoice], Field(max_length=MAX_NAMED)] = []  # noqa: RUF012
    order_reference: Annotated[
        str | None, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$", description="On whose order.")
    ] = None
    reason: Annotated[
        Paragraph | None, Field(max_length=2000, description="For those who approve it, and for later.")
    ] = None


class Undoing(Model):
    """Why an intervention is taken back."""

    reason: Annotated[Paragraph | None, Field(max_length=2000)] = None


class PlanModel(Model):
    """What an intervention does."""

    counts: Annotated[
        dict[str, int], Field(description="How many of what it concerns.", examples=[{"participants": 2}])
    ]
    notes: Annotated[list[str], Field(description="What whoever decides should know.")]


class InterventionSummary(Model):
    """An intervention in a list."""

    number: int
    kind: KindName
    subject: Annotated[str, Field(description="What it is about, in a few words.", examples=["SMP-1"])]
    state: StateName
    order_reference: str | None
    asked_by: Annotated[str, Field(description="The account, by its name.")]
    asked_at: Moment
    applied_at: Moment | None
    undo_until: Annotated[Moment | None, Field(description="Until when it can be undone; null: not at all.")]
    job: Annotated[int | None, Field(description="The job that carries it out, where that takes one.")]


class CertificateNameModel(Model):
    """A certificate by its issuer and serial number."""

    issuer: str
    serial: str


class InterventionModel(InterventionSummary):
    """An intervention."""

    smp_id: str | None
    to_smp_id: str | None
    participants: list[str]
    certificates: list[CertificateNameModel]
    undoes: Annotated[int | None, Field(description="The number of the one that it takes back.")]
    reason: str | None
    approved_by: str | None
    approved_at: Moment | None
    refused_by: str | None
    refused_at: Moment | None
    undone_by: str | None
    undone_at: Moment | None
    plan: Annotated[PlanModel | None, Field(description="What it did; while it waits, what it would do now.")]
    hindrance: Annotated[str, Field(description="Why it can't be applied, or undone; empty where nothing is known.")]


class QuarantinedParticipant(Model):
    """A participant that only its former SMP may register for a while."""

    participant: Annotated[str, Field(description="As identifiers compare.")]
    smp_id: Annotated[str | None, Field(description="The former SMP; null where it has gone.")]
    until: Moment


class BlockedCertificateModel(CertificateNameModel):
    """A certificate that the SML doesn't listen to."""

    blocked_at: Moment
    intervention: Annotated[int | None, Field(description="The intervention that blocked it.")]


@resource.get(_INTERVENTIONS, _READ, {200: Page[InterventionSummary]})
def list_interventions(
    call: Call,
    domain: DomainName,
    limit: Limit = 50,
    cursor: Cursor = None,
    state: Annotated[StateName | None, Query(description="Only those in this state.")] = None,
) -> Page[InterventionSummary]:
    """List interventions, the newest first."""
    (before,) = read_cursor(cursor, int) or (None,)
    wanted = None if state is None else State(state)
    rows = call.context.interventions.page(call.context.domain(domain), wanted, before, limit + 1)
    part, following = paged(rows, limit, lambda item: (item.row.id,))
    return Page[InterventionSummary](items=[_summary(item) for item in part], next_cursor=following)


@resource.get(_INTERVENTION, _READ, {200: InterventionModel})
def read_intervention(call: Call, domain: DomainName, intervention: Number) -> InterventionModel:
    """Read an intervention, with what it did, or would do now."""
    return _shown(call.context.interventions.one(call.context.domain(domain), intervention))


@resource.post(
    _INTERVENTIONS,
    _ASK,
    {201: InterventionModel, 200: PlanModel},
    plans=True,
    examples={
        "transfer": {"kind": "transfer", "smp_id": "SMP-1", "to_smp_id": "SMP-2", "order_reference": "court 12/2026"},
        "suspension": {"kind": "suspend-publisher", "smp_id": "SMP-1", "reason": "Its key was stolen"},
    },
)
def ask_for_intervention(
    call: Call, domain: DomainName, new: NewIntervention, plan: _OnlyPlan = False
) -> Answer | PlanModel:
    """Ask for an intervention.

    It is applied at once, unless the domain wants a second person for its kind: then it waits for the approval of
    another account.
    """
    return _asked(call, domain, _wanted(call, new), plan=plan)


@resource.post(f"{_INTERVENTION}/approve", _APPROVE, {200: InterventionModel})
def approve_intervention(call: Call, domain: DomainName, intervention: Number) -> InterventionModel:
    """Approve an intervention that waits, which applies it. Who asked for it can't."""
    return _shown(call.context.interventions.approve(_operator(call), call.context.domain(domain), intervention))


@resource.post(f"{_INTERVENTION}/refuse", _APPROVE, {200: InterventionModel})
def refuse_intervention(call: Call, domain: DomainName, intervention: Number) -> InterventionModel:
    """Refuse an intervention that waits, or withdraw one's own."""
    return _shown(call.context.interventions.refuse(_operator(call), call.context.domain(domain), intervention))


@resource.post(f"{_INTERVENTION}/undo", _ASK, {201: InterventionModel, 200: PlanModel}, plans=True)
def undo_intervention(
    call: Call, domain: DomainName, intervention: Number, undoing: Undoing, plan: _OnlyPlan = False
) -> Answer | PlanModel:
    """Ask that an intervention be taken back, which is an intervention of its own.

    Where the domain wants a second person for the inverse (resuming, of a suspension), it waits like any other.
    """
    stored = call.context.domain(domain)
    wanted = call.context.interventions.undoing(stored, intervention, undoing.reason or "")
    return _asked(call, domain, wanted, plan=plan)


@resource.get(f"{DOMAIN}/quarantine", _LIST, {200: Page[QuarantinedParticipant]})
def list_quarantine(
    call: Call, domain: DomainName, limit: Limit = 50, cursor: Cursor = None
) -> Page[QuarantinedParticipant]:
    """List the participants that nobody but their former SMP may register yet."""
    after = read_cursor(cursor, str, str) or ("", "")
    rows = call.context.interventions.quarantined(call.context.domain(domain), after, limit + 1)
    part, following = paged(rows, limit, lambda row: row.key)
    items = [
        QuarantinedParticipant(
            participant=str(ParticipantIdentifier(*row.key)), smp_id=row.smp_id or None, until=row.until
        )
        for row in part
    ]
    return Page[QuarantinedParticipant](items=items, next_cursor=following)


@resource.get(f"{DOMAIN}/blocked-certificates", _LIST, {200: Page[BlockedCertificateModel]})
def list_blocked_certificates(
    call: Call, domain: DomainName, limit: Limit = 50, cursor: Cursor = None
) -> Page[BlockedCertificateModel]:
    """List the certificates that the SML of a domain doesn't listen to, by issuer and serial number."""
    after = read_cursor(cursor, str, str) or ("", "")
    rows = call.context.interventions.blocked(call.context.domain(domain), after, limit + 1)
    part, following = paged(rows, limit, lambda row: row.name)
    items = [
        BlockedCertificateModel(
            issuer=row.issuer, serial=row.serial, blocked_at=row.blocked_at, intervention=row.intervention_id
        )
        for row in part
    ]
    return Page[BlockedCertificateModel](items=items, next_cursor=following)


def _asked(call: CallState, domain: str, wanted: Wanted, *, plan: bool) -> Answer | PlanModel:
    desk, stored = call.context.interventions, call.context.domain(domain)
    if plan:
        return Answer(_plan(desk.plan(stored, wanted)), status=200)
    shown = _shown(desk.ask(_operator(call), stored, wanted))
    return Answer(shown, headers={"location": url(_INTERVENTION, domain, str(shown.number))})


def _operator(call: CallState) -> Operator:
    return Operator.of(call.principal, call.request_id)


def _wanted(call: CallState, new: NewIntervention) -> Wanted:
    return Wanted(
        Kind(new.kind),
        new.smp_id or "",
        new.to_smp_id or "",
        tuple(parsed_participants(call.domain, new.participants)),
        tuple(_certificate(choice, f"#/certificates/{number}") for number, choice in enumerate(new.certificates)),
        order_reference=new.order_reference or "",
        reason=new.reason or "",
    )


def _certificate(choice: CertificateChoice, at: str) -> CertificateName:
    match choice.certificate, choice.issuer, choice.serial:
        case str(pem), None, None:
            return CertificateName.of(read_pem(pem, f"{at}/certificate"))
        case None, str(issuer), str(serial):
            return CertificateName.read(issuer, serial)
        case _:
            message = "either certificate, or issuer and serial"
            raise ValidationError((Reason("INTERVENTION-CERTIFICATE", message, pointer=at),))


def _plan(plan: Plan) -> PlanModel:
    return PlanModel(counts=dict(plan.counts), notes=list(plan.notes))


def _summary(item: Intervention) -> InterventionSummary:
    row = item.row
    return InterventionSummary(
        number=row.id,
        kind=item.wanted.kind.value,
        subject=row.subject,
        state=row.state.value,
        order_reference=row.order_reference,
        asked_by=item.asked_by,
        asked_at=row.asked_at,
        applied_at=row.applied_at,
        undo_until=row.undo_until,
        job=row.job_id,
    )


def _shown(item: Intervention) -> InterventionModel:
    row, wanted = item.row, item.wanted
    return InterventionModel(
        **_summary(item).model_dump(),
        smp_id=wanted.smp_id or None,
        to_smp_id=wanted.to_smp_id or None,
        participants=[str(each) for each in wanted.participants],
        certificates=[CertificateNameModel(issuer=each.issuer, serial=each.serial) for each in wanted.certificates],
        undoes=wanted.undoes,
        reason=row.reason,
        approved_by=item.approved_by,
        approved_at=row.approved_at,
        refused_by=item.refused_by,
        refused_at=row.refused_at,
        undone_by=item.undone_by,
        undone_at=row.undone_at,
        plan=None if item.plan is None else _plan(item.plan),
        hindrance=item.hindrance,
    )
