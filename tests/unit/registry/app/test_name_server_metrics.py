# SPDX-License-Identifier: Apache-2.0
"""Gauges of name servers: how far each is behind, when it was told and given what, and what fails."""

from registry.app.domain_setup import change_domain
from registry.app.name_server_metrics import NameServerMetrics
from registry.dns.journal import NewState, ZonePublisher
from registry.storage.queries import name_servers, zone_notices, zone_pushes, zone_transfers, zones
from registry.storage.queries.zone_notices import Notice
from registry.storage.queries.zone_pushes import ZonePushRow
from registry.storage.queries.zone_transfers import TransferRow
from tests.simulators.offline import ACTOR, OfflineInstance

ONE, TWO, THREE = "ns1.example.org:53", "ns2.example.org:53", "ns3.example.org:53"


def gauges(offline: OfflineInstance) -> dict[str, dict[tuple[str, ...], float]]:
    """By name, and by the labels but the zone's."""
    return {
        each.name.removeprefix("registry_name_server_"): {
            tuple(value for name, value in sample.labels.items() if name != "zone"): sample.value
            for sample in each.samples
        }
        for each in NameServerMetrics(offline.instance).gauges()
    }


def observe(offline: OfflineInstance, **dns: object) -> None:
    offline.stored = change_domain(offline.instance, ACTOR, "demo", {"dns": dns})


def stamp(offline: OfflineInstance) -> int:
    ZonePublisher(offline.instance.database, "stamping", 0).tick(serve=False)
    zone_id = offline.stored.zone_id
    assert zone_id is not None
    with offline.instance.database.write(ACTOR) as work:
        serial = zones.by_id(work.connection, zone_id).serial
        name_servers.stamped(work, zone_id, serial)
    return serial


def test_without_servers_there_is_nothing_to_tell(offline: OfflineInstance) -> None:
    found = gauges(offline)
    assert found.pop("registry_zone_serial").keys() == {()}
    assert not any(found.values())


def test_lag_is_the_age_of_the_first_change_that_a_server_lacks(offline: OfflineInstance) -> None:
    observe(offline, observed_servers=[ONE, TWO, THREE])
    zone_id = offline.stored.zone_id
    assert zone_id is not None
    first = stamp(offline)
    with offline.instance.database.write(ACTOR) as work:
        name_servers.seen(work, zone_id, ONE, first)
        name_servers.failed(work, zone_id, THREE, "no answer")
    for _ in range(2):
        offline.clock.forward(seconds=10)
        with offline.instance.database.write(ACTOR) as work:
            text = NewState("x", "TXT", f'60 "{offline.clock.now}"')
            offline.instance.journal.write(work, zone_id, [text])
        last = stamp(offline)
    with offline.instance.database.write(ACTOR) as work:
        name_servers.seen(work, zone_id, TWO, last)
    offline.clock.forward(seconds=5)
    found = gauges(offline)
    assert found["lag_seconds"] == {(ONE,): 15, (TWO,): 0}
    assert found["answer_age_seconds"] == {(ONE,): 25, (TWO,): 5}
    assert found["serial"] == {(ONE, "observed"): first, (TWO, "observed"): last}
    assert found["failing"] == {(ONE, "answer"): 0, (TWO, "answer"): 0, (THREE, "answer"): 1}
    assert found["ahead"] == {(ONE,): 0, (TWO,): 0}
    assert found["registry_zone_serial"] == {(): last}


def test_notices_transfers_and_pushes_are_told_by_their_age_and_whether_they_fail(offline: OfflineInstance) -> None:
    targets = [{"server": TWO, "key": "push.test", "zone": zone, "only_writer": False} for zone in ("a.test", "b.test")]
    observe(offline, secondaries=[{"server": ONE, "key": "one.test"}], push_to=targets)
    zone_id, serial = offline.stored.zone_id, stamp(offline)
    assert zone_id is not None
    with offline.instance.database.write(ACTOR) as work:
        zone_notices.note(work, [Notice(zone_id, ONE, serial, None)])
        row = TransferRow(zone_id, "192.0.2.1", "one.test", "AXFR", serial, 9, 9, work.now, None, None)
        zone_transfers.note(work, row)
        zone_pushes.note(work, ZonePushRow(zone_id, TWO, "a.test"), serial=serial, pushed_at=work.now)
        zone_pushes.note(work, ZonePushRow(zone_id, TWO, "b.test"), failed_at=work.now, failure="REFUSED")
    offline.clock.forward(seconds=7)
    found = gauges(offline)
    assert found["notify_acknowledged_age_seconds"] == found["transfer_age_seconds"] == {(ONE,): 7}
    assert found["push_age_seconds"] == {(TWO, "a.test"): 7}
    assert found["failing"] == {(ONE, "notify"): 0, (ONE, "transfer"): 0, (TWO, "push"): 1}, "the worse of the two"
    with offline.instance.database.write(ACTOR) as work:
        zone_notices.note(work, [Notice(zone_id, ONE, serial, "no answer")])
    found = gauges(offline)
    assert found["notify_acknowledged_age_seconds"] == {}
    assert found["failing"][ONE, "notify"] == 1
