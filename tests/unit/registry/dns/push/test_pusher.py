# SPDX-License-Identifier: Apache-2.0
"""A zone is brought to a primary of others and kept there, whatever happens on the way."""

import contextlib
from types import SimpleNamespace

import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.update
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from registry.dns.journal import NewState
from registry.dns.push.messages import Soa
from registry.dns.push.progress import Lock, Sweep, chain
from registry.dns.push.pusher import Pusher
from registry.dns.serials import PUSH_INTERVAL_S, PUSH_STEP
from registry.errors import ConfigurationError, ConflictError, TechnicalError
from registry.serials import is_greater
from registry.storage.queries import zone_pushes
from registry.storage.queries.zone_pushes import ZonePushRow
from registry.storage.tables import zone as zone_table
from registry.storage.tables import zone_change
from registry.storage.turns import turn
from registry.storage.unit_of_work import UnitOfWork
from tests.simulators.audit import all_events
from tests.simulators.offline import ACTOR
from tests.simulators.push_world import SCHEME, PushWorld, name_of
from tests.simulators.update_targets import SimulatedPrimary


def test_first_push_brings_the_whole_zone_and_both_have_one_serial(push_world: PushWorld) -> None:
    push_world.write_names(range(700))
    done = push_world.pusher().push()
    assert done is not None
    assert (done.whole, done.serial, done.messages) == (True, push_world.held().serial, push_world.primary.updates)
    push_world.assert_level()
    assert max(push_world.primary.sizes) <= 60_000 + 200
    assert push_world.primary.updates > 1


def test_nothing_is_sent_where_nothing_has_changed(push_world: PushWorld) -> None:
    pusher = push_world.pusher()
    pusher.push()
    updates = push_world.primary.updates
    assert pusher.push() is None
    assert push_world.pusher().push() is None
    assert push_world.primary.updates == updates


def test_changes_follow_over_the_same_connection(push_world: PushWorld) -> None:
    pusher = push_world.pusher()
    pusher.push()
    for number in range(5):
        push_world.write_names(range(number, number + 2), f"https://{number}.example/")
        done = pusher.push()
        assert done is not None
        assert not done.whole
        push_world.assert_level()
    push_world.forget(range(3))
    pusher.push()
    push_world.assert_level()
    assert push_world.primary.connections == 1


def test_versions_that_wait_are_pushed_together(push_world: PushWorld) -> None:
    pusher = push_world.pusher()
    pusher.push()
    for number in range(5):
        push_world.write_names(range(3), f"https://{number}.example/")
    updates = push_world.primary.updates
    done = pusher.push()
    assert done is not None
    assert (done.record_sets, push_world.primary.updates - updates) == (3, 1)
    push_world.assert_level()


@pytest.mark.parametrize("part", [1, 2, 3, 7])
def test_parts_of_any_size_come_to_the_same_end(push_world: PushWorld, part: int) -> None:
    pusher = push_world.pusher(part=part)
    pusher.push()
    push_world.assert_level()
    for number in range(3):
        push_world.write_names(range(number, number + 4), f"https://{number}.example/")
    push_world.forget(range(2))
    pusher.push()
    push_world.assert_level()


def test_serial_of_ours_goes_on_where_messages_have_brought_theirs_beyond(push_world: PushWorld) -> None:
    pusher = push_world.pusher()
    pusher.push()
    before = push_world.held().serial
    push_world.write_names(range(900))
    pusher.push()
    push_world.assert_level()
    assert push_world.held().serial > before + 1
    assert all_events(push_world.offline.instance.database)[-1].tag == "dns:zone:follow"
    assert pusher.push() is None


@pytest.mark.parametrize("serial", [2026112201, 2**31 - 2, 2**32 - 2, 2**32 - 1])
def test_serials_meet_wherever_theirs_begins(push_world: PushWorld, serial: int) -> None:
    push_world.primary.set_serial(serial)
    if is_greater(serial, push_world.held().serial) and serial - push_world.held().serial > 2**31 - 2**24:
        with pytest.raises(ConfigurationError, match="too far ahead"):
            push_world.pusher().push()
        return
    pusher = push_world.pusher()
    pusher.push()
    push_world.write_names(range(3))
    pusher.push()
    push_world.assert_level()


