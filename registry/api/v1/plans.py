# SPDX-License-Identifier: Apache-2.0
"""`/domains/{domain}/plans`: what a file, or a replacement, would change; looked at first, then applied by a job."""

import binascii
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from cryptography.hazmat.primitives.serialization import Encoding
from fastapi import Query
from fastapi.exceptions import RequestValidationError
from pydantic import Field
from pydantic import ValidationError as InvalidError

from registry.accounts.permissions import Action, Scope
from registry.api.v1 import jobs, rules
from registry.api.v1.answers import JSON, Answer
from registry.api.v1.call import Call, CallState
from registry.api.v1.cursors import Cursor, Limit, paged, read_cursor
from registry.api.v1.domains import DomainName
from registry.api.v1.jobs import JobModel
from registry.api.v1.models import Line, Model, Moment, Page
from registry.api.v1.routing import MAX_BODY, Resource, url
from registry.api.v1.rules import Needs
from registry.errors import NotFoundError, ValidationError
from registry.jobs import queue
from registry.plans import applying
from registry.plans.model import CLAUSE, PlanKind, PlanOptions, PlanState, unpacked
from registry.plans.planning import Planner
from registry.plans.replacing import Replacer
from registry.plans.reviewing import is_own
from registry.plans.sources import content_source
from registry.sml.interventions.model import Operator, account_of
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import plans
from registry.storage.queries.interventions import account_names
from registry.storage.queries.plans import PlannedRow, PlanRow
from trust_lists.certificates.parsing import load_certificate
from trust_lists.errors import CertificateError

resource = Resource("plans", "What a file, or a replacement, would change: looked at first, and then applied.")
_PLANS: Final = "/domains/{domain}/plans"
PLAN: Final = f"{_PLANS}/{{plan}}"
_READ = Needs(Action.PLAN_READ, rules.domain)
_WRITE = Needs(Action.PLAN_WRITE, rules.domain)
_CSV: Final = "text/csv"
_LINES: Final = ("application/jsonl", "application/x-ndjson")
_MANY: Final = f"At most {MAX_BODY} bytes; larger files are planned with the command `registry plan import`."
PlanId = Annotated[int, Field(ge=1, lt=2**63, description="The number of a plan.")]
RowVerdictName = Literal["added", "changed", "removed", "unchanged", "refused"]
PlanStateName = Literal[
    "reading", "planned", "under-review", "approved", "rejected", "applying", "applied", "abandoned"
]


class Replacement(Model):
    """What is replaced by what, wherever endpoints show it: an address, or a certificate."""

    address: Annotated[Line | None, Field(description="The URL that is to be replaced.")] = None
    next_address: Line | None = None
    certificate_sha256: Annotated[str | None, Field(max_length=64, pattern="^[0-9a-fA-F]{64}$")] = None
    next_certificate: Annotated[
        str | None, Field(max_length=20_000, description="The certificate in its place: base64 of DER, or PEM.")
    ] = None
    at: Annotated[Moment | None, Field(description="From when on; null: as soon as the plan is applied.")] = None


class PlanCounts(Model):
    """How many rows come to what, of how many that are there."""

    added: int
    changed: int
    removed: int
    unchanged: int
    refused: int
    held: Annotated[int, Field(description="Participants, or access points, that were there.")]
    done: int


class PlanModel(Model):
    """A plan."""

    id: int
    kind: Literal["import-csv", "import-jsonl", "import-documents", "replace-endpoints", "proposal"]
    state: PlanStateName
    source: str
    digest: Annotated[str, Field(description="SHA-256 of the file, decompressed; empty where there was none.")]
    removes: Annotated[bool, Field(description="Whether who isn't in the file is removed.")]
    counts: PlanCounts
    actor: str
    created_at: Moment
    expires_at: Moment
    job: int | None
    domain_has_changed: Annotated[bool, Field(description="Whether something was published since it was made.")]
    submitted_by: Annotated[str | None, Field(description="Who asked somebody else to look at it.")]
    submitted_at: Moment | None
    decided_by: Annotated[str | None, Field(description="Who has approved or rejected it.")]
    decided_at: Moment | None
    decision: Annotated[str | None, Field(description="What they said.")]
    waits_for_caller: Annotated[bool, Field(description="Whether the caller may approve or reject it.")]


