# SPDX-License-Identifier: Apache-2.0
"""A worker: takes a job, lets its handler do it, and writes down what became of it.

A job is claimed for a while, and the claim renewed as long as the handler works. A worker that dies loses the job to
another one, which goes on at the cursor. How far a job is, is written in the transaction of the batch that was done:
either both are there or neither, so nothing is done twice, and who has lost the claim meanwhile can't commit.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import structlog

from registry.errors import RegistryError, TechnicalError
from registry.jobs.queue import record_change
from registry.storage.engine import Actor, Database
from registry.storage.queries import jobs
from registry.storage.queries.jobs import JobRow, JobState
from registry.storage.unit_of_work import UnitOfWork
from registry.telemetry import jobs_total, new_request_id

LEASE = timedelta(seconds=30)
"""How long a job of a worker that died waits for another one."""
MAX_ATTEMPTS = 8
FIRST_RETRY = timedelta(seconds=5)
"""How long a job waits after its first failure; each time it is twice as long, up to `LAST_RETRY`."""
LAST_RETRY = timedelta(minutes=10)

log = structlog.get_logger(__name__)


class JobCancelledError(RegistryError):
    """Somebody has cancelled the job; what its present batch did is taken back."""


class JobInterruptedError(RegistryError):
    """The job isn't this worker's any more, or the worker has to stop; what its present batch did is taken back."""


class JobContext:
    """What a handler has: its job, the database, the name for the audit, and how to say how far it is."""

    def __init__(
        self, job: JobRow, database: Database, worker: str, lease: timedelta, stopping: threading.Event
    ) -> None:
        self.job = job
        self.database = database
        self.actor = Actor(f"job:{job.kind}", job.request_id)
        self._worker = worker
        self._lease = lease
        self._stopping = stopping
        self._done = job.done
        self._cursor = job.cursor

    @property
    def payload(self) -> Mapping[str, Any]:
        """The JSON object that the job was asked for with."""
        return self.job.payload

    @property
    def cursor(self) -> Any:
        """Where to go on: what the last `progress` said, of whatever worker; None at the beginning."""
        return self._cursor

    @property
    def done(self) -> int:
        """How much is done, by whatever worker."""
        return self._done

    def progress(
        self, work: UnitOfWork, done: int, *, total: int | None = None, cursor: Any = None, message: str = ""
    ) -> None:
        """Say how far the job is, in the transaction of what was done; without `total` or `cursor` they stay.

        Raises JobCancelledError and JobInterruptedError: let them out, they end the job, and take the batch back.
        """
        values: dict[str, Any] = {"done": done, "message": message}
        if total is not None:
            values["total"] = total
        if cursor is not None:
            values["cursor"] = cursor
        cancelled = jobs.progress(work, self.job.id, self._worker, self._lease, values)
        if cancelled is None:
            raise JobInterruptedError(f"job {self.job.id} was lost to another worker")
        if cancelled:
            raise JobCancelledError(f"job {self.job.id} was cancelled")
        if self._stopping.is_set():
            raise JobInterruptedError(f"the worker of job {self.job.id} stops")
        self._done = done
        self._cursor = self._cursor if cursor is None else cursor


Handler = Callable[[JobContext], Any]
"""Does a job and returns its result as JSON; from `JobContext.cursor` on, for it may have been begun before."""


class Worker:
    """Does jobs of the kinds that it has handlers for, one at a time. Blocking: it belongs in a thread of its own."""

    def __init__(
        self, database: Database, handlers: Mapping[str, Handler], name: str, *, lease: timedelta = LEASE
    ) -> None:
        self._database = database
        self._handlers = handlers
        self._name = f"{name[:27]}:{new_request_id()}"  # no two workers are one, whatever their names
        self._lease = lease
        self._stopping = threading.Event()
        self.job_id: int | None = None
        """The job that it does, or did last."""

    def stop(self) -> None:
        """Take no more jobs; the present one is given back, for others, when it next says how far it is."""
        self._stopping.set()

    @property
    def is_stopping(self) -> bool:
        """Whether it was told to stop."""
        return self._stopping.is_set()

    def run_one(self) -> bool:
        """Do a job if one is due; False where there is none, or after `stop`."""
        if self._stopping.is_set():
            return False
        kinds = list(self._handlers)
        with self._database.read() as connection:
            if not jobs.is_due(connection, kinds, self._database.now()):
                return False
        with self._database.write(Actor(f"worker:{self._name}")) as work:
            row = jobs.claim(work, self._name, kinds, self._lease)
        if row is None:
            return False
        self.job_id = row.id
        if row.attempts > MAX_ATTEMPTS:
            self._end(row, JobState.FAILED, "jobs:job:fail", f"given up: {MAX_ATTEMPTS} workers died of it or with it")
        elif row.cancel_requested:
            self._end(row, JobState.CANCELLED, "jobs:job:cancelled", row.message)
        else:
            self._do(row)
        return True

    def _do(self, row: JobRow) -> None:
        context = JobContext(row, self._database, self._name, self._lease, self._stopping)
        try:
            with self._renewed(row):
                result = self._handlers[row.kind](context)
        except JobCancelledError:
            self._end(row, JobState.CANCELLED, "jobs:job:cancelled", None)
        except JobInterruptedError as error:
            log.info("job_interrupted", job=row.id, kind=row.kind, reason=str(error))
            self._give_back(row)
        except Exception as error:  # noqa: BLE001 — whatever it was: the job failed, the worker goes on
            self._failed(row, error)
        else:
            self._end(row, JobState.DONE, "jobs:job:finish", None, result)

    def _failed(self, row: JobRow, error: Exception) -> None:
        told = isinstance(error, RegistryError)
        text = str(error) if told else f"something went wrong inside: {type(error).__name__}"
        log.error("job_failed", job=row.id, kind=row.kind, attempt=row.attempts, reason=text, exc_info=not told)
        # What we raise on purpose about the input or the set-up would be the same the next time.
        lasting = told and not isinstance(error, TechnicalError)
        with self._database.read() as connection:
            present = jobs.find(connection, row.id)
        attempts = present.attempts if present else row.attempts  # began anew where it has made progress
        if lasting or attempts >= MAX_ATTEMPTS:
            self._end(row, JobState.FAILED, "jobs:job:fail", text)
            return
        wait = min(FIRST_RETRY * 2 ** (attempts - 1), LAST_RETRY)
        with self._database.write(self._actor(row)) as work:
            jobs.give_back(work, row.id, self._name, work.now + wait, message=f"to be tried again: {text}")
        jobs_total.labels(row.kind, "retried").inc()

    def _end(self, row: JobRow, state: JobState, tag: str, message: str | None, result: Any = None) -> None:
        with self._database.write(self._actor(row)) as work:
            if not jobs.finish(work, row.id, self._name, state, message=message, result=result):
                log.warning("job_lost", job=row.id, kind=row.kind)
                return
            record_change(work, tag, row, state, message or "")
        jobs_total.labels(row.kind, state.value).inc()

    def _give_back(self, row: JobRow) -> None:
        with self._database.write(self._actor(row)) as work:
            jobs.give_back(work, row.id, self._name, work.now, counts=False)

    @staticmethod
    def _actor(row: JobRow) -> Actor:
        return Actor(f"job:{row.kind}", row.request_id)

    @contextlib.contextmanager
    def _renewed(self, row: JobRow) -> Iterator[None]:
        """Keep the claim while the block runs, however long it says nothing."""
        ended = threading.Event()

        def renew() -> None:
            while not ended.wait(self._lease.total_seconds() / 3):
                try:
                    with self._database.write(self._actor(row)) as work:
                        if not jobs.renew(work, row.id, self._name, self._lease):
                            return
                except RegistryError as error:  # the next time may do; without, the claim runs out
                    log.warning("job_not_renewed", job=row.id, reason=str(error))

        thread = threading.Thread(target=renew, name=f"job-{row.id}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
