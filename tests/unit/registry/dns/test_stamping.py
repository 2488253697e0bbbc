# SPDX-License-Identifier: Apache-2.0
"""A process without DNS stamps what it writes, and reads no zone."""

from registry.dns.journal import NewState, ZonePublisher
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