def test_alias_gives_way_to_a_record_and_a_record_to_an_alias(push_world: PushWorld) -> None:
    owner = f"changes.{SCHEME}"
    alias, naptr = "60 elsewhere.example.", '60 100 10 "U" "Meta:SMP" "!.*!https://a.example!" .'
    pusher = push_world.pusher(part=1)
    push_world.write(NewState(owner, "CNAME", alias))
    pusher.push()
    push_world.assert_level()
    push_world.write(NewState(owner, "NAPTR", naptr), NewState(owner, "CNAME", None))
    pusher.push()
    push_world.assert_level()
    push_world.write(NewState(owner, "CNAME", alias), NewState(owner, "NAPTR", None))
    pusher.push()
    push_world.assert_level()


def test_ttl_alone_changes(push_world: PushWorld) -> None:
    owner = f"ttl.{SCHEME}"
    pusher = push_world.pusher()
    push_world.write(NewState(owner, "TXT", '60 "a"\n60 "b"'))
    pusher.push()
    push_world.write(NewState(owner, "TXT", '90 "a"\n90 "b"'))
    pusher.push()
    push_world.assert_level()


def test_apex_stays_theirs(push_world: PushWorld) -> None:
    soa_before = str(push_world.primary.records[push_world.primary.zone, dns.rdatatype.SOA][0]).split()
    pusher = push_world.pusher()
    pusher.push()
    push_world.write(NewState("@", "TXT", '60 "ours"'))
    pusher.push()
    push_world.assert_level()
    soa = str(push_world.primary.records[push_world.primary.zone, dns.rdatatype.SOA][0]).split()
    assert soa[:2] + soa[3:] == soa_before[:2] + soa_before[3:]
    (ns,) = (each for each in push_world.primary.content() if each[2] == "NS")
    assert ns[3] == "ns1.provider.example."


def test_what_is_there_besides_stays(push_world: PushWorld) -> None:
    push_world.primary.put("www", "A", 60, "192.0.2.1")
    push_world.pusher().push()
    assert push_world.theirs() - push_world.ours() == {(f"www.{push_world.zone}.", 60, "A", "192.0.2.1")}


# Two writers


def test_other_writer_stops_the_push_until_it_is_taken_over(push_world: PushWorld) -> None:
    pusher = push_world.pusher()
    pusher.push()
    push_world.primary.put("www", "A", 60, "192.0.2.1")
    push_world.write_names(range(2))
    content = push_world.theirs()
    for _ in range(2):
        with pytest.raises(ConflictError, match="somebody else has written"):
            pusher.push()
    assert push_world.theirs() == content
    failure = push_world.row().failure
    assert failure is not None
    assert "take-over" in failure
    serial = push_world.primary.serial
    assert pusher.take_over(ACTOR) == serial
    pusher.push()
    assert push_world.ours() < push_world.theirs()
    assert push_world.primary.serial == push_world.held().serial
    assert push_world.row().failure is None
    assert "dns:push:take-over" in {event.tag for event in all_events(push_world.offline.instance.database)}


def test_other_writer_between_two_messages_is_noticed(push_world: PushWorld) -> None:
    pusher = push_world.pusher()
    pusher.push()
    seen = push_world.primary.updates

    def meddle(number: int) -> None:
        if number == seen + 3:
            push_world.primary.put("www", "A", 60, "192.0.2.1")

    push_world.primary.before = meddle
    push_world.write_names(range(900))
    with pytest.raises(ConflictError, match="somebody else"):
        pusher.push()
    push_world.primary.before = None
    with pytest.raises(ConflictError, match="somebody else"):
        pusher.push()
    push_world.pusher().take_over(ACTOR)
    pusher.push()
    assert push_world.theirs() - push_world.ours() == {(f"www.{push_world.zone}.", 60, "A", "192.0.2.1")}
    assert push_world.ours() <= push_world.theirs()


def test_take_over_with_everything_writes_over_what_others_left(push_world: PushWorld) -> None:
    push_world.write_names(range(3))
    pusher = push_world.pusher()
    pusher.push()
    push_world.primary.put(name_of(1), "NAPTR", 60, '1 1 "U" "Meta:SMP" "!.*!https://evil.example!" .')
    push_world.write_names(range(3, 4))
    with pytest.raises(ConflictError):
        pusher.push()
    pusher.take_over(ACTOR, whole=True)
    done = pusher.push()
    assert done is not None
    assert done.whole
    push_world.assert_level()


def test_other_writer_between_question_and_update_is_noticed(push_world: PushWorld) -> None:
    pusher = push_world.pusher()
    pusher.push()
    push_world.primary.before = lambda _: push_world.primary.put("www", "A", 60, "192.0.2.1")
    push_world.write_names(range(1))
    with pytest.raises(ConflictError, match="somebody else has changed"):
        pusher.push()
    push_world.primary.before = None
    with pytest.raises(ConflictError, match="somebody else has written"):
        pusher.push()


