# SPDX-License-Identifier: Apache-2.0
"""Visibility in tables, JSON lines and exports (docs/reference/plan-columns.md)."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.app.domain_setup import change_domain
from registry.demo.pki import DemoPki
from registry.metadata import Visibility
from registry.plans.model import PlanKind
from registry.storage.queries import service_groups
from tests.simulators.offline import ACTOR, offline_instance
from tests.simulators.plan_world import OPEN, PlanWorld

WHO = "iso6523-actorid-upis::0088:7300010000001"


@pytest.fixture
def world(tmp_path: Path, pki: DemoPki) -> Iterator[PlanWorld]:
    with offline_instance(tmp_path, pki, **OPEN) as offline:
        yield PlanWorld(offline)


def held(world: PlanWorld) -> Visibility | None:
    with world.database.read() as connection:
        row = service_groups.find(connection, world.stored.id, *WHO.split("::"))
    return None if row is None else row.visibility


def table(world: PlanWorld, *cells: str) -> None:
    world.apply(world.plan("\n".join(("participant,visibility", *(f"{WHO},{cell}" for cell in cells), "")).encode()))


def line(world: PlanWorld, **members: str) -> None:
    scheme, value = WHO.split("::")
    said = {"participant": {"scheme": scheme, "value": value}, **members}
    world.apply(world.plan(json.dumps(said).encode() + b"\n", PlanKind.JSON_LINES))


def test_a_table_says_it_and_one_without_the_column_doesnt(world: PlanWorld) -> None:
    table(world, "private")
    assert held(world) is Visibility.PRIVATE
    world.apply(world.plan(f"participant,property.note\n{WHO},changed\n".encode()))
    assert held(world) is Visibility.PRIVATE
    table(world, "")
    assert held(world) is Visibility.PUBLIC, "an empty cell says what the domain says"


def test_a_line_that_says_nothing_leaves_it(world: PlanWorld) -> None:
    line(world, visibility="internal")
    line(world)
    assert held(world) is Visibility.INTERNAL
    line(world, visibility="public")
    assert held(world) is Visibility.PUBLIC


def test_what_is_no_visibility_is_refused(world: PlanWorld) -> None:
    for content, kind in (
        (f"participant,visibility\n{WHO},secret\n".encode(), PlanKind.CSV),
        (json.dumps({"participant": {"value": "a", "scheme": "b"}, "visibility": "x"}).encode(), PlanKind.JSON_LINES),
    ):
        assert "SMP-JSON" in world.reasons(world.plan(content, kind))


@pytest.mark.parametrize("kind", [PlanKind.CSV, PlanKind.JSON_LINES])
@pytest.mark.parametrize("default", list(Visibility))
@pytest.mark.parametrize("visibility", list(Visibility))
def test_an_export_says_it_again(world: PlanWorld, kind: PlanKind, default: Visibility, visibility: Visibility) -> None:
    change_domain(world.instance, ACTOR, world.stored.domain.name, {"visibility": {"default": default.value}})
    world.stored = world.instance.directory.get(world.stored.domain.name)
    table(world, visibility.value)
    exported = world.exported(kind)
    assert world.counts(world.plan(exported, kind)) == {"unchanged": 1}
    world.apply(world.plan(b"participant\n", removes=True))
    assert held(world) is None
    world.apply(world.plan(exported, kind))
    assert held(world) is visibility


def test_a_plan_tells_that_it_changes(world: PlanWorld) -> None:
    table(world, "public")
    plan = world.plan(f"participant,visibility\n{WHO},internal\n".encode())
    assert world.counts(plan) == {"changed": 1}
    assert "its name in DNS" not in str(world.rows(plan)[0].notes), "this domain has no SML here"
