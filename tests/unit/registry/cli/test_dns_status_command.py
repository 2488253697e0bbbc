# SPDX-License-Identifier: Apache-2.0
"""`registry dns status`: what is known of the name servers of all zones, and when that is an exit code."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from registry.app.domain_setup import change_domain
from registry.app.job_handlers import handlers
from registry.cli.exits import DONE, REFUSED
from registry.cli.main import app
from registry.consistency.server_checks import KIND, ServerCheckWanted, request_server_check
from registry.demo.pki import DemoPki
from registry.dns.journal import ZonePublisher
from registry.jobs.worker import Worker
from registry.settings import load_settings
from registry.storage.queries import name_servers, zone_notices, zone_pushes, zone_transfers, zones
from registry.storage.queries.zone_notices import Notice
from registry.storage.queries.zone_pushes import ZonePushRow
from registry.storage.queries.zone_transfers import TransferRow
from tests.simulators.offline import ACTOR, OfflineInstance, offline_instance

ONE, TARGET = "192.0.2.1:53", "198.51.100.1:53"


@pytest.fixture
def world(tmp_path: Path, pki: DemoPki, monkeypatch: pytest.MonkeyPatch) -> Iterator[OfflineInstance]:
    """A published zone with a secondary and a target."""
    url = f"sqlite:///{tmp_path / 'registry.sqlite3'}"
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("REGISTRY_DATABASE_URL", url)
    with offline_instance(tmp_path, pki, database=url) as offline:
        servers = {
            "secondaries": [{"server": ONE, "key": "one.test"}],
            "push_to": [{"server": TARGET, "key": "push.test", "zone": "there.test", "only_writer": False}],
        }
        offline.stored = change_domain(offline.instance, ACTOR, "demo", {"dns": servers})
        ZonePublisher(offline.instance.database, "test", 0).tick(serve=False)
        yield offline


def shown(code: int, *arguments: str) -> str:
    result = CliRunner().invoke(app, ["dns", "status", *arguments], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.stdout


def told(code: int, *arguments: str) -> dict[str, Any]:
    (zone,) = [json.loads(line) for line in shown(code, "--json", *arguments).splitlines()]
    assert isinstance(zone, dict)
    return zone


def serve(world: OfflineInstance, ahead: int = 0) -> int:
    """Both servers have the zone, the secondary by so much more."""
    zone_id = world.stored.zone_id
    assert zone_id is not None
    with world.instance.database.write(ACTOR) as work:
        serial = zones.by_id(work.connection, zone_id).serial
        name_servers.seen(work, zone_id, ONE, serial + ahead)
        zone_notices.note(work, [Notice(zone_id, ONE, serial, None)])
        row = TransferRow(zone_id, "192.0.2.1", "one.test", "AXFR", serial, 4711, 12, work.now, None, None)
        zone_transfers.note(work, row)
        place = ZonePushRow(zone_id, TARGET, "there.test")
        zone_pushes.note(work, place, serial=serial, pushed_at=work.now, soa="secret of the course")
    return serial


def test_servers_of_which_nothing_is_known_are_no_good_end(world: OfflineInstance) -> None:
    zone = told(REFUSED)
    assert [server["serial"] for server in zone["servers"]] == [None, None]
    assert "nobody knows yet" in shown(REFUSED)


def test_everything_that_is_known_is_told(world: OfflineInstance) -> None:
    serial = serve(world)
    zone = told(DONE)
    one, target = zone["servers"]
    assert (zone["zone"], zone["domain"], zone["serial"]) == ("sml.test", "demo", serial)
    assert (one["role"], one["serial"], one["ahead"], one["failures"]) == ("secondary", serial, False, {})
    assert (one["notified"]["serial"], one["transfer"]["kind"], one["transfer"]["octets"]) == (serial, "AXFR", 4711)
    assert (target["role"], target["zone_there"], target["pushed"]["serial"]) == ("push-target", "there.test", serial)
    assert "soa" not in target["pushed"]
    text = shown(DONE)
    for part in (f"{ONE}  secondary  serial {serial}", "acknowledged", "4711 octets", "as there.test"):
        assert part in text


def test_server_that_is_ahead_is_no_good_end(world: OfflineInstance) -> None:
    serve(world, ahead=1)
    assert told(REFUSED)["servers"][0]["ahead"] is True
    assert "AHEAD" in shown(REFUSED)


def test_server_may_be_behind_for_as_long_as_is_said(world: OfflineInstance) -> None:
    serve(world, ahead=-1)
    world.clock.forward(seconds=-100)
    with world.instance.database.write(ACTOR) as work:
        assert world.stored.zone_id is not None
        name_servers.stamped(work, world.stored.zone_id, zones.by_id(work.connection, world.stored.zone_id).serial)
    assert told(DONE, "--most-behind", "100000")["servers"][0]["behind_s"] >= 100
    shown(REFUSED, "--most-behind", "50")


def test_failed_transfer_is_no_good_end(world: OfflineInstance) -> None:
    serial = serve(world)
    with world.instance.database.write(ACTOR) as work:
        assert world.stored.zone_id is not None
        row = TransferRow(
            world.stored.zone_id, "192.0.2.1", "one.test", "IXFR", serial, 1, 1, None, work.now, "cut\x1b[31m off"
        )
        zone_transfers.note(work, row)
    assert told(REFUSED)["servers"][0]["failures"] == {"transfer": "cut\x1b[31m off"}
    assert "\x1b" not in shown(REFUSED)


def test_zone_without_servers_is_a_good_end_with_a_hint(world: OfflineInstance) -> None:
    change_domain(world.instance, ACTOR, "demo", {"dns": {"secondaries": [], "push_to": []}})
    result = CliRunner().invoke(app, ["dns", "status"], catch_exceptions=False)
    assert result.exit_code == DONE
    assert "no name server is known" in result.stderr


def test_what_was_found_when_the_content_was_compared_is_told(world: OfflineInstance) -> None:
    change_domain(
        world.instance, ACTOR, "demo", {"dns": {"secondaries": [], "push_to": [], "observed_servers": ["127.0.0.1:1"]}}
    )
    assert told(REFUSED)["servers"][0]["content"] is None
    with world.instance.database.write(ACTOR) as work:
        request_server_check(work, world.stored, ServerCheckWanted())
    handler = handlers(world.instance, load_settings(data_dir=world.folder))[KIND]
    assert Worker(world.instance.database, {KIND: handler}, "test").run_one()
    content = told(REFUSED)["servers"][0]["content"]
    assert (content["agrees"], content["counts"]["missing"]) == (False, 0)
    assert f"content not compared at {world.clock.now:%Y-%m-%dT}" in shown(REFUSED)


def test_asking_first_finds_who_is_silent(world: OfflineInstance) -> None:
    change_domain(world.instance, ACTOR, "demo", {"dns": {"secondaries": [], "observed_servers": ["127.0.0.1:1"]}})
    server = told(REFUSED, "--now", "--domain", "demo")["servers"][0]
    assert (server["address"], server["role"]) == ("127.0.0.1:1", "observed")
    assert "answer" in server["failures"]
