# SPDX-License-Identifier: Apache-2.0
"""`/jobs`: what takes long, how far it is, and what came of it.

A job that belongs to no domain is the system's. Whoever asked for a job sees it, and may cancel it, wherever it is.
"""

from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import Field

from registry.accounts.permissions import SYSTEM, Action, Scope
from registry.api.v1 import rules
from registry.api.v1.call import Call, CallState
from registry.api.v1.context import no_domain
from registry.api.v1.cursors import Cursor, Limit, paged, read_cursor
from registry.api.v1.models import Model, Moment, Page
from registry.api.v1.routing import Resource
from registry.api.v1.rules import Within
from registry.errors import NotFoundError
from registry.jobs import queue
from registry.storage.queries import jobs
from registry.storage.queries.jobs import JobFilter, JobRow, JobState

resource = Resource("jobs", "What takes long: how far it is, and what came of it.")
JOB = "/jobs/{job}"
"""The path of a job, for the `Location` of a 202."""
State = Literal["waiting", "running", "done", "failed", "cancelled"]
JobId = Annotated[int, Field(ge=1, lt=2**63, description="The number of a job.")]
_CANCEL = Within(Action.JOB_CANCEL, rules.system)


class JobModel(Model):
    """A job."""

    id: int
    kind: str
    state: State
    domain: Annotated[str | None, Field(description="Null where it is about no domain.")]
    done: Annotated[int, Field(description="How much of it is done.")]
    total: Annotated[int | None, Field(description="How much there is to do; null where that isn't known.")]
    message: str
    result: Annotated[Any, Field(description="What came of it, by kind; null before its end.")]
    attempts: int
    cancel_requested: bool
    actor: Annotated[str, Field(description="Who asked for it, as the audit names them.")]
    created_at: Moment
    run_at: Annotated[Moment, Field(description="It begins no earlier.")]
    started_at: Moment | None
    finished_at: Moment | None


@resource.get("/jobs", Within(Action.JOB_READ, rules.system), {200: Page[JobModel]})
def list_jobs(
    call: Call,
    limit: Limit = 50,
    cursor: Cursor = None,
    state: Annotated[State | None, Query(description="Only those in this state.")] = None,
    kind: Annotated[str | None, Query(max_length=64, description="Only those of this kind.")] = None,
    domain: Annotated[str | None, Query(max_length=64, description="Only those about this domain.")] = None,
    own: Annotated[bool, Query(description="Only those that the caller has asked for.")] = False,
) -> Page[JobModel]:
    """List the jobs that the caller may see, newest first."""
    (after,) = read_cursor(cursor, int) or (None,)
    states = None if state is None else (JobState(state),)
    wanted = replace(_seen(call, domain, own=own), states=states, kind=kind)
    with call.context.database.read() as connection:
        rows = jobs.page(connection, wanted, after, limit + 1)
    part, following = paged(rows, limit, lambda row: (row.id,))
    return Page[JobModel](items=[shown(call, row) for row in part], next_cursor=following)


@resource.get(JOB, Within(Action.JOB_READ, rules.system), {200: JobModel})
def read_job(call: Call, job: JobId) -> JobModel:
    """Read how far a job is, and what came of it."""
    with call.context.database.read() as connection:
        return shown(call, _required(call, Action.JOB_READ, jobs.find(connection, job)))


@resource.post(f"{JOB}/cancel", _CANCEL, {200: JobModel})
def cancel_job(call: Call, job: JobId) -> JobModel:
    """Cancel a job: at once while it waits; one that runs ends after the part that it is at."""
    with call.context.database.write(call.actor) as work:
        _required(call, Action.JOB_CANCEL, jobs.find(work.connection, job))
        queue.cancel(work, job)
        return shown(call, queue.get(work, job))


@resource.post(f"{JOB}/retry", _CANCEL, {200: JobModel})
def retry_job(call: Call, job: JobId) -> JobModel:
    """Do a job that failed or was cancelled again, from where it was."""
    with call.context.database.write(call.actor) as work:
        _required(call, Action.JOB_CANCEL, jobs.find(work.connection, job))
        queue.retry(work, job)
        return shown(call, queue.get(work, job))


def shown(call: CallState, row: JobRow) -> JobModel:
    """A job as it is answered, also with a 202."""
    return JobModel(
        id=row.id,
        kind=row.kind,
        state=row.state.value,
        domain=None if row.domain_id is None else call.context.directory.by_id(row.domain_id).domain.name,
        done=row.done,
        total=row.total,
        message=row.message,
        result=row.result,
        attempts=row.attempts,
        cancel_requested=row.cancel_requested,
        actor=row.actor,
        created_at=row.created_at,
        run_at=row.run_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def _seen(call: CallState, name: str | None, *, own: bool) -> JobFilter:
    """The jobs that the caller may see, and asks for."""
    account_id = _own_account(call, Action.JOB_READ)
    if own:
        call.narrowed = True
        domains = None if name is None else [call.context.domain(name).id]
        return JobFilter(account_id=account_id or 0, domain_ids=domains)
    if name is not None:
        stored = call.context.domain(name)
        call.require(Action.JOB_READ, Scope(stored.id), lambda: no_domain(name))
        return JobFilter(domain_ids=[stored.id])
    if call.may(Action.JOB_READ, SYSTEM):
        return JobFilter()
    part = [stored.id for stored in call.context.directory.all() if call.may(Action.JOB_READ, Scope(stored.id))]
    return JobFilter(domain_ids=part, or_account_id=account_id)


def _required(call: CallState, action: Action, row: JobRow | None) -> JobRow:
    """A job with which the caller may do something. Raises NotFoundError, UnauthorizedError."""
    call.narrowed = True
    missing = NotFoundError("there is no such job")
    if row is None:
        raise missing
    if row.account_id is not None and row.account_id == _own_account(call, action):
        return row
    scope = SYSTEM if row.domain_id is None else Scope(row.domain_id)
    if not call.may(Action.JOB_READ, scope):
        raise missing  # everybody knows of the system, but not of what is done in it
    call.require(action, scope)
    return row


def _own_account(call: CallState, action: Action) -> int | None:
    """The caller's account, whose jobs are theirs; None where the credential is for less than that."""
    limit = call.principal.limit
    if limit is None or (limit.scope == SYSTEM and limit.role.rank >= action.role.rank):
        return call.principal.account_id
    return None
