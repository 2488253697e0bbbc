# SPDX-License-Identifier: Apache-2.0
"""A process without DNS stamps what it writes, and reads no zone."""

import structlog

from registry.dns.journal import LEASE, NewState, ZonePublisher
from registry.dns.records import RRset
from registry.storage.queries import zones
from tests.simulators.offline import ACTOR, OfflineInstance


def write(offline: OfflineInstance, *rrsets: RRset) -> None:
    assert offline.stored.zone_id is not None
    with offline.instance.database.write(ACTOR) as work:
        offline.instance.journal.write(work, offline.stored.zone_id, [NewState.of(rrset) for rrset in rrsets])


def unstamped(offline: OfflineInstance) -> int:
    assert offline.stored.zone_id is not None
    with offline.instance.database.read() as connection:
        return zones.unstamped(connection, offline.stored.zone_id)


def test_changes_get_their_serial_without_a_zone_in_memory(offline: OfflineInstance) -> None:
    write(offline, RRset("new", "TXT", 60, ('"x"',)))
    assert unstamped(offline) > 0
    news = ZonePublisher(offline.instance.database, "stamping").tick(serve=False)
    assert (news.begun, news.updates, news.unreadable) == ((), (), ())
    assert unstamped(offline) == 0


def test_zone_that_cannot_be_read_is_named(offline: OfflineInstance) -> None:
    write(offline, RRset("poison", "A", 60, ("999.0.2.1",)))
    publisher = ZonePublisher(offline.instance.database, "serving")
    assert publisher.tick().unreadable == (offline.stored.domain.dns.zone,)


def test_zone_that_nobody_has_stamped_yet_is_waited_for_in_silence(offline: OfflineInstance) -> None:
    database, journal, profile = offline.instance.database, offline.instance.journal, offline.stored.domain.dns
    publisher = ZonePublisher(database, "serving")
    publisher.tick()
    with database.write(ACTOR) as work:  # made after the stamping of a tick, or where another process stamps
        zone_id = zones.add(work, None, "new.test", serial=0)
        journal.write_apex(work, zone_id, profile)
        assert zones.acquire_lease(work, zone_id, "stamping", LEASE)
    with structlog.testing.capture_logs() as logged:
        news = publisher.tick()
    assert (news.begun, news.unreadable, logged) == ((), (), [])
    with database.write(ACTOR) as work:
        zones.release_leases(work, "stamping")
    assert [zone.name for zone in publisher.tick().begun] == ["new.test"]
