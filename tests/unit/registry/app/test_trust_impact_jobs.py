# SPDX-License-Identifier: Apache-2.0
"""The nightly jobs of trust: one for each domain, against the plan where there is one, gone on with where they died."""

from contextlib import nullcontext
from typing import Any

import pytest

from registry.app import trust_impact
from registry.app.trust_impact import (
    EVIDENCE,
    IMPACT,
    compare_job,
    comparison,
    configuration_in,
    evidence_job,
    plan,
    planned,
)
from registry.app.trust_models import trust_folder
from registry.demo.content import demo_metadata
from registry.demo.pki import DemoPki
from registry.errors import ConfigurationError, TechnicalError
from registry.impact import asking
from registry.impact.report import latest_report
from registry.jobs.queue import enqueue
from registry.jobs.worker import Handler, JobContext, Worker
from registry.storage.queries import jobs
from registry.storage.queries.jobs import JobFilter, JobRow, JobState
from registry.trust.model import configuration_of
from tests.simulators.domain_trust import CRL_REQUIRED, crl, peppol_like, write_evidence
from tests.simulators.offline import ACTOR, OfflineInstance
from trust_lists.evaluation.trust_configuration import to_json
from trust_lists.sources.attempts import Fetcher


class NoWeb:
    """A fetcher that nobody asks anything."""

    @property
    def lists(self) -> Any:
        raise AssertionError("nothing is to be fetched")

    def fetch(self, kind: object, url: str, body: bytes | None = None) -> bytes:
        raise AssertionError(f"{kind} {url} is to be fetched")


def fetcher() -> Any:
    found: Fetcher = NoWeb()
    return nullcontext(found)


def handlers(offline: OfflineInstance) -> dict[str, Handler]:
    return {
        IMPACT: lambda context: compare_job(offline.instance, offline.folder, context),
        EVIDENCE: lambda context: evidence_job(offline.instance, offline.folder, fetcher, context),
    }


def work_off(offline: OfflineInstance, kind: str, domain_id: int | None = None) -> list[JobRow]:
    """Ask for a job, and do it and what it asks for; gives the jobs of the kind, the newest first."""
    with offline.instance.database.write(ACTOR) as work:
        enqueue(work, kind, {}, domain_id=domain_id)
    worker = Worker(offline.instance.database, handlers(offline), "w")
    while worker.run_one():
        pass
    with offline.instance.database.read() as connection:
        return jobs.page(connection, JobFilter(kind=kind), None, 10)


def report(offline: OfflineInstance) -> Any:
    with offline.instance.database.read() as connection:
        return latest_report(connection, offline.stored.id)


def publish(offline: OfflineInstance) -> None:
    for metadata in demo_metadata(offline.pki.access_points):
        offline.instance.publishing.put_service_metadata(ACTOR, offline.stored, metadata, create_group=True)


def test_each_domain_is_compared_with_itself_where_nothing_is_planned(offline: OfflineInstance) -> None:
    publish(offline)
    own, everybody = work_off(offline, IMPACT)
    assert (everybody.result, own.domain_id) == ({"domains": 1}, offline.stored.id)
    assert (own.state, own.done, own.total) == (JobState.DONE, own.total, own.done)
    found = report(offline)
    assert found["before"] == found["after"]
    assert found["totals"]["participants"] == 3


def test_the_plan_is_compared_and_forgotten_once_it_is_in_force(offline: OfflineInstance, pki: DemoPki) -> None:
    publish(offline)
    plan(offline.instance, ACTOR, offline.stored, peppol_like(pki))
    work_off(offline, IMPACT)
    assert report(offline)["after"]["id"] == "by-ap-ca"
    plan(offline.instance, ACTOR, offline.stored, to_json(configuration_of(offline.stored.domain)))
    work_off(offline, IMPACT)
    assert planned(offline.instance, offline.stored) is None


def test_a_wrong_plan_is_refused(offline: OfflineInstance) -> None:
    with pytest.raises(ConfigurationError, match="roles"):
        plan(offline.instance, ACTOR, offline.stored, {"apiVersion": "trust/v1", "kind": "TrustConfiguration"})
    assert planned(offline.instance, offline.stored) is None


def test_a_job_whose_worker_died_goes_on_with_its_run(
    offline: OfflineInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(offline)
    monkeypatch.setattr(asking, "BATCH", 1)
    handed_in = JobContext.progress
    left = [2]

    def dying(self: JobContext, *arguments: Any, **options: Any) -> None:
        handed_in(self, *arguments, **options)
        left[0] -= 1
        if left[0] < 0:
            raise TechnicalError("the machine has gone")

    monkeypatch.setattr(JobContext, "progress", dying)
    (waiting,) = work_off(offline, IMPACT, offline.stored.id)
    assert (waiting.state, waiting.done) == (JobState.WAITING, 2)
    begun = offline.clock()
    monkeypatch.setattr(JobContext, "progress", handed_in)
    offline.clock.forward(hours=1)
    worker = Worker(offline.instance.database, handlers(offline), "other")
    assert worker.run_one()
    assert report(offline)["since"] == f"{begun:%Y-%m-%dT%H:%M:%SZ}"


def test_evidence_is_collected_only_where_a_trust_model_asks_for_it(offline: OfflineInstance) -> None:
    (everybody,) = work_off(offline, EVIDENCE)
    assert everybody.result == {"domains": 0}
    asked = work_off(offline, EVIDENCE, offline.stored.id)[0]
    assert (asked.state, asked.result) == (JobState.DONE, {"failures": 0})


def test_a_domain_that_asks_for_evidence_gets_it(offline: OfflineInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust_impact, "needs_evidence", lambda _configuration: True)
    own, everybody = work_off(offline, EVIDENCE)
    assert everybody.result == {"domains": 1}
    assert (own.state, own.result) == (JobState.DONE, {"failures": 0})
    assert len(offline.instance.trust_models.of(offline.stored.domain).evidence.digest) == 64


def test_evidence_for_a_plan_lies_apart(offline: OfflineInstance, pki: DemoPki) -> None:
    model = peppol_like(pki, revocation=CRL_REQUIRED)
    plan(offline.instance, ACTOR, offline.stored, model)
    own, everybody = work_off(offline, EVIDENCE)
    assert (everybody.result, own.result) == ({"domains": 1}, {"failures": 0})
    compared = comparison(offline.instance, offline.folder, offline.stored, configuration_in(model))
    assert (compared.before.evidence.digest, len(compared.after.evidence.digest)) == ("", 64)
    other = comparison(offline.instance, offline.folder, offline.stored, configuration_in(peppol_like(pki)))
    assert other.after.evidence.digest == ""


def test_a_new_model_rests_on_what_was_collected_for_the_domain(offline: OfflineInstance, pki: DemoPki) -> None:
    now = offline.clock()
    digest = write_evidence(trust_folder(offline.folder, "demo"), now, crl(pki.ap_ca, now))
    compared = comparison(offline.instance, offline.folder, offline.stored, configuration_in(peppol_like(pki)))
    assert (compared.before.evidence.digest, compared.after.evidence.digest) == (digest, digest)
    (trust_folder(offline.folder, "demo") / "current").write_text("damaged")
    with pytest.raises(ConfigurationError, match="evidence"):
        comparison(offline.instance, offline.folder, offline.stored, configuration_in(peppol_like(pki)))
