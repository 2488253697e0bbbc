# SPDX-License-Identifier: Apache-2.0
"""Of several spellings of one participant one is taken, the others are refused by name, and nobody is lost by that."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.clock import system_clock
from registry.domains.loader import load_domain
from registry.errors import Reason
from registry.master_key import MasterKey
from registry.move_in.loading import Loader, stage
from registry.move_in.model import Kind, Result, SourceKind, SourceRecord, Verdict, part_of
from registry.move_in.moves import begin_move
from registry.move_in.report import Limits, Tally
from registry.move_in.spellings import Spellings, same_participant
from registry.move_in.staging import Staging
from registry.storage.engine import Actor, Database
from registry.storage.migrate import migrate
from registry.storage.queries import move_ins
from registry.storage.queries.move_ins import Held
from registry.storage.unit_of_work import UnitOfWork
from tests.simulators.databases import database_url
from tests.simulators.moving_in import MemorySource, record_of

ACTOR = Actor("test")
UPPER, MIXED, LOWER = (f"iso6523-actorid-upis::9915:{value}" for value in ("ABC", "Abc", "abc"))
OTHER = "iso6523-actorid-upis::9915:abcd"
KINDS_OF_SOURCE = pytest.mark.parametrize("counts_parts", [False, True], ids=["read-whole", "by-checksums"])


class Domains:
    """Implements `registry.move_in.model.Receiver` as a domain does that folds case: one participant for a name."""

    kind = Kind.PARTICIPANT

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.removed: list[str] = []

    def apply(self, work: UnitOfWork, records: Sequence[SourceRecord], gone: Sequence[str]) -> Sequence[Result]:
        assert work.moves_in
        self.removed += (key.lower() for key in gone)
        for key in gone:
            self.kept.pop(key.lower(), None)
        return [*map(self._take, records), *(Result(key, Verdict.REMOVED) for key in gone)]

    def _take(self, record: SourceRecord) -> Result:
        if record.body == b'"refused"':
            return Result(record.key, Verdict.REFUSED, (Reason("TEST-REFUSED", "it says so"),))
        known = record.key.lower() in self.kept
        self.kept[record.key.lower()] = record.body
        return Result(record.key, Verdict.UPDATED if known else Verdict.CREATED)


class World:
    """A move with a ledger into a domain that folds case."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "1.sqlite3"
        self.database = Database(database_url(folder), system_clock, master_key=MasterKey(bytes(32)))
        migrate(self.database)
        self.move_id = begin_move(self.database, ACTOR, SourceKind.CSV, "here", []).id
        self.domain = Domains()

    def load(self, said: Mapping[str, object], *, counts_parts: bool = False, again: bool = True) -> Tally:
        source = MemorySource([record_of(key, body) for key, body in said.items()], counts_parts=counts_parts)
        staging = Staging(self._file).emptied()
        stage(self.database, self.move_id, source, staging, again=again)
        loader = Loader(self.database, ACTOR, self.move_id, [self.domain], staging, str.lower)
        return loader.run(loader.differences(), Limits(100, 100), lambda _number: None)

    def refusals(self) -> dict[str, str]:
        with self.database.read() as connection:
            found = move_ins.refusals(connection, self.move_id, 100)
        return {each.key: each.reasons[0][1] for each in found}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.database.dispose()


@KINDS_OF_SOURCE
def test_the_first_spelling_is_taken_and_the_second_refused_by_name(world: World, counts_parts: bool) -> None:
    tally = world.load({LOWER: "lower", UPPER: "upper", OTHER: "other"}, counts_parts=counts_parts)
    assert world.domain.kept == {LOWER: b'"upper"', OTHER: b'"other"'}
    assert (tally.count(Verdict.CREATED), tally.reasons) == (2, {"MOVE-IN-TWICE": 1})
    assert list(world.refusals()) == [LOWER]
    assert UPPER in world.refusals()[LOWER]


