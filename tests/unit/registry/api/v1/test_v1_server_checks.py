# SPDX-License-Identifier: Apache-2.0
"""What name servers serve is looked at, and put right, over REST: as jobs whose results are the plan and the report."""

from typing import Any

import pytest

from registry.accounts.permissions import Role, Scope
from registry.app.domain_setup import change_domain
from registry.app.job_handlers import handlers
from registry.consistency.server_checks import KIND
from registry.jobs.worker import Worker
from registry.settings import load_settings
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.rest_callers import RestCaller, RestOffice
from tests.simulators.served_zones import Zone
from tests.simulators.zone_sender import Text, ZoneSender, sending, without

SERVERS = "/domains/demo/name-servers"


@pytest.fixture
def office(offline: OfflineInstance) -> RestOffice:
    return RestOffice(offline)


@pytest.fixture
def zone(office: RestOffice) -> Zone:
    return Zone(office.offline)


@pytest.fixture
def admin(office: RestOffice) -> RestCaller:
    return office.caller(Role.ADMIN, Scope(office.offline.stored.id))


def done(office: RestOffice, by: RestCaller, records: list[Text], path: str, body: dict[str, Any]) -> Any:
    """Ask for a look at a server with these records, which the domain observes; have it done, and read the job."""
    with sending(ZoneSender(records)) as sender:
        offline = office.offline
        change_domain(offline.instance, ACTOR, "demo", {"dns": {"observed_servers": [sender.address]}})
        reply = office.ask("POST", f"{SERVERS}/{path}", by, body)
        assert reply.status == 202
        handler = handlers(offline.instance, load_settings(data_dir=offline.folder))[KIND]
        assert Worker(office.database, {KIND: handler}, "test").run_one()
        return office.ask("GET", reply.headers["location"].removeprefix("/api/v1"), by).json()


def test_check_tells_what_differs_and_what_a_repair_would_do(office: RestOffice, zone: Zone, admin: RestCaller) -> None:
    job = done(office, admin, without(zone.served(), f"n1.{zone.name}."), "check", {})
    assert job["state"] == "done"
    result = job["result"]
    (server,) = result["servers"]
    assert server["counts"] == {"missing": 1, "differs": 0, "surplus": 0, "foreign": 0}
    assert (result["agrees"], result["repair"]) == (False, None)
    assert result["plan"]["serial_after"] == zone.row.serial + 1


def test_repair_does_it(office: RestOffice, zone: Zone, admin: RestCaller) -> None:
    serial = zone.row.serial
    result = done(office, admin, without(zone.served(), f"n1.{zone.name}."), "repair", {"samples": 100})["result"]
    assert result["repair"] == {"serial": serial + 1, "written": {}, "failures": {}}
    assert zone.row.history_from == serial + 1
    assert done(office, admin, zone.served(), "check", {})["result"]["agrees"]


def test_repair_that_would_change_too_much_is_refused(office: RestOffice, zone: Zone, admin: RestCaller) -> None:
    serial = zone.row.serial
    records = [(o, t + 1, k, d) if k == "TXT" else (o, t, k, d) for o, t, k, d in zone.served()]
    job = done(office, admin, records, "repair", {})
    assert job["state"] == "failed"
    assert "more than 30 %" in str(job)
    assert zone.row.serial == serial
    assert done(office, admin, records, "repair", {"max_percent": 100})["result"]["repair"]["serial"] == serial + 1


def test_server_that_the_settings_do_not_name_is_not_asked(office: RestOffice, zone: Zone, admin: RestCaller) -> None:
    job = done(office, admin, zone.served(), "check", {"servers": ["192.0.2.1:53"]})
    assert job["state"] == "failed"
    assert "no name servers of" in str(job)


def test_same_check_is_asked_for_once(office: RestOffice, admin: RestCaller) -> None:
    first, second = (office.ask("POST", f"{SERVERS}/check", admin, {}).json()["id"] for _ in range(2))
    assert first == second


@pytest.mark.parametrize("body", [{"samples": 0}, {"servers": "x"}, {"max_percent": 10}])
def test_body_that_is_none_is_refused(office: RestOffice, admin: RestCaller, body: dict[str, Any]) -> None:
    assert office.ask("POST", f"{SERVERS}/check", admin, body).status == 400
