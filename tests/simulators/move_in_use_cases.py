# SPDX-License-Identifier: Apache-2.0
"""Use cases of a move from another registry: planned, loaded, loaded again, given up."""

import csv
from collections.abc import Sequence

from registry.app.move_in import Moving, chosen_move, load, moves_of, plan
from registry.app.move_in_sources import SourceChoice
from registry.move_in.model import SourceKind
from registry.move_in.moves import end_move
from registry.move_in.report import Limits
from registry.move_in.states import State
from registry.settings import load_settings
from tests.simulators.use_case_world import ACTOR, World, use_case


@use_case
def plan_move_in(world: World) -> None:
    settings = load_settings(data_dir=world.folder)
    plan(world.instance, settings, ACTOR, _moving(world, "planned", ["alice", "bob"]), lambda _what, _number: None)


@use_case
def load_move_in(world: World) -> None:
    _load(world, "loaded", ["alice", "bob"])


@use_case
def load_what_has_changed(world: World) -> None:
    _load(world, "first", ["alice", "bob"])
    _load(world, "second", ["bob"])


@use_case
def give_up_move_in(world: World) -> None:
    if not any(move.state == State.ENDED for move in moves_of(world.instance, world.stored)):
        _load(world, "given-up", [])
    move = chosen_move(world.instance, world.stored)
    end_move(world.instance.database, ACTOR, move.id, world.instance.directory)


def _load(world: World, name: str, owners: Sequence[str]) -> None:
    settings, limits = load_settings(data_dir=world.folder), Limits(removed_percent=100)
    load(world.instance, settings, ACTOR, _moving(world, name, owners), limits, lambda _what, _number: None)


def _moving(world: World, name: str, owners: Sequence[str]) -> Moving:
    """From a table in which each owner has two participants, and one has nobody."""
    said = [("participant", "owner"), ("iso6523-actorid-upis::0088:nobodys", "")]
    said += [(f"iso6523-actorid-upis::0088:of-{owner}-{number}", owner) for owner in owners for number in range(2)]
    file = world.folder / f"{name}.csv"
    with file.open("w", newline="", encoding="utf-8") as written:
        csv.writer(written).writerows(said)
    return Moving(SourceChoice(SourceKind.CSV, file=file), world.stored)