def test_zone_that_others_write_to_as_well_is_followed_all_the_same(push_world: PushWorld) -> None:
    pusher = push_world.pusher(only_writer=False)
    for number in range(3):
        push_world.primary.put(f"www{number}", "A", 60, "192.0.2.1")
        push_world.write_names(range(number, number + 2), f"https://{number}.example/")
        pusher.push()
        assert push_world.ours() < push_world.theirs()
        assert push_world.row().serial == push_world.held().serial
    assert {each[2] for each in push_world.theirs() - push_world.ours()} == {"A"}
    assert push_world.row().soa is None


# What goes wrong on the way


@pytest.mark.parametrize("only_writer", [True, False])
@pytest.mark.parametrize("lost", [1, 2, 3])
def test_lost_answer_does_no_harm(push_world: PushWorld, lost: int, only_writer: bool) -> None:
    pusher = push_world.pusher(only_writer=only_writer)
    pusher.push()
    seen = push_world.primary.updates

    def meddle(number: int, answer: dns.message.Message) -> bytes | None:
        if number == seen + lost:
            raise ConnectionError
        return answer.to_wire()

    push_world.primary.meddle = meddle
    push_world.write_names(range(900))
    with pytest.raises(TechnicalError, match="closed the connection"):
        pusher.push()
    assert push_world.row().failure is not None
    done = push_world.pusher(only_writer=only_writer).push()  # as after a crash
    assert done is not None
    assert push_world.theirs() == push_world.ours()
    if only_writer:
        push_world.assert_level()


def test_message_that_is_carried_out_late_is_not_taken_for_another_writer(push_world: PushWorld) -> None:
    """A process was killed, and its messages are still in the queue of the server when the next one begins."""
    push_world.write_names(range(900))
    soa = push_world.primary.records[push_world.primary.zone, dns.rdatatype.SOA]
    known = Lock(Soa(soa.ttl, soa[0].to_wire() or b""), 3, None)
    pusher = push_world.pusher()
    pusher._note(soa=known.to_text())

    def late(number: int) -> None:
        if number == 1:
            push_world.primary.set_serial(chain(known.soa, 1, None)[0].serial)

    push_world.primary.before = late
    pusher.push()
    push_world.assert_level()


@pytest.mark.parametrize("only_writer", [True, False])
@pytest.mark.parametrize("stop_after", [1, 2, 3, 5, 6])
def test_whole_push_goes_on_where_another_process_was_broken_off(
    push_world: PushWorld, stop_after: int, only_writer: bool
) -> None:
    push_world.write_names(range(50))
    looks = iter(range(100))
    stopped = push_world.pusher(part=10, only_writer=only_writer)
    assert stopped.push(lambda: next(looks) >= stop_after) is None
    push_world.forget(range(25, 30))  # not sent yet, or gone again
    push_world.write_names(range(5), "https://new.example/")
    updates = push_world.primary.updates
    done = push_world.pusher(part=10, only_writer=only_writer).push()
    assert done is not None
    assert done.whole
    assert push_world.primary.updates - updates <= 9 - stop_after
    assert push_world.theirs() == push_world.ours()
    assert (push_world.row().serial, push_world.row().position) == (push_world.held().serial, None)
    if only_writer:
        push_world.assert_level()


@pytest.mark.parametrize("only_writer", [True, False])
@pytest.mark.parametrize("stop_after", [1, 3, 6])
def test_long_version_goes_on_where_another_process_was_broken_off(
    push_world: PushWorld, stop_after: int, only_writer: bool
) -> None:
    push_world.pusher(only_writer=only_writer).push()
    push_world.write_names(range(60))
    looks = iter(range(100))
    stopped = push_world.pusher(part=10, only_writer=only_writer)
    assert stopped.push(lambda: next(looks) >= stop_after) is None
    assert push_world.row().position is not None
    push_world.forget(range(25, 30))
    sent: list[int] = []
    done = push_world.pusher(part=10, only_writer=only_writer).push(progress=sent.append)
    assert done is not None
    assert (done.whole, done.record_sets) == (False, 60 - 10 * stop_after + 5)
    assert push_world.theirs() == push_world.ours()
    assert (push_world.row().serial, push_world.row().position) == (push_world.held().serial, None)


