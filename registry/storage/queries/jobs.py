# SPDX-License-Identifier: Apache-2.0
"""Jobs: what a worker still has to do, who does it at present, and what became of it.

A job belongs to who claimed it as long as the claim lasts. Every statement of a worker names itself, so that one whose
claim has run out meanwhile changes nothing.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, literal, or_, select, update
from sqlalchemy.exc import IntegrityError

from registry.errors import ConflictError
from registry.storage.tables import job, job_schedule
from registry.storage.types import Instant
from registry.storage.unit_of_work import UnitOfWork
from registry.storage.upsert import insert_if_new


class JobState(StrEnum):
    """Waiting jobs become running ones; the other three are final, until somebody asks for another try."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


UNFINISHED = (JobState.WAITING, JobState.RUNNING)
FINISHED = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to be done; `key`: of unfinished jobs with one key there is one. `payload` is a JSON object."""

    kind: str
    payload: Mapping[str, Any]
    key: str | None = None
    total: int | None = None
    domain_id: int | None = None
    account_id: int | None = None
    run_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job as it is stored. `attempts` counts the claims since it last made progress."""

    id: int
    kind: str
    state: JobState
    key: str | None
    payload: Mapping[str, Any]
    cursor: Any
    done: int
    total: int | None
    message: str
    result: Any
    attempts: int
    cancel_requested: bool
    actor: str
    request_id: str
    account_id: int | None
    domain_id: int | None
    created_at: datetime
    run_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    claimed_by: str | None
    claimed_until: datetime | None


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs are wanted; None: any. `domain_ids` leaves out jobs that are about no domain.

    `account_id` are those that an account has asked for; `or_account_id` adds them to those of `domain_ids`.
    """

    states: Collection[JobState] | None = None
    kind: str | None = None
    domain_ids: Collection[int] | None = None
    account_id: int | None = None
    or_account_id: int | None = None


@dataclass(frozen=True, slots=True)
class JobCounts:
    """How many jobs wait, run, and have failed; and since when the oldest one waits that is due."""

    waiting: int
    running: int
    failed: int
    oldest_due: datetime | None


_COLUMNS = [job.c[name] for name in JobRow.__dataclass_fields__]


def _row(row: Any) -> JobRow | None:
    return None if row is None else JobRow(**{**row._mapping, "state": JobState(row.state)})  # noqa: SLF001 — its public name


def add(work: UnitOfWork, new: NewJob) -> tuple[int, bool]:
    """Insert a job; its id, and whether it is new: one with the same key that isn't finished is left as it is."""
    values = {
        "kind": new.kind,
        "state": JobState.WAITING,
        "key": new.key,
        "payload": dict(new.payload),
        "done": 0,
        "total": new.total,
        "message": "",
        "attempts": 0,
        "cancel_requested": False,
        "actor": work.actor,
        "request_id": work.request_id,
        "account_id": new.account_id,
        "domain_id": new.domain_id,
        "created_at": work.now,
        "run_at": new.run_at or work.now,
    }
    if new.key is None:
        return int(work.connection.execute(insert(job).values(values).returning(job.c.id)).scalar_one()), True
    while True:
        statement = insert_if_new(work.connection, job).values(values).returning(job.c.id)
        if (added := work.connection.execute(statement).scalar()) is not None:
            return int(added), True
        same = select(job.c.id).where(job.c.key == new.key, job.c.state.in_(UNFINISHED))
        if (found := work.connection.execute(same).scalar()) is not None:  # else it has just ended
            return int(found), False


