# SPDX-License-Identifier: Apache-2.0
"""Every page in Debian's Chromium, on a desk and on a telephone, light and dark.

The pages are those of the application's own routes. Of a new one whose path has a parameter that no other has,
tests/simulators/filled_pages.py must say what stands for it. Pictures are kept in build/screens/.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

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
    "certificates-in-use": "/certificates?role=signing-key",
}
"""What other states of a page look like."""
PUBLIC = {"empty": "", "found": f"?participant={segment(WHO)}", "wrong": "?participant=nobody"}
"""What the page of the public listener is asked for."""
KEYBOARD = (
    "/",
    "/login",
    "/domains/{domain}/participants",
    "/domains/{domain}/new-plan",
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
