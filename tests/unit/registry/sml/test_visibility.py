# SPDX-License-Identifier: Apache-2.0
"""Since when DNS shows what is registered: from the journal, and from the serials that name servers were seen with."""

from datetime import datetime
from pathlib import Path

import pytest

from registry.app.domain_setup import change_domain
from registry.demo.pki import DemoPki
from registry.dns.asking import ShownSoa
from registry.dns.journal import ZonePublisher
from registry.dns.observation import observe
from registry.errors import NotFoundError, TechnicalError
from registry.sml.model import Publisher
from registry.sml.visibility import Visibility, VisibilityReader
from registry.storage.queries import name_servers, retention, zone_pushes, zones
from registry.storage.queries.zone_pushes import ZonePushRow
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, OfflineInstance, offline_instance, participant

ONE, TWO = "ns1.example.org:53", "ns2.example.org:53"
VALUE = "0088:1"


def stamp(offline: OfflineInstance) -> int:
    """Publish what waits, now; returns the zone's serial."""
    ZonePublisher(offline.instance.database, "stamping", 0).tick(serve=False)
    assert offline.stored.zone_id is not None
    with offline.instance.database.write(ACTOR) as work:
        serial = zones.by_id(work.connection, offline.stored.zone_id).serial
        name_servers.stamped(work, offline.stored.zone_id, serial)
    return serial


def look(offline: OfflineInstance, *serials: int | None) -> None:
    """Observe name servers that serve these serials; None: it doesn't answer."""
    servers = dict(zip((ONE, TWO), serials, strict=False))
    settings = {"dns": {"observed_servers": list(servers)}}
    offline.stored = change_domain(offline.instance, ACTOR, "demo", settings)

    def ask(server: str, _zone: str) -> ShownSoa:
        serial = servers[server]
        if serial is None:
            raise TechnicalError("no answer")
        return ShownSoa(serial)

    observe(offline.instance.database, [offline.stored], ask)


def register(offline: OfflineInstance, value: str = VALUE) -> None:
    offline.instance.sml.create_participants(offline.caller(), SMP_ID, [participant(value)])


def of(offline: OfflineInstance, value: str = VALUE) -> Visibility:
    return VisibilityReader(offline.instance.database).participant(offline.stored, participant(value))


def later(offline: OfflineInstance) -> datetime:
    offline.clock.forward(seconds=60)
    return offline.clock.now


def test_change_without_a_serial_is_visible_nowhere(offline: OfflineInstance) -> None:
    stamp(offline)
    changed_at = later(offline)
    register(offline)
    found = of(offline)
    assert (found.holds, found.changed_at, found.serial, found.published_at) == (True, changed_at, None, None)
    assert (found.visible, found.since) == (False, None)


def test_change_is_published_with_its_serial(offline: OfflineInstance) -> None:
    register(offline)
    published_at = later(offline)
    serial = stamp(offline)
    later(offline)
    found = of(offline)
    assert (found.serial, found.published_at, found.visible, found.since) == (serial, published_at, True, published_at)
    assert found.names[0].endswith(f".iso6523-actorid-upis.{offline.stored.domain.dns.zone}.")


def test_change_is_visible_since_the_last_server_was_seen_with_it(offline: OfflineInstance) -> None:
    register(offline)
    serial = stamp(offline)
    first = later(offline)
    look(offline, serial, serial - 1)
    found = of(offline)
    assert (found.visible, found.since) == (False, None)
    assert [(item.visible, item.since) for item in found.servers] == [(True, first), (False, None)]
    last = later(offline)
    look(offline, serial + 3, serial + 3)
    found = of(offline)
    assert (found.visible, found.since) == (True, last)
    assert [item.since for item in found.servers] == [first, last]


def test_server_that_never_answered_shows_nothing(offline: OfflineInstance) -> None:
    register(offline)
    serial = stamp(offline)
    look(offline, serial, None)
    (_, silent) = of(offline).servers
    assert (silent.visible, silent.failure) == (False, "no answer")


def test_later_change_has_to_become_visible_anew(offline: OfflineInstance) -> None:
    register(offline)
    look(offline, stamp(offline))
    assert of(offline).visible
    later(offline)
    instance = offline.instance
    instance.sml.update_publisher(offline.caller(), Publisher(SMP_ID, "https://new.example.org/", "1.1.1.1"))
    assert not of(offline).visible
    serial = stamp(offline)
    assert not of(offline).visible
    last = later(offline)
    look(offline, serial)
    assert of(offline).since == last


def test_unregistered_participant_is_gone_since(offline: OfflineInstance) -> None:
    register(offline)
    stamp(offline)
    gone_at = later(offline)
    offline.instance.sml.delete_participants(offline.caller(), SMP_ID, [participant(VALUE)])
    stamp(offline)
    found = of(offline)
    assert (found.holds, found.visible, found.since) == (False, True, gone_at)


