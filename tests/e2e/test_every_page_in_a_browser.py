# SPDX-License-Identifier: Apache-2.0
"""Every page in Debian's Chromium, on a desk and on a telephone, light and dark.

The pages are those of the application's own routes. Of a new one whose path has a parameter that no other has,
tests/simulators/filled_pages.py must say what stands for it. Pictures are kept in build/screens/.
"""

import json
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from playwright.sync_api import Browser, expect

from registry.demo.pki import DemoPki
from registry.ui.app import PAGES
from registry.ui.locales import LANGUAGES
from registry.ui.routing import Router
from registry.ui.visit import LANGUAGE_COOKIE
from tests.conftest import ToolFinder
from tests.simulators.browser import NARROW, REFLOWED, Tab, name_of, open_chromium, open_tab
from tests.simulators.filled_pages import EMPTY, WHO, FilledPages
from tests.simulators.live import live_instance
from tests.simulators.rest_callers import segment

pytestmark = [pytest.mark.slow, pytest.mark.any_database]
ROUTES = [page.path for page in Router(PAGES).pages if page.method == "GET"]
QUERIES = {
    "/domains/{domain}/confirm-participant": f"?new=1&registered=1&participant={segment(EMPTY)}-too",
    "/domains/{domain}/new-intervention": "?kind=transfer&smp_id=SMP-A",
    "/domains/{domain}/zone/names": f"?kind=participant&id={segment(WHO)}",
}
"""What a page has to be asked for with, so that it shows what it is for."""
OTHERS = {
    "participants-found": f"/domains/demo/participants?q={segment(WHO)}",
    "participants-none": "/domains/demo/participants?q=9999:none",
    "participant-empty": f"/domains/demo/participants/{segment(EMPTY)}",
    "plan-refused-rows": "/domains/{domain}/plans/{plan}?verdict=refused",
    "audit-filtered": "/audit?tag=accounts",
    "bad-filter": "/accounts?kind=nonsense",
    "not-resolved": f"/domains/demo/participants/{segment(EMPTY)}/resolution",
    "permission-explained": "/permissions?account=victor&action=service:write&domain=demo",
    "grants-of-a-group": "/domains/{domain}/grants?group=clinics",
    "domain-form-with-profile": "/new-domain?profile=ehdsi",
    "grant-form-filled-in": "/new-grant?domain=demo&group=clinics&account=victor",
    "intervention-kinds": "/domains/{domain}/new-intervention",
    "intervention-of-certificates": "/domains/{domain}/new-intervention?kind=block-certificate",
    "certificates-in-use": "/certificates?role=signing-key",
}
"""What other states of a page look like."""
_SMP_A = segment("iso6523-actorid-upis::0088:smp-a-2")
FOLLOWS = {
    "intervention-ask": "/domains/{domain}/new-intervention?kind=suspend-publisher&smp_id=SMP-A",
    "intervention-undone": "/domains/{domain}/interventions/{applied}/undo",
    "registrations-new": f"/domains/{{domain}}/new-registrations?publisher=SMP-A&participants={segment(EMPTY)}-too",
    "registrations-ended": f"/domains/{{domain}}/end-registrations?participants={_SMP_A}",
    "migration-prepared": f"/domains/{{domain}}/new-migration?participant={segment(WHO)}",
}
"""Forms, filled in by a link, behind which a page says what follows."""
PUBLIC = {"empty": "", "found": f"?participant={segment(WHO)}", "wrong": "?participant=nobody"}
"""What the page of the public listener is asked for."""
KEYBOARD = (
    "/",
    "/login",
    "/domains/{domain}/participants",
    "/domains/{domain}/new-plan",
    "/domains/{domain}/change",
    "/domains/{domain}/plans/{plan}",
)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[FilledPages]:
    with live_instance(tmp_path_factory.mktemp("filled"), pki) as live:
        yield FilledPages(live)


@pytest.fixture(scope="module")
def chromium(tool: type[ToolFinder], filled: FilledPages) -> Iterator[Browser]:
    """Comes after what it shows: as long as it is driven, this thread runs no other event loop."""
    with open_chromium(tool) as browser:
        yield browser


@pytest.fixture
def tab(chromium: Browser, filled: FilledPages) -> Iterator[Tab]:
    """One in which an administrator is logged in."""
    with open_tab(chromium, filled.live.addresses.manage) as tab:
        for name, value in filled.cookies.items():
            tab.keep_cookie(name, value)
        yield tab


def check(tab: Tab, path: str, name: str) -> None:
    """A page as it should be, in every language."""
    assert tab.open(path).status == 200
    assert tab.check(name) == []
    for language in LANGUAGES:
        if tab.page.locator("html").get_attribute("lang") != language:
            tab.keep_cookie(LANGUAGE_COOKIE, language)
            tab.open(path)
        assert tab.page.locator("html").get_attribute("lang") == language
        for width in (NARROW, REFLOWED):
            assert tab.overhang(width) == [], (language, width)


@pytest.mark.parametrize("route", ROUTES)
def test_page_is_accessible_and_fits(tab: Tab, filled: FilledPages, route: str) -> None:
    check(tab, filled.path(route) + QUERIES.get(route, ""), name_of(route))


