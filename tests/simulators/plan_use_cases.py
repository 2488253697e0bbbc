# SPDX-License-Identifier: Apache-2.0
"""Use cases of plans: made from a table, given up, applied by a job, and replacements."""

from contextlib import nullcontext, suppress
from datetime import timedelta

from registry.accounts.accounts import Kind, create_account
from registry.app.domain_setup import change_domain
from registry.app.plans import finish_here, planner_of, replacer_of
from registry.errors import ValidationError
from registry.metadata import ServiceGroup, Visibility
from registry.plans.applying import abandon, request_apply
from registry.plans.model import PlanKind, PlanOptions
from registry.plans.proposing import propose
from registry.plans.reviewing import approve, reject, submit
from registry.plans.sources import content_source
from registry.sml.interventions.model import Operator
from registry.smp.participants import Participants
from registry.storage.engine import Actor
from registry.storage.queries import access_points, accounts
from registry.storage.unit_of_work import UnitOfWork
from tests.simulators.offline import participant
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


@use_case
def approve_plan(world: World) -> None:
    maker, other = _reviewers(world)
    plan_id = _planned(world, "a", removes=True)
    submit(world.instance.database, maker, plan_id)
    approve(world.instance.database, other, plan_id, "right")


@use_case
def reject_plan(world: World) -> None:
    maker, other = _reviewers(world)
    plan_id = _planned(world, "a", removes=True)
    submit(world.instance.database, maker, plan_id)
    reject(world.instance.database, other, plan_id, "wrong")


@use_case
def propose_participant(world: World) -> None:
    who = participant("0088:proposed")

    def change(_work: UnitOfWork) -> tuple[str, ...]:
        return world.instance.publishing.put_service_group(ACTOR, world.stored, ServiceGroup(who)).warnings

    propose(world.instance.database, _reviewers(world)[0], world.stored, who, change)


@use_case
def show_participant_to_nobody(world: World) -> None:
    instance, who = world.instance, participant("0088:shown")
    instance.publishing.put_service_group(ACTOR, world.stored, ServiceGroup(who))
    people = Participants(instance.database, instance.publishing, instance.registrar)
    people.show_to(ACTOR, world.stored, who, Visibility.PRIVATE)


def _reviewers(world: World) -> tuple[Operator, Operator]:
    """Two people, in a domain that wants a review."""
    found = []
    for name in ("maker", "other"):
        with world.instance.database.read() as connection:
            row = accounts.by_name(connection, name)
        row = row or create_account(world.instance.database, ACTOR, Kind.PERSON, name)
        found.append(Operator(Actor(f"person:{row.id}"), row.id))
    change_domain(world.instance, ACTOR, world.stored.domain.name, {"review": {"required": True}})
    return found[0], found[1]


def _planned(world: World, *names: str, removes: bool = False) -> int:
    rows = "\n".join(("participant", *(f"iso6523-actorid-upis::0088:planned-{name}" for name in names)))
    source = content_source(world.stored.domain, PlanKind.CSV, "t.csv", rows.encode())
    return planner_of(world.instance, world.stored, batch=2).plan(ACTOR, source, PlanOptions(removes))


def _finished(world: World, job_id: int) -> None:
    finish_here(world.instance, job_id, lambda _instance, _job: nullcontext(), batch=2)
