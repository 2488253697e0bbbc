# SPDX-License-Identifier: Apache-2.0
"""Groups of owners on pages: made, renamed, removed after a question, with who may do something in them."""

import re

import pytest

from registry.accounts.groups import create_group, find_group, move_participant
from registry.accounts.permissions import Role, Scope
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.rest_callers import segment
from tests.simulators.ui_office import HOSTILE, Browser, UiOffice, check_harmless, links_of, text

pytestmark = pytest.mark.any_database

GROUPS = "/ui/domains/demo/groups"
NEW = "/ui/domains/demo/new-group"
CLINICS = f"{GROUPS}/clinics"
WHO = "iso6523-actorid-upis::0088:7300010000001"


@pytest.fixture
def office(offline: OfflineInstance) -> UiOffice:
    office = UiOffice(offline)
    office.person("dora", Role.ADMIN, Scope(offline.stored.id))
    office.person("victor", Role.VIEWER, Scope(offline.stored.id))
    return office


@pytest.fixture
def dora(office: UiOffice) -> Browser:
    return office.browser("dora")


def test_group_is_made_renamed_and_removed_by_forms_alone(dora: Browser) -> None:
    assert "There is no group yet" in text(dora.get(GROUPS))
    made = dora.post(NEW, name="clinics", description="In town\r\nand outside of it")
    assert (made.status, made.headers["location"]) == (303, CLINICS)
    assert CLINICS in links_of(dora.get(GROUPS))
    assert "In town\nand outside of it" in text(dora.get(CLINICS))
    renamed = dora.submit(f"{CLINICS}/change", name="hospitals/all", description="")
    assert (renamed.status, renamed.headers["location"]) == (303, f"{GROUPS}/hospitals%2Fall")
    removing = f"{GROUPS}/hospitals%2Fall/remove"
    assert "Whoever had a role for this group has it no more." in text(dora.get(removing))
    assert dora.submit(removing).headers["location"] == GROUPS
    assert "Removed: hospitals/all." in text(dora.get(GROUPS))


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"name": ""}, "A group needs a name."),
        ({"name": "clinics"}, "There is a group of this name already."),
        ({"name": "x" * 65}, "64"),
        ({"name": "fine", "description": "\x07"}, "pattern"),
    ],
    ids=["none", "taken", "long", "control character"],
)
def test_a_form_that_is_wrong_comes_back_with_what_was_typed(dora: Browser, form: dict[str, str], said: str) -> None:
    dora.post(NEW, name="clinics", description="the first")
    reply = dora.post(NEW, **{"description": "typed before"} | form)
    assert reply.status == 400
    assert said in reply.body.decode()
    assert "the first" in text(dora.get(CLINICS))


def test_group_with_participants_is_not_removed(office: UiOffice, dora: Browser) -> None:
    dora.post(NEW, name="clinics", description="")
    stored = office.offline.stored
    office.ask("PUT", f"/domains/demo/participants/{segment(WHO)}", office.caller(Role.ADMIN), {"group": "clinics"})
    refused = dora.submit(f"{CLINICS}/remove")
    assert refused.status == 409
    assert 'role="alert"' in refused.body.decode()
    move_participant(office.database, ACTOR, stored.id, *WHO.split("::"), None)
    assert dora.submit(f"{CLINICS}/remove").status == 303


def test_group_shows_who_may_do_something_in_it_and_nobody_else(office: UiOffice, dora: Browser) -> None:
    here = office.offline.stored.id
    for name in ("clinics", "banks"):
        create_group(office.database, ACTOR, here, name, "")
    for person, group in (("carla", "clinics"), ("bruno", "banks")):
        office.person(person, Role.EDITOR, Scope(here, find_group(office.database, here, group).id))
    page = text(dora.get(CLINICS))
    names = set(re.findall(r'<th scope="row">(\w+)</th>', page))
    assert names == {"dora", "victor", "carla"}
    assert "/ui/new-grant?domain=demo&group=clinics" in links_of(dora.get(CLINICS))


def test_change_of_what_somebody_else_changed_meanwhile_is_refused(dora: Browser) -> None:
    dora.post(NEW, name="clinics", description="one")
    etag = re.search(r'name="etag" value="([^"]*)"', text(dora.get(f"{CLINICS}/remove")))
    assert etag is not None
    dora.submit(f"{CLINICS}/change", description="two")
    assert dora.post(f"{CLINICS}/remove", etag=etag[1].replace("&#34;", '"')).status == 412


def test_viewer_looks_and_changes_nothing(office: UiOffice, dora: Browser) -> None:
    dora.post(NEW, name="clinics", description="")
    victor = office.browser("victor")
    assert not {link for link in links_of(victor.get(CLINICS)) if link.startswith(f"{CLINICS}/")}
    assert "Who may do what in it" not in text(victor.get(CLINICS))
    before = office.everything()
    for path in (NEW, f"{CLINICS}/change", f"{CLINICS}/remove"):
        assert victor.get(path).status == 403
        assert victor.post(path, name="x", etag="x").status in {403, 412}
    assert office.everything() == before


def test_who_has_a_role_in_one_group_sees_that_one(office: UiOffice) -> None:
    here = office.offline.stored.id
    for name in ("clinics", "banks"):
        create_group(office.database, ACTOR, here, name, "")
    office.person("carla", Role.VIEWER, Scope(here, find_group(office.database, here, "clinics").id))
    carla = office.browser("carla")
    assert {link for link in links_of(carla.get(GROUPS)) if link.startswith(f"{GROUPS}/")} == {CLINICS}
    assert carla.get(f"{GROUPS}/banks").status == 404


def test_what_is_hostile_is_only_text(dora: Browser) -> None:
    made = dora.post(NEW, name=HOSTILE[:64], description=HOSTILE)
    assert made.status == 303
    for path in (GROUPS, made.headers["location"]):
        check_harmless(dora.get(path))
