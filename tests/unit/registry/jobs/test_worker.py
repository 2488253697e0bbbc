# SPDX-License-Identifier: Apache-2.0
"""Workers: each job is done once, resumed where it was, tried again with growing waits, and given back in order."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from registry.errors import TechnicalError, ValidationError
from registry.jobs.queue import enqueue
from registry.jobs.worker import FIRST_RETRY, LAST_RETRY, LEASE, MAX_ATTEMPTS, Handler, JobContext, Worker
from registry.storage.engine import Actor, Database
from registry.storage.queries import jobs
from registry.storage.queries.jobs import JobRow, JobState
from tests.simulators.offline import MovableClock

pytestmark = pytest.mark.database

ACTOR = Actor("token:ops", "request-9")


def ask(database: Database, payload: Any = None, kind: str = "count") -> int:
    with database.write(ACTOR) as work:
        return enqueue(work, kind, payload or {})


def read(database: Database, job_id: int) -> JobRow:
    with database.read() as connection:
        row = jobs.find(connection, job_id)
    assert row is not None
    return row


def worker(database: Database, handler: Handler, name: str = "w") -> Worker:
    return Worker(database, {"count": handler}, name)


def test_result_and_progress_are_kept(database: Database) -> None:
    seen: list[JobRow] = []

    def count(context: JobContext) -> dict[str, int]:
        for done in range(1, context.payload["to"] + 1):
            with database.write(context.actor) as work:
                context.progress(work, done, total=3, cursor=done, message=f"at {done}")
            seen.append(read(database, context.job.id))
        return {"counted": context.done}

    job_id = ask(database, {"to": 3})
    assert worker(database, count).run_one()
    row = read(database, job_id)
    assert (row.state, row.done, row.total, row.result) == (JobState.DONE, 3, 3, {"counted": 3})
    assert (row.claimed_by, row.claimed_until) == (None, None)
    assert [(item.done, item.message, item.state) for item in seen] == [
        (done, f"at {done}", JobState.RUNNING) for done in (1, 2, 3)
    ]


def test_nothing_to_do_is_false(database: Database, clock: MovableClock) -> None:
    nobody = worker(database, lambda _: None)
    assert not nobody.run_one()
    ask(database, kind="of another version")
    with database.write(ACTOR) as work:
        enqueue(work, "count", {}, run_at=clock.now + timedelta(seconds=1))
    assert not nobody.run_one()
    clock.forward(seconds=1)
    assert nobody.run_one()


def test_jobs_are_done_in_the_order_in_which_they_are_due(database: Database, clock: MovableClock) -> None:
    done: list[int] = []
    with database.write(ACTOR) as work:
        late = enqueue(work, "count", {}, run_at=clock.now + timedelta(seconds=5))
    first, second = ask(database), ask(database)
    clock.forward(seconds=9)
    doing = worker(database, lambda context: done.append(context.job.id))
    while doing.run_one():
        pass
    assert done == [first, second, late]


def test_worker_that_died_loses_its_job_after_the_lease_and_another_goes_on_at_the_cursor(
    database: Database, clock: MovableClock
) -> None:
    class Killed(BaseException):
        """As a process that ends without a word."""

    begun: list[Any] = []

    def dying(context: JobContext) -> None:
        begun.append(context.cursor)
        with database.write(context.actor) as work:
            context.progress(work, 5, cursor={"after": 5})
        raise Killed

    job_id = ask(database)
    with pytest.raises(Killed):
        worker(database, dying).run_one()
    second = worker(database, lambda context: begun.append((context.cursor, context.done)))
    assert not second.run_one(), "its claim lasts"
    clock.forward(seconds=LEASE.total_seconds() + 1)
    assert second.run_one()
    assert begun == [None, ({"after": 5}, 5)]
    assert read(database, job_id).state is JobState.DONE


def test_who_lost_the_job_cannot_commit_a_batch(database: Database, clock: MovableClock) -> None:
    other = worker(database, lambda _: "of the other", "other")
    started: list[int] = []

    def slow(context: JobContext) -> str:
        clock.forward(seconds=LEASE.total_seconds() + 1)
        assert other.run_one()
        with database.write(context.actor) as work:
            started.append(enqueue(work, "by the slow one", {}))
            context.progress(work, 1)
        return "of the slow one"

    job_id = ask(database)
    assert worker(database, slow).run_one()
    row = read(database, job_id)
    assert (row.state, row.result, row.done) == (JobState.DONE, "of the other", 0)
    with database.read() as connection:
        assert jobs.find(connection, started[0]) is None


def test_who_lost_the_job_cannot_end_it(database: Database, clock: MovableClock) -> None:
    other = worker(database, lambda _: "of the other", "other")

    def slow(context: JobContext) -> str:
        clock.forward(seconds=LEASE.total_seconds() + 1)
        assert other.run_one()
        return "of the slow one"

    job_id = ask(database)
    assert worker(database, slow).run_one()
    assert read(database, job_id).result == "of the other"


def test_claim_is_renewed_while_the_handler_works(database: Database, clock: MovableClock) -> None:
    renewed = threading.Event()
    begun = clock.now

    def patient(context: JobContext) -> None:
        clock.forward(seconds=10)
        while read(database, context.job.id).claimed_until == begun + timedelta(seconds=0.3):
            assert not renewed.wait(0.02)

    job_id = ask(database)
    assert Worker(database, {"count": patient}, "w", lease=timedelta(seconds=0.3)).run_one()
    assert read(database, job_id).state is JobState.DONE


def test_technical_failure_is_tried_again_with_growing_waits_and_then_given_up(
    database: Database, clock: MovableClock
) -> None:
    waits: list[timedelta] = []

    def failing(_: JobContext) -> None:
        raise TechnicalError("the name server is down")

    job_id = ask(database)
    doing = worker(database, failing)
    while (row := read(database, job_id)).state is JobState.WAITING:
        waits.append(row.run_at - clock.now)
        clock.now = row.run_at
        assert doing.run_one()
    assert waits[:4] == [timedelta(0), FIRST_RETRY, 2 * FIRST_RETRY, 4 * FIRST_RETRY]
    assert max(waits) <= LAST_RETRY
    assert len(waits) == MAX_ATTEMPTS
    assert (row.state, row.message) == (JobState.FAILED, "the name server is down")


def test_failure_of_the_input_is_not_tried_again(database: Database) -> None:
    def refusing(_: JobContext) -> None:
        raise ValidationError.of("TEST", "there is no such thing")

    job_id = ask(database)
    assert worker(database, refusing).run_one()
    row = read(database, job_id)
    assert (row.state, row.message) == (JobState.FAILED, "there is no such thing [TEST]")


def test_foreign_error_tells_its_kind_only(database: Database) -> None:
    def broken(_: JobContext) -> None:
        raise KeyError("secret of somebody")

    job_id = ask(database)
    assert worker(database, broken).run_one()
    row = read(database, job_id)
    assert row.state is JobState.WAITING
    assert row.message == "to be tried again: something went wrong inside: KeyError"


def test_attempts_begin_anew_with_progress(database: Database, clock: MovableClock) -> None:
    def stumbling(context: JobContext) -> None:
        with database.write(context.actor) as work:
            context.progress(work, context.done + 1)
        if context.done < 3 * MAX_ATTEMPTS:
            raise TechnicalError("once more")

    job_id = ask(database)
    doing = worker(database, stumbling)
    while doing.run_one():
        clock.forward(seconds=FIRST_RETRY.total_seconds())
    assert (read(database, job_id).state, read(database, job_id).done) == (JobState.DONE, 3 * MAX_ATTEMPTS)


def test_job_that_kills_its_workers_is_given_up(database: Database, clock: MovableClock) -> None:
    def deadly(_: JobContext) -> None:
        raise KeyboardInterrupt

    job_id = ask(database)
    for _ in range(MAX_ATTEMPTS):
        with pytest.raises(KeyboardInterrupt):
            worker(database, deadly).run_one()
        clock.forward(seconds=LEASE.total_seconds() + 1)
    assert worker(database, deadly).run_one()
    assert read(database, job_id).state is JobState.FAILED


def test_stopped_worker_gives_its_job_back_without_the_batch_and_without_counting(database: Database) -> None:
    asked: list[int] = []

    def long(context: JobContext) -> None:
        stopping.stop()
        with database.write(context.actor) as work:
            asked.append(enqueue(work, "in the batch", {}))
            context.progress(work, 1)

    job_id = ask(database)
    stopping = worker(database, long)
    assert stopping.run_one()
    assert not stopping.run_one()
    row = read(database, job_id)
    assert (row.state, row.attempts, row.done, row.claimed_by) == (JobState.WAITING, 0, 0, None)
    with database.read() as connection:
        assert jobs.find(connection, asked[0]) is None


def test_work_of_a_batch_and_its_progress_are_one(database: Database) -> None:
    """The batch is a use case with a transaction of its own, which joins that of the progress."""

    def batches(context: JobContext) -> None:
        for number in range(context.done, 6):
            with database.write(context.actor) as work:
                with database.write(context.actor) as inner:
                    enqueue(inner, "made", {"number": number})
                context.progress(work, number + 1)
                if number == 3 and context.job.attempts == 1:
                    raise TechnicalError("in the middle")

    job_id = ask(database)
    assert worker(database, batches).run_one()
    assert read(database, job_id).done == 3
    assert [item.payload["number"] for item in _all(database, "made")] == [2, 1, 0]


def _all(database: Database, kind: str) -> list[JobRow]:
    with database.read() as connection:
        return jobs.page(connection, jobs.JobFilter(kind=kind), None, 100)


def test_several_workers_do_each_job_once(database: Database) -> None:
    done: list[int] = []
    ids = [ask(database) for _ in range(60)]

    def empty(name: str) -> int:
        doing = worker(database, lambda context: done.append(context.job.id), name)
        number = 0
        while doing.run_one():
            number += 1
        return number

    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(empty, "abcd"))
    with database.read() as connection:
        left = jobs.counts(connection, database.now()).waiting
    if left:  # all others were looking at rows that somebody had locked
        empty("e")
    assert sorted(done) == ids
    assert sum(counts) + left == len(ids)
