# SPDX-License-Identifier: Apache-2.0
"""What this program can do in the background, and what comes of it."""

import pytest

from registry.api.v1 import bulk_job
from registry.app.job_handlers import RECURRING, _then_sign, handlers
from registry.app.signing_job import KIND
from registry.jobs.queue import enqueue
from registry.jobs.worker import Handler, Worker
from registry.settings import load_settings
from registry.storage.queries import jobs
from registry.storage.queries.jobs import JobFilter, JobRow, JobState
from tests.simulators.offline import ACTOR, OfflineInstance


def run(offline: OfflineInstance, known: dict[str, Handler], kind: str, payload: dict[str, object]) -> JobRow:
    database = offline.instance.database
    with database.write(ACTOR) as work:
        job_id = enqueue(work, kind, payload, domain_id=offline.stored.id)
    assert Worker(database, known, "w").run_one()
    with database.read() as connection:
        row = jobs.find(connection, job_id)
    assert row is not None
    return row


def test_recurring_work_can_be_done(offline: OfflineInstance) -> None:
    known = dict(handlers(offline.instance, load_settings(data_dir=offline.folder)))
    for recurring in RECURRING:
        row = run(offline, known, recurring.kind, dict(recurring.payload))
        assert (row.state, row.message) == (JobState.DONE, "")


@pytest.mark.parametrize(("plan", "signings"), [(False, 1), (True, 0)])
def test_what_is_published_in_bulk_is_signed_afterwards(offline: OfflineInstance, plan: bool, signings: int) -> None:
    known = {"bulk": _then_sign(lambda _: {"created": 2}, bulk_job.only_plans)}
    row = run(offline, known, "bulk", {"plan": plan})
    assert row.result == {"created": 2}
    with offline.instance.database.read() as connection:
        assert len(jobs.page(connection, JobFilter(kind=KIND), None, 10)) == signings


def test_what_a_plan_publishes_is_signed_whatever_its_payload_is_called(offline: OfflineInstance) -> None:
    run(offline, {"apply": _then_sign(lambda _: {})}, "apply", {"plan": True})
    with offline.instance.database.read() as connection:
        assert len(jobs.page(connection, JobFilter(kind=KIND), None, 10)) == 1
