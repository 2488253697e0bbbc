# SPDX-License-Identifier: Apache-2.0
"""Zones over REST: what names hold, what has changed since a serial, and how far DNS is behind."""

import pytest

from registry.accounts.permissions import Role, Scope
from registry.dns.journal import ZonePublisher
from registry.dns.zone_reader import absolute, relative
from registry.identifiers.dns_names import participant_owner
from tests.simulators.live import SMP_ID
from tests.simulators.offline import BASE_URL, OfflineInstance, participant
from tests.simulators.rest_callers import RestCaller, RestOffice, reasons, segment

ZONE = "/domains/demo/zone"


@pytest.fixture
def office(offline: OfflineInstance) -> RestOffice:
    return RestOffice(offline)


@pytest.fixture
def viewer(office: RestOffice) -> RestCaller:
    return office.caller(Role.VIEWER, Scope(office.offline.stored.id))


def register(office: RestOffice, *values: str) -> None:
    instance = office.offline.instance
    instance.sml.create_participants(office.offline.caller(), SMP_ID, [participant(value) for value in values])


def tick(office: RestOffice) -> None:
    ZonePublisher(office.database, "test", interval_s=0).tick()


def test_zone_tells_how_far_dns_is_behind(office: RestOffice, viewer: RestCaller) -> None:
    tick(office)
    register(office, "0088:1")
    office.offline.clock.forward(seconds=3)
    zone = office.ask("GET", ZONE, viewer).json()
    assert (zone["serial"], zone["waiting_changes"], zone["waiting_seconds"]) == (1, 1, 3.0)
    tick(office)
    zone = office.ask("GET", ZONE, viewer).json()
    assert (zone["serial"], zone["waiting_changes"], zone["waiting_seconds"], zone["record_sets"]) == (2, 0, 0.0, 4)
    (listed,) = office.items("/zones", viewer)
    assert listed == {key: value for key, value in zone.items() if key != "record_sets"}
    assert office.items("/zones", office.caller()) == []


def test_name_is_found_absolute_and_relative(office: RestOffice, viewer: RestCaller) -> None:
    register(office, "0088:1")
    owner = participant_owner(participant("0088:1"))
    zone = office.offline.stored.domain.dns.zone
    expected = {
        "name": f"{owner}.{zone}.",
        "type": "NAPTR",
        "ttl": 60,
        "records": [f'100 10 "U" "Meta:SMP" "!.*!{BASE_URL}!" .'],
    }
    for name in (owner, f"{owner}.{zone}", f"{owner.upper()}.{zone}."):
        assert office.items(f"{ZONE}/records?name={segment(name)}", viewer) == [expected]
    assert {item["type"] for item in office.items(f"{ZONE}/records?name=@", viewer)} == {"SOA", "NS"}
    assert len(office.items(f"{ZONE}/records?limit=1", viewer)) == 4
    assert office.items(f"{ZONE}/records?name=nothing", viewer) == []


def test_changes_since_a_serial_come_in_order_and_page_by_page(office: RestOffice, viewer: RestCaller) -> None:
    tick(office)
    for value in ("0088:1", "0088:2", "0088:3"):
        register(office, value)
        tick(office)
    serials = [item["serial"] for item in office.items(f"{ZONE}/changes?since=1&limit=2", viewer)]
    assert serials == [2, 3, 4]
    office.offline.instance.sml.delete_participants(office.offline.caller(), SMP_ID, [participant("0088:2")])
    assert len(office.items(f"{ZONE}/changes?since=3", viewer)) == 1, "without a serial it isn't published"
    tick(office)
    owner = participant_owner(participant("0088:2"))
    made, removed = office.items(f"{ZONE}/changes?since=0&name={owner}", viewer)
    assert (made["before"], removed["after"], made["after"]) == (None, None, removed["before"])
    assert office.items(f"{ZONE}/changes?since=5", viewer) == []


def test_serial_that_the_journal_does_not_reach_is_refused(office: RestOffice, viewer: RestCaller) -> None:
    tick(office)
    assert reasons(office.ask("GET", f"{ZONE}/changes?since=77", viewer)) == {"ZONE-HISTORY"}
    assert office.ask("GET", f"{ZONE}/changes", viewer).status == 400


@pytest.mark.parametrize(
    ("name", "owner"),
    [("a.b", "a.b"), ("a.z.example", "a"), ("A.Z.example.", "a"), ("z.example", "@"), ("@", "@"), ("", "@")],
)
def test_names_are_taken_as_people_write_them(name: str, owner: str) -> None:
    assert relative(name, "z.example") == owner
    assert relative(absolute(owner, "z.example"), "z.example") == owner
