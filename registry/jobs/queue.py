# SPDX-License-Identifier: Apache-2.0
"""The queue of jobs: asked for in the transaction of what they belong to, so that there is one exactly if that is done.

Workers take them from the database (`registry.jobs.worker`).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from registry.audit.events import record
from registry.errors import ConflictError, NotFoundError
from registry.storage.queries import jobs
from registry.storage.queries.jobs import JobRow, JobState, NewJob
from registry.storage.unit_of_work import UnitOfWork


def enqueue(
    work: UnitOfWork,
    kind: str,
    payload: Mapping[str, Any],
    *,
    key: str | None = None,
    total: int | None = None,
    domain_id: int | None = None,
    account_id: int | None = None,
    run_at: datetime | None = None,
) -> int:
    """Ask for a job, and return its id; it can be claimed once the transaction is committed.

    `payload` is a JSON object for the handler of this `kind`. Where an unfinished job has the same `key`, that one's id
    is returned and nothing is asked for. `total` is how much there is to do, if that is known; `run_at` puts it off.
    """
    job_id, is_new = jobs.add(work, NewJob(kind, payload, key, total, domain_id, account_id, run_at))
    if is_new:
        record(work, "jobs:job:create", f"job:{job_id}", domain_id=domain_id, after={"kind": kind})
    return job_id


def cancel(work: UnitOfWork, job_id: int) -> JobState:
    """Cancel a job: at once while it waits; a running one ends after the batch that it is at. Returns its state.

    Raises NotFoundError, and ConflictError where it is finished already.
    """
    row = get(work, job_id)
    state = jobs.cancel(work, job_id)
    if state is None:
        raise ConflictError(f"job {job_id} is {get(work, job_id).state} already")
    if not row.cancel_requested:
        record_change(work, "jobs:job:cancel", row, state)
    return state


def retry(work: UnitOfWork, job_id: int) -> None:
    """Do a job that failed or was cancelled again, from where it was.

    Raises NotFoundError, and ConflictError where it is not such a job or another one has taken its place.
    """
    row = get(work, job_id)
    if not jobs.try_again(work, job_id):
        raise ConflictError(f"job {job_id} is {row.state}; only failed and cancelled jobs can be done again")
    record_change(work, "jobs:job:retry", row, JobState.WAITING)


def get(work: UnitOfWork, job_id: int) -> JobRow:
    """A job as it is in this transaction. Raises NotFoundError."""
    row = jobs.find(work.connection, job_id)
    if row is None:
        raise NotFoundError(f"there is no job {job_id}")
    return row


def record_change(work: UnitOfWork, tag: str, row: JobRow, state: JobState, message: str = "") -> None:
    """Audit that a job has come into another state, or shall."""
    after = {"kind": row.kind, "state": state} | ({"message": message} if message else {})
    record(
        work,
        tag,
        f"job:{row.id}",
        domain_id=row.domain_id,
        before={"kind": row.kind, "state": row.state},
        after=after,
    )