def test_participant_of_whom_nothing_is_known_is_not_found(offline: OfflineInstance) -> None:
    with pytest.raises(NotFoundError):
        of(offline, "0088:nobody")


def test_what_is_older_than_the_journal_is_visible_since_nobody_knows(offline: OfflineInstance) -> None:
    register(offline)
    serial = stamp(offline)
    look(offline, serial)
    offline.clock.forward(days=40)
    with offline.instance.database.write(ACTOR) as work:
        retention.zone_changes(work, work.now, 1000)
        retention.zone_serials(work, work.now, 1000)
    found = of(offline)
    assert (found.holds, found.changed_at, found.serial) == (True, None, None)
    assert (found.visible, found.since) == (True, None)
    look(offline, serial - 1)
    assert not of(offline).visible, "it serves what is older than anything that is known"


def test_participant_behind_an_alias_waits_for_its_publisher(tmp_path: Path, pki: DemoPki) -> None:
    with offline_instance(tmp_path, pki, dns={"publisher_indirection": True}) as offline:
        register(offline)
        first = stamp(offline)
        look(offline, first)
        assert of(offline).visible
        new = Publisher(SMP_ID, "https://new.example.org/", "1.1.1.1")
        offline.instance.sml.update_publisher(offline.caller(), new)
        found = of(offline)
        assert not found.visible
        assert found.names[1] == f"{SMP_ID.lower()}.naptr.{offline.stored.domain.dns.zone}."
        serial = stamp(offline)
        look(offline, serial)
        assert (of(offline).visible, of(offline).serial) == (True, serial)


def test_publisher_is_visible_with_its_newest_participant(offline: OfflineInstance) -> None:
    reader = VisibilityReader(offline.instance.database)
    stamp(offline)
    assert reader.publisher(offline.stored, SMP_ID).visible
    register(offline)
    found = reader.publisher(offline.stored, SMP_ID.lower())
    assert not found.visible
    assert found.names[0] == f"{SMP_ID.lower()}.publisher.{offline.stored.domain.dns.zone}."
    with pytest.raises(NotFoundError):
        reader.publisher(offline.stored, "NOBODY")


def test_servers_tell_since_when_they_are_behind(offline: OfflineInstance) -> None:
    first = stamp(offline)
    look(offline, first, first)
    register(offline)
    published_at = later(offline)
    stamp(offline)
    later(offline)
    register(offline, "0088:2")
    serial = stamp(offline)
    look(offline, serial, first)
    one, two = VisibilityReader(offline.instance.database).servers(offline.stored)
    assert (one.serial, one.behind_since) == (serial, None)
    assert (two.serial, two.behind_since) == (first, published_at)
    assert not one.ahead
    assert not two.ahead


def test_server_with_a_serial_beyond_ours_is_ahead(offline: OfflineInstance) -> None:
    serial = stamp(offline)
    look(offline, serial + 5, serial)
    assert [each.ahead for each in VisibilityReader(offline.instance.database).servers(offline.stored)] == [True, False]


def test_primary_that_others_write_to_shows_what_has_been_pushed(offline: OfflineInstance) -> None:
    target = {"server": ONE, "key": "push.test", "zone": "there.test", "only_writer": False}
    offline.stored = change_domain(offline.instance, ACTOR, "demo", {"dns": {"push_to": [target]}})
    zone_id, database = offline.stored.zone_id, offline.instance.database
    assert zone_id is not None
    register(offline)
    serial = stamp(offline)
    assert [(item.address, item.visible) for item in of(offline).servers] == [(ONE, False)]

    def pushed(reached: int) -> None:
        with database.write(ACTOR) as work:
            zone_pushes.note(work, ZonePushRow(zone_id, ONE, "there.test"), serial=reached, pushed_at=work.now)
            name_servers.reached(work, zone_id, ONE, reached)

    pushed(serial - 1)
    assert not of(offline).visible
    arrived = later(offline)
    pushed(serial)
    later(offline)
    pushed(serial + 1)
    observe(database, [offline.stored], lambda _server, _zone: ShownSoa(7))  # whose own serials say nothing
    found = of(offline)
    assert (found.visible, found.since) == (True, arrived)


def test_secondary_counts_as_soon_as_it_is_set(offline: OfflineInstance) -> None:
    settings = {"dns": {"secondaries": [{"server": ONE, "key": "one.test"}]}}
    offline.stored = change_domain(offline.instance, ACTOR, "demo", settings)
    register(offline)
    serial = stamp(offline)
    observe(offline.instance.database, [offline.stored], lambda _server, _zone: ShownSoa(serial - 1))
    assert [(item.address, item.visible) for item in of(offline).servers] == [(ONE, False)]
    at = later(offline)
    observe(offline.instance.database, [offline.stored], lambda _server, _zone: ShownSoa(serial))
    assert (of(offline).visible, of(offline).since) == (True, at)
