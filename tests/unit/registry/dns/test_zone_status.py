# SPDX-License-Identifier: Apache-2.0
"""How far each server of each zone is, from all that is known of it."""

from pathlib import Path

import pytest

from registry.app import zone_move
from registry.app.domain_setup import change_domain
from registry.demo.pki import DemoPki
from registry.dns.followers import FollowerRole
from registry.dns.journal import NewState, ZonePublisher
from registry.dns.zone_status import ServerStatus, ZoneStatus, zone_statuses
from registry.domains.zone_servers import Secondary
from registry.storage.queries import name_servers, zone_notices, zone_pushes, zone_transfers, zones
from registry.storage.queries.zone_notices import Notice
from registry.storage.queries.zone_pushes import ZonePushRow
from registry.storage.queries.zone_transfers import TransferRow
from tests.simulators.offline import ACTOR, OfflineInstance, offline_instance

ONE, TWO, NAMED = "192.0.2.1:53", "192.0.2.1:5353", "ns3.example.org:53"
TARGET, SHARED = "198.51.100.1:53", "198.51.100.2:53"
SERVERS = {
    "observed_servers": ["203.0.113.1:53", ONE],
    "secondaries": [
        {"server": ONE, "key": "one.test"},
        {"server": TWO, "key": "two.test"},
        {"server": NAMED, "key": "named.test"},
    ],
    "push_to": [
        {"server": TARGET, "key": "push.test"},
        {"server": SHARED, "key": "push.test", "zone": "there.test", "only_writer": False},
    ],
}


@pytest.fixture
def world(offline: OfflineInstance) -> OfflineInstance:
    offline.stored = change_domain(offline.instance, ACTOR, "demo", {"dns": SERVERS})
    return offline


def publish(offline: OfflineInstance) -> int:
    with offline.instance.database.write(ACTOR) as work:
        states = [NewState("x", "TXT", f'60 "{offline.clock.now}"')]
        offline.instance.journal.write(work, zone_id(offline), states)
    ZonePublisher(offline.instance.database, "test", 0).tick(serve=False)
    with offline.instance.database.read() as connection:
        return zones.by_id(connection, zone_id(offline)).serial


def zone_id(offline: OfflineInstance) -> int:
    assert offline.stored.zone_id is not None
    return offline.stored.zone_id


def transfer(offline: OfflineInstance, client: str, key: str, serial: int, failure: str | None = None) -> None:
    with offline.instance.database.write(ACTOR) as work:
        at = (work.now, None) if failure is None else (None, work.now)
        row = TransferRow(zone_id(offline), client, key, "IXFR", serial, 100, 3, *at, failure)
        zone_transfers.note(work, row)


def shown(offline: OfflineInstance) -> tuple[ZoneStatus, dict[str, ServerStatus]]:
    (zone,) = zone_statuses(offline.instance.database, [offline.stored])
    return zone, {server.address: server for server in zone.servers}


def test_every_server_of_the_settings_is_there_once_also_before_anything_is_known(world: OfflineInstance) -> None:
    zone, servers = shown(world)
    assert (zone.domain, zone.alias_of) == ("demo", None)
    assert len(zone.servers) == 6
    assert {address: server.role for address, server in servers.items()} == {
        "203.0.113.1:53": FollowerRole.OBSERVED,
        **dict.fromkeys((ONE, TWO, NAMED), FollowerRole.SECONDARY),
        **dict.fromkeys((TARGET, SHARED), FollowerRole.TARGET),
    }
    for server in zone.servers:
        assert (server.serial, server.behind_s, server.ahead, server.is_fine(1e9)) == (None, None, False, False)


def test_lag_counts_from_the_first_change_that_a_server_lacks(world: OfflineInstance) -> None:
    first = publish(world)
    with world.instance.database.write(ACTOR) as work:
        name_servers.seen(work, zone_id(world), ONE, first)
        name_servers.seen(work, zone_id(world), TARGET, first)
        zone_pushes.note(work, ZonePushRow(zone_id(world), SHARED, "there.test"), serial=first, pushed_at=work.now)
    world.clock.forward(seconds=10)
    since = world.clock.now
    for _ in range(3):
        last = publish(world)
        world.clock.forward(seconds=10)
    with world.instance.database.write(ACTOR) as work:
        name_servers.seen(work, zone_id(world), TWO, last)
        name_servers.seen(work, zone_id(world), NAMED, last + 1)
    _, servers = shown(world)
    for address in (ONE, TARGET, SHARED):
        late = servers[address]
        assert (late.serial, late.behind_since, late.behind_s) == (first, since, 30)
        assert late.is_fine(30)
        assert not late.is_fine(29)
    assert (servers[TWO].behind_s, servers[TWO].is_fine(0)) == (None, True)
    assert (servers[NAMED].ahead, servers[NAMED].is_fine(0)) == (True, False)


