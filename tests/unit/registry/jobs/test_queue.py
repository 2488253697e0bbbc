# SPDX-License-Identifier: Apache-2.0
"""Jobs are asked for in a transaction, once for a key, and can be cancelled and done again."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from registry.errors import ConflictError, NotFoundError
from registry.jobs.queue import cancel, enqueue, get, retry
from registry.jobs.worker import JobContext, Worker
from registry.storage.engine import Actor, Database
from registry.storage.queries import jobs
from registry.storage.queries.jobs import JobFilter, JobRow, JobState
from registry.storage.tables import event
from tests.simulators.offline import MovableClock

pytestmark = pytest.mark.database

ACTOR = Actor("token:ops", "request-9")


def ask(database: Database, kind: str = "count", payload: Any = None, **options: object) -> int:
    with database.write(ACTOR) as work:
        return enqueue(work, kind, payload or {}, **options)  # type: ignore[arg-type]


def read(database: Database, job_id: int) -> JobRow:
    with database.read() as connection:
        row = jobs.find(connection, job_id)
    assert row is not None
    return row


def audited(database: Database) -> list[tuple[str, str]]:
    with database.read() as connection:
        rows = connection.execute(select(event.c.tag, event.c.actor).order_by(event.c.sequence))
        return [(tag, actor) for tag, actor in rows]


def test_job_has_what_was_asked_for_and_by_whom(database: Database, clock: MovableClock) -> None:
    job_id = ask(database, "count", {"to": 3}, total=3, run_at=clock.now + timedelta(hours=1))
    row = read(database, job_id)
    assert (row.kind, row.payload, row.total, row.state) == ("count", {"to": 3}, 3, JobState.WAITING)
    assert (row.actor, row.request_id) == ("token:ops", "request-9")
    assert (row.created_at, row.run_at) == (clock.now, clock.now + timedelta(hours=1))
    assert audited(database) == [("jobs:job:create", "token:ops")]


def test_job_is_there_only_if_the_transaction_is_committed(database: Database) -> None:
    asked: list[int] = []

    def fails() -> None:
        with database.write(ACTOR) as work:
            asked.append(enqueue(work, "count", {}))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    with database.read() as connection:
        assert jobs.find(connection, asked[0]) is None
    assert audited(database) == []


def test_unfinished_job_of_the_same_key_is_the_answer(database: Database) -> None:
    first = ask(database, key="sign:1")
    assert ask(database, key="sign:1") == first
    assert ask(database, key="sign:2") != first
    assert len(audited(database)) == 2
    with database.write(ACTOR) as work:
        cancel(work, first)
    assert ask(database, key="sign:1") != first


def test_waiting_job_is_cancelled_at_once(database: Database) -> None:
    job_id = ask(database)
    with database.write(ACTOR) as work:
        assert cancel(work, job_id) is JobState.CANCELLED
    assert read(database, job_id).finished_at is not None
    assert audited(database)[-1] == ("jobs:job:cancel", "token:ops")
    with database.write(ACTOR) as work, pytest.raises(ConflictError, match="cancelled already"):
        cancel(work, job_id)


def test_running_job_is_asked_to_stop_and_audited_once(database: Database) -> None:
    job_id = ask(database)

    def run(context: JobContext) -> None:
        for _ in range(2):
            with database.write(ACTOR) as work:
                assert cancel(work, job_id) is JobState.RUNNING
        with database.write(context.actor) as work:
            context.progress(work, 1)

    assert Worker(database, {"count": run}, "w").run_one()
    assert read(database, job_id).state is JobState.CANCELLED
    assert [tag for tag, _ in audited(database)] == ["jobs:job:create", "jobs:job:cancel", "jobs:job:cancelled"]


def test_unknown_job_is_not_found(database: Database) -> None:
    with database.write(ACTOR) as work:
        for use in (get, cancel, retry):
            with pytest.raises(NotFoundError, match="no job 77"):
                use(work, 77)


def test_cancelled_job_can_be_done_again_and_a_waiting_one_not(database: Database) -> None:
    job_id = ask(database)
    with database.write(ACTOR) as work:
        with pytest.raises(ConflictError, match="is waiting"):
            retry(work, job_id)
        cancel(work, job_id)
        retry(work, job_id)
    row = read(database, job_id)
    assert (row.state, row.cancel_requested, row.finished_at) == (JobState.WAITING, False, None)


def test_job_is_not_done_again_beside_one_of_the_same_key(database: Database) -> None:
    first = ask(database, key="sign:1")
    with database.write(ACTOR) as work:
        cancel(work, first)
    ask(database, key="sign:1")
    with pytest.raises(ConflictError), database.write(ACTOR) as work:
        retry(work, first)
    assert read(database, first).state is JobState.CANCELLED


def test_page_is_filtered_and_goes_on_where_the_last_one_ended(database: Database) -> None:
    ids = [ask(database, kind) for kind in ("a", "b", "a", "a")]
    with database.write(ACTOR) as work:
        cancel(work, ids[2])
    with database.read() as connection:
        wanted = JobFilter(kind="a", states=[JobState.WAITING])
        newest = jobs.page(connection, wanted, None, 1)
        assert [row.id for row in newest] == [ids[3]]
        assert [row.id for row in jobs.page(connection, wanted, ids[3], 5)] == [ids[0]]
        oldest = jobs.page(connection, JobFilter(), ids[0], 2, newest_first=False)
        assert [row.id for row in oldest] == ids[1:3]
        assert jobs.page(connection, JobFilter(domain_ids=[1]), None, 5) == []


def test_counts_tell_since_when_the_oldest_due_job_waits(database: Database, clock: MovableClock) -> None:
    since = clock.now
    ask(database)
    ask(database, run_at=clock.now + timedelta(days=1))
    clock.forward(minutes=5)
    with database.read() as connection:
        counts = jobs.counts(connection, clock.now)
    assert (counts.waiting, counts.running, counts.failed, counts.oldest_due) == (2, 0, 0, since)


def test_only_finished_jobs_of_before_are_forgotten(database: Database, clock: MovableClock) -> None:
    ended, waiting = ask(database), ask(database)
    with database.write(ACTOR) as work:
        cancel(work, ended)
    with database.write(ACTOR) as work:
        assert jobs.delete_finished(work, clock.now, 10) == 0
        assert jobs.delete_finished(work, clock.now + timedelta(seconds=1), 10) == 1
    with database.read() as connection:
        assert jobs.find(connection, ended) is None
        assert jobs.find(connection, waiting) is not None
