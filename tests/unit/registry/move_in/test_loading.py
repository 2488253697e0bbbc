# SPDX-License-Identifier: Apache-2.0
"""A load takes what differs, remembers what it took, and goes on wherever it was broken off."""

import gc
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.clock import system_clock
from registry.errors import ConflictError, TechnicalError
from registry.master_key import MasterKey
from registry.move_in import loading
from registry.move_in.loading import Loader, stage, unhoused_in
from registry.move_in.model import Kind, SourceKind, SourceRecord, Unhoused, Verdict, part_of
from registry.move_in.moves import begin_move
from registry.move_in.report import Difference, Limits, Tally, refuse_too_many_removed
from registry.move_in.staging import Staging
from registry.storage.engine import Actor, Database
from registry.storage.migrate import migrate
from registry.storage.queries import move_ins
from registry.storage.rehearsal import RehearsalDatabase
from tests.simulators.databases import database_url
from tests.simulators.moving_in import KeepingReceiver, MemorySource, record_of

ACTOR = Actor("test")
MANY = Limits(100, 100)
KINDS_OF_SOURCE = pytest.mark.parametrize("counts_parts", [False, True], ids=["read-whole", "by-checksums"])


class World:
    """A move with a ledger, and what loads into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = Database(database_url(folder), system_clock, master_key=MasterKey(bytes(32)))
        migrate(self.database)
        self.move_id = begin_move(self.database, ACTOR, SourceKind.CSV, "here", []).id
        self.receiver = KeepingReceiver()

    def staged(self, source: MemorySource, *, again: bool = True) -> Staging:
        staging = Staging(self.folder / "1.sqlite3").emptied()
        stage(self.database, self.move_id, source, staging, again=again)
        return staging

    def loader(self, staging: Staging, receivers: Sequence[KeepingReceiver] = ()) -> Loader:
        return Loader(self.database, ACTOR, self.move_id, receivers or [self.receiver], staging)

    def load(self, source: MemorySource, limits: Limits = MANY, *, again: bool = True) -> Tally:
        loader = self.loader(self.staged(source, again=again))
        return loader.run(loader.differences(), limits, lambda _number: None)

    def counts(self) -> dict[str, dict[str, int]]:
        with self.database.read() as connection:
            return move_ins.counts(connection, self.move_id)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(loading, "_RECORDS", 200)  # several steps of a few hundred records
    made = World(tmp_path)
    yield made
    made.database.dispose()


def some(number: int, content: object = 0) -> list[SourceRecord]:
    return [record_of(f"key-{each}", content) for each in range(number)]


@KINDS_OF_SOURCE
def test_a_first_load_takes_everything_and_a_second_one_nothing(world: World, counts_parts: bool) -> None:
    source = MemorySource(some(600), counts_parts=counts_parts)
    assert world.load(source).counts == {(Kind.PARTICIPANT, Verdict.CREATED): 600}
    assert len(world.receiver.kept) == 600
    assert world.counts() == {"participant": {"created": 600}}
    world.receiver.calls.clear()
    assert world.load(source).total == 0
    assert world.receiver.calls == []


def test_of_a_source_that_tells_what_its_parts_amount_to_only_what_changed_is_read(world: World) -> None:
    source = MemorySource(some(600), counts_parts=True)
    world.load(source)
    source.read.clear()
    source.held[7] = record_of("key-7", "changed")
    world.load(source)
    assert source.read == [(Kind.PARTICIPANT, part_of("key-7"))]
    assert world.receiver.calls[-1] == (["key-7"], [])
    source.read.clear()
    world.load(source)
    assert source.read == []


@KINDS_OF_SOURCE
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_after_any_number_of_changes_what_is_here_is_what_the_source_holds(
    world: World, counts_parts: bool, data: st.DataObject
) -> None:
    keys = [f"{number}" for number in range(12)]
    for _ in range(data.draw(st.integers(1, 4))):
        content = data.draw(st.dictionaries(st.sampled_from(keys), st.integers(0, 2)))
        source = MemorySource([record_of(key, said) for key, said in content.items()], counts_parts=counts_parts)
        world.load(source)
        assert world.receiver.kept == {each.key: each.body for each in source.held}
        with world.database.read() as connection:
            parts = {part_of(key) for key in keys}
            held = move_ins.held(connection, world.move_id, Kind.PARTICIPANT, parts)
        assert set(held) == content.keys()


@KINDS_OF_SOURCE
def test_what_was_refused_leaves_its_reasons_and_is_tried_again(world: World, counts_parts: bool) -> None:
    source = MemorySource([*some(5), record_of("bad", "refused")], counts_parts=counts_parts)
    tally = world.load(source)
    assert (tally.count(Verdict.REFUSED), tally.reasons) == (1, {"TEST-REFUSED": 1})
    with world.database.read() as connection:
        (refusal,) = move_ins.refusals(connection, world.move_id, 10)
    assert (refusal.key, refusal.reasons) == ("bad", [["TEST-REFUSED", "it says so", "§1"]])
    assert world.load(source).counts == {(Kind.PARTICIPANT, Verdict.REFUSED): 1}
    source.held[-1] = record_of("bad", "good now")
    assert world.load(source).counts == {(Kind.PARTICIPANT, Verdict.CREATED): 1}
    assert world.counts() == {"participant": {"created": 6}}


def test_nothing_is_tried_again_where_nobody_wants_that(world: World) -> None:
    source = MemorySource([record_of("bad", "refused")], counts_parts=True)
    world.load(source)
    assert world.load(source, again=False).total == 0


def test_what_was_never_taken_is_forgotten_when_it_goes_and_nobody_is_told(world: World) -> None:
    """It may be refused because somebody else has it here."""
    world.load(MemorySource([record_of("bad", "refused"), *some(1)]))
    world.receiver.calls.clear()
    tally = world.load(MemorySource(some(1)))
    assert tally.counts == {(Kind.PARTICIPANT, Verdict.REMOVED): 1}
    assert world.receiver.calls == []
    assert world.counts() == {"participant": {"created": 1}}


def test_what_was_taken_and_then_refused_is_removed_when_it_goes(world: World) -> None:
    world.load(MemorySource([record_of("a", "good")]))
    world.load(MemorySource([record_of("a", "refused")]))
    assert world.counts() == {"participant": {"refused": 1}}
    world.load(MemorySource([]))
    assert world.receiver.kept == {}
    assert world.counts() == {}


def test_what_can_not_be_removed_stays_in_the_ledger_until_it_can(world: World) -> None:
    world.load(MemorySource([record_of("a", "stays")]))
    assert world.load(MemorySource([])).counts == {(Kind.PARTICIPANT, Verdict.REFUSED): 1}
    world.receiver.kept["a"] = b"0"
    assert world.load(MemorySource([])).counts == {(Kind.PARTICIPANT, Verdict.REMOVED): 1}
    assert world.counts() == {}


@KINDS_OF_SOURCE
@pytest.mark.parametrize("after", range(4))
def test_a_load_that_breaks_off_goes_on_with_what_is_left(world: World, counts_parts: bool, after: int) -> None:
    source = MemorySource(some(1_000), counts_parts=counts_parts)
    staging = world.staged(source)
    loader = world.loader(staging)
    differences = loader.differences()

    def fail(number: int) -> None:
        if number == after:
            raise TechnicalError("the power is gone")

    world.receiver.before = fail
    with pytest.raises(TechnicalError):
        loader.run(differences, MANY, lambda _number: None)
    taken = sum(world.counts().get("participant", {}).values())
    assert sum(count for count, _ in staging.parts().values()) == 1_000 - taken
    world.receiver.before = lambda _number: None
    again = world.loader(staging)
    assert again.run(again.differences(), MANY, lambda _number: None).count(Verdict.CREATED) == 1_000 - taken
    assert world.counts() == {"participant": {"created": 1_000}}
    assert staging.parts() == {}


def test_what_was_done_is_not_done_again_where_the_file_still_has_it(world: World) -> None:
    """Between the commit and the file, somebody may be killed."""
    source = MemorySource(some(300), counts_parts=True)
    world.load(source)
    staging = Staging(world.folder / "1.sqlite3").emptied()
    staging.fill(iter(source.held), source.checksums() or {}, lambda: {"unhoused": []}, lambda _number: None)
    world.receiver.calls.clear()
    loader = world.loader(staging)
    assert loader.run(loader.differences(), MANY, lambda _number: None).total == 0
    assert world.receiver.calls == []
    assert staging.parts() == {}


def test_a_part_is_looked_at_only_for_the_kinds_of_which_it_is_staged(world: World) -> None:
    """Registrations of a part that is as it was must not look as if they were gone, because a migration of it came."""
    registrations, migrations = KeepingReceiver(Kind.REGISTRATION), KeepingReceiver(Kind.MIGRATION)
    people = [record_of(f"key-{number}", 0, Kind.REGISTRATION) for number in range(500)]
    source = MemorySource(people, counts_parts=True)
    for _ in range(2):
        loader = world.loader(world.staged(source), [registrations, migrations])
        loader.run(loader.differences(), MANY, lambda _number: None)
        source.held.append(record_of("key-3", 0, Kind.MIGRATION))
    assert len(registrations.kept) == 500
    assert list(migrations.kept) == ["key-3"]
    assert all(gone == [] for _, gone in registrations.calls)


def test_what_others_are_built_upon_comes_first_and_goes_last(world: World) -> None:
    log: list[tuple[str, str]] = []
    receivers = [KeepingReceiver(kind, log) for kind in (Kind.REGISTRATION, Kind.PUBLISHER, Kind.SUB_DOMAIN)]
    content = [
        record_of("participant", 0, Kind.REGISTRATION),
        record_of("smp", 0, Kind.PUBLISHER),
        record_of("sub-domain", 0, Kind.SUB_DOMAIN),
    ]
    for held in (content, []):
        loader = world.loader(world.staged(MemorySource(held)), receivers)
        loader.run(loader.differences(), MANY, lambda _number: None)
    assert [said for _, said in log] == ["+sub-domain", "+smp", "+participant", "-participant", "-smp", "-sub-domain"]


def test_a_kind_that_nobody_takes_is_an_error_not_a_loss(world: World) -> None:
    with pytest.raises(TechnicalError, match="publisher"):
        world.load(MemorySource([record_of("smp", 0, Kind.PUBLISHER)]))


def test_a_receiver_that_does_not_answer_for_everything_is_an_error(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.receiver, "apply", lambda *_: [])
    with pytest.raises(TechnicalError, match="not all"):
        world.load(MemorySource(some(1)))
    assert world.counts() == {}


def test_differences_tell_what_is_new_what_changed_and_what_is_gone(world: World) -> None:
    world.load(MemorySource(some(10)))
    source = MemorySource([*some(8)[2:], record_of("key-0", 1), record_of("new-1"), record_of("new-2")])
    found = world.loader(world.staged(source)).differences()
    assert found == {Kind.PARTICIPANT: Difference(held=10, new=2, changed=1, gone=3, refused=0)}
    assert found[Kind.PARTICIPANT].records == len(source.held)


def test_where_too_much_has_gone_nothing_is_removed(world: World) -> None:
    world.load(MemorySource(some(10)))
    found = world.loader(world.staged(MemorySource(some(8)))).differences()
    refuse_too_many_removed(found, Limits(removed_percent=20))
    with pytest.raises(ConflictError, match=r"2 of 10 participant records are gone at the source, more than 19 %"):
        refuse_too_many_removed(found, Limits(removed_percent=19))


def test_a_load_stops_where_too_many_are_refused_and_goes_on_if_it_is_told_to(world: World) -> None:
    held = [record_of(f"key-{number}", "refused" if number % 5 == 0 else 0) for number in range(1_000)]
    staging = world.staged(MemorySource(held))
    loader = world.loader(staging)
    differences = loader.differences()
    with pytest.raises(ConflictError, match="records were refused, more than 10 %"):
        loader.run(differences, Limits(refused_percent=10), lambda _number: None)
    taken = sum(world.counts()["participant"].values())
    assert 0 < taken < 1_000
    again = loader.differences()
    with pytest.raises(ConflictError, match="records were refused, more than 10 %"):
        loader.run(again, Limits(refused_percent=10), lambda _number: None)
    assert loader.run(loader.differences(), Limits(refused_percent=20), lambda _number: None).total < 1_000 - taken
    assert world.counts() == {"participant": {"created": 800, "refused": 200}}


def test_what_was_refused_before_does_not_stop_a_load_again(world: World) -> None:
    source = MemorySource([*some(5), record_of("bad", "refused")])
    world.load(source)
    source.held.append(record_of("new"))
    assert world.load(source, Limits(0, 0)).counts == {
        (Kind.PARTICIPANT, Verdict.REFUSED): 1,
        (Kind.PARTICIPANT, Verdict.CREATED): 1,
    }


def test_what_has_no_home_is_told(world: World) -> None:
    staging = world.staged(MemorySource([]))
    assert unhoused_in(staging) == (Unhoused("smp_user.password", 3, "passwords are not carried"),)


# Plans


def rehearse(world: World, source: MemorySource, receivers: Sequence[KeepingReceiver] = ()) -> Tally:
    rehearsed = RehearsalDatabase(world.database)
    loader = Loader(rehearsed, ACTOR, world.move_id, receivers or [world.receiver], world.staged(source))
    loader.differences()
    return loader.rehearse(lambda _number: None)


@KINDS_OF_SOURCE
def test_a_plan_tells_what_a_load_then_does_and_writes_nothing(world: World, counts_parts: bool) -> None:
    held = [record_of(f"key-{number}", "refused" if number % 7 == 0 else 0) for number in range(700)]
    source = MemorySource(held, counts_parts=counts_parts)
    planned = rehearse(world, source)
    assert world.counts() == {}
    world.receiver = KeepingReceiver()
    assert world.load(source).to_json() == planned.to_json()


def test_a_plan_lets_others_write_again_and_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "_HOLD_S", 0)
    log: list[tuple[str, str]] = []
    receivers = [KeepingReceiver(Kind.OWNER, log), KeepingReceiver(Kind.PARTICIPANT, log)]
    source = MemorySource([record_of("owner", 0, Kind.OWNER), *some(1_000)])
    tally = rehearse(world, source, receivers)
    assert tally.counts == {(Kind.OWNER, Verdict.CREATED): 1, (Kind.PARTICIPANT, Verdict.CREATED): 1_000}
    transactions = len(receivers[1].calls)
    assert transactions > 2
    # Each transaction begins with what the rest is built upon, since the one before was taken back.
    assert len(receivers[0].calls) >= transactions


def test_a_plan_of_a_delta_tells_what_will_go(world: World) -> None:
    world.load(MemorySource(some(10)))
    tally = rehearse(world, MemorySource(some(4, "changed")))
    assert tally.counts == {(Kind.PARTICIPANT, Verdict.UPDATED): 4, (Kind.PARTICIPANT, Verdict.REMOVED): 6}
    assert world.counts() == {"participant": {"created": 10}}


# Many at once


def test_memory_does_not_grow_with_the_source(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is held at a time is a bounded number of bodies, and of one step."""
    import tracemalloc

    from registry.move_in import staging as module

    monkeypatch.setattr(module, "_BUFFER", 60_000)
    noise = random.Random(5)

    def peak(number: int) -> int:
        made = MemorySource([])
        some_noise = (record_of(f"{number}-{each}", noise.randbytes(500).hex()) for each in range(number))
        made.records = lambda _parts: some_noise  # type: ignore[method-assign]
        tracemalloc.start()
        world.load(made)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        world.receiver.kept.clear()
        world.receiver.calls.clear()
        world.receiver.log.clear()
        return found

    assert peak(1_200) < 2 * peak(400)


def test_python_looks_for_cycles_as_often_as_before_once_a_step_has_ended(world: World) -> None:
    before = gc.get_threshold()
    with pytest.raises(TechnicalError):
        world.load(MemorySource([record_of("smp", 0, Kind.PUBLISHER)]))
    assert gc.get_threshold() == before
