# SPDX-License-Identifier: Apache-2.0
"""The zone journal: changes with their before and after, stamped later, by one publisher, and followed by servers."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.dns import journal
from registry.dns.journal import NewState, ZoneJournal, ZoneNews, ZonePublisher, zone_content
from registry.dns.records import RRset
from registry.dns.served_zone import ServedZone
from registry.dns.wire import name_to_wire
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
    assert served.serial == update.version.serial == before + 1


def test_one_tick_stamps_all_that_waits_with_one_serial(offline: OfflineInstance) -> None:
    publisher = ZonePublisher(offline.instance.database, "one")
    publisher.tick()
    for number in range(3):
        write(offline, NewState.of(txt(str(number))))
    (update,) = publisher.tick().updates
    (again,) = publisher.tick().updates
    assert again.version.serial == update.version.serial, "what was not taken over comes again"
    again.apply()
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

    waking = ZoneJournal(wake)
    with offline.instance.database.write(ACTOR) as work:
        waking.write(work, zone_id(offline), [NewState.of(txt("1"))])
        waking.write(work, zone_id(offline), [NewState.of(txt("2"))])
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


# After a restore


def restart(offline: OfflineInstance, serial: int) -> None:
    with offline.instance.database.write(ACTOR) as work:
        ZoneJournal().begin_anew(work, zones.by_id(work.connection, zone_id(offline)), serial)


def served_state(served: ServedZone, *owners: str) -> dict[str, bool]:
    return {owner: served.find(name_to_wire(owner)) is not None for owner in owners}


def test_zone_that_begins_anew_is_served_whole_to_whoever_holds_an_older_serial(offline: OfflineInstance) -> None:
    publisher = ZonePublisher(offline.instance.database, "one")
    (served,) = publisher.tick().begun
    served.apply(served.serial + 5, [("lost", "TXT", txt("lost", "lost"))])
    write(offline, NewState.of(txt("1")))
    restart(offline, served.serial + 1000)
    news = publisher.tick()
    (whole,) = news.begun
    assert news.updates == ()
    assert whole.serial == served.serial + 1000
    assert served_state(whole, "a", "lost") == {"a": True, "lost": False}
    assert publisher.tick() == ZoneNews((), ()), "it is served now"


def test_what_waited_for_a_serial_has_that_of_the_new_beginning(offline: OfflineInstance) -> None:
    write(offline, NewState.of(txt("1")))
    restart(offline, 5000)
    with offline.instance.database.read() as connection:
        assert zones.unstamped(connection, zone_id(offline)) == 0
        assert ("a", "TXT") in {(o, t) for o, t, _ in zones.state(connection, zone_id(offline))}
    assert offline.served().serial == 5000


def test_changes_after_the_new_beginning_are_differences_again(offline: OfflineInstance) -> None:
    publisher = ZonePublisher(offline.instance.database, "one")
    publisher.tick()
    restart(offline, 5000)
    (served,) = publisher.tick().begun
    write(offline, NewState.of(txt("1")))
    (update,) = publisher.tick().updates
    assert update.version.serial == 5001
    update.apply()
    assert served_state(served, "a") == {"a": True}


def test_new_beginning_ends_the_lease_of_whoever_published(offline: OfflineInstance) -> None:
    first, second = (ZonePublisher(offline.instance.database, name) for name in ("one", "two"))
    first.tick()
    restart(offline, 5000)
    write(offline, NewState.of(txt("1")))
    assert second.tick().begun[0].serial == 5001


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(1, 2**31 - 2), min_size=1, max_size=8), st.data())
def test_whoever_follows_ends_in_the_present_state_however_often_serials_wrap_around(
    offline: OfflineInstance, steps: list[int], data: st.DataObject
) -> None:
    database = offline.instance.database
    publisher = ZonePublisher(database, "one", interval_s=0)
    publisher.tick()
    followers = [ZonePublisher(database, f"follower {number}", interval_s=0) for number in range(3)]
    served = {follower: follower.tick().begun[0] for follower in followers}
    for number, step in enumerate(steps):
        with database.read() as connection:
            serial = zones.by_id(connection, zone_id(offline)).serial
        restart(offline, (serial + step) % 2**32 or 1)
        for turn in range(data.draw(st.integers(0, 3))):
            write(offline, NewState.of(txt(f"{number}-{turn}", f"n{turn}")), NewState("n1", "TXT", None))
            publisher.tick()
            follower = data.draw(st.sampled_from(followers))
            follow(follower, served)
    for follower in followers:
        follow(follower, served)
    fresh = offline.served()
    for zone in served.values():
        assert zone.serial == fresh.serial
        assert records(zone) == records(fresh)


def records(zone: ServedZone) -> set[tuple[bytes, bytes, int, tuple[bytes, ...]]]:
    return {
        (name, code, rrset.ttl, rrset.tails)
        for name, node in zone._names.nodes.items()
        for code, rrset in node.rrsets.items()
    }


def test_old_changes_whose_serials_come_again_are_not_told_again(offline: OfflineInstance) -> None:
    publisher = ZonePublisher(offline.instance.database, "one", interval_s=0)
    for number in range(3):
        write(offline, NewState.of(txt(f"old-{number}")))
        publisher.tick()
    for serial in (2**31, 2**32 - 1):
        restart(offline, serial)
    for number in range(3):
        write(offline, NewState.of(txt(f"new-{number}", "b")))
        publisher.tick()
    with offline.instance.database.read() as connection:
        row = zones.by_id(connection, zone_id(offline))
        told = zones.changes_after(connection, row.id, 2**32 - 1, row.serial)
    assert row.serial == 3
    assert [(change.serial, change.owner) for change in told] == [(1, "b"), (2, "b"), (3, "b")]


def follow(follower: ZonePublisher, served: dict[ZonePublisher, ServedZone]) -> None:
    news = follower.tick()
    for update in news.updates:
        update.apply()
    for zone in news.begun:
        served[follower] = zone


def test_publisher_leaves_time_between_two_serials(offline: OfflineInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    clock = SimpleNamespace(monotonic=lambda: 1000 + sum(slept), sleep=slept.append)
    monkeypatch.setattr(journal, "time", clock)
    publisher = ZonePublisher(offline.instance.database, "one", interval_s=0.5)
    for number in range(3):
        write(offline, NewState.of(txt(str(number))))
        publisher.tick()
    assert slept == [0, 0.5, 0.5]


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
