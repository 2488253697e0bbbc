# SPDX-License-Identifier: Apache-2.0
"""Trust on pages: the model in force, and the last report about another one."""

import pytest

from registry.accounts.permissions import Role, Scope
from registry.impact.effects import Effect
from registry.impact.holdings import Kind
from registry.ui.labels import EFFECTS, USES
from tests.simulators.certificate_chains import Authority
from tests.simulators.impact_world import ImpactWorld, trusting
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.rest_callers import RestCaller
from tests.simulators.ui_office import HOSTILE, Browser, UiOffice, links_of, text

pytestmark = pytest.mark.any_database

TRUST = "/ui/domains/demo/trust"
IMPACT = f"{TRUST}/impact"


@pytest.fixture
def office(offline: OfflineInstance) -> UiOffice:
    office = UiOffice(offline)
    office.person("victor", Role.VIEWER, Scope(offline.stored.id))
    return office


@pytest.fixture
def victor(office: UiOffice) -> Browser:
    return office.browser("victor")


@pytest.fixture
def program(office: UiOffice) -> RestCaller:
    return office.caller(Role.VIEWER)


def test_model_is_shown_with_its_digest_roles_and_anchors(
    office: UiOffice, victor: Browser, program: RestCaller
) -> None:
    held = office.ask("GET", "/domains/demo/trust", program).json()
    page = victor.get(TRUST)
    assert TRUST in links_of(victor.get("/ui/"))
    for shown in (held["configuration"], held["id"], *(each["sha256"] for each in held["anchors"])):
        assert shown in text(page)
    assert all(each["role"] in text(page) for each in held["roles"])
    assert {f"{TRUST}/configuration", IMPACT} <= links_of(page)


def test_nothing_compared_yet_is_said(victor: Browser) -> None:
    assert "Nothing was compared yet." in text(victor.get(IMPACT))


def test_last_report_says_who_stops_being_accepted_when_and_why(office: UiOffice, victor: Browser) -> None:
    old, new = Authority("old"), Authority("new")
    world = ImpactWorld(office.offline)
    world.access_point(HOSTILE, old.issue("one"), participants=3)
    world.access_point("stays", new.issue("two"), participants=2)
    world.compare(trusting(old, new), trusting(new)).run(ACTOR)
    page = text(victor.get(IMPACT))
    assert "Somebody would stop being accepted." in page
    assert "is accepted no longer<" in page.replace(" <", "<")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "/api/v1/domains/demo/trust/impact" in links_of(victor.get(IMPACT))


def test_report_about_whom_nothing_happens_to_is_good_news(office: UiOffice, victor: Browser) -> None:
    new = Authority("new")
    world = ImpactWorld(office.offline)
    world.access_point("stays", new.issue("two"), participants=2)
    world.compare(trusting(new), trusting(new, Authority("more"))).run(ACTOR)
    assert "Nobody would stop being accepted." in text(victor.get(IMPACT))


def test_domain_in_which_somebody_has_no_role_is_not_there(office: UiOffice) -> None:
    office.person("nobody")
    nobody = office.browser("nobody")
    for path in (TRUST, IMPACT):
        assert (nobody.get(path).status, nobody.get(path.replace("demo", "unknown")).status) == (404, 404)


def test_each_effect_and_holder_has_a_word() -> None:
    assert set(EFFECTS) == {effect.value for effect in Effect}
    assert {kind.value for kind in Kind} <= set(USES)
