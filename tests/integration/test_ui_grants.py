# SPDX-License-Identifier: Apache-2.0
"""Who may do what, on pages: given, taken after a question, explained."""

import re

import pytest

from registry.accounts.groups import create_group
from registry.accounts.permissions import ACTIONS, Level, Role, Scope
from registry.ui.setting_labels import LABELS
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.rest_callers import segment
from tests.simulators.ui_office import HOSTILE, Browser, UiOffice, links_of, text

pytestmark = pytest.mark.any_database

GRANTS = "/ui/domains/demo/grants"
NEW = "/ui/new-grant"
WHO = "iso6523-actorid-upis::0088:7300010000001"


@pytest.fixture
def office(offline: OfflineInstance) -> UiOffice:
    office = UiOffice(offline)
    office.person("anna", Role.ADMIN)
    office.person("dora", Role.ADMIN, Scope(offline.stored.id))
    office.person("nora")
    create_group(office.database, ACTOR, offline.stored.id, "clinics", "")
    office.ask("PUT", f"/domains/demo/participants/{segment(WHO)}", office.caller(Role.ADMIN), {"group": "clinics"})
    return office


@pytest.fixture
def dora(office: UiOffice) -> Browser:
    return office.browser("dora")


def takes(browser: Browser, path: str = GRANTS) -> list[str]:
    return sorted(link for link in links_of(browser.get(path)) if link.endswith("/take"))


def names(browser: Browser, path: str) -> set[str]:
    return set(re.findall(r'<th scope="row">(\w+)</th>', text(browser.get(path))))


@pytest.mark.parametrize(
    ("place", "where"),
    [({}, "domain demo"), ({"group": "clinics"}, "demo, group clinics"), ({"participant": WHO}, WHO)],
    ids=["domain", "group", "participant"],
)
def test_role_is_given_by_name_and_taken_after_a_question(
    office: UiOffice, dora: Browser, place: dict[str, str], where: str
) -> None:
    before = takes(dora)
    given = dora.post(NEW, account="Nora", role="editor", domain="demo", **place)
    assert given.status == 303, given.body
    assert given.headers["location"].startswith(GRANTS)
    assert where in text(dora.get(GRANTS))
    assert "nora" in names(dora, GRANTS)
    (take,) = set(takes(dora)) - set(before)
    question = text(dora.get(take))
    assert "Take the role editor from nora?" in question
    assert "This is a role of your own" not in question
    assert dora.submit(take).status == 303
    assert takes(dora) == before
    assert office.browser("nora").get("/ui/domains/demo").status == 404


def test_list_is_narrowed_to_what_counts_in_a_group_or_for_a_participant(dora: Browser) -> None:
    dora.post(NEW, account="nora", role="viewer", domain="demo", group="clinics")
    assert names(dora, f"{GRANTS}?group=clinics") == {"dora", "nora"}
    assert names(dora, f"{GRANTS}?participant={segment(WHO)}") == {"dora", "nora"}
    assert names(dora, f"{GRANTS}?participant={segment(WHO)}9") == {"dora"}
    assert dora.get(f"{GRANTS}?group=none").status == 404


@pytest.mark.parametrize(
    ("form", "status", "said"),
    [
        ({"account": "nobody"}, 404, "there is no account"),
        ({"account": ""}, 400, "at least 1 character"),
        ({"role": "king"}, 400, "editor"),
        ({"group": "clinics", "participant": WHO}, 400, "exclude each other"),
        ({"group": "none"}, 404, "has no group"),
        ({"domain": ""}, 403, ""),
    ],
    ids=["no account", "no name", "no role", "two places", "no group", "whole registry"],
)
def test_what_rest_refuses_is_told_and_what_was_typed_stays(
    office: UiOffice, dora: Browser, form: dict[str, str], status: int, said: str
) -> None:
    before = office.everything()
    typed = {"account": "nora", "role": "viewer", "domain": "demo"} | form
    reply = dora.post(NEW, **typed)
    assert reply.status == status
    page = reply.body.decode()
    assert said in page
    assert f'value="{typed["account"]}"' in page
    assert office.everything() == before


def test_taking_a_role_of_ones_own_says_so_and_the_last_administrator_stays(office: UiOffice) -> None:
    anna = office.browser("anna")
    account = office.ask("GET", "/grants", office.caller(Role.ADMIN)).json()["items"]
    own = next(item for item in account if item["account_name"] == "anna")
    page = f"/ui/grants/{own['id']}/take"
    assert page in links_of(anna.get(f"/ui/accounts/{own['account']}"))
    assert "This is a role of your own" in text(anna.get(page))


def test_question_that_is_out_of_date_is_refused(dora: Browser) -> None:
    dora.post(NEW, account="nora", role="viewer", domain="demo", group="clinics")
    (take,) = set(takes(dora, f"{GRANTS}?group=clinics")) - set(takes(dora)[:1])
    assert dora.post(take, etag='"other"').status == 412


def test_viewer_neither_sees_nor_gives(office: UiOffice, dora: Browser) -> None:
    office.person("victor", Role.VIEWER, Scope(office.offline.stored.id))
    victor = office.browser("victor")
    assert victor.get(GRANTS).status == 403
    assert GRANTS not in links_of(victor.get("/ui/domains/demo"))
    (first, *_) = takes(dora)
    before = office.everything()
    assert victor.get(first).status in {403, 404}
    assert victor.post(first, etag="x").status in {403, 404}
    assert victor.post(NEW, account="nora", role="viewer", domain="demo").status == 403
    assert office.everything() == before


def test_why_somebody_may_or_may_not_is_explained(office: UiOffice) -> None:
    anna = office.browser("anna")
    refused = text(anna.get("/ui/permissions?account=nora&action=service:write&domain=demo"))
    assert "refused" in refused
    assert "no grant of nora allows service:write here" in refused
    allowed = text(anna.get("/ui/permissions?account=dora&action=service:write&domain=demo"))
    assert "admin of a domain is enough for service:write" in allowed
    assert "It needs the role Editor for a participant, or for more." in allowed
    assert anna.get("/ui/permissions?account=nobody&action=service:write").status == 404
    assert anna.get("/ui/permissions?account=nora&action=fly").status == 400


def test_everybody_sees_what_they_may_themselves_and_nothing_of_others(office: UiOffice, dora: Browser) -> None:
    page = text(dora.get("/ui/permissions?domain=demo"))
    assert set(ACTIONS) <= set(re.findall(r"<code>([\w:-]+)</code>", page))
    assert dora.get("/ui/permissions?account=anna&action=service:write&domain=demo").status == 403
    assert office.browser("nora").get("/ui/permissions?domain=demo").status == 404
    assert text(office.browser("nora").get("/ui/permissions")).count(">refused<") == len(ACTIONS)


def test_what_is_hostile_is_only_text(dora: Browser) -> None:
    for reply in (
        dora.post(NEW, account=HOSTILE, role=HOSTILE, domain="demo", group=HOSTILE[:60]),
        dora.get(f"/ui/permissions?group={segment(HOSTILE)}&domain=demo"),
    ):
        assert b"<script>alert" not in reply.body
        assert b"<img src=x" not in reply.body


def test_there_is_a_word_for_every_level() -> None:
    assert set(LABELS["level"]) == set(Level)
