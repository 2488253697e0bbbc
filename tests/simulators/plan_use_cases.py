# SPDX-License-Identifier: Apache-2.0
"""Use cases of plans: made from a table, given up, applied by a job, and replacements."""

from contextlib import nullcontext, suppress
from datetime import timedelta

from registry.app.plans import finish_here, planner_of, replacer_of
from registry.errors import ValidationError
from registry.plans.applying import abandon, request_apply
from registry.plans.model import PlanKind, PlanOptions
from registry.plans.sources import content_source
from registry.storage.queries import access_points
from tests.simulators.use_case_world import ACTOR, World, use_case


@use_case
def plan_import(world: World) -> None:
    _planned(world, "a", "b", "c", removes=True)


@use_case
def plan_what_can_t_be_read(world: World) -> None:
    with suppress(ValidationError):
        _planned(world, "a\0")


@use_case
def give_up_plan(world: World) -> None:
    abandon(world.instance.database, ACTOR, _planned(world, "a"))


@use_case
def apply_plan(world: World) -> None:
    plan_id = _planned(world, "a", "b", "c", removes=True)
    _finished(world, request_apply(world.instance.database, ACTOR, plan_id, 100))


@use_case
def apply_replacement(world: World) -> None:
    with world.instance.database.read() as connection:
        held = access_points.listed(connection, world.stored.id)[0]
    at = world.clock() + timedelta(days=1)
    plan_id = replacer_of(world.instance, world.stored).plan(
        ACTOR, address=(held.address, "https://next.example.org/as4"), at=at
    )
    _finished(world, request_apply(world.instance.database, ACTOR, plan_id, 100))


def _planned(world: World, *names: str, removes: bool = False) -> int:
    rows = "\n".join(("participant", *(f"iso6523-actorid-upis::0088:planned-{name}" for name in names)))
    source = content_source(world.stored.domain, PlanKind.CSV, "t.csv", rows.encode())
    return planner_of(world.instance, world.stored, batch=2).plan(ACTOR, source, PlanOptions(removes))


def _finished(world: World, job_id: int) -> None:
    finish_here(world.instance, job_id, lambda _instance, _job: nullcontext(), batch=2)