def claim(work: UnitOfWork, worker: str, kinds: Collection[str], lasts: timedelta) -> JobRow | None:
    """Take the job that is due for longest, or that whoever had it has lost; None where there is nothing to do."""
    c = job.c
    due = and_(c.state == JobState.WAITING, c.run_at <= work.now)
    lost = and_(c.state == JobState.RUNNING, c.claimed_until < work.now)
    chosen = (
        select(c.id)
        .where(c.kind.in_(kinds), or_(due, lost))
        .order_by(c.run_at, c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    values = {
        "state": JobState.RUNNING,
        "claimed_by": worker,
        "claimed_until": work.now + lasts,
        "attempts": c.attempts + 1,
        "started_at": func.coalesce(c.started_at, literal(work.now, Instant())),
    }
    statement = update(job).where(c.id == chosen).values(values).returning(*_COLUMNS)
    return _row(work.connection.execute(statement).first())


def is_due(connection: Connection, kinds: Collection[str], now: datetime) -> bool:
    """Whether `claim` would have a look at anything; cheap, and takes no lock."""
    c = job.c
    due = and_(c.state == JobState.WAITING, c.run_at <= now)
    lost = and_(c.state == JobState.RUNNING, c.claimed_until < now)
    return connection.execute(select(c.id).where(c.kind.in_(kinds), or_(due, lost)).limit(1)).first() is not None


def renew(work: UnitOfWork, job_id: int, worker: str, lasts: timedelta) -> bool:
    """Keep a claimed job for longer; False where it isn't this worker's any more."""
    return _update_own(work, job_id, worker, {"claimed_until": work.now + lasts}) is not None


def progress(work: UnitOfWork, job_id: int, worker: str, lasts: timedelta, values: dict[str, Any]) -> bool | None:
    """Say how far a claimed job is; whether it shall be cancelled, or None where it isn't this worker's any more."""
    return _update_own(work, job_id, worker, {"claimed_until": work.now + lasts, "attempts": 1, **values})


def finish(
    work: UnitOfWork, job_id: int, worker: str, state: JobState, *, message: str | None = None, result: Any = None
) -> bool:
    """End a claimed job; without `message` the last one stays. False where it isn't this worker's any more."""
    values = {"state": state, "finished_at": work.now, "result": result, "claimed_by": None, "claimed_until": None}
    return _update_own(work, job_id, worker, values if message is None else {**values, "message": message}) is not None


def give_back(
    work: UnitOfWork, job_id: int, worker: str, run_at: datetime, *, message: str | None = None, counts: bool = True
) -> bool:
    """Let a claimed job be done by anybody from `run_at` on; without `counts` this was no attempt."""
    values: dict[str, Any] = {"state": JobState.WAITING, "run_at": run_at, "claimed_by": None, "claimed_until": None}
    if message is not None:
        values["message"] = message
    if not counts:
        values["attempts"] = job.c.attempts - 1
    return _update_own(work, job_id, worker, values) is not None


def _update_own(work: UnitOfWork, job_id: int, worker: str, values: dict[str, Any]) -> bool | None:
    c = job.c
    own = and_(c.id == job_id, c.state == JobState.RUNNING, c.claimed_by == worker)
    row = work.connection.execute(update(job).where(own).values(values).returning(c.cancel_requested)).first()
    return None if row is None else bool(row[0])


def cancel(work: UnitOfWork, job_id: int) -> JobState | None:
    """A waiting job is cancelled at once, a running one when it next says how far it is; its state then.

    None where it is finished already, or isn't there.
    """
    c = job.c
    waiting = and_(c.id == job_id, c.state == JobState.WAITING)
    values = {"state": JobState.CANCELLED, "cancel_requested": True, "finished_at": work.now}
    if work.connection.execute(update(job).where(waiting).values(values).returning(c.id)).first() is not None:
        return JobState.CANCELLED
    running = and_(c.id == job_id, c.state == JobState.RUNNING)
    asked = update(job).where(running).values(cancel_requested=True).returning(c.id)
    return None if work.connection.execute(asked).first() is None else JobState.RUNNING


def try_again(work: UnitOfWork, job_id: int) -> bool:
    """Let a job that failed or was cancelled be done from where it was; False where it isn't such a one.

    Raises ConflictError where an unfinished job has its key.
    """
    c = job.c
    values = {
        "state": JobState.WAITING,
        "run_at": work.now,
        "attempts": 0,
        "cancel_requested": False,
        "finished_at": None,
        "message": "",
    }
    ended = and_(c.id == job_id, c.state.in_((JobState.FAILED, JobState.CANCELLED)))
    try:
        return work.connection.execute(update(job).where(ended).values(values).returning(c.id)).first() is not None
    except IntegrityError as error:
        raise ConflictError(f"another job does the same as job {job_id} and isn't finished") from error


def find(connection: Connection, job_id: int) -> JobRow | None:
    """One job."""
    return _row(connection.execute(select(*_COLUMNS).where(job.c.id == job_id)).first())


def page(
    connection: Connection, wanted: JobFilter, after: int | None, size: int, *, newest_first: bool = True
) -> list[JobRow]:
    """Jobs in the order in which they were asked for; `after` is the id of the last one of the page before."""
    c = job.c
    query = select(*_COLUMNS).where(*_conditions(wanted))
    if after is not None:
        query = query.where(c.id < after if newest_first else c.id > after)
    rows = connection.execute(query.order_by(c.id.desc() if newest_first else c.id).limit(size))
    return [found for row in rows if (found := _row(row)) is not None]


def _conditions(wanted: JobFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.states is not None:
        conditions.append(job.c.state.in_(wanted.states))
    if wanted.kind is not None:
        conditions.append(job.c.kind == wanted.kind)
    if wanted.domain_ids is not None:
        inside = job.c.domain_id.in_(wanted.domain_ids)
        own = job.c.account_id == wanted.or_account_id
        conditions.append(inside if wanted.or_account_id is None else or_(inside, own))
    if wanted.account_id is not None:
        conditions.append(job.c.account_id == wanted.account_id)
    return conditions


def counts(connection: Connection, now: datetime) -> JobCounts:
    """How the queue is."""
    c = job.c
    open_states = (JobState.WAITING, JobState.RUNNING, JobState.FAILED)
    rows = connection.execute(select(c.state, func.count()).where(c.state.in_(open_states)).group_by(c.state))
    by_state = {str(state): int(number) for state, number in rows}
    oldest = select(func.min(c.run_at)).where(c.state == JobState.WAITING, c.run_at <= now)
    return JobCounts(
        by_state.get(JobState.WAITING, 0),
        by_state.get(JobState.RUNNING, 0),
        by_state.get(JobState.FAILED, 0),
        connection.execute(oldest).scalar(),
    )


def delete_finished(work: UnitOfWork, before: datetime, limit: int) -> int:
    """Forget jobs that ended before this moment, at most so many; returns how many."""
    c = job.c
    old = select(c.id).where(c.state.in_(FINISHED), c.finished_at < before).order_by(c.id).limit(limit)
    return int(work.connection.execute(delete(job).where(c.id.in_(old.scalar_subquery()))).rowcount)


def schedules(connection: Connection) -> dict[str, datetime]:
    """When recurring work is due next, by name."""
    rows = connection.execute(select(job_schedule.c.name, job_schedule.c.next_at))
    return {row.name: row.next_at for row in rows}


def add_schedule(work: UnitOfWork, name: str, next_at: datetime) -> None:
    """Say when recurring work is due for the first time; does nothing where that is known."""
    work.connection.execute(insert_if_new(work.connection, job_schedule), {"name": name, "next_at": next_at})


def take_turn(work: UnitOfWork, name: str, next_at: datetime) -> bool:
    """Move recurring work that is due to its next time; False where another process has done so."""
    due = and_(job_schedule.c.name == name, job_schedule.c.next_at <= work.now)
    statement = update(job_schedule).where(due).values(next_at=next_at).returning(job_schedule.c.name)
    return work.connection.execute(statement).first() is not None
