# SPDX-License-Identifier: Apache-2.0
"""Campaigns over REST: made, counted by a job, looked at, reminded of by a job, closed."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest

from registry.accounts.permissions import Role, Scope
from registry.app import campaigns as counting
from registry.app import job_handlers
from registry.campaigns import desk
from registry.campaigns.model import Census, Member, MemberKind
from registry.jobs.queue import enqueue
from registry.jobs.worker import Worker
from registry.settings import load_settings
from registry.storage.queries import campaigns
from tests.simulators.campaign_world import NEW, OLD, CampaignWorld, Post
from tests.simulators.impact_world import ImpactWorld
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.rest_callers import RestCaller, RestOffice, reasons

CAMPAIGNS = "/domains/demo/campaigns"
ONE = f"{CAMPAIGNS}/new-bill"
WANTED = {"kind": "document-type", "name": "new-bill", "target": {"old": OLD, "new": NEW}}


@pytest.fixture
def world(offline: OfflineInstance) -> CampaignWorld:
    return CampaignWorld(offline, ImpactWorld(offline))


@pytest.fixture
def office(offline: OfflineInstance) -> RestOffice:
    return RestOffice(offline)


@pytest.fixture
def admin(office: RestOffice) -> RestCaller:
    return office.caller(Role.ADMIN, Scope(office.offline.stored.id))


def wanted(office: RestOffice, days: int = 50, **others: Any) -> dict[str, Any]:
    deadline = office.offline.clock.now + timedelta(days=days)
    return {**WANTED, "deadline": deadline.isoformat(), **others}


def work(office: RestOffice) -> None:
    settings = load_settings(data_dir=office.offline.folder)
    kinds = job_handlers.handlers(office.offline.instance, settings)
    worker = Worker(office.database, {kind: kinds[kind] for kind in (desk.COUNT, desk.REMIND)}, "test")
    while worker.run_one():
        pass


def test_a_campaign_is_counted_by_the_job_that_making_it_asks_for(
    office: RestOffice, admin: RestCaller, world: CampaignWorld
) -> None:
    world.offers(OLD)
    world.offers(OLD, NEW)
    made = office.ask("POST", CAMPAIGNS, admin, wanted(office))
    assert (made.status, made.json()["counts"], made.json()["outlook"]) == (201, None, "unknown")
    assert made.headers["location"] == f"/api/v1{ONE}"
    work(office)
    held = office.ask("GET", ONE, admin).json()
    assert held["counts"] == {"members": 1, "members_done": 0, "participants": 2, "participants_done": 1}
    assert held["target_text"] == f"from {OLD} to {NEW}"
    assert [item["name"] for item in office.items(CAMPAIGNS, admin)] == ["new-bill"]
    assert office.items(f"{CAMPAIGNS}?state=closed", admin) == []
    (day,) = office.items(f"{ONE}/progress", admin)
    assert (day["participants"], day["participants_done"]) == (2, 1)
    assert office.items(f"{CAMPAIGNS}?state=open&limit=1", admin)


def test_members_come_page_by_page_those_with_most_behind_them_first(
    office: RestOffice, admin: RestCaller, world: CampaignWorld
) -> None:
    for number in range(5):
        group = world.group(f"g{number}")
        for _ in range(number % 3 + 1):
            world.offers(OLD, group=group)
    world.offers(NEW, group=world.group("done"))
    office.ask("POST", CAMPAIGNS, admin, wanted(office))
    work(office)
    every = office.items(f"{ONE}/members?limit=500", admin)
    assert [item["late"] for item in every] == [3, 2, 2, 1, 1, 0]
    path, found = f"{ONE}/members?limit=2", []
    while path:
        page = office.ask("GET", path, admin).json()
        found += page["items"]
        path = f"{ONE}/members?limit=2&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert found == every
    assert [item["name"] for item in office.items(f"{ONE}/members?done=true", admin)] == ["done"]
    assert len(office.items(f"{ONE}/members?done=false", admin)) == 5
    reply = office.ask("GET", f"{ONE}/members?cursor=WyJhIl0", admin)
    assert (reply.status, reasons(reply)) == (400, {"REST-CURSOR"})


def test_no_cell_of_the_table_is_taken_for_a_formula(
    office: RestOffice, admin: RestCaller, world: CampaignWorld
) -> None:
    office.ask("POST", CAMPAIGNS, admin, wanted(office))
    with office.database.read() as connection:
        row = campaigns.find(connection, office.offline.stored.id, "new-bill")
    assert row is not None
    evil = Member(MemberKind.OWNER_GROUP, "7", "=cmd|' /C calc'!A0", "+1", 1, 1, done=False)
    desk.take(office.database, ACTOR, row.id, Census([evil], 1, 0))
    reply = office.ask("GET", f"{ONE}/members.csv?done=false", admin)
    assert reply.headers["content-type"].startswith("text/csv")
    head, cells = csv.reader(io.StringIO(reply.body.decode()))
    assert head[:3] == ["kind", "name", "address"]
    assert cells[1].startswith("'=cmd")
    assert cells[2] == "'+1"


def test_who_would_be_reminded_is_told_before_it_is_done(
    office: RestOffice, admin: RestCaller, world: CampaignWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.offers(OLD, group=world.group("clinics", "ann"))
    office.ask("POST", CAMPAIGNS, admin, wanted(office) | {"days": [60, 7]})
    work(office)
    told = office.ask("GET", f"{ONE}/reminders", admin).json()
    assert (told["step"], told["due"], told["late"], told["recipients_total"]) == (60, True, 1, 1)
    assert told["recipients"] == [
        {"name": "ann", "kind": "mail", "members": 1, "participants": 1, "again": False},
    ]
    assert "ann@example.org" not in str(told)
    post = Post()
    monkeypatch.setattr(counting, "senders_of", lambda *_: post.senders)
    asked = office.ask("POST", f"{ONE}/reminders", admin)
    assert asked.status == 202
    assert post.sent == []
    work(office)
    assert post.to == ["ann@example.org"]
    again = office.ask("GET", f"{ONE}/reminders", admin).json()
    assert (again["recipients"], again["told_already"], again["told"][0]["days"]) == ([], 1, 60)


def test_a_campaign_that_reminds_by_itself_does_so_when_it_is_counted_and_due(
    office: RestOffice, admin: RestCaller, world: CampaignWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = Post()
    monkeypatch.setattr(counting, "senders_of", lambda *_: post.senders)
    world.offers(OLD, group=world.group("clinics", "ann"))
    office.ask("POST", CAMPAIGNS, admin, wanted(office) | {"days": [30], "automatic": True})
    work(office)
    assert post.sent == [], "it isn't time yet"
    office.offline.clock.forward(days=25)
    with office.database.write(ACTOR) as unit:
        enqueue(unit, desk.COUNT, {})
    work(office)
    assert post.to == ["ann@example.org"]


def test_a_campaign_is_closed_as_it_was_seen(office: RestOffice, admin: RestCaller) -> None:
    office.ask("POST", CAMPAIGNS, admin, wanted(office))
    etag = office.ask("GET", ONE, admin).headers["etag"]
    work(office)
    assert office.ask("POST", f"{ONE}/close", admin, if_match=etag).status == 412
    closed = office.ask("POST", f"{ONE}/close", admin, if_match=office.ask("GET", ONE, admin).headers["etag"])
    assert (closed.status, closed.json()["state"]) == (200, "closed")
    for what in ("close", "count", "reminders"):
        assert office.ask("POST", f"{ONE}/{what}", admin).status == 409
    assert office.ask("POST", CAMPAIGNS, admin, wanted(office)).status == 409, "the name is taken"


def test_a_job_of_a_campaign_that_was_closed_does_nothing(office: RestOffice, admin: RestCaller) -> None:
    office.ask("POST", CAMPAIGNS, admin, wanted(office))
    office.ask("POST", f"{ONE}/close", admin)
    work(office)
    assert office.ask("GET", ONE, admin).json()["counts"] is None


@pytest.mark.parametrize(
    "others",
    [
        {"name": "No Name"},
        {"deadline": "2020-01-01T00:00:00Z"},
        {"days": [5, 5]},
        {"target": {}},
        {"target": {"zone": "x.example"}},
        {"kind": "pki", "target": {}},
        {"kind": "zone", "target": {"zone": "-"}},
        {"channel": "nobody"},
    ],
    ids=["name", "past", "days twice", "no target", "another target", "nothing planned", "no zone", "no channel"],
)
def test_what_is_no_campaign_is_refused_with_the_reason(
    office: RestOffice, admin: RestCaller, others: dict[str, Any]
) -> None:
    before = office.items(CAMPAIGNS, admin)
    reply = office.ask("POST", CAMPAIGNS, admin, wanted(office) | others)
    assert (reply.status, reasons(reply)) == (400, {"CAMPAIGN"})
    assert office.items(CAMPAIGNS, admin) == before


def test_one_that_there_is_not_is_not_found(office: RestOffice, admin: RestCaller) -> None:
    for what in ("", "/members", "/members.csv", "/progress", "/reminders"):
        assert office.ask("GET", f"{CAMPAIGNS}/nobody{what}", admin).status == 404
