# SPDX-License-Identifier: Apache-2.0
"""A zone in which others write, too: what is ours there is kept up and taken away, what is theirs stays."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from registry.audit.retention import Policy, purge
from registry.dns.journal import NewState
from registry.storage.queries import zone_pushes, zones
from registry.storage.tables import zone_change, zone_push
from tests.simulators.offline import ACTOR
from tests.simulators.push_world import SCHEME, PushWorld

OURS, THEIRS = '60 "ours"', '"theirs"'
NAME = f"text.{SCHEME}"


def text_at(world: PushWorld, name: str = NAME) -> set[str]:
    return {each[3] for each in world.theirs() if each[0] == f"{name}.{world.zone}."}


def begin_anew(world: PushWorld) -> None:
    """No differences lead to what we have from now on: as after a repair, or a restore."""
    with world.offline.instance.database.write(ACTOR) as work:
        held = zones.by_id(work.connection, world.zone_id)
        world.offline.instance.journal.begin_anew(work, held, held.serial + 100)


def test_name_that_somebody_else_made_after_we_gave_it_up_stays(push_world: PushWorld) -> None:
    pusher = push_world.pusher(only_writer=False)
    push_world.write(NewState(NAME, "TXT", OURS))
    pusher.push()
    push_world.write(NewState(NAME, "TXT", None))
    push_world.primary.put(NAME, "TXT", 60, THEIRS)  # before our removal comes there
    pusher.push()
    assert text_at(push_world) == {THEIRS}
    push_world.primary.put(NAME, "TXT", 60, THEIRS, '"ours"')
    assert pusher.put_right(ACTOR, [(NAME, "TXT")]) == 1
    assert text_at(push_world) == {THEIRS}


def test_name_that_was_never_ours_is_not_put_right(push_world: PushWorld) -> None:
    pusher = push_world.pusher(only_writer=False)
    pusher.push()
    push_world.primary.put(NAME, "TXT", 60, THEIRS)
    pusher.put_right(ACTOR, [(NAME, "TXT")])
    assert text_at(push_world) == {THEIRS}


def test_names_that_went_when_the_history_was_lost_go_there_too(push_world: PushWorld) -> None:
    pusher = push_world.pusher(only_writer=False, part=3)
    push_world.write_names(range(20))
    push_world.write(NewState(NAME, "TXT", OURS), NewState(f"b.{NAME}", "TXT", OURS))
    pusher.push()
    push_world.forget(range(5, 15))
    push_world.write(NewState(NAME, "TXT", None), NewState(f"b.{NAME}", "TXT", None))
    push_world.primary.put(NAME, "TXT", 60, THEIRS)
    push_world.write(NewState(f"b.{NAME}", "TXT", OURS))
    begin_anew(push_world)
    done = pusher.push()
    assert done is not None
    assert done.whole
    assert push_world.theirs() - push_world.ours() == {(f"{NAME}.{push_world.zone}.", 60, "TXT", THEIRS)}
    assert push_world.ours() <= push_world.theirs()


def test_what_goes_without_a_serial_yet_is_still_there(push_world: PushWorld) -> None:
    push_world.write(NewState(NAME, "TXT", OURS))
    push_world.write(NewState(NAME, "TXT", None))
    push_world.write(NewState(NAME, "TXT", OURS))
    with push_world.offline.instance.database.write(ACTOR) as work:
        push_world.offline.instance.journal.write(work, push_world.zone_id, [NewState(NAME, "TXT", None)])
    push_world.pusher(only_writer=False).push()
    assert text_at(push_world) == {'"ours"'}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    versions=st.lists(st.lists(st.none() | st.sampled_from("abc"), min_size=4, max_size=4), min_size=1, max_size=6),
    broken=st.sets(st.integers(0, 5)),
    part=st.integers(1, 5),
)
def test_our_records_are_there_and_only_ours_go_whatever_is_broken_off(
    push_world: PushWorld, versions: list[list[str | None]], broken: set[int], part: int
) -> None:
    pusher = push_world.pusher(only_writer=False, part=part)
    push_world.primary.put(f"theirs.{SCHEME}", "TXT", 60, THEIRS)
    for number, version in enumerate(versions):
        push_world.write(
            *(
                NewState(f"n{at}.{SCHEME}", "TXT", None if text is None else f'60 "{text}"')
                for at, text in enumerate(version)
            )
        )
        if number in broken:
            before = push_world.row()
            pusher.push()
            with push_world.offline.instance.database.write(ACTOR) as work:  # killed: nothing was written down
                zone_pushes.note(work, before, serial=before.serial, position=before.position)
    pusher.push()
    extra = push_world.theirs() - push_world.ours()
    assert {each[0] for each in extra} == {f"theirs.{SCHEME}.{push_world.zone}."}
    assert push_world.ours() <= push_world.theirs()


@pytest.mark.parametrize("tried_ago", [timedelta(hours=1), timedelta(days=8)], ids=["in-vain", "not-any-more"])
def test_journal_is_kept_for_who_is_pushed_to_in_vain(push_world: PushWorld, tried_ago: timedelta) -> None:
    database = push_world.offline.instance.database
    pusher = push_world.pusher(only_writer=False)
    push_world.write(NewState(NAME, "TXT", OURS))
    pusher.push()
    reached = push_world.held().serial
    for number in range(3):
        push_world.write(NewState(NAME, "TXT", f'60 "{number}"'))
    push_world.write(NewState(NAME, "TXT", None))
    with database.write(ACTOR) as work:
        work.connection.execute(update(zone_change).values(changed_at=work.now - timedelta(days=40)))
    push_world.write(NewState("late", "TXT", OURS))
    with database.write(ACTOR) as work:
        work.connection.execute(update(zone_push).values(failed_at=work.now - tried_ago, failure="away"))
    gone = purge(database, Policy(zone_changes=timedelta(days=30)))["zone_change"]
    assert gone > 0
    is_kept = tried_ago < timedelta(days=1)
    assert push_world.held().has_history_since(reached) is is_kept
    if is_kept:
        pusher.push()
        assert push_world.theirs() == push_world.ours()
