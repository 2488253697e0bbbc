# SPDX-License-Identifier: Apache-2.0
"""The signing job leaves nothing unsigned, signs nothing twice, and goes on where another worker stopped."""

from dataclasses import replace

import pytest
from sqlalchemy import delete, select

from registry.app.signing_job import request_signing, sign_documents
from registry.demo.content import demo_metadata
from registry.jobs.queue import enqueue
from registry.jobs.worker import Worker
from registry.metadata import ServiceGroup
from registry.storage.queries import jobs, unsigned_documents
from registry.storage.queries.jobs import JobRow, JobState
from registry.storage.tables import signed_document
from tests.simulators.offline import ACTOR, OfflineInstance, participant


@pytest.fixture
def published(offline: OfflineInstance) -> OfflineInstance:
    """Five participants with a service each, of which nobody has asked for the documents."""
    template = demo_metadata(offline.pki.access_points)[0]
    for number in range(5):
        someone = participant(f"0088:sign{number}")
        offline.instance.publishing.put_service_group(ACTOR, offline.stored, ServiceGroup(someone))
        metadata = replace(template, participant=someone)
        offline.instance.publishing.put_service_metadata(ACTOR, offline.stored, metadata)
    return offline


def run(offline: OfflineInstance) -> JobRow:
    database = offline.instance.database
    with database.write(ACTOR) as work:
        job_id = request_signing(work, offline.stored.id)
    worker = Worker(database, {"sign-documents": lambda context: sign_documents(offline.instance, context)}, "w")
    assert worker.run_one()
    with database.read() as connection:
        row = jobs.find(connection, job_id)
    assert row is not None
    return row


def unsigned(offline: OfflineInstance) -> list[int]:
    database = offline.instance.database
    with database.read() as connection:
        return unsigned_documents.services(connection, offline.stored.id, "busdox", database.now(), after=0, limit=100)


def signatures(offline: OfflineInstance) -> list[str]:
    with offline.instance.database.read() as connection:
        return list(connection.execute(select(signed_document.c.etag).order_by(signed_document.c.service_id)).scalars())


def test_everything_is_signed_with_progress(published: OfflineInstance) -> None:
    assert len(unsigned(published)) == 5
    row = run(published)
    assert (row.state, row.done, row.total, row.result) == (JobState.DONE, 5, 5, {"looked_at": 5, "not_sayable": 0})
    assert unsigned(published) == []
    assert len(signatures(published)) == 5


def test_what_is_signed_is_not_signed_again(published: OfflineInstance) -> None:
    run(published)
    before = signatures(published)
    with published.instance.database.write(ACTOR) as work:
        work.connection.execute(delete(signed_document).where(signed_document.c.etag == before[2]))
    assert run(published).done == 1
    assert len(signatures(published)) == 5
    assert unsigned(published) == []


def test_domain_asks_for_its_signatures_once_at_a_time(published: OfflineInstance) -> None:
    with published.instance.database.write(ACTOR) as work:
        assert request_signing(work, published.stored.id) == request_signing(work, published.stored.id)


def test_job_of_a_domain_that_is_gone_fails(offline: OfflineInstance) -> None:
    database = offline.instance.database
    with database.write(ACTOR) as work:
        job_id = enqueue(work, "sign-documents", {})
    Worker(database, {"sign-documents": lambda context: sign_documents(offline.instance, context)}, "w").run_one()
    with database.read() as connection:
        row = jobs.find(connection, job_id)
    assert row is not None
    assert row.state is JobState.FAILED
