# SPDX-License-Identifier: Apache-2.0
"""Two gauges of trust: participants that are about to be lost, by the last comparison; and the age of the evidence."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import delete, event
from structlog.testing import capture_logs

from registry.app.management import open_management
from registry.app.trust_metrics import TrustMetrics
from registry.app.trust_models import trust_folder
from registry.demo.pki import DemoPki
from registry.errors import TechnicalError
from registry.storage.tables import publisher, publisher_certificate, signing_key
from tests.simulators.asgi import call
from tests.simulators.certificate_chains import NOW, Authority
from tests.simulators.domain_trust import write_evidence
from tests.simulators.impact_world import ImpactWorld, trusting
from tests.simulators.offline import ACTOR, OfflineInstance, offline_instance

DAY = timedelta(days=1)
OLD, NEW = Authority("old"), Authority("new")


@pytest.fixture
def world(tmp_path: Path, pki: DemoPki) -> Iterator[ImpactWorld]:
    """Ten participants lose their access point in ten days, five more in fifty."""
    with offline_instance(tmp_path, pki) as offline:
        offline.clock.now = NOW
        with offline.instance.database.write(ACTOR) as work:
            for table in (signing_key, publisher_certificate, publisher):
                work.connection.execute(delete(table))
        world = ImpactWorld(offline)
        world.access_point("soon", OLD.issue(end=NOW + 10 * DAY), participants=10)
        world.access_point("later", OLD.issue(end=NOW + 50 * DAY), participants=5)
        yield world


def values(metrics: TrustMetrics) -> dict[str, dict[tuple[str, ...], float]]:
    return {
        each.name.removeprefix("registry_trust_"): {
            tuple(sample.labels.values()): sample.value for sample in each.samples
        }
        for each in metrics.gauges()
    }


def lost(metrics: TrustMetrics) -> dict[tuple[str, ...], float]:
    return values(metrics)["participants_lost_soon"]


def test_without_a_comparison_or_evidence_there_is_nothing_to_tell(offline: OfflineInstance) -> None:
    assert values(TrustMetrics(offline.instance)) == {"participants_lost_soon": {}, "evidence_age_seconds": {}}


def test_those_that_are_lost_within_thirty_days_from_now_are_counted(world: ImpactWorld) -> None:
    metrics, trusted = TrustMetrics(world.offline.instance), trusting(OLD)
    world.compare(trusted).run(ACTOR)
    assert lost(metrics) == {("demo", trusted.id): 10}
    world.offline.clock.now = NOW + 25 * DAY
    assert lost(metrics) == {("demo", trusted.id): 15}


def test_a_comparison_that_looks_no_further_than_now_tells_nothing(world: ImpactWorld) -> None:
    world.compare(trusting(OLD)).run(ACTOR)
    world.offline.clock.now = NOW + 92 * DAY
    assert lost(TrustMetrics(world.offline.instance)) == {}


def test_the_last_finished_comparison_counts(world: ImpactWorld) -> None:
    metrics = TrustMetrics(world.offline.instance)
    world.compare(trusting(OLD)).run(ACTOR)
    assert set(lost(metrics).values()) == {10}
    world.offline.clock.now = NOW + timedelta(hours=1)
    world.compare(trusting(OLD), trusting(NEW)).run(ACTOR)
    assert set(lost(metrics).values()) == {15}

    def dies(*_arguments: object) -> None:
        raise TechnicalError("the machine has gone")

    world.offline.clock.now = NOW + timedelta(hours=2)
    with pytest.raises(TechnicalError):
        world.compare(trusting(OLD), trusting(OLD, NEW)).run(ACTOR, progress=dies)
    assert set(lost(metrics).values()) == {15}


def test_a_report_is_read_once(world: ImpactWorld) -> None:
    metrics = TrustMetrics(world.offline.instance)
    world.compare(trusting(OLD)).run(ACTOR)
    first = lost(metrics)
    asked: list[str] = []
    listener: Callable[..., None] = lambda *arguments: asked.append(arguments[2])  # noqa: E731
    event.listen(world.offline.instance.database.engine, "before_cursor_execute", listener)
    assert lost(metrics) == first
    assert len([each for each in asked if each.startswith("SELECT")]) == 1
    assert "report" not in asked[0]


def test_the_age_of_evidence_is_told_while_there_is_some(offline: OfflineInstance) -> None:
    metrics, folder = TrustMetrics(offline.instance), trust_folder(offline.folder, "demo")
    write_evidence(folder, offline.clock.now)
    offline.clock.forward(hours=2)
    assert values(metrics)["evidence_age_seconds"] == {("demo",): 7200}
    write_evidence(folder, offline.clock.now)
    assert values(metrics)["evidence_age_seconds"] == {("demo",): 0}
    (folder / "current").unlink()
    assert values(metrics)["evidence_age_seconds"] == {}


def test_without_the_database_the_other_metrics_are_there(
    offline: OfflineInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_self: object) -> Any:
        raise TechnicalError("the database can't be reached")

    write_evidence(trust_folder(offline.folder, "demo"), offline.clock.now)
    monkeypatch.setattr(type(offline.instance.database), "read", fails)
    with capture_logs() as logs:
        found = values(TrustMetrics(offline.instance))
    assert found == {"participants_lost_soon": {}, "evidence_age_seconds": {("demo",): 0}}
    assert [each["event"] for each in logs] == ["trust_metrics_unreadable"]


def test_the_management_listener_shows_them(world: ImpactWorld) -> None:
    world.compare(trusting(OLD)).run(ACTOR)
    nothing: Any = SimpleNamespace(health=list, readiness=tuple)
    reply = call(open_management(world.offline.instance, nothing, nothing), "GET", b"/metrics")
    labels = f'{{configuration="{trusting(OLD).id}",domain="demo"}}'
    assert f"\nregistry_trust_participants_lost_soon{labels} 10.0\n" in reply.body.decode()
