# SPDX-License-Identifier: Apache-2.0
"""Campaigns on pages, without JavaScript: made, looked at, reminded of after a preview, closed after a question."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import update

from registry.accounts.permissions import Role, Scope
from registry.app import campaigns as counting
from registry.app.job_handlers import handlers
from registry.campaigns import desk
from registry.jobs.worker import Worker
from registry.settings import load_settings
from registry.storage.tables import owner_group
from tests.simulators.campaign_world import NEW, OLD, CampaignWorld, Post
from tests.simulators.impact_world import ImpactWorld
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.ui_office import HOSTILE, Browser, UiOffice, check_harmless, links_of, text

CAMPAIGNS = "/ui/domains/demo/campaigns"
NEW_PAGE = "/ui/domains/demo/new-campaign"
ONE = f"{CAMPAIGNS}/new-bill"


@pytest.fixture
def office(offline: OfflineInstance) -> UiOffice:
    office = UiOffice(offline)
    office.person("anna", Role.ADMIN, Scope(offline.stored.id))
    office.person("victor", Role.VIEWER, Scope(offline.stored.id))
    return office


@pytest.fixture
def anna(office: UiOffice) -> Browser:
    return office.browser("anna")


@pytest.fixture
def world(offline: OfflineInstance) -> CampaignWorld:
    return CampaignWorld(offline, ImpactWorld(offline))


def work(office: UiOffice) -> None:
    kinds = handlers(office.offline.instance, load_settings(data_dir=office.offline.folder))
    worker = Worker(office.database, {kind: kinds[kind] for kind in (desk.COUNT, desk.REMIND)}, "test")
    while worker.run_one():
        pass


def made(office: UiOffice, browser: Browser, **others: str) -> None:
    deadline = f"{office.offline.clock.now + timedelta(days=50):%Y-%m-%d}"
    form = {"name": "new-bill", "kind": "document-type", "old": OLD, "new": NEW, "deadline": deadline, **others}
    reply = browser.submit(NEW_PAGE, **form)
    assert (reply.status, reply.headers.get("location")) == (303, ONE), reply.body


def test_campaign_is_made_counted_and_shown_with_who_is_late(
    office: UiOffice, anna: Browser, world: CampaignWorld
) -> None:
    world.offers(OLD, group=world.group("clinics"))
    world.offers(NEW, group=world.group("banks"))
    made(office, anna)
    page = text(anna.get(ONE))
    assert "It is being counted." in page
    assert "It has not been counted yet." in page
    work(office)
    page = text(anna.get(ONE))
    assert "1 of 2 participants" in page
    assert "clinics" in page
    assert "banks" not in page
    assert "banks" in text(anna.get(f"{ONE}?shown=done"))
    assert "clinics" in text(anna.get(f"{ONE}?shown=all"))
    assert "new-bill" in text(anna.get(CAMPAIGNS))
    assert ONE in links_of(anna.get(CAMPAIGNS))
    assert CAMPAIGNS in links_of(anna.get("/ui/"))


def test_the_picture_is_drawn_by_the_server_without_any_style(
    office: UiOffice, anna: Browser, world: CampaignWorld
) -> None:
    participants = [world.offers(OLD) for _ in range(4)]
    made(office, anna)
    work(office)
    office.offline.clock.forward(days=2)
    anna = office.browser("anna")  # the session has ended
    world.offer(participants[0], NEW)
    anna.post(f"{ONE}/count")
    work(office)
    page = text(anna.get(ONE))
    (svg,) = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert "style" not in svg
    assert "<script" not in svg
    assert re.search(r'class="late" points="[0-9., ]+"', svg)
    assert 'class="expected"' in svg
    assert "in time" in page


def test_reminders_are_sent_after_a_preview_and_only_what_it_showed(
    office: UiOffice, anna: Browser, world: CampaignWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = Post()
    monkeypatch.setattr(counting, "senders_of", lambda *_: post.senders)
    world.offers(OLD, group=world.group("clinics", "ann"))
    made(office, anna)
    work(office)
    preview = text(anna.get(f"{ONE}/remind"))
    assert ">ann<" in preview
    assert "ann@example.org" not in preview
    assert anna.post(f"{ONE}/remind", etag='"other"').status == 412
    sent = anna.submit(f"{ONE}/remind")
    assert sent.status == 303
    assert post.sent == []
    work(office)
    assert post.to == ["ann@example.org"]
    assert "There is nobody to remind now." in text(anna.get(f"{ONE}/remind"))


def test_campaign_is_closed_after_a_question(office: UiOffice, anna: Browser) -> None:
    made(office, anna)
    assert "Close the campaign new-bill?" in text(anna.get(f"{ONE}/close"))
    assert anna.submit(f"{ONE}/close").headers["location"] == ONE
    page = text(anna.get(ONE))
    assert "Closed: new-bill." in page
    assert f"{ONE}/remind" not in links_of(anna.get(ONE))


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"deadline": ""}, "Choose a date for the deadline."),
        ({"days": "soon"}, "Days before the deadline are numbers, as 30, 7, 1."),
        ({"name": "No Name"}, "a name has lower-case letters"),
        ({"new": ""}, "the target names a document type"),
    ],
    ids=["no deadline", "no days", "no name", "no target"],
)
def test_a_form_that_is_wrong_comes_back_with_what_was_typed(
    office: UiOffice, anna: Browser, form: dict[str, str], said: str
) -> None:
    typed = {"name": "new-bill", "kind": "document-type", "old": OLD, "new": NEW, **form}
    typed["deadline"] = form.get("deadline", f"{office.offline.clock.now + timedelta(days=9):%Y-%m-%d}")
    reply = anna.submit(NEW_PAGE, **typed)
    assert reply.status == 400
    assert said in reply.body.decode()
    assert OLD in reply.body.decode()


def test_what_is_hostile_is_only_text(office: UiOffice, anna: Browser, world: CampaignWorld) -> None:
    world.offers(OLD, group=world.group("evil"))
    with office.database.write(ACTOR) as unit:
        unit.connection.execute(update(owner_group).values(name=HOSTILE[:64]))
    made(office, anna)
    work(office)
    check_harmless(anna.get(ONE))
    reply = anna.submit(NEW_PAGE, name=HOSTILE, kind="zone", zone=HOSTILE, deadline="x")
    assert b"<script>alert" not in reply.body


def test_viewer_looks_and_changes_nothing(office: UiOffice, anna: Browser, world: CampaignWorld) -> None:
    world.offers(OLD)
    made(office, anna)
    work(office)
    victor = office.browser("victor")
    assert not {link for link in links_of(victor.get(ONE)) if link.endswith(("/remind", "/close"))}
    assert victor.get(NEW_PAGE).status == 403
    assert victor.get(f"{ONE}/remind").status == 403
    assert victor.get(f"{ONE}/close").status == 403
    before = office.everything()
    for what in ("remind", "close", "count"):
        assert victor.post(f"{ONE}/{what}", etag="x").status in {403, 412}
    assert victor.post(NEW_PAGE, name="x").status == 403
    assert office.everything() == before
