# SPDX-License-Identifier: Apache-2.0
"""Moves and their ledger as stored: one move into a domain at a time, pages of refusals, and the end of all that."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from registry.audit.retention import Policy, purge
from registry.errors import ConflictError, NotFoundError
from registry.storage.queries import move_ins
from registry.storage.queries.move_ins import Moved, MoveInRow
from registry.storage.unit_of_work import UnitOfWork
from tests.simulators.offline import ACTOR, OfflineInstance


@pytest.fixture
def work(offline: OfflineInstance) -> Iterator[UnitOfWork]:
    with offline.instance.database.write(ACTOR) as running:
        yield running


def begun(offline: OfflineInstance, work: UnitOfWork) -> MoveInRow:
    return move_ins.add(work, "csv", "here", "planned", [offline.stored.id])


def refused(key: str, part: int = 0) -> Moved:
    return Moved(part, key, "", "refused", [["RULE", f"{key} is wrong", ""]], None)


def test_a_move_tells_what_it_was_begun_with(offline: OfflineInstance, work: UnitOfWork) -> None:
    move = begun(offline, work)
    assert (move.source_kind, move.source, move.state, move.actor) == ("csv", "here", "planned", ACTOR.name)
    assert (move.domain_ids, move.counts, move.steps, move.back_until) == ((offline.stored.id,), {}, {}, None)
    assert move_ins.active_in(work.connection, offline.stored.id) == move
    assert move_ins.newest(work.connection) == [move]


def test_one_move_fills_a_domain_whoever_begins_it(offline: OfflineInstance, work: UnitOfWork) -> None:
    move = begun(offline, work)
    move_ins.add_domain(work, move.id, offline.stored.id)  # again, which changes nothing
    with pytest.raises(ConflictError, match="another move into this domain"), work.connection.begin_nested():
        begun(offline, work)
    move_ins.let_go(work, move.id)
    assert move_ins.active_in(work.connection, offline.stored.id) is None
    assert begun(offline, work).id > move.id


def test_a_number_that_no_move_has_is_told(work: UnitOfWork) -> None:
    with pytest.raises(NotFoundError):
        move_ins.by_id(work.connection, 7)


def test_the_newest_move_of_a_kind_is_found_among_those_that_go_on(offline: OfflineInstance, work: UnitOfWork) -> None:
    first = move_ins.add(work, "domisml-sql", "a", "planned", [])
    second = move_ins.add(work, "domisml-sql", "b", "ended", [])
    assert move_ins.newest_of_kind(work.connection, "domisml-sql", []) == second
    assert move_ins.newest_of_kind(work.connection, "domisml-sql", ["ended"]) == first
    assert move_ins.newest_of_kind(work.connection, "csv", []) is None


def test_refusals_are_told_page_by_page_in_one_order(offline: OfflineInstance, work: UnitOfWork) -> None:
    move = begun(offline, work)
    for kind in ("participant", "owner"):
        rows = [refused(f"{kind}-{part}-{key}", part) for part in (0, 7) for key in ("a", "b")]
        move_ins.add_records(work, move.id, kind, [*rows, Moved(0, "good", "00", "created", None, ["a note"])])
    whole = move_ins.refusals(work.connection, move.id, 100)
    assert [row.key for row in whole] == [
        f"{kind}-{part}-{key}" for kind in ("owner", "participant") for part in (0, 7) for key in ("a", "b")
    ]
    pages, after = [], None
    while page := move_ins.refusals(work.connection, move.id, 3, after):
        pages.append(len(page))
        assert page == whole[sum(pages[:-1]) : sum(pages)]
        after = page[-1]
    assert pages == [3, 3, 2]
    assert move_ins.counts(work.connection, move.id)["owner"] == {"created": 1, "refused": 4}


def test_what_is_here_of_a_part_is_what_was_taken_of_it(offline: OfflineInstance, work: UnitOfWork) -> None:
    move = begun(offline, work)
    rows = [
        Moved(3, "taken", "00", "created", None, None),
        Moved(3, "taken-before", "00", "refused", [], None),
        refused("never", 3),
        Moved(4, "elsewhere", "00", "created", None, None),
    ]
    move_ins.add_records(work, move.id, "participant", rows)
    assert move_ins.keys(work.connection, move.id, "participant", 3) == ["taken", "taken-before"]
    assert move_ins.held_parts(work.connection, move.id) == {("participant", 3), ("participant", 4)}
    assert move_ins.held_parts(work.connection, move.id, refused=True) == {("participant", 3)}


def test_a_part_has_the_last_digest_that_was_noted_or_none(offline: OfflineInstance, work: UnitOfWork) -> None:
    move = begun(offline, work)
    for digest in ("one", "two"):
        move_ins.put_parts(work, move.id, [("owner", 5, digest), ("owner", 6, "six"), ("participant", 5, None)])
        assert move_ins.part_digests(work.connection, move.id) == {("owner", 5): digest, ("owner", 6): "six"}
    move_ins.put_parts(work, move.id, [("owner", 5, None)])
    assert move_ins.part_digests(work.connection, move.id) == {("owner", 6): "six"}


def test_the_ledger_of_a_move_that_has_ended_goes_after_its_period(offline: OfflineInstance) -> None:
    database = offline.instance.database
    with database.write(ACTOR) as work:
        going, staying = begun(offline, work), move_ins.add(work, "csv", "there", "loaded", [])
        for move in (going, staying):
            move_ins.add_records(work, move.id, "owner", [refused(str(number)) for number in range(12)])
        move_ins.change(work, going.id, state="ended")
    policy = Policy(migrations=timedelta(days=30))
    offline.clock.forward(days=29)
    assert purge(database, policy, batch=5)["moved_record"] == 0
    offline.clock.forward(days=2)
    assert purge(database, policy, batch=5)["moved_record"] == 12
    with database.read() as connection:
        assert move_ins.counts(connection, going.id) == {}
        assert move_ins.counts(connection, staying.id) == {"owner": {"refused": 12}}
