# SPDX-License-Identifier: Apache-2.0
"""Each day all name servers are compared with what their zones hold; events, metrics and REST tell what was found."""

from collections.abc import Iterator
from typing import Any

import pytest

from registry.accounts.permissions import Role, Scope
from registry.app.domain_setup import change_domain
from registry.app.job_handlers import RECURRING, handlers
from registry.app.name_server_metrics import NameServerMetrics
from registry.app.server_check_job import CHECK_ALL
from registry.jobs.queue import enqueue
from registry.jobs.worker import Worker
from registry.settings import load_settings
from tests.simulators.audit import all_events
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.rest_callers import RestOffice
from tests.simulators.served_zones import Zone
from tests.simulators.zone_sender import ZoneSender, sending, without


@pytest.fixture
def zone(offline: OfflineInstance) -> Zone:
    return Zone(offline)


@pytest.fixture
def sender(zone: Zone) -> Iterator[ZoneSender]:
    """A server that is observed, and serves what it should."""
    with sending(ZoneSender(zone.served())) as made:
        change_domain(zone.offline.instance, ACTOR, "demo", {"dns": {"observed_servers": [made.address]}})
        yield made


def a_day_later(offline: OfflineInstance) -> int:
    """Have done what is asked for each day; returns how many jobs that took."""
    offline.clock.forward(days=1)
    with offline.instance.database.write(ACTOR) as work:
        enqueue(work, CHECK_ALL, {})
    worker = Worker(
        offline.instance.database, handlers(offline.instance, load_settings(data_dir=offline.folder)), "test"
    )
    return sum(iter(worker.run_one, False))


def found(offline: OfflineInstance) -> list[Any]:
    return [event.after for event in all_events(offline.instance.database, "dns:zone:check")]


def gauge(offline: OfflineInstance, name: str) -> list[float]:
    metrics = {each.name: each for each in NameServerMetrics(offline.instance).gauges()}
    return [sample.value for sample in metrics[f"registry_name_server_{name}"].samples]


def test_it_is_asked_for_each_day() -> None:
    (daily,) = [each for each in RECURRING if each.kind == CHECK_ALL]
    assert daily.every.days == 1


def test_where_no_server_is_named_nobody_is_asked(offline: OfflineInstance) -> None:
    assert a_day_later(offline) == 1
    assert found(offline) == []
    assert gauge(offline, "content_wrong") == []


def test_what_was_found_is_told_everywhere(zone: Zone, sender: ZoneSender) -> None:
    offline = zone.offline
    office = RestOffice(offline)
    admin = office.caller(Role.ADMIN, Scope(offline.stored.id))

    def shown() -> Any:
        (server,) = office.ask("GET", "/domains/demo/name-servers", admin).json()["items"]
        return server["content"]

    assert shown() is None
    assert a_day_later(offline) == 2
    assert found(offline)[-1] == {
        "agrees": True,
        "servers": {f"{sender.address} sml.test": {"agrees": True, "standing": "current"}},
    }
    assert (shown()["agrees"], shown()["failure"], gauge(offline, "content_wrong")) == (True, None, [0])

    sender.records = without(sender.records, f"n1.{zone.name}.")
    a_day_later(offline)
    assert found(offline)[-1]["servers"][f"{sender.address} sml.test"]["missing"] == 1
    assert (shown()["agrees"], shown()["missing"], gauge(offline, "content_wrong")) == (False, 1, [1])

    sender.records = [(f"{zone.name}.", 1, "TXT", '"no SOA"')]
    a_day_later(offline)
    assert isinstance(found(offline)[-1]["servers"][f"{sender.address} sml.test"], str)
    assert shown()["failure"] is not None
    assert gauge(offline, "content_wrong") == [1]
    offline.clock.forward(seconds=60)
    assert gauge(offline, "content_age_seconds") == [60]


def test_look_that_was_about_another_server_hides_nothing(zone: Zone, sender: ZoneSender) -> None:
    offline = zone.offline
    a_day_later(offline)
    with sending(ZoneSender(zone.served())) as other:
        change_domain(offline.instance, ACTOR, "demo", {"dns": {"observed_servers": [other.address]}})
        a_day_later(offline)
        change_domain(offline.instance, ACTOR, "demo", {"dns": {"observed_servers": [sender.address, other.address]}})
    assert gauge(offline, "content_wrong") == [0, 0]
