# SPDX-License-Identifier: Apache-2.0
"""Campaigns from one document type or process to another: counted by the database, by owner group."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, event

from registry.campaigns import document_types
from registry.campaigns.model import CampaignKind
from registry.errors import ValidationError
from registry.storage.queries import campaign_counts
from registry.storage.tables import service, service_group
from tests.simulators.campaign_world import NEW, OLD, CampaignWorld
from tests.simulators.offline import ACTOR

pytestmark = pytest.mark.database
BILL, ORDER = "p::bill", "p::order"


def test_who_offers_the_old_without_the_new_is_late_by_owner_group(world: CampaignWorld) -> None:
    clinics, banks = world.group("clinics"), world.group("banks")
    world.offers(OLD, group=clinics)
    world.offers(OLD, group=clinics)
    world.offers(OLD, NEW, group=clinics)
    world.offers(NEW, group=banks)
    world.offers("busdox-docid-qns::urn:other", group=banks)
    world.offers(OLD)
    row = world.to_document_type()
    counted = world.count(row)
    assert [(each.kind, each.name, each.participants, each.late, each.done) for each in world.members(row)] == [
        ("owner-group", "clinics", 3, 2, False),
        ("no-group", "", 1, 1, False),
        ("owner-group", "banks", 1, 0, True),
    ]
    assert counted.counts == {"members": 3, "members_done": 1, "participants": 5, "participants_done": 2}


def test_where_the_old_one_is_to_go_who_still_offers_it_is_late(world: CampaignWorld) -> None:
    participant = world.offers(OLD, NEW)
    row = world.to_document_type(only_new=True)
    assert (world.count(row).counts or {})["participants_done"] == 0
    with world.offline.instance.database.write(ACTOR) as work:
        c = service.c
        work.connection.execute(delete(service).where(c.service_group_id == participant, c.value == "urn:old"))
    assert (world.count(row).counts or {})["participants_done"] == 1


def test_a_process_of_the_same_document_type_can_be_what_is_moved_to(world: CampaignWorld) -> None:
    world.offers(OLD, processes=[BILL])
    world.offers(OLD, processes=[BILL, ORDER])
    world.offers(OLD, processes=["p::other"])
    row = world.to_document_type(new=OLD, old_process=BILL, new_process=ORDER)
    counts = world.count(row).counts or {}
    assert (counts["participants"], counts["participants_done"]) == (2, 1)


def test_spellings_of_a_document_type_are_the_same(world: CampaignWorld) -> None:
    world.offers(OLD)
    shown = {"old": OLD, "new": NEW, "only_new": False}
    wanted = document_types.wanted_of(world.offline.stored.domain, shown)
    assert wanted.old.value_key == world.offline.stored.domain.identifiers.document_type_key(
        document_types.DocumentTypeIdentifier.parse(OLD)
    )


@pytest.mark.parametrize(
    "target",
    [
        {},
        {"old": OLD},
        {"old": OLD, "new": OLD},
        {"old": "nothing", "new": NEW},
        {"old": OLD, "new": NEW, "zone": "x.y"},
    ],
    ids=["nothing", "no new", "the same", "no identifier", "a zone"],
)
def test_what_is_no_move_is_refused(world: CampaignWorld, target: Mapping[str, Any]) -> None:
    with pytest.raises(ValidationError):
        world.add(CampaignKind.DOCUMENT_TYPE, target)


def test_late_participants_are_listed_one_by_one(world: CampaignWorld) -> None:
    group = world.group("clinics")
    for number in range(3):
        world.offers(OLD, *([NEW] if number == 1 else []), group=group)
    row = world.to_document_type()
    found = list(document_types.late_participants(world.offline.instance.database, world.offline.stored, row.target))
    assert [(each.value, each.group) for each in found] == [
        ("0088:offers-0001", "clinics"),
        ("0088:offers-0003", "clinics"),
    ]


def test_a_count_takes_as_many_statements_for_many_participants_as_for_one(
    world: CampaignWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = world.to_document_type()
    statements: list[str] = []
    engine = world.offline.instance.database.engine

    def noted(*given: Any) -> None:
        statements.append(given[2])

    def cost() -> int:
        statements.clear()
        world.count(row)
        return len(statements)

    event.listen(engine, "before_cursor_execute", noted)
    try:
        world.offers(OLD)
        cost()
        few = cost()
        for _ in range(20):
            world.offers(OLD)
        assert cost() <= few + 1  # the one member has changed
        monkeypatch.setattr(campaign_counts, "PORTION", 10)
        assert cost() <= few + 20, "a portion is a read of its own"
    finally:
        event.remove(engine, "before_cursor_execute", noted)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 2)), max_size=8), st.booleans())
def test_done_and_late_are_all(world: CampaignWorld, offered: list[tuple[bool, bool, int]], only_new: bool) -> None:
    database, stored = world.offline.instance.database, world.offline.stored
    with database.write(ACTOR) as work:
        work.connection.execute(delete(service_group))
        held = campaign_counts.groups(work.connection, stored.id)
    groups = [None, *(held or {world.group("a"): None, world.group("b"): None})]
    for old, new, group in offered:
        world.offers(*[OLD] * old, *[NEW] * new, group=groups[group])
    target = {"old": OLD, "new": NEW, "only_new": only_new}
    found = document_types.census(database, stored, target, lambda _: None)
    late = sum(each.late for each in found.members)
    assert found.participants == sum(each.participants for each in found.members)
    assert found.participants == found.participants_done + late == sum(old or new for old, new, _ in offered)
    assert late == sum(old and (only_new or not new) for old, new, _ in offered)
    assert all(each.done == (each.late == 0) for each in found.members)