def test_long_version_that_the_journal_has_lost_is_pushed_with_the_whole_zone(push_world: PushWorld) -> None:
    push_world.pusher().push()
    push_world.write_names(range(60))
    looks = iter(range(100))
    push_world.pusher(part=10).push(lambda: next(looks) >= 2)
    with push_world.offline.instance.database.write(ACTOR) as work:
        push_world.offline.instance.journal.begin_anew(work, push_world.held(), push_world.held().serial + 50)
    done = push_world.pusher(part=10).push()
    assert done is not None
    assert done.whole
    push_world.assert_level()


class KilledError(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("only_writer", [True, False])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("commit", range(1, 16))
def test_whole_push_of_a_process_that_was_killed_sends_at_most_a_part_again(
    push_world: PushWorld, monkeypatch: pytest.MonkeyPatch, commit: int, when: str, only_writer: bool
) -> None:
    """Killed at any note of what has arrived, before it is written or after."""
    push_world.write_names(range(50))
    note, notes = zone_pushes.note, iter(range(1, 100))

    def killing(work: UnitOfWork, row: ZonePushRow, **values: object) -> None:
        number = next(notes)
        if number == commit and when == "before":
            raise KilledError
        note(work, row, **values)
        if number == commit:
            work.after_commit(killed)

    def killed() -> None:
        raise KilledError

    with monkeypatch.context() as patch, contextlib.suppress(KilledError):
        patch.setattr(zone_pushes, "note", killing)
        push_world.pusher(part=10, only_writer=only_writer).push()
    position = push_world.row().position
    sent = 0 if position is None else len(push_world.theirs())
    total = len(push_world.ours())
    done = push_world.pusher(part=10, only_writer=only_writer).push()
    assert push_world.theirs() == push_world.ours()
    assert push_world.row().position is None
    if done is not None and position is not None:
        assert done.record_sets <= total - sent + 10 + 2  # the apex counts, though it isn't sent
    if only_writer:
        push_world.assert_level()


def test_whole_push_that_is_wanted_again_goes_on_after_a_restart(push_world: PushWorld) -> None:
    push_world.write_names(range(50))
    push_world.pusher().push()
    looks = iter(range(100))
    assert push_world.pusher(part=10).push(lambda: next(looks) >= 2, whole=True) is None
    done = push_world.pusher(part=10).push()
    assert done is not None
    assert done.whole
    assert done.record_sets < 50
    push_world.assert_level()


def test_whole_push_begins_again_where_the_history_since_its_beginning_is_gone(push_world: PushWorld) -> None:
    push_world.write_names(range(30))
    looks = iter(range(100))
    assert push_world.pusher(part=10).push(lambda: next(looks) >= 2) is None
    held = push_world.held()
    push_world.forget(range(3))
    with push_world.offline.instance.database.write(ACTOR) as work:
        push_world.offline.instance.journal.begin_anew(work, held, held.serial + 50)
    done = push_world.pusher(part=10).push(whole=False)
    assert done is not None
    assert done.record_sets >= 27
    assert push_world.ours() <= push_world.theirs()


def test_taking_over_with_everything_begins_at_the_beginning(push_world: PushWorld) -> None:
    push_world.write_names(range(30))
    looks = iter(range(100))
    assert push_world.pusher(part=10).push(lambda: next(looks) >= 2) is None
    assert push_world.row().position is not None
    push_world.pusher().take_over(ACTOR, whole=True)
    assert push_world.row().position is None
    done = push_world.pusher(part=10).push()
    assert done is not None
    assert done.record_sets >= 30
    push_world.assert_level()


@given(
    st.integers(0, 2**32 - 1),
    st.none() | st.tuples(st.sampled_from(["@", "a b", " ", name_of(1), r"x\032y.z"]), st.sampled_from(["TXT", "SOA"])),
)
def test_position_reads_back(since: int, after: tuple[str, str] | None) -> None:
    assert Sweep.from_text(Sweep(since, after).to_text()) == Sweep(since, after)


def test_messages_raise_serials_no_faster_than_a_restore_presumes(
    push_world: PushWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = [1000.0]
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        moment[0] += seconds

    monkeypatch.setattr("registry.dns.push.pusher.time", SimpleNamespace(monotonic=lambda: moment[0], sleep=sleep))
    push_world.write_names(range(900))
    begun = push_world.primary.serial
    push_world.pusher(part=100).push()
    assert sum(waited) > 0
    last_part = 1  # is sent at once, and waited for by what comes after it
    least_s = (push_world.primary.updates - last_part) * PUSH_INTERVAL_S
    assert sum(waited) == pytest.approx(least_s)
    assert push_world.primary.serial - begun <= PUSH_STEP * push_world.primary.updates


def test_changes_that_come_during_a_whole_push_are_not_lost(push_world: PushWorld) -> None:
    push_world.write_names(range(60))
    steps = iter(range(100))

    def stopping() -> bool:
        step = next(steps)
        if step in {2, 4}:
            push_world.forget(range(step * 10, step * 10 + 5))
            push_world.write_names(range(100 + step, 103 + step))
        return False

    push_world.pusher(part=10).push(stopping)
    push_world.assert_level()


def test_whole_push_leaves_out_what_has_no_serial_yet(push_world: PushWorld) -> None:
    push_world.write_names(range(4))
    with push_world.offline.instance.database.write(ACTOR) as work:
        states = [
            NewState(name_of(1), "NAPTR", None),
            NewState(name_of(2), "NAPTR", '60 1 1 "U" "Meta:SMP" "!.*!https://later.example!" .'),
            NewState(name_of(9), "TXT", '60 "later"'),
        ]
        push_world.offline.instance.journal.write(work, push_world.zone_id, states)
    for part in (1, 4000):
        push_world.pusher(part=part).push(whole=True)
        assert {each[0] for each in push_world.theirs() if each[0].startswith("n0")} == {
            f"{name_of(number)}.{push_world.zone}." for number in range(4)
        }
        assert not any("later" in each[3] for each in push_world.theirs())


def test_history_that_is_gone_means_everything_again(push_world: PushWorld) -> None:
    pusher = push_world.pusher()
    pusher.push()
    push_world.write_names(range(3))
    held = push_world.held()
    with push_world.offline.instance.database.write(ACTOR) as work:
        push_world.offline.instance.journal.begin_anew(work, held, held.serial + 50)
    done = pusher.push()
    assert done is not None
    assert done.whole
    push_world.assert_level()


def test_serials_wrap_around(push_world: PushWorld) -> None:
    with push_world.offline.instance.database.write(ACTOR) as work:
        last = {"serial": 2**32 - 2, "history_from": 2**32 - 2}
        work.connection.execute(update(zone_table).values(last))
        work.connection.execute(update(zone_change).values(serial=2**32 - 2))
    push_world.primary.set_serial(2**32 - 10)
    pusher = push_world.pusher()
    pusher.push()
    push_world.assert_level()
    for number in range(3):
        push_world.write_names(range(number, number + 3), f"https://{number}.example/")
    done = pusher.push()
    assert done is not None
    assert not done.whole
    push_world.assert_level()
    assert push_world.held().serial < 10


def test_key_that_is_not_there_is_said(push_world: PushWorld) -> None:
    with pytest.raises(ConfigurationError, match="there is no TSIG key other"):
        push_world.pusher(key="other").push()


class StubbornPrimary(SimulatedPrimary):
    """It has no SOA that it would know again."""

    def _update(self, query: dns.update.UpdateMessage) -> dns.rcode.Rcode:
        return dns.rcode.NXRRSET


def test_server_that_refuses_its_own_soa_is_named(push_world: PushWorld) -> None:
    with StubbornPrimary(
        **{name: getattr(push_world.primary, name) for name in ("zone", "key", "records")}
    ).on_loopback() as address:
        push_world.address = address
        with pytest.raises(TechnicalError, match="only_writer: false"):
            push_world.pusher().push()


def test_one_process_pushes_to_a_target_at_a_time(push_world: PushWorld) -> None:
    database, name = push_world.offline.instance.database, f"push {push_world.zone_id} {push_world.address}"
    with turn(database, f"{name} {push_world.zone}") as ours:
        assert ours
        assert push_world.pusher().push() is None
        with turn(database, "something else") as other:
            assert other
    assert push_world.primary.updates == 0
    assert push_world.pusher().push() is not None


def test_turn_ends_with_an_error(push_world: PushWorld) -> None:
    database = push_world.offline.instance.database
    with contextlib.suppress(ZeroDivisionError), turn(database, "work"):
        raise ZeroDivisionError
    with turn(database, "work") as ours:
        assert ours


def test_names_that_differ_are_put_right(push_world: PushWorld) -> None:
    push_world.write_names(range(5))
    pusher = push_world.pusher()
    pusher.push()
    del push_world.primary.records[dns.name.from_text(name_of(3), push_world.primary.zone), dns.rdatatype.NAPTR]
    push_world.primary.put(f"gone.{SCHEME}", "TXT", 60, '"somebody else\'s"')
    names = [(name_of(3), "NAPTR"), (f"gone.{SCHEME}", "TXT")]
    assert Pusher.put_right(pusher, ACTOR, names) == 2
    push_world.assert_level()
