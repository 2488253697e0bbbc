# SPDX-License-Identifier: Apache-2.0
"""Access points on pages: who depends on each; another address or certificate, planned, done and called off."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from registry.accounts.permissions import Role, Scope
from registry.app.domain_setup import change_domain
from registry.demo.content import demo_metadata
from registry.metadata import ServiceGroup
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.rest_callers import segment
from tests.simulators.ui_office import HOSTILE, Browser, UiOffice, links_of, text

pytestmark = pytest.mark.any_database

LIST = "/ui/domains/demo/access-points"
NEXT = "https://next.example/as4"


@pytest.fixture
def office(offline: OfflineInstance) -> UiOffice:
    metadata = demo_metadata(offline.pki.access_points)[0]
    publishing = offline.instance.publishing
    publishing.put_service_group(ACTOR, offline.stored, ServiceGroup(metadata.participant))
    publishing.put_service_metadata(ACTOR, offline.stored, metadata)
    office = UiOffice(offline)
    office.person("edda", Role.EDITOR, Scope(offline.stored.id))
    office.person("victor", Role.VIEWER, Scope(offline.stored.id))
    return office


@pytest.fixture
def edda(office: UiOffice) -> Browser:
    return office.browser("edda")


@pytest.fixture
def page(office: UiOffice) -> str:
    """Of the only access point."""
    (point,) = office.items("/domains/demo/access-points", office.caller(Role.ADMIN))
    return f"{LIST}/{segment(point['name'])}"


def held(office: UiOffice, page: str) -> dict[str, object]:
    found: dict[str, object] = office.ask("GET", page.removeprefix("/ui"), office.caller(Role.ADMIN)).json()
    return found


def later(office: UiOffice) -> str:
    return (office.offline.clock.now + timedelta(days=7)).strftime("%Y-%m-%dT%H:%M")


def change(browser: Browser, page: str, **fields: str) -> None:
    """Fill the form in, and say yes to what follows."""
    asked = browser.submit(f"{page}/change", **fields)
    assert "signed anew" in text(asked), asked.body
    done = browser.submit_shown(asked, f"{page}/change", {})
    assert (done.status, done.headers.get("location")) == (303, page), done.body


def test_list_says_how_many_endpoints_refer_to_each(office: UiOffice, edda: Browser, page: str) -> None:
    assert LIST in links_of(edda.get("/ui/"))
    assert page in links_of(edda.get(LIST))
    shown = text(edda.get(page))
    assert str(held(office, page)["address"]) in shown
    certificate = office.items("/certificates?role=access-point", office.caller(Role.ADMIN))[0]
    assert f"/ui/certificates/{certificate['sha256']}" in links_of(edda.get(page))


def test_address_is_changed_at_once_after_a_look_at_what_follows(office: UiOffice, edda: Browser, page: str) -> None:
    before = held(office, page)["address"]
    asked = edda.submit(f"{page}/change", address=NEXT)
    assert str(before) in text(asked)
    assert held(office, page)["address"] == before, "nothing is done before a yes"
    change(edda, page, address=NEXT)
    assert held(office, page)["address"] == NEXT


@pytest.mark.parametrize("as_file", [False, True], ids=["pasted", "file"])
def test_certificate_is_changed_from_an_instant_on_and_that_is_called_off(
    office: UiOffice, edda: Browser, page: str, as_file: bool
) -> None:
    spare = office.offline.pki.access_points[1].certificate
    at = later(office)
    form = edda.get(f"{page}/change")
    told, files = {"certificate": spare.public_bytes(Encoding.PEM).decode(), "at": at}, {}
    if as_file:
        told, files = {"at": at}, {"certificate_file": ("next.cer", spare.public_bytes(Encoding.DER))}
    asked = edda.submit_shown(form, f"{page}/change", told, files)
    assert at.replace("T", " ") in text(asked)
    assert edda.submit_shown(asked, f"{page}/change", {}).status == 303
    planned = held(office, page)["planned"]
    assert isinstance(planned, dict)
    assert planned["at"] == f"{at}:00Z"
    assert f"{page}/call-off" in links_of(edda.get(page))
    assert "is called off" in text(edda.submit(f"{page}/change", address=NEXT)), "another change would do so"
    assert edda.submit(f"{page}/call-off").headers["location"] == page
    assert held(office, page)["planned"] is None
    assert edda.get(f"{page}/call-off").status == 404
    assert f"{page}/call-off" not in links_of(edda.get(page))


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({}, ""),
        ({"at": "2001-01-01T00:00", "address": NEXT}, "at"),
        ({"address": "no address"}, "address"),
        ({"certificate": "AAAA"}, "certificate"),
    ],
    ids=["nothing", "instant that is over", "no address", "no certificate"],
)
def test_what_is_refused_is_told_beside_its_field(
    office: UiOffice, edda: Browser, page: str, form: dict[str, str], field: str
) -> None:
    before = held(office, page)
    told = edda.submit(f"{page}/change", **form)
    if field:
        told = edda.submit_shown(told, f"{page}/change", {})
    assert told.status == 400
    shown = told.body.decode()
    assert f'id="{field}-wrong"' in shown if field else 'role="alert"' in shown
    assert all(value in shown for value in form.values()), "nothing typed is lost"
    assert held(office, page) == before


def test_two_certificates_are_one_too_many(office: UiOffice, edda: Browser, page: str) -> None:
    pem = office.offline.pki.access_points[1].certificate.public_bytes(Encoding.PEM).decode()
    told = edda.submit(f"{page}/change", certificate=pem * 2)
    assert (told.status, b"One certificate, please." in told.body) == (400, True)


def test_who_has_not_seen_the_present_state_changes_nothing(office: UiOffice, edda: Browser, page: str) -> None:
    asked = edda.submit(f"{page}/change", address="https://third.example/")
    change(edda, page, address=NEXT)
    assert edda.submit_shown(asked, f"{page}/change", {}).status == 412
    assert held(office, page)["address"] == NEXT


def test_a_reviewed_domain_is_led_to_a_plan(office: UiOffice, edda: Browser, page: str) -> None:
    change_domain(office.offline.instance, ACTOR, "demo", {"review": {"required": True}})
    office.context.directory.refresh()
    links = links_of(edda.get(page))
    assert f"{page}/change" not in links
    assert any(link.startswith("/ui/domains/demo/new-replacement?address=") for link in links)
    asked = edda.submit(f"{page}/change", address=NEXT)
    assert "make a plan instead" in text(edda.get(f"{page}/change"))
    assert edda.submit_shown(asked, f"{page}/change", {}).status == 400


def test_viewers_look_and_change_nothing(office: UiOffice, page: str) -> None:
    victor = office.browser("victor")
    assert victor.get(page).status == 200
    for path in (f"{page}/change", f"{page}/call-off"):
        assert victor.get(path).status == 403
        assert path not in links_of(victor.get(page))
    assert victor.send(f"{page}/change", {"address": NEXT}).status == 403
    assert victor.post(f"{page}/confirm", address=NEXT, etag="*").status == 403


def test_what_is_typed_is_only_ever_text(office: UiOffice, edda: Browser, page: str) -> None:
    told = edda.submit(f"{page}/change", address=HOSTILE, certificate=HOSTILE)
    assert "<script>alert" not in told.body.decode()
    told = edda.submit_shown(told, f"{page}/change", {})
    assert told.status == 400
    assert "<script>alert" not in told.body.decode()
