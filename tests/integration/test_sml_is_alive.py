# SPDX-License-Identifier: Apache-2.0
"""IsAlive says yes only while database, journal and name server do their work (sml.md §1.1 C)."""

import asyncio

import pytest

from registry.app import sml_liveness
from registry.app.sml_liveness import SmlLiveness
from registry.app.zone_service import ZoneService, ZoneStatus
from registry.errors import TechnicalError
from registry.sml.errors import FaultKind, SmlError
from registry.storage.queries import probes
from tests.simulators.live import LiveInstance


def refusal(live: LiveInstance) -> str:
    with live.sml_client() as client, pytest.raises(SmlError) as caught:
        client.is_alive()
    assert caught.value.kind is FaultKind.INTERNAL_ERROR
    return str(caught.value)


def zones_of(live: LiveInstance) -> ZoneService:
    assert live.serving._zones is not None
    return live.serving._zones


def test_running_sml_is_alive(shared_live: LiveInstance) -> None:
    shared_live.wait_for_dns()
    with shared_live.sml_client() as client:
        client.is_alive()


def test_changes_that_wait_for_dns_are_told(shared_live: LiveInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    zones = zones_of(shared_live)
    stay_at(shared_live, ZoneStatus(3600.0, (), zones.status.seen_at), monkeypatch)
    assert refusal(shared_live).startswith("[ERR-107] DNS: changes wait for DNS since ")


def test_zone_that_can_not_be_served_is_told(shared_live: LiveInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    zones = zones_of(shared_live)
    stay_at(shared_live, ZoneStatus(0.0, ("sml.test",), zones.status.seen_at), monkeypatch)
    assert refusal(shared_live) == "[ERR-107] DNS: zones that can't be served: sml.test"


def stay_at(live: LiveInstance, status: ZoneStatus, monkeypatch: pytest.MonkeyPatch) -> None:
    zones = zones_of(live)

    async def publish() -> float:
        zones.status = status
        return status.lag_s

    async def once_the_running_look_has_ended() -> None:
        async with zones.publishing:
            zones.status = status

    monkeypatch.setattr(zones, "_publish", publish)
    monkeypatch.setattr(zones, "status", status)
    asyncio.run_coroutine_threadsafe(once_the_running_look_has_ended(), live.loop).result(10)


def test_name_server_that_does_not_answer_is_told(shared_live: LiveInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    shared_live.wait_for_dns()
    monkeypatch.setattr(sml_liveness, "ANSWER_S", 0.2)
    monkeypatch.setattr(shared_live.serving.dns, "add_zone", lambda _zone: None)
    zones = zones_of(shared_live)
    liveness = SmlLiveness(shared_live.instance.database, zones, 60)
    liveness.check()
    monkeypatch.setattr(zones, "address", "127.0.0.1:1")
    assert refusal(shared_live) == "[ERR-107] DNS: the name server doesn't answer for sml.test"


def test_name_server_without_the_zone_is_told(shared_live: LiveInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SmlLiveness, "_names", lambda _self: ["elsewhere.test"])
    told = refusal(shared_live)
    assert told == "[ERR-107] DNS: the name server has no authoritative answer for elsewhere.test"


def failing(*_args: object) -> bool:
    raise TechnicalError("the disk is full")


def test_database_that_takes_nothing_is_told_without_details(
    shared_live: LiveInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probes, "write_and_read", failing)
    assert refusal(shared_live) == "[ERR-105] technical error"
