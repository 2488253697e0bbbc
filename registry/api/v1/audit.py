# SPDX-License-Identifier: Apache-2.0
"""`/audit`: what was done, by whom, and whether nobody has changed what says so.

Events that belong to no domain are the system's. Personal values are opened here, unless their subject was erased.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from registry.accounts.permissions import SYSTEM, Action, Scope
from registry.api.v1 import jobs, rules
from registry.api.v1.answers import Answer
from registry.api.v1.call import Call, CallState
from registry.api.v1.context import no_domain
from registry.api.v1.cursors import Cursor, Limit, read_cursor, write_cursor
from registry.api.v1.jobs import JobModel
from registry.api.v1.models import Model, Moment, Page
from registry.api.v1.routing import Resource, url
from registry.api.v1.rules import Needs, Within
from registry.audit import chain
from registry.audit.events import Event, EventFilter, search
from registry.errors import NotFoundError
from registry.jobs import queue

resource = Resource("audit", "What was done, by whom, and whether nobody has changed what says so.")
VERIFY = "verify-audit"
"""The kind of the job that reads the whole chain."""
EXPORT = "export-audit"
"""The kind of the job that writes the chain to a signed file."""
_READ = Within(Action.AUDIT_READ, rules.system)
_Pattern = Annotated[str | None, Query(max_length=200)]


class EventModel(Model):
    """One thing that was done."""

    sequence: int
    position: Annotated[int | None, Field(description="Its place in the chain; null until it has one.")]
    at: Moment
    actor: str
    actor_name: Annotated[str, Field(description="A person's name as it is today; else as `actor`.")]
    request_id: str
    tag: Annotated[str, Field(examples=["sml:registration:create"])]
    domain: str | None
    subject: str
    before: Annotated[Any, Field(description="Null where there was nothing.")]
    after: Annotated[Any, Field(description="Null where there is nothing.")]
    unreadable: Annotated[str, Field(description="Why subject, before and after can't be shown; empty where they can.")]
    count: Annotated[int | None, Field(description="Of how many subjects it tells, where it is about many.")]
    subjects: Annotated[
        list[str | None] | None,
        Field(description="Those, where the event is read by itself; null stands for one that was erased."),
    ]


class ExportOrder(Model):
    """Which part of the chain is wanted."""

    after: Annotated[
        int | None, Field(ge=0, lt=2**63, description="Only events behind this place in the chain; null: all.")
    ] = None
    opened: Annotated[bool, Field(description="Whether personal values are in clear, too.")] = False


class ChainModel(Model):
    """The end of the chain: note it where nobody of those reaches who can write to the database."""

    position: int
    hash: str


@resource.get("/audit/events", _READ, {200: Page[EventModel]})
def list_events(
    call: Call,
    limit: Limit = 50,
    cursor: Cursor = None,
    subject: Annotated[str | None, Query(max_length=1200, description="About a participant, domain:NAME …")] = None,
    tag: Annotated[_Pattern, Query(description="source:subject:action; `*` stands for anything.")] = None,
    actor: Annotated[_Pattern, Query(description="Who did it; `*` stands for anything.")] = None,
    request_id: Annotated[str | None, Query(max_length=64, description="Of the request that did it.")] = None,
    domain: Annotated[str | None, Query(max_length=64, description="Only those of this domain.")] = None,
    since: Annotated[Moment | None, Query(description="From this instant on.")] = None,
    until: Annotated[Moment | None, Query(description="Before this instant.")] = None,
) -> Page[EventModel]:
    """List what was done where the caller may see it, newest first."""
    (after,) = read_cursor(cursor, int) or (None,)
    wanted = EventFilter(subject, tag, actor, request_id, _domains(call, domain), since, until)
    page = search(call.context.database, wanted, after, limit)
    names = _names(call)
    following = None if page.after is None else write_cursor((page.after,))
    return Page[EventModel](items=[_shown(event, names) for event in page.events], next_cursor=following)


@resource.get("/audit/events/{sequence}", _READ, {200: EventModel})
def read_event(call: Call, sequence: Annotated[int, Field(ge=1, lt=2**63 - 1)]) -> EventModel:
    """Read one event, with all its subjects where it is about many."""
    wanted = EventFilter(domain_ids=_domains(call, None))
    page = search(call.context.database, wanted, sequence + 1, 1, whole=True)
    for event in page.events:
        if event.sequence == sequence:
            return _shown(event, _names(call))
    raise NotFoundError("there is no such event")


@resource.get("/audit/chain", Needs(Action.AUDIT_READ, rules.system), {200: ChainModel})
def read_audit_chain(call: Call) -> ChainModel:
    """Read where the chain of events ends; each event's hash is over all that were before."""
    head = chain.head(call.context.database)
    return ChainModel(position=head.position, hash=head.hash)


@resource.post("/audit/verifications", Needs(Action.AUDIT_READ, rules.system), {202: JobModel})
def verify_audit(call: Call) -> Answer:
    """Check that no event was changed, removed, added or moved since it was put into the chain.

    The job's result says how many events there are, and the first place where something is wrong.
    """
    return _asked(call, VERIFY, {}, key=VERIFY)


@resource.post("/audit/exports", Needs(Action.AUDIT_READ, rules.system), {202: JobModel})
def export_audit(call: Call, order: ExportOrder) -> Answer:
    """Write the chain to a file with a signed manifest beside it, which anybody can check without a database.

    The files are in the folder `exports` of the data folder of the process that does it; the job's result names them,
    and the key that has signed.
    """
    return _asked(call, EXPORT, order.model_dump())


def _asked(call: CallState, kind: str, payload: dict[str, Any], key: str | None = None) -> Answer:
    with call.context.database.write(call.actor) as work:
        job_id = queue.enqueue(work, kind, payload, key=key, account_id=call.principal.account_id)
        asked = jobs.shown(call, queue.get(work, job_id))
    return Answer(asked, headers={"location": url(jobs.JOB, str(job_id))})


def _domains(call: CallState, name: str | None) -> frozenset[int] | None:
    """The domains of which the caller may see events, or the named one of them; None: all events."""
    if name is not None:
        stored = call.context.domain(name)
        call.require(Action.AUDIT_READ, Scope(stored.id), lambda: no_domain(name))
        return frozenset({stored.id})
    if call.may(Action.AUDIT_READ, SYSTEM):
        return None
    every = call.context.directory.all()
    return frozenset(stored.id for stored in every if call.may(Action.AUDIT_READ, Scope(stored.id)))


def _names(call: CallState) -> Mapping[int, str]:
    return {stored.id: stored.domain.name for stored in call.context.directory.all()}


def _shown(event: Event, names: Mapping[int, str]) -> EventModel:
    return EventModel(
        sequence=event.sequence,
        position=event.position,
        at=event.at,
        actor=event.actor,
        actor_name=event.actor_name,
        request_id=event.request_id,
        tag=event.tag,
        domain=None if event.domain_id is None else names.get(event.domain_id),
        subject=event.subject,
        before=event.before,
        after=event.after,
        unreadable=event.unreadable,
        count=event.count,
        subjects=None if event.subjects is None else list(event.subjects),
    )
