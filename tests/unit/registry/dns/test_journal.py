# SPDX-License-Identifier: Apache-2.0
"""The zone journal: changes with their before and after, stamped later, by one publisher, and followed by servers."""

from datetime import timedelta

import pytest

from registry.dns.journal import NewState, ZoneJournal, ZonePublisher, zone_content
from registry.dns.records import RRset
from registry.errors import NotFoundError
from registry.storage.queries import zones
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, OfflineInstance, participant


def write(offline: OfflineInstance, *states: NewState) -> int:
    with offline.instance.database.write(ACTOR) as work:
        return ZoneJournal().write(work, zone_id(offline), states)


def zone_id(offline: OfflineInstance) -> int:
    assert offline.stored.zone_id is not None
    return offline.stored.zone_id


def txt(text: str, owner: str = "a") -> RRset:
    return RRset(owner, "TXT", 60, (f'"{text}"',))


def test_writing_what_is_so_already_leaves_no_change(offline: OfflineInstance) -> None:
    assert write(offline, NewState.of(txt("1"))) == 1
    assert write(offline, NewState.of(txt("1")), NewState("b", "TXT", None)) == 0


def test_change_has_no_serial_until_it_is_stamped(offline: OfflineInstance) -> None:
    publisher = ZonePublisher(offline.instance.database, "one")
    (served,) = publisher.tick().begun
    before = served.serial
    write(offline, NewState.of(txt("1")))
    with offline.instance.database.read() as connection:
        assert zones.unstamped(connection, zone_id(offline)) == 1
        assert ("a", "TXT") not in {(o, t) for o, t, _ in zones.state(connection, zone_id(offline))}
    (update,) = publisher.tick().updates
    update.apply()
    assert served.serial == update.serial == before + 1


def test_one_tick_stamps_all_that_waits_with_one_serial(offline: OfflineInstance) -> None:
    publisher = ZonePublisher(offline.instance.database, "one")
    publisher.tick()
    for number in range(3):
        write(offline, NewState.of(txt(str(number))))
    (update,) = publisher.tick().updates
    assert [rrset for _, _, rrset in update.changes] == [txt("0"), txt("1"), txt("2")]
    assert publisher.tick().updates == (update,), "what was not taken over comes again"
    update.apply()
    assert publisher.tick().updates == ()


def test_second_publisher_follows_but_does_not_stamp_while_the_lease_lasts(offline: OfflineInstance) -> None:
    first, second = (ZonePublisher(offline.instance.database, name) for name in ("one", "two"))
    first.tick(), second.tick()
    write(offline, NewState.of(txt("1")))
    first.tick()
    (followed,) = second.tick().updates
    followed.apply()
    write(offline, NewState.of(txt("2")))
    news = second.tick()
    assert news.updates == (), "the zone has one publisher"
    offline.clock.now += timedelta(seconds=11)
    assert len(second.tick().updates) == 1, "once the lease is over, another takes it"


def test_publisher_that_ends_lets_the_next_one_stamp_at_once(offline: OfflineInstance) -> None:
    first, second = (ZonePublisher(offline.instance.database, name) for name in ("one", "two"))
    first.tick(), second.tick()
    first.release()
    write(offline, NewState.of(txt("1")))
    assert len(second.tick().updates) == 1


def test_lag_is_the_age_of_the_oldest_change_that_waits(offline: OfflineInstance) -> None:
    first, second = (ZonePublisher(offline.instance.database, name) for name in ("one", "two"))
    first.tick()
    write(offline, NewState.of(txt("1")))
    offline.clock.forward(seconds=2)
    assert second.tick().lag_s == 2.0
    assert first.tick().lag_s == 0.0


def test_rolled_back_transaction_leaves_no_change_and_wakes_nobody(offline: OfflineInstance) -> None:
    woken: list[int] = []

    def fail() -> None:
        with offline.instance.database.write(ACTOR) as work:
            ZoneJournal(lambda: woken.append(1)).write(work, zone_id(offline), [NewState.of(txt("1"))])
            raise NotFoundError("stop")

    with pytest.raises(NotFoundError):
        fail()
    assert woken == []
    assert ("a", "TXT") not in offline.zone_state()


def test_commit_wakes_once(offline: OfflineInstance) -> None:
    woken: list[int] = []

    def wake() -> None:
        woken.append(1)

    journal = ZoneJournal(wake)
    with offline.instance.database.write(ACTOR) as work:
        journal.write(work, zone_id(offline), [NewState.of(txt("1"))])
        journal.write(work, zone_id(offline), [NewState.of(txt("2"))])
        assert woken == []
    assert woken == [1]


def test_journal_replayed_from_any_serial_gives_the_present_state(offline: OfflineInstance) -> None:
    database = offline.instance.database
    publisher = ZonePublisher(database, "one")
    publisher.tick()
    snapshots = {}
    for state in (NewState.of(txt("1")), NewState.of(txt("2")), NewState("a", "TXT", None), NewState.of(txt("3", "b"))):
        write(offline, state)
        publisher.tick()
        with database.read() as connection:
            row = zones.by_id(connection, zone_id(offline))
            snapshots[row.serial] = {(o, t): c for o, t, c in zones.state(connection, row.id)}
    newest = max(snapshots)
    with database.read() as connection:
        for serial, held in snapshots.items():
            for change in zones.changes_after(connection, zone_id(offline), serial, newest):
                if change.after is None:
                    held.pop((change.owner, change.rdtype))
                else:
                    held[change.owner, change.rdtype] = change.after
            assert held == snapshots[newest]


def test_serial_skips_zero_when_it_wraps_around() -> None:
    assert zones.next_serial(2**32 - 1) == 1
    assert zones.next_serial(7) == 8


def test_zone_is_printed_with_the_soa_first(offline: OfflineInstance) -> None:
    offline.instance.sml.create_participants(offline.caller(), SMP_ID, [participant("0088:1")])
    offline.served()
    with zone_content(offline.instance.database, "SML.test.") as content:
        lines = list(content.records)
        assert content.unpublished == 0
    assert lines[0][0] == "sml.test."
    assert lines[0][2] == "SOA"
    assert sorted(line[2] for line in lines) == ["CNAME", "NAPTR", "NS", "SOA"]


def test_unknown_zone_is_not_found_and_names_those_there_are(offline: OfflineInstance) -> None:
    with (
        pytest.raises(NotFoundError, match=r"sml\.test"),
        zone_content(offline.instance.database, "example.org"),
    ):
        pytest.fail("there is no such zone")
