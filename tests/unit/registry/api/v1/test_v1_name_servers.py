# SPDX-License-Identifier: Apache-2.0
"""Name servers and transfers over REST."""

from dataclasses import replace
from typing import Any

import pytest

from registry.accounts.permissions import SYSTEM, Role, Scope
from registry.api.v1.app import ApiV1
from registry.app import zone_move
from registry.app.domain_setup import change_domain
from registry.domains.zone_servers import Secondary
from registry.storage.queries import name_servers, zone_notices, zone_pushes, zone_transfers, zones
from registry.storage.queries.zone_notices import Notice
from registry.storage.queries.zone_pushes import ZonePushRow
from registry.storage.queries.zone_transfers import TransferRow
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.rest_callers import RestCaller, RestOffice

ONE, TWO, TARGET = "192.0.2.1:53", "192.0.2.2:53", "198.51.100.1:53"
SERVERS = "/domains/demo/name-servers"
TRANSFERS = "/domains/demo/zone/transfers"


@pytest.fixture
def office(offline: OfflineInstance) -> RestOffice:
    settings = {
        "secondaries": [{"server": ONE, "key": "one.test"}, {"server": TWO, "key": "two.test"}],
        "push_to": [{"server": TARGET, "key": "push.test", "zone": "there.test"}],
    }
    offline.stored = change_domain(offline.instance, ACTOR, "demo", {"dns": settings})
    return RestOffice(offline)


@pytest.fixture
def viewer(office: RestOffice) -> RestCaller:
    return office.caller(Role.VIEWER, Scope(office.offline.stored.id))


def by_address(office: RestOffice, caller: RestCaller) -> dict[str, Any]:
    return {each["address"]: each for each in office.items(f"{SERVERS}?limit=1", caller)}


def test_server_tells_serial_notify_transfer_and_push(office: RestOffice, viewer: RestCaller) -> None:
    zone_id = office.offline.stored.zone_id
    assert zone_id is not None
    with office.database.write(ACTOR) as work:
        name_servers.seen(work, zone_id, ONE, 1)
        zone_notices.note(work, [Notice(zone_id, ONE, 1, "no answer")])
        row = TransferRow(zone_id, "192.0.2.1", "one.test", "IXFR", 1, 100, 3, None, work.now, "cut off")
        zone_transfers.note(work, row)
        zone_pushes.note(work, ZonePushRow(zone_id, TARGET, "there.test"), serial=1, pushed_at=work.now)
    found = by_address(office, viewer)
    assert list(found) == [ONE, TWO, TARGET]
    one, two, target = found.values()
    assert (one["zone"], one["domain"], one["role"], one["serial"]) == ("sml.test", "demo", "secondary", 1)
    assert (one["notify"]["failure"], one["notify"]["acknowledged_at"]) == ("no answer", None)
    assert (one["transfer"]["kind"], one["transfer"]["failure"], one["push"]) == ("IXFR", "cut off", None)
    assert (two["serial"], two["notify"], two["transfer"]) == (None, None, None)
    assert (target["role"], target["push"]["zone"], target["push"]["serial"]) == ("push-target", "there.test", 1)


def test_servers_of_both_names_are_there_while_a_zone_moves(office: RestOffice, viewer: RestCaller) -> None:
    zone_move.prepare(office.offline.instance, ACTOR, office.offline.stored, "new.example.org")
    found = [(each["zone"], each["address"]) for each in office.items(f"{SERVERS}?limit=2", viewer)]
    assert found == [
        *(("new.example.org", address) for address in (ONE, TWO)),
        *(("sml.test", address) for address in (ONE, TWO, TARGET)),
    ]


def test_transfers_of_all_clients_are_listed_page_by_page(office: RestOffice, viewer: RestCaller) -> None:
    zone_id = office.offline.stored.zone_id
    assert zone_id is not None
    clients = [("192.0.2.1", "one.test"), ("192.0.2.1", "two.test"), ("2001:db8::1", "")]
    with office.database.write(ACTOR) as work:
        for client, key in reversed(clients):
            zone_transfers.note(work, TransferRow(zone_id, client, key, "AXFR", 1, 9, 9, work.now, None, None))
    found = office.items(f"{TRANSFERS}?limit=1", viewer)
    assert [(each["client"], each["key"] or "") for each in found] == clients
    assert found[-1]["key"] is None


def test_all_servers_are_those_that_the_caller_may_see(office: RestOffice, viewer: RestCaller) -> None:
    with office.database.write(ACTOR) as work:
        zones.add(work, None, "catalog.test", 3)
    assert {each["zone"] for each in office.items("/name-servers", viewer)} == {"sml.test"}
    assert office.items("/name-servers", office.caller()) == []
    office.app = ApiV1(replace(office.context, other_zones={"catalog.test": [Secondary(TWO, "two.test")]}))
    assert {each["zone"] for each in office.items("/name-servers", viewer)} == {"sml.test"}
    (catalog, *others) = office.items("/name-servers", office.caller(Role.VIEWER, SYSTEM))
    assert (catalog["zone"], catalog["domain"], catalog["address"]) == ("catalog.test", None, TWO)
    assert {each["zone"] for each in others} == {"sml.test"}
