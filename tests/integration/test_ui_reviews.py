# SPDX-License-Identifier: Apache-2.0
"""Two people on pages, without JavaScript: one proposes, the other sees what waits, approves, and it is published."""

import pytest

from registry.accounts.permissions import Role, Scope
from registry.app.domain_setup import change_domain
from registry.app.plans import apply_handler
from registry.jobs.worker import Worker
from registry.metadata import ServiceGroup
from registry.plans.applying import KIND
from registry.plans.model import PlanState
from registry.ui.labels import PLAN_STATES, VISIBILITIES
from tests.simulators.offline import ACTOR, OfflineInstance, participant
from tests.simulators.rest_callers import segment
from tests.simulators.ui_office import Browser, UiOffice, links_of, text

PLACE = f"/ui/domains/demo/participants/{segment(str(participant()))}"


@pytest.fixture
def office(offline: OfflineInstance) -> UiOffice:
    offline.instance.publishing.put_service_group(ACTOR, offline.stored, ServiceGroup(participant()))
    office = UiOffice(offline)
    for name in ("edda", "otto"):
        office.person(name, Role.EDITOR, Scope(offline.stored.id))
    change_domain(offline.instance, ACTOR, "demo", {"review": {"required": True}})
    office.context.directory.refresh()
    return office


@pytest.fixture
def edda(office: UiOffice) -> Browser:
    return office.browser("edda")


@pytest.fixture
def otto(office: UiOffice) -> Browser:
    return office.browser("otto")


def proposed(browser: Browser) -> str:
    """The page of a plan that makes the participant internal."""
    confirm = browser.submit(f"{PLACE}/change", visibility="internal")
    assert "Propose it" in text(confirm)
    query = f"participant={segment(str(participant()))}&visibility=internal&registered=1"
    path = f"/ui/domains/demo/confirm-participant?{query}"
    reply = browser.submit(path)
    assert reply.status == 303, reply.body
    return reply.headers["location"]


def test_a_change_is_proposed_waits_for_somebody_else_and_is_published(
    office: UiOffice, edda: Browser, otto: Browser
) -> None:
    place = proposed(edda)
    assert "somebody else has to approve it" in text(edda.get(place))
    assert f"{place}/approve" not in links_of(edda.get(place)), "not to who has made it"
    assert "Waits for me" not in text(edda.get("/ui/"))
    assert place in links_of(otto.get("/ui/"))
    assert "waits for you" in text(otto.get("/ui/domains/demo/plans?state=under-review"))
    assert f"{place}/approve" in links_of(otto.get(place))
    assert otto.submit(f"{place}/approve", text="fine").headers["location"] == place
    shown = text(edda.get(place))
    assert "The plan is approved" not in shown, "said once, to who did it"
    assert "otto" in shown
    assert "fine" in shown
    assert edda.submit(f"{place}/apply").headers["location"] == place
    worker = Worker(office.database, {KIND: apply_handler(office.offline.instance)}, "test")
    while worker.run_one():
        pass
    assert VISIBILITIES["internal"] in text(edda.get(PLACE))


def test_a_rejection_says_why(edda: Browser, otto: Browser) -> None:
    place = proposed(edda)
    refused = otto.submit(f"{place}/reject", text=" ")
    assert (refused.status, b"say why" in refused.body) == (400, True)
    otto.submit(f"{place}/reject", text="not in <May>")
    shown = text(edda.get(place))
    assert PLAN_STATES["rejected"] in shown
    assert "not in &lt;May&gt;" in edda.get(place).body.decode() or "not in <May>" in shown


def test_who_made_it_is_refused_with_a_reason(edda: Browser) -> None:
    place = proposed(edda)
    refused = edda.submit(f"{place}/approve")
    assert (refused.status, b"somebody else has to" in refused.body) == (403, True)


def test_a_removal_is_proposed(edda: Browser, otto: Browser) -> None:
    assert "Propose it" in text(edda.get(f"{PLACE}/delete"))
    reply = edda.submit(f"{PLACE}/delete")
    assert reply.headers["location"].startswith("/ui/domains/demo/plans/")
    assert PLAN_STATES["under-review"] in text(otto.get(reply.headers["location"]))
    assert otto.get(PLACE).status == 200


def test_a_page_from_before_the_domain_wanted_a_review_offers_the_proposal(office: UiOffice, edda: Browser) -> None:
    change_domain(office.offline.instance, ACTOR, "demo", {"review": {"required": False}})
    page = edda.get(f"{PLACE}/delete")
    assert "Remove for good" in text(page)
    etag = page.body.decode().partition('name="etag" value="')[2].partition('"')[0].replace("&#34;", '"')
    change_domain(office.offline.instance, ACTOR, "demo", {"review": {"required": True}})
    assert "Propose it" in text(edda.post(f"{PLACE}/delete", etag=etag))


def test_a_plan_of_a_file_is_submitted(edda: Browser, otto: Browser) -> None:
    place = edda.upload(
        "/ui/domains/demo/new-plan", "t.csv", f"participant,visibility\n{participant()},private\n".encode()
    ).headers["location"]
    links = links_of(edda.get(place))
    assert (f"{place}/submit" in links, f"{place}/apply" in links) == (True, False)
    edda.submit(f"{place}/submit")
    assert f"{place}/approve" in links_of(otto.get(place))


def test_every_state_of_a_plan_has_a_word() -> None:
    assert PLAN_STATES.keys() == set(PlanState)