def test_server_whose_zone_has_not_changed_for_long_is_still_behind(world: OfflineInstance) -> None:
    first = publish(world)
    world.clock.forward(seconds=1)
    since = world.clock.now
    publish(world)
    with world.instance.database.write(ACTOR) as work:
        name_servers.seen(work, zone_id(world), ONE, first)
    world.clock.forward(days=400)
    from registry.storage.queries import retention

    with world.instance.database.write(ACTOR) as work:
        retention.zone_serials(work, work.now, 1000)
    _, servers = shown(world)
    assert servers[ONE].behind_since == since


def test_notify_is_shown_until_it_is_acknowledged_and_after(world: OfflineInstance) -> None:
    serial = publish(world)
    for failure in ("no answer", None):
        with world.instance.database.write(ACTOR) as work:
            zone_notices.note(work, [Notice(zone_id(world), ONE, serial, failure)])
        _, servers = shown(world)
        notified = servers[ONE].notified
        assert notified is not None
        assert (notified.serial, notified.failure) == (serial, failure)
        assert (notified.acknowledged_at is None) is (failure is not None)
        assert servers[ONE].failures == ({} if failure is None else {"notify": failure})
    assert servers[TWO].notified is None


def test_transfers_belong_to_the_secondary_with_that_key_at_that_address(world: OfflineInstance) -> None:
    transfer(world, "192.0.2.1", "one.test", 5)
    transfer(world, "192.0.2.1", "two.test", 6, "cut off")
    transfer(world, "192.0.2.99", "named.test", 7)
    transfer(world, "192.0.2.99", "one.test", 8)
    transfer(world, "2001:db8::9", "", 9)
    zone, servers = shown(world)
    assert [
        None if (found := servers[address].transfer) is None else found.serial for address in (ONE, TWO, NAMED)
    ] == [5, 6, 7]
    assert servers[TWO].failures == {"transfer": "cut off"}
    assert [(each.client, each.key) for each in zone.clients] == [("192.0.2.99", "one.test"), ("2001:db8::9", "")]


def test_of_a_server_by_name_the_last_transfer_counts(world: OfflineInstance) -> None:
    for client, serial in (("192.0.2.7", 5), ("192.0.2.6", 6)):
        world.clock.forward(seconds=1)
        transfer(world, client, "named.test", serial)
    _, servers = shown(world)
    assert servers[NAMED].transfer is not None
    assert servers[NAMED].transfer.serial == 6


def test_failed_push_is_told_beside_what_has_arrived(world: OfflineInstance) -> None:
    serial = publish(world)
    with world.instance.database.write(ACTOR) as work:
        row = ZonePushRow(zone_id(world), SHARED, "there.test")
        zone_pushes.note(work, row, serial=serial, pushed_at=work.now, failed_at=work.now, failure="REFUSED")
    _, servers = shown(world)
    assert (servers[SHARED].serial, servers[SHARED].failures) == (serial, {"push": "REFUSED"})
    assert servers[SHARED].zone_there == "there.test"


def test_other_name_of_a_zone_has_the_secondaries_of_its_domain(world: OfflineInstance) -> None:
    zone_move.prepare(world.instance, ACTOR, world.stored, "new.example.org")
    found = {zone.name: zone for zone in zone_statuses(world.instance.database, [world.stored])}
    alias = found["new.example.org"]
    assert (alias.domain, alias.alias_of) == ("demo", world.stored.domain.dns.zone)
    assert [server.address for server in alias.servers] == [ONE, TWO, NAMED]


def test_catalog_has_its_own_secondaries(tmp_path: Path, pki: DemoPki) -> None:
    with offline_instance(tmp_path, pki) as offline:
        with offline.instance.database.write(ACTOR) as work:
            zones.add(work, None, "catalog.test", 3)
        others = {"catalog.test": [Secondary(ONE, "one.test")]}
        catalog, _ = zone_statuses(offline.instance.database, [offline.stored], others)
        assert (catalog.name, catalog.domain, [each.address for each in catalog.servers]) == (
            "catalog.test",
            None,
            [ONE],
        )
        assert [zone.name for zone in zone_statuses(offline.instance.database, [offline.stored])] == ["sml.test"]
