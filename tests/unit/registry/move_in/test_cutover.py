# SPDX-License-Identifier: Apache-2.0
"""The steps of a cutover and of the way back: each once, in order, written down; broken off anywhere, they go on."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from registry.audit import events
from registry.errors import ConfigurationError, ConflictError, TechnicalError
from registry.metadata import ServiceGroup
from registry.move_in import back, cutover
from registry.move_in.back import give_up_cutover, go_back
from registry.move_in.cutover import Cutover, Name
from registry.move_in.model import SourceKind
from registry.move_in.moves import begin_load, begin_move, finish_load, our_turn
from registry.move_in.outside import ByCommand, ByHand
from registry.move_in.replay.model import Replayed
from registry.move_in.report import Report, Tally
from registry.move_in.states import State
from registry.storage.queries import move_ins, standby, zones
from registry.storage.queries.move_ins import Moved, MoveInRow
from tests.simulators.offline import ACTOR, OfflineInstance, participant

WHO = participant("0088:who")
STEPS = [each.value for each in Name]
ASKED = ["ready", "carry over", "freeze", "carry over", "carry over", "compare", "switch", "reached"]


@dataclass
class World:
    """A loaded move into the domain of an instance, and what its steps have been asked for."""

    offline: OfflineInstance
    number: int
    asked: list[str] = field(default_factory=list)
    changes: list[int] = field(default_factory=lambda: [5, 3, 0])
    fails_at: str = ""
    reached: Callable[[], Mapping[str, Any]] = dict
    serials: dict[str, list[int]] = field(default_factory=dict)
    replayed: Replayed = field(default_factory=lambda: Replayed(1, 2))

    def _does(self, name: str) -> Callable[[str], bool]:
        def ask(_what: str) -> bool:
            self._ask(name)
            return True

        return ask

    def _ask(self, name: str) -> None:
        self.asked.append(name)
        if name == self.fails_at:
            self.fails_at = ""
            raise TechnicalError(f"broken off at {name}")

    def _told(self, name: str) -> Callable[[], Mapping[str, Any]]:
        def do() -> Mapping[str, Any]:
            self._ask(name)
            return {}

        return do

    def _carry_over(self) -> int:
        self._ask("carry over")
        return self.changes.pop(0) if self.changes else 0

    def _nap(self, seconds: float) -> None:
        self.offline.clock.forward(seconds=seconds)

    @property
    def means(self) -> cutover.Means:
        return cutover.Means(
            check=self._told("ready"),
            freeze=ByHand("stop writes", self._does("freeze")),
            carry_over=self._carry_over,
            compare=self._told("compare"),
            switch=ByHand("switch names", self._does("switch")),
            reached=self._told("reached"),
            old_ttl=timedelta(minutes=5),
            old_serials=lambda: self.serials,
            catch_up=self._carry_over,
            nap=self._nap,
        )

    @property
    def back_means(self) -> back.Means:
        def replayed() -> Replayed:
            self._ask("replay")
            return self.replayed

        return back.Means(replayed, self._told("compare"), ByHand("switch names", self._does("switch")))

    def cut_over(self, means: cutover.Means | None = None) -> list[str]:
        database = self.offline.instance.database
        done = Cutover(database, ACTOR, self.number, [self.offline.stored], means or self.means).run()
        return [each.name for each in done]

    def go_back(self, means: back.Means | None = None) -> list[str]:
        database, stored = self.offline.instance.database, self.offline.stored
        return [each.name for each in go_back(database, ACTOR, self.number, [stored], means or self.back_means)]

    @property
    def row(self) -> MoveInRow:
        with self.offline.instance.database.read() as connection:
            return move_ins.by_id(connection, self.number)

    @property
    def is_in_standby(self) -> bool:
        with self.offline.instance.database.read() as connection:
            return standby.is_in_standby(connection, self.offline.stored.id)

    def publish(self) -> None:
        self.offline.instance.publishing.put_service_group(ACTOR, self.offline.stored, ServiceGroup(WHO))


def report(number: int) -> Report:
    """A load that has come to its end, of a source that holds nothing."""
    return Report(number, planned=False, resumed=False, differences={}, tally=Tally(), unhoused=())


@pytest.fixture
def world(offline: OfflineInstance) -> World:
    database, stored = offline.instance.database, offline.stored
    number = begin_move(database, ACTOR, SourceKind.PHOSS_XML, "export.xml", [stored]).id
    begin_load(database, ACTOR, number, "export.xml", [stored], {})
    finish_load(database, ACTOR, report(number))
    return World(offline, number)


@contextmanager
def refused(match: str) -> Iterator[None]:
    with pytest.raises(ConflictError, match=match):
        yield


def test_steps_come_in_order_and_open_the_domain_before_the_names_are_switched(world: World) -> None:
    assert world.is_in_standby
    assert world.cut_over() == STEPS
    assert world.asked == ASKED
    row = world.row
    assert row.state == State.CUT_OVER
    assert row.back_until is not None
    assert row.back_until - row.modified_at > timedelta(hours=71)
    assert not world.is_in_standby
    world.publish()


@pytest.mark.parametrize("step", ["ready", "freeze", "carry over", "compare", "switch", "reached"])
def test_broken_off_anywhere_the_same_call_goes_on(world: World, step: str) -> None:
    world.fails_at = step
    with pytest.raises(TechnicalError, match=step):
        world.cut_over()
    done = len(world.asked) - 1
    world.asked.clear()
    assert world.cut_over() == STEPS
    assert world.asked == ASKED[done:], "what is written down isn't done again"


def test_who_writes_after_the_freeze_is_found(world: World) -> None:
    world.changes = [5, 3, 1]
    with refused("1 records have changed .* after the freeze"):
        world.cut_over()
    assert world.row.state == State.FROZEN
    assert world.is_in_standby
    assert world.cut_over() == STEPS


def test_what_has_changed_by_now_is_loaded_while_the_old_system_still_takes_writes(world: World) -> None:
    world.fails_at = "carry over"
    with pytest.raises(TechnicalError):
        world.cut_over()
    assert world.row.state == State.LOADED
    assert world.cut_over() == STEPS
    told = {each["name"]: each["told"] for each in world.row.steps["cutover"]["done"]}
    assert [told[name]["records"] for name in (Name.CATCH_UP, Name.DELTA, Name.UNCHANGED)] == [5, 3, 0]


def test_old_ttl_is_waited_out_from_the_switch_on(world: World) -> None:
    world.cut_over()
    steps = {each["name"]: each for each in world.row.steps["cutover"]["done"]}
    assert steps["old-ttl"]["told"] == {"ttl_seconds": 300.0}
    assert steps["old-ttl"]["at"] > steps["switch"]["at"]
    assert steps["old-ttl"]["seconds"] == pytest.approx(300, abs=1)


def test_a_longer_ttl_that_the_old_zone_shows_counts(world: World) -> None:
    means = replace(world.means, compare=lambda: {cutover.OLD_TTL_S: 900})
    world.cut_over(means)
    assert world.row.steps["cutover"]["done"][-1]["told"] == {"ttl_seconds": 900.0}


def test_zone_goes_on_beyond_every_serial_of_the_old_one(world: World) -> None:
    zone = world.offline.stored.domain.dns.zone
    world.serials = {zone: [2_026_112_301]}
    world.cut_over()
    with world.offline.instance.database.read() as connection:
        (row,) = [each for each in zones.all_zones(connection) if each.name == zone]
    assert row.serial == 2_026_112_302


def test_what_is_cut_over_or_not_loaded_is_not_cut_over(world: World) -> None:
    world.cut_over()
    with refused("cut over already"):
        world.cut_over()
    with world.offline.instance.database.write(ACTOR) as work:
        move_ins.change(work, world.number, state=State.LOADING)
    with refused("load it to its end first"):
        world.cut_over()


def test_one_operator_at_a_time(world: World) -> None:
    with our_turn(world.offline.instance.database, world.number), refused("somebody else is at the move"):
        world.cut_over()


def test_what_is_not_confirmed_stops_before_it_is_done(world: World) -> None:
    means = replace(world.means, freeze=ByHand("Stop all writes.", lambda _: False))
    with refused("not done yet: Stop all writes"):
        world.cut_over(means)
    assert world.row.state == State.LOADED


def test_way_back_stops_our_writes_first_and_ends_in_standby(world: World) -> None:
    world.cut_over()
    world.asked.clear()
    assert world.go_back() == ["freeze", "replay", "compare", "switch"]
    assert world.asked == ["replay", "compare", "switch"]
    assert world.row.state == State.BACK
    assert world.is_in_standby
    with refused("moving in"):
        world.publish()


@pytest.mark.parametrize("step", ["replay", "compare", "switch"])
def test_way_back_goes_on_where_it_was_broken_off(world: World, step: str) -> None:
    world.cut_over()
    world.fails_at = step
    with pytest.raises(TechnicalError, match=step):
        world.go_back()
    assert world.is_in_standby
    assert world.go_back() == ["freeze", "replay", "compare", "switch"]


def test_what_the_old_system_refuses_stops_the_way_back_unless_that_is_accepted(world: World) -> None:
    world.cut_over()
    world.replayed = Replayed(1, 2, {7: "no such process"})
    with refused("refuses 1 changes: event 7: no such process"):
        world.go_back()
    assert world.go_back(replace(world.back_means, accept_refused=True))[-1] == "switch"


def test_only_from_what_is_cut_over_there_is_a_way_back(world: World) -> None:
    with refused("is loaded: only from one that is cut over"):
        world.go_back()


def test_cutover_can_be_given_up_until_our_domains_are_open(world: World) -> None:
    database = world.offline.instance.database
    with refused("no cutover that could be given up"):
        give_up_cutover(database, ACTOR, world.number)
    world.fails_at = "compare"
    with pytest.raises(TechnicalError):
        world.cut_over()
    give_up_cutover(database, ACTOR, world.number)
    assert (world.row.state, world.is_in_standby) == (State.LOADED, True)
    assert world.cut_over() == STEPS
    with refused("no cutover that could be given up"):
        give_up_cutover(database, ACTOR, world.number)


def test_after_the_way_back_everything_counts_as_changed_and_nothing_is_forgotten(world: World) -> None:
    database, kind = world.offline.instance.database, "participant"
    ledger = [
        Moved(7, "here", "a" * 32, "created", None, None),
        Moved(7, "refused", "", "refused", [["ID", "why", ""]], None),
    ]
    with database.write(ACTOR) as work:
        move_ins.add_records(work, world.number, kind, ledger)
        move_ins.put_parts(work, world.number, [(kind, 7, "said by the source")])
    world.cut_over()
    world.go_back()
    with database.read() as connection:
        assert move_ins.part_digests(connection, world.number) == {}
        held = move_ins.held(connection, world.number, kind, [7])
    assert {key: row.digest for key, row in held.items()} == {"here": "?", "refused": ""}


def test_after_the_way_back_a_new_load_leads_to_a_new_cutover(world: World) -> None:
    world.cut_over()
    world.go_back()
    with refused("load it to its end first"):
        world.cut_over()
    database, stored = world.offline.instance.database, world.offline.stored
    begin_load(database, ACTOR, world.number, "export.xml", [stored], {})
    finish_load(database, ACTOR, report(world.number))
    world.asked.clear()
    world.changes = [0, 0, 0]
    assert world.cut_over() == STEPS
    assert world.asked[0] == "ready", "all of it anew"


def test_each_step_is_in_the_audit(world: World) -> None:
    world.cut_over()
    told = events.about(world.offline.instance.database, f"move-in:{world.number}")
    assert [each.after["name"] for each in told if each.tag == "move-in:procedure:step"] == STEPS


def test_command_that_fails_or_is_none_says_what_it_said() -> None:
    assert ByCommand("true").do(7) == {"by": "command"}
    with pytest.raises(TechnicalError, match="ended with 3: no way"):
        ByCommand("sh -c 'echo no way >&2; exit 3'").do(7)
    with pytest.raises(TechnicalError, match="ended with 7"):
        ByCommand("sh -c 'exit $REGISTRY_MOVE_IN_NUMBER'").do(7)
    with pytest.raises(TechnicalError, match="longer than"):
        ByCommand("sh -c 'while :; do :; done'", timeout_s=0.1).do(7)
    for command in ("/no/such/command", "", "'"):
        with pytest.raises(ConfigurationError, match="can't be run"):
            ByCommand(command).do(7)