@pytest.mark.parametrize("name", OTHERS)
def test_other_state_of_a_page_is_accessible_and_fits(tab: Tab, filled: FilledPages, name: str) -> None:
    check(tab, filled.path(OTHERS[name]), name)


@pytest.mark.parametrize("name", PUBLIC)
def test_public_page_is_accessible_and_fits(chromium: Browser, filled: FilledPages, name: str) -> None:
    with open_tab(chromium, filled.live.addresses.public) as tab:
        answer = tab.open(f"/lookup/participant{PUBLIC[name]}")
        assert tab.check(f"public-{name}") == []
        if answer.status == 400:  # which a browser notes itself
            tab.complaints.clear()


@pytest.mark.parametrize("role", ["ap-encrypt", "smp-sign"])
def test_decision_on_a_certificate_is_accessible_and_fits(tab: Tab, filled: FilledPages, role: str) -> None:
    tab.open(filled.path("/domains/{domain}/trust/decision"))
    certificate = filled.live.pki.access_points[0].certificate.public_bytes(Encoding.PEM)
    tab.page.locator("#certificate").fill(certificate.decode())
    tab.page.locator("#role").select_option(role)
    tab.page.get_by_label("Also say what would have to be different").check()
    tab.page.get_by_role("button", name="Decide").click()
    expect(tab.page.get_by_role("heading", name="Step by step")).to_be_visible()
    assert tab.check(f"trust-decided-{role}") == []


def test_comparison_of_trust_configurations_is_accessible_and_fits(tab: Tab, filled: FilledPages) -> None:
    tab.open(filled.path("/domains/{domain}/trust/compare") + "?before=peppol-g2&after=peppol-g3")
    tab.page.get_by_role("button", name="Compare").click()
    expect(tab.page.get_by_role("heading", name="What was compared")).to_be_visible()
    assert tab.check("trust-compared") == []


@pytest.mark.parametrize("name", FOLLOWS)
def test_what_follows_from_a_form_is_accessible_and_fits(tab: Tab, filled: FilledPages, name: str) -> None:
    tab.open(filled.path(FOLLOWS[name]))
    tab.page.get_by_role("button", name="Go on: see what").click()
    expect(tab.page.get_by_role("heading", name="What follows")).to_be_visible()
    assert tab.check(f"follows-{name}") == []
    assert tab.overhang(REFLOWED) == []
    if name == "migration-prepared":
        tab.page.get_by_role("button", name="Prepare it, and show the key").click()
        expect(tab.page.get_by_role("heading", name="Key", exact=True)).to_be_visible()
        assert tab.check("migration-key") == []


def test_what_follows_from_a_change_of_a_domain_is_accessible_and_fits(tab: Tab) -> None:
    tab.open("/ui/domains/demo/change")
    tab.page.get_by_text("Further settings, for experts").click()
    further = {"smp": {"base_url": "https://smp.example.org/other"}, "sml": {"admission": [{"publishers": ["SMP-A"]}]}}
    tab.page.get_by_label("Answers hold for (seconds)").fill("120")
    tab.page.get_by_label("Settings as YAML or JSON").fill(json.dumps(further))
    assert tab.check("domain-change-typed") == []
    tab.page.get_by_role("button", name="Show what follows").click()
    expect(tab.page.get_by_role("heading", name="What follows")).to_be_visible()
    assert tab.check("domain-change-planned") == []


def test_page_that_is_not_there_is_accessible_and_fits(tab: Tab) -> None:
    assert tab.open("/ui/nowhere").status == 404
    assert tab.check("not-there") == []
    complaints, tab.complaints = tab.complaints, []
    assert {each.partition("status of ")[2][:3] for each in complaints} == {"404"}, "a browser notes that itself"


@pytest.mark.parametrize("route", KEYBOARD)
def test_everything_is_reached_by_the_keyboard_and_shows_that_it_is(tab: Tab, filled: FilledPages, route: str) -> None:
    tab.open(filled.path(route))
    first = tab.press_tab()
    assert (first.text, first.visible, first.outline >= 2) == ("Skip to the content", True, True)
    tab.page.keyboard.press("Enter")
    inside = tab.press_tab()
    assert inside.in_main
    tab.open(filled.path(route))
    places = "a[href]:visible, button:visible, input:visible, select:visible, textarea:visible, summary:visible"
    reached = [tab.press_tab() for _ in range(tab.page.locator(places).count())]
    assert [each for each in reached if not each.visible or each.outline < 2] == []
    assert len({each.number for each in reached}) == len(reached), "nothing is a trap"


def test_what_no_page_may_do_is_noticed(tab: Tab) -> None:
    bad = """<!doctype html><title>x</title><style>p { color: #ccc }</style><p style="width: 2000px">pale</p>
    <img src="/ui/none.png"><script>alert(1)</script>"""
    policy = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'"}
    tab.page.route("**/bad", lambda route: route.fulfill(body=bad, headers=policy, content_type="text/html"))
    tab.open("/ui/bad")
    wrong = tab.check("bad-on-purpose")
    for rule in ("html-has-lang", "color-contrast", "image-alt", "2000px"):
        assert any(rule in each for each in wrong), (rule, wrong)
    complaints, tab.complaints = tab.complaints, []
    assert any("script" in each and "Content Security Policy" in each for each in complaints), complaints