class ReasonModel(Model):
    """Why a row is refused."""

    id: str
    message: str
    clause: str


class PlanRowModel(Model):
    """A participant, or access point, of a plan."""

    number: int
    line: Annotated[int, Field(description="Its first line in the file; 0 where it isn't in it.")]
    subject: str
    verdict: RowVerdictName
    done: bool
    reasons: list[ReasonModel]
    notes: list[str]
    before: Annotated[Any, Field(description="What it says now; null where nothing changes.")]
    after: Annotated[Any, Field(description="What it would say; null where nothing changes.")]


class ApplyOrder(Model):
    """How a plan is applied."""

    max_percent: Annotated[
        int, Field(ge=0, le=100, description="Refuse where more of what is there is changed or removed.")
    ] = int(applying.MAX_PERCENT)


_BODY: Mapping[str, Any] = {
    _CSV: {"schema": {"type": "string", "description": f"A table. {_MANY}"}},
    **{name: {"schema": {"type": "string", "description": f"A participant a line. {_MANY}"}} for name in _LINES},
    JSON: {"schema": Replacement.model_json_schema(ref_template="#/components/schemas/{model}")},
}


@resource.post(_PLANS, _WRITE, {201: PlanModel}, body=_BODY, alone=True)
def make_plan(
    call: Call,
    domain: DomainName,
    removes: Annotated[bool, Query(description="Remove participants that aren't in the file.")] = False,
) -> Answer:
    """Make a plan from a table, JSON lines, or a replacement; nothing is changed until it is applied."""
    stored = call.context.domain(domain)
    media_type = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == _CSV:
        plan_id = _imported(call, stored, PlanKind.CSV, removes=removes)
    elif media_type in _LINES:
        plan_id = _imported(call, stored, PlanKind.JSON_LINES, removes=removes)
    else:
        plan_id = _replaced(call, stored)
    made = shown(call, required(call, stored, plan_id))
    return Answer(made, 201, {"location": url(PLAN, domain, str(plan_id))})


@resource.get(_PLANS, _READ, {200: Page[PlanModel]})
def list_plans(
    call: Call,
    domain: DomainName,
    limit: Limit = 50,
    cursor: Cursor = None,
    state: Annotated[PlanStateName | None, Query(description="Only those that are in it.")] = None,
) -> Page[PlanModel]:
    """List the plans of a domain, newest first."""
    stored = call.context.domain(domain)
    (before,) = read_cursor(cursor, int) or (None,)
    with call.context.database.read() as connection:
        rows = plans.page(connection, [stored.id], before, limit + 1, None if state is None else [state])
    part, following = paged(rows, limit, lambda row: (row.id,))
    return Page[PlanModel](items=[shown(call, row) for row in part], next_cursor=following)


@resource.get(PLAN, _READ, {200: PlanModel})
def read_plan(call: Call, domain: DomainName, plan: PlanId) -> PlanModel:
    """Read what a plan would do, or did."""
    return shown(call, required(call, call.context.domain(domain), plan))


@resource.get(f"{PLAN}/rows", _READ, {200: Page[PlanRowModel]})
def list_plan_rows(
    call: Call,
    domain: DomainName,
    plan: PlanId,
    limit: Limit = 50,
    cursor: Cursor = None,
    verdict: Annotated[RowVerdictName | None, Query(description="Only rows that come to this.")] = None,
) -> Page[PlanRowModel]:
    """List the rows of a plan in their order, with reasons, and with what they say now and would say."""
    found = required(call, call.context.domain(domain), plan)
    (after,) = read_cursor(cursor, int) or (0,)
    with call.context.database.read() as connection:
        rows = plans.rows_page(connection, found.id, None if verdict is None else [verdict], after, limit + 1)
    part, following = paged(rows, limit, lambda row: (row.number,))
    return Page[PlanRowModel](items=[_row(row) for row in part], next_cursor=following)


@resource.post(f"{PLAN}/apply", _WRITE, {202: JobModel})
def apply_plan(call: Call, domain: DomainName, plan: PlanId, body: ApplyOrder) -> Answer:
    """Apply a plan by a job; one that was broken off goes on. Rows that have changed meanwhile are refused then."""
    found = required(call, call.context.domain(domain), plan)
    with call.context.database.write(call.actor) as work:
        account = call.principal.account_id
        number = applying.request_apply(
            call.context.database, call.actor, found.id, body.max_percent, account_id=account
        )
        return Answer(jobs.shown(call, queue.get(work, number)), 202, {"location": url(jobs.JOB, str(number))})


