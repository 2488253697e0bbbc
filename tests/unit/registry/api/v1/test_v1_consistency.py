# SPDX-License-Identifier: Apache-2.0
"""Checks, repairs and what DNS shows, over REST."""

from typing import Any

import pytest

from registry.accounts.permissions import Role, Scope
from registry.app.domain_setup import change_domain
from registry.app.job_handlers import handlers
from registry.consistency.run import KIND
from registry.dns.asking import ShownSoa
from registry.dns.journal import NewState, ZonePublisher
from registry.dns.observation import observe
from registry.jobs.worker import Worker
from registry.settings import load_settings
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, OfflineInstance, participant
from tests.simulators.rest_callers import RestCaller, RestOffice, segment

DOMAIN = "/domains/demo"
REGISTERED = f"{DOMAIN}/registrations/{segment(str(participant()))}"


@pytest.fixture
def office(offline: OfflineInstance) -> RestOffice:
    offline.instance.sml.create_participants(offline.caller(), SMP_ID, [participant()])
    return RestOffice(offline)


@pytest.fixture
def admin(office: RestOffice) -> RestCaller:
    return office.caller(Role.ADMIN, Scope(office.offline.stored.id))


def spoil(office: RestOffice) -> None:
    """A name that nothing accounts for."""
    offline = office.offline
    assert offline.stored.zone_id is not None
    with offline.instance.database.write(ACTOR) as work:
        surplus = NewState("gone.publisher", "CNAME", "60 smp.example.org.")
        offline.instance.journal.write(work, offline.stored.zone_id, [surplus])


def done(office: RestOffice, by: RestCaller, path: str, body: Any) -> Any:
    """Ask for a check, have it done, and read the job."""
    reply = office.ask("POST", f"{DOMAIN}/consistency{path}", by, body)
    assert reply.status == 202
    place = reply.headers["location"].removeprefix("/api/v1")
    handler = handlers(office.offline.instance, load_settings(data_dir=office.offline.folder))[KIND]
    assert Worker(office.database, {KIND: handler}, "test").run_one()
    return office.ask("GET", place, by).json()


def test_check_is_a_job_whose_result_is_the_plan(office: RestOffice, admin: RestCaller) -> None:
    spoil(office)
    job = done(office, admin, "", {})
    assert (job["state"], job["domain"]) == ("done", "demo")
    assert job["result"]["counts"] == {"name-surplus": 1, "registration-unserved": 1}
    example = next(item for item in job["result"]["examples"] if item["kind"] == "name-surplus")
    assert example["found"] == "60 smp.example.org."
    assert job["result"]["repair"] is None


def test_repair_puts_the_chosen_kinds_right(office: RestOffice, admin: RestCaller) -> None:
    spoil(office)
    result = done(office, admin, "/repair", {"kinds": ["name-surplus"]})["result"]
    assert result["repair"]["repaired"] == {"name-surplus": 1}
    assert done(office, admin, "", {"areas": ["names"]})["result"]["consistent"]


def test_kind_that_nothing_repairs_is_refused(office: RestOffice, admin: RestCaller) -> None:
    assert office.ask("POST", f"{DOMAIN}/consistency/repair", admin, {"kinds": ["name-contested"]}).status == 400


def test_same_check_is_asked_for_once(office: RestOffice, admin: RestCaller) -> None:
    first, second = (office.ask("POST", f"{DOMAIN}/consistency", admin, {}).json()["id"] for _ in range(2))
    assert first == second


def test_visibility_of_participant_publisher_and_servers(office: RestOffice, admin: RestCaller) -> None:
    offline = office.offline
    waiting = office.ask("GET", f"{REGISTERED}/visibility", admin).json()
    assert (waiting["in_dns"], waiting["serial"], waiting["visible"]) == (True, None, False)
    observed = {"dns": {"observed_servers": ["ns1.example.org", "ns2.example.org"]}}
    offline.stored = change_domain(offline.instance, ACTOR, "demo", observed)
    ZonePublisher(office.database, "test", interval_s=0).tick(serve=False)
    serial = office.ask("GET", f"{DOMAIN}/zone", admin).json()["serial"]
    offline.clock.forward(seconds=5)
    observe(office.database, [offline.stored], lambda server, _zone: ShownSoa(serial - (server[:3] == "ns2")))
    for path in (REGISTERED, f"{DOMAIN}/publishers/{SMP_ID}"):
        found = office.ask("GET", f"{path}/visibility", admin).json()
        assert (found["serial"], found["visible"], found["visible_since"]) == (serial, False, None)
        assert [item["visible"] for item in found["servers"]] == [True, False]
        assert found["servers"][0]["since"] is not None
    first = office.ask("GET", f"{DOMAIN}/name-servers?limit=1", admin).json()
    assert [item["address"] for item in first["items"]] == ["ns1.example.org:53"]
    (second,) = office.items(f"{DOMAIN}/name-servers?limit=1&cursor={first['next_cursor']}", admin)
    assert (second["address"], second["serial"]) == ("ns2.example.org:53", serial - 1)


def test_participant_of_whom_nothing_is_known_has_no_visibility(office: RestOffice, admin: RestCaller) -> None:
    unknown = segment(str(participant("0088:nobody")))
    assert office.ask("GET", f"{DOMAIN}/registrations/{unknown}/visibility", admin).status == 404