@KINDS_OF_SOURCE
@pytest.mark.parametrize("again", [True, False], ids=["load", "last-delta"])
def test_the_second_spelling_is_taken_when_the_first_is_gone(world: World, counts_parts: bool, again: bool) -> None:
    world.load({LOWER: "lower", UPPER: "upper"}, counts_parts=counts_parts)
    world.load({LOWER: "lower"}, counts_parts=counts_parts, again=again)
    assert world.domain.kept == {LOWER: b'"lower"'}
    assert (world.domain.removed, world.refusals()) == ([], {})
    world.load({}, counts_parts=counts_parts)
    assert world.domain.kept == {}


@KINDS_OF_SOURCE
def test_a_spelling_that_the_source_has_changed_leaves_the_participant_here(world: World, counts_parts: bool) -> None:
    world.load({LOWER: "same"}, counts_parts=counts_parts)
    world.load({UPPER: "same"}, counts_parts=counts_parts)
    assert (world.domain.kept, world.domain.removed, world.refusals()) == ({LOWER: b'"same"'}, [], {})
    world.load({}, counts_parts=counts_parts)
    assert (world.domain.kept, world.domain.removed) == ({}, [LOWER])


def test_what_is_here_is_known_where_the_spelling_that_comes_in_its_place_is_refused(world: World) -> None:
    world.load({UPPER: "upper", LOWER: "refused"})
    world.load({LOWER: "refused"})
    assert world.domain.kept == {LOWER: b'"upper"'}
    world.load({})
    assert (world.domain.kept, world.domain.removed) == ({}, [LOWER])


@KINDS_OF_SOURCE
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    states=st.lists(
        st.dictionaries(st.sampled_from([UPPER, MIXED, LOWER, OTHER]), st.integers(0, 2)), min_size=1, max_size=5
    )
)
def test_after_any_changes_each_participant_is_here_of_which_the_source_has_a_spelling(
    world: World, counts_parts: bool, states: list[dict[str, int]]
) -> None:
    for said in states:
        world.domain.removed.clear()
        world.load(said, counts_parts=counts_parts)
        first = {key.lower(): key for key in sorted(said, reverse=True)}
        assert world.domain.kept == {name: str(said[key]).encode() for name, key in first.items()}
        assert world.refusals().keys() == said.keys() - set(first.values())
        assert not {key.lower() for key in said} & set(world.domain.removed)


def test_where_both_were_taken_before_the_first_is_taken_anew() -> None:
    listed, held = dict.fromkeys((UPPER, LOWER)), {key: Held(0, "d", "created") for key in (UPPER, LOWER)}
    found = Spellings.of(listed, held, str.lower)
    assert (found.further, found.anew) == ({LOWER: UPPER}, {UPPER, LOWER})
    assert found.here == {UPPER: "d", LOWER: ""}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (UPPER, LOWER),
        (LOWER, f"{LOWER} "),
        (
            "urn:oasis:names:tc:ebcore:partyid-type:iso6523::0088:A",
            "urn:oasis:names:tc:ebcore:partyid-type:iso6523:0088::a",
        ),
    ],
    ids=["case", "blank-behind", "ebcore"],
)
def test_spellings_of_a_participant_are_the_same_and_in_one_part(one: str, other: str) -> None:
    same = same_participant(load_domain("peppol").identifiers)
    assert same(one) == same(other)
    assert part_of(one) == part_of(other)
    assert Spellings.of(dict.fromkeys((one, other)), {}, same).further == {max(one, other): min(one, other)}


def test_participants_whom_the_domain_tells_apart_are_two() -> None:
    keys = dict.fromkeys(("busdox-actorid-upis::A", "iso6523-actorid-upis::A", "Iso6523-actorid-upis::a", "::a", "::A"))
    same = same_participant(load_domain("peppol").identifiers)
    assert Spellings.of(keys, {}, same) == Spellings()