@resource.delete(PLAN, _WRITE, {204: None})
def abandon_plan(call: Call, domain: DomainName, plan: PlanId) -> None:
    """Give a plan up; it can be read until the retention removes it."""
    found = required(call, call.context.domain(domain), plan)
    applying.abandon(call.context.database, call.actor, found.id)


def _imported(call: CallState, stored: StoredDomain, kind: PlanKind, *, removes: bool) -> int:
    context = call.context
    planner = Planner(context.database, context.registrar, context.trust_of, stored)
    source = content_source(stored.domain, kind, "REST", call.body)
    return planner.plan(call.actor, source, PlanOptions(removes))


def _replaced(call: CallState, stored: StoredDomain) -> int:
    try:
        order = Replacement.model_validate_json(call.body)
    except InvalidError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([{**item, "loc": ("body", *item["loc"])} for item in found]) from None
    replacer = Replacer(call.context.database, stored, call.context.trust_of(stored.domain))
    address = certificate = None
    if order.address is not None and order.next_address is not None:
        address = order.address, order.next_address
    if order.certificate_sha256 is not None and order.next_certificate is not None:
        certificate = order.certificate_sha256, _der(order.next_certificate)
    return replacer.plan(call.actor, address=address, certificate=certificate, at=order.at)


def _der(text: str) -> bytes:
    try:
        return load_certificate(text).public_bytes(Encoding.DER)
    except (CertificateError, binascii.Error) as error:
        raise ValidationError.of("PLAN-REPLACE", f"next_certificate: {error}", CLAUSE) from error


def operator_of(call: CallState) -> Operator:
    """The caller, as plans know them."""
    return Operator.of(call.principal, call.request_id)


def required(call: CallState, stored: StoredDomain, plan_id: int) -> PlanRow:
    """A plan of this domain. Raises NotFoundError."""
    with call.context.database.read() as connection:
        found = plans.find(connection, plan_id)
    if found is None or found.domain_id != stored.id:
        raise NotFoundError("there is no such plan in this domain")
    return found


def shown(call: CallState, row: PlanRow) -> PlanModel:
    """A plan as it is answered."""
    said = {"submitted_by": row.submitted_by, "decided_by": row.decided_by}
    numbers = {name: account_of(who) for name, who in said.items() if who is not None}
    with call.context.database.read() as connection:
        stale = applying.is_stale(connection, row)
        names = account_names(connection, [number for number in numbers.values() if number is not None])
        waits = row.state == PlanState.UNDER_REVIEW and call.principal.account_id is not None
        waits = waits and not is_own(connection, row, operator_of(call))
    people = {name: names.get(numbers[name] or 0, who) if name in numbers else None for name, who in said.items()}
    waits = waits and call.may(Action.PLAN_APPROVE, Scope(row.domain_id))
    return PlanModel.model_validate(
        {
            "id": row.id,
            "kind": row.kind,
            "state": row.state,
            "source": row.source,
            "digest": row.digest,
            "removes": bool(row.options.get("removes")),
            "counts": {name: row.counts.get(name, 0) for name in PlanCounts.model_fields},
            "actor": row.actor,
            "created_at": row.created_at,
            "expires_at": row.expires_at,
            "job": row.job_id,
            "domain_has_changed": stale,
            **people,
            "submitted_at": row.submitted_at,
            "decided_at": row.decided_at,
            "decision": row.decision,
            "waits_for_caller": waits,
        }
    )


def _row(row: PlannedRow) -> PlanRowModel:
    return PlanRowModel.model_validate(
        {
            "number": row.number,
            "line": row.line,
            "subject": row.subject,
            "verdict": row.verdict,
            "done": row.done,
            "reasons": [dict(zip(("id", "message", "clause"), said, strict=True)) for said in row.reasons],
            "notes": list(row.notes),
            "before": None if row.before is None else unpacked(row.before),
            "after": None if row.after is None else unpacked(row.after),
        }
    )
