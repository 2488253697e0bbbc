# SPDX-License-Identifier: Apache-2.0
"""`/domains/{domain}/participants/bulk`: many participants in one request, at once or as a job."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from fastapi import Query
from fastapi.exceptions import RequestValidationError
from pydantic import Field, TypeAdapter
from pydantic import ValidationError as InvalidError

from registry.accounts.permissions import Action, Scope
from registry.api.v1 import rules
from registry.api.v1.answers import JSON, Answer
from registry.api.v1.bulk_items import BulkItem, BulkItems, ItemResult, schema_of_items
from registry.api.v1.bulk_job import KIND, Progress, payload_of
from registry.api.v1.call import Call, CallState
from registry.api.v1.cursors import Cursor, Limit, read_cursor, write_cursor
from registry.api.v1.domains import DomainName
from registry.api.v1.models import Model, Page
from registry.api.v1.participants import PARTICIPANTS
from registry.api.v1.routing import Resource, url
from registry.api.v1.rules import Within
from registry.api.v1.services import sign
from registry.errors import NotFoundError, Reason, ValidationError
from registry.jobs.queue import enqueue
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import jobs
from registry.storage.queries.jobs import JobRow

resource = Resource("bulk", "Many participants in one request.")
BULK = f"{PARTICIPANTS}/bulk"
BULK_JOB = f"{BULK}/{{job}}"
LINES = "application/x-ndjson"
AT_ONCE = 100
"""So many items are carried out before the answer; of more there is a job."""
MOST = 20_000
_ITEMS = TypeAdapter(Annotated[list[BulkItem], Field(max_length=MOST)])
_SCHEMA = schema_of_items()
_ARRAY = {"type": "array", "maxItems": MOST, "items": {k: v for k, v in _SCHEMA.items() if k != "$defs"}}
_BODY: Mapping[str, Any] = {
    JSON: {"schema": {**_ARRAY, "$defs": _SCHEMA.get("$defs", {})}},
    LINES: {"schema": {"type": "string", "description": "One item a line, as in the array."}},
}


class Counts(Model):
    """How many items came to what."""

    created: int
    updated: int
    unchanged: int
    deleted: int
    refused: int


class BulkResult(Model):
    """What became of all items."""

    planned: Annotated[bool, Field(description="True where nothing was done.")]
    counts: Counts
    items: list[ItemResult]


class BulkJob(Model):
    """A job that will carry out the items."""

    job: Annotated[int, Field(description="Its number, as under `/jobs`.")]
    total: int


class BulkReport(Page[ItemResult]):
    """How far a job is, and what became of the items that are done, in their order."""

    job: int
    state: str
    planned: bool
    done: int
    total: int
    counts: Counts


class _RefusedError(Exception):
    """Takes back everything."""


@resource.post(
    BULK, Within(Action.SERVICE_WRITE, rules.domain), {200: BulkResult, 202: BulkJob}, body=_BODY, plans=True
)
def write_participants(
    call: Call,
    domain: DomainName,
    plan: Annotated[bool, Query(description="Only tell what would become of each item.")] = False,
    atomic: Annotated[bool, Query(description="All or nothing; for up to 100 items.")] = False,
) -> Answer | BulkResult:
    """Make, change and delete participants with what they receive.

    The body is an array of items, or one item a line. Each item is done as a whole or not at all. Up to 100 are done
    at once, more by a job (202), whose report is where `Location` says. With `atomic` nothing is done where any item is
    refused.
    """
    stored = call.context.domain(domain)
    call.narrowed = True  # every item asks for itself
    items = _items(call)
    if len(items) > AT_ONCE:
        return _later(call, stored, items, plan=plan, atomic=atomic)
    bulk = BulkItems(call.context, call.principal, call.actor, stored)
    results: list[ItemResult] = []
    try:
        with call.context.database.write(call.actor):
            bulk.expect(items)
            results += (bulk.attempt(index, item) for index, item in enumerate(items))
            if plan or (atomic and any(item.result == "refused" for item in results)):
                raise _RefusedError
    except _RefusedError:
        if not plan:
            raise ValidationError(_reasons(results)) from None
    else:
        for published in bulk.published:
            call.after(lambda published=published: sign(call, stored, published))  # type: ignore[misc]
    return BulkResult(planned=plan, counts=_counts(Counter(item.result for item in results)), items=results)


@resource.get(BULK_JOB, Within(Action.SERVICE_WRITE, rules.domain), {200: BulkReport})
def read_bulk_report(
    call: Call,
    domain: DomainName,
    job: Annotated[int, Field(ge=1, lt=2**63, description="The number of the job.")],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> BulkReport:
    """Read how far a job is, and what became of the items that are done."""
    stored = call.context.domain(domain)
    row = _job(call, stored, job)
    (start,) = read_cursor(cursor, int) or (0,)
    progress = Progress.of(row.result or row.cursor)
    part = list(progress.results(row.payload["items"], max(start, 0), limit))
    end = max(start, 0) + len(part)
    return BulkReport(
        items=part,
        next_cursor=write_cursor((end,)) if end < progress.at else None,
        job=row.id,
        state=row.state.value,
        planned=row.payload["plan"],
        done=progress.at,
        total=len(row.payload["items"]),
        counts=_counts(progress.counts()),
    )


def _later(call: CallState, stored: StoredDomain, items: list[BulkItem], *, plan: bool, atomic: bool) -> Answer:
    if atomic:
        message = f"at most {AT_ONCE} items can be done as a whole"
        raise ValidationError((Reason("REST-BULK-ATOMIC", message, pointer="query/atomic"),))
    payload = payload_of(items, call.principal, plan=plan)
    with call.context.database.write(call.actor) as work:
        job_id = enqueue(
            work,
            KIND,
            payload,
            total=len(items),
            domain_id=stored.id,
            account_id=call.principal.account_id,
        )
    place = url(BULK_JOB, stored.domain.name, str(job_id))
    return Answer(BulkJob(job=job_id, total=len(items)), 202, {"location": place})


def _items(call: CallState) -> list[BulkItem]:
    """The items of the body. Raises RequestValidationError with all that is wrong with their form."""
    body = call.body
    if call.headers.get("content-type", "").partition(";")[0].strip().lower() == LINES:
        body = b"[" + b",".join(line for line in body.splitlines() if line.strip()) + b"]"
    try:
        return _ITEMS.validate_json(body)
    except InvalidError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([{**item, "loc": ("body", *item["loc"])} for item in found]) from None


def _job(call: CallState, stored: StoredDomain, number: int) -> JobRow:
    """A job of this kind that the caller asked for, or may see. Raises NotFoundError."""
    with call.context.database.read() as connection:
        row = jobs.find(connection, number)
    principal = call.principal
    if row is not None and row.kind == KIND and row.domain_id == stored.id:
        own = row.actor == principal.actor
        if call.may(Action.JOB_READ, Scope(stored.id)) or own:
            return row
    call.narrowed = True
    raise NotFoundError(f"there is no such job {number} in this domain")


def _reasons(results: list[ItemResult]) -> Iterator[Reason]:
    """Why items were refused, each with its place."""
    for item in results:
        if item.problem is None:
            continue
        place = f"#/{item.index}"
        if not item.problem.reasons:
            yield Reason("REST-BULK-ITEM", item.problem.detail or item.problem.title, pointer=place)
        for reason in item.problem.reasons:
            yield Reason(reason.id, reason.message, reason.clause, place + reason.pointer.removeprefix("#"))


def _counts(found: Mapping[str, int]) -> Counts:
    return Counts(**{name: found.get(name, 0) for name in Counts.model_fields})
