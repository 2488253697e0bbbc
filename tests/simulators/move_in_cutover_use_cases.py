# SPDX-License-Identifier: Apache-2.0
"""Use cases of a cutover: it, its giving up, the way back, and what is told to the old system."""

import contextlib
from dataclasses import replace
from datetime import timedelta
from types import TracebackType
from typing import Self

from registry.app.move_in import moves_of
from registry.app.move_in_replay import OldKind, OldPlace, replay_for_now
from registry.errors import ConflictError
from registry.metadata import ServiceGroup
from registry.move_in import back, cutover
from registry.move_in.back import give_up_cutover, go_back
from registry.move_in.cutover import Cutover
from registry.move_in.moves import keep_source_state
from registry.move_in.outside import ByHand
from registry.move_in.replay.changes import Change, Subject
from registry.move_in.replay.replaying import Replay
from registry.move_in.states import State
from registry.move_in.steps import is_under_way
from registry.storage.queries.move_ins import MoveInRow
from tests.simulators.move_in_use_cases import load_move_in
from tests.simulators.use_case_world import ACTOR, NEW, World, use_case

_HAND = ByHand("what is done elsewhere", lambda _what: True)


class _Old:
    """An old system that takes everything."""

    subjects = frozenset(Subject)

    def take(self, change: Change) -> None:
        pass

    def close(self) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        pass


@use_case
def cut_over(world: World) -> None:
    _cut_over(world)


@use_case
def keep_the_state_of_the_source(world: World) -> None:
    keep_source_state(world.instance.database, ACTOR, _loaded(world).id, "what the source says of itself")


@use_case
def give_cutover_up(world: World) -> None:
    database, move = world.instance.database, _loaded(world)
    if move.state == State.LOADED:
        fails = replace(_means(), freeze=ByHand("what isn't done", lambda _what: False))
        with contextlib.suppress(ConflictError):
            Cutover(database, ACTOR, move.id, [world.stored], fails).run()
    if is_under_way(_loaded(world), cutover.CUTOVER):
        give_up_cutover(database, ACTOR, move.id)


@use_case
def replay_and_go_back(world: World) -> None:
    move, database = _cut_over(world), world.instance.database
    if move.state != State.CUT_OVER:
        return
    if back.BACK not in move.steps:
        world.instance.publishing.put_service_group(ACTOR, world.stored, ServiceGroup(NEW))
    means = back.Means(lambda: Replay(database, move.id, _Old()).run(ACTOR), dict, _HAND)
    go_back(database, ACTOR, move.id, [world.stored], means)


@use_case
def replay_in_background(world: World) -> None:
    replay_for_now(world.instance, ACTOR, _cut_over(world).id)


def _cut_over(world: World) -> MoveInRow:
    move = _loaded(world)
    if move.state in {State.LOADED, State.FROZEN} or is_under_way(move, cutover.CUTOVER):
        Cutover(world.instance.database, ACTOR, move.id, [world.stored], _means()).run()
    return _loaded(world)


def _loaded(world: World) -> MoveInRow:
    """The move, loaded to its end; one that was broken off goes on."""
    known = moves_of(world.instance, world.stored)
    if not known or not known[0].steps:
        load_move_in(world)
    return moves_of(world.instance, world.stored)[0]


def _means() -> cutover.Means:
    old = OldPlace(OldKind.DOMISML, "http://127.0.0.1:9")
    return cutover.Means(dict, _HAND, lambda: 0, dict, _HAND, dict, timedelta(0), old.to_json())
