# SPDX-License-Identifier: Apache-2.0
"""What holds for every page: headers, refusals, forms of other pages, and how much is sent."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import pytest
import structlog.testing

from registry.accounts.permissions import Role
from registry.api.app import management_app
from registry.demo.pki import DemoPki
from registry.ui.app import PAGES, Ui
from registry.ui.routing import Pages, Router
from tests.simulators.asgi import Reply, call
from tests.simulators.offline import offline_instance
from tests.simulators.ui_office import DOCUMENT, PASSWORD, Browser, UiOffice, nothing_published

FIRST_PAGE = 60_000  # octets, with all that it needs
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[UiOffice]:
    """One for all, since no test changes anything but sessions."""
    with offline_instance(tmp_path_factory.mktemp("ui"), pki) as offline:
        office = UiOffice(offline)
        office.person("anna", Role.ADMIN)
        yield office


@pytest.fixture(scope="module")
def anna(office: UiOffice) -> Browser:
    return office.browser("anna")


def check_headers(reply: Reply) -> None:
    assert reply.all("content-security-policy") == [POLICY]
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["referrer-policy"] == "same-origin"
    assert reply.headers["cross-origin-opener-policy"] == "same-origin"


def test_browsers_that_ask_for_nothing_come_to_the_pages(office: UiOffice) -> None:
    reply = office.browser().get("/", accept="text/html,application/xhtml+xml")
    assert (reply.status, reply.headers["location"]) == (303, "/ui/")
    assert office.browser().get("/", accept="*/*").status == DOCUMENT


def test_paths_that_only_begin_alike_are_published_documents(office: UiOffice) -> None:
    assert office.browser().get("/uix").status == DOCUMENT


def test_who_is_not_logged_in_comes_back_after_the_login(office: UiOffice) -> None:
    browser = office.browser()
    reply = browser.get("/ui/domains/demo/participants?q=0088%3A1")
    assert reply.status == 303
    check_headers(reply)
    assert reply.headers["location"] == "/ui/login?next=%2Fui%2Fdomains%2Fdemo%2Fparticipants%3Fq%3D0088%253A1"
    back = browser.submit(reply.headers["location"], name="anna", password=PASSWORD)
    assert (back.status, back.headers["location"]) == (303, "/ui/domains/demo/participants?q=0088%3A1")


def test_every_page_says_what_may_be_loaded_and_is_kept_nowhere(anna: Browser) -> None:
    for path in ("/ui/login", "/ui/", "/ui/accounts", "/ui/nothing", "/ui/domains/none/zone"):
        reply = anna.get(path)
        check_headers(reply)
        assert reply.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("path", "status"), [("/ui/nothing", 404), ("/ui/domains/none/zone", 404), ("/ui/logout", 405), ("/ui/%ff", 404)]
)
def test_what_is_not_there_is_a_page_too(anna: Browser, path: str, status: int) -> None:
    reply = anna.get(path)
    assert reply.status == status
    assert b'<main id="content"' in reply.body
    assert status != 405 or reply.headers["allow"] == "POST"


def test_forms_of_other_pages_are_refused_everywhere(office: UiOffice, anna: Browser) -> None:
    before = office.everything()
    targets = [page.path for page in Router(PAGES).pages if page.method == "POST"]
    for target in targets:
        path = "/ui" + re.sub(r"\{\w+\}", "1", target)
        for source in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}, {}):
            assert anna._ask("POST", path, b"name=x", source).status == 403
    assert len(targets) >= 5
    assert office.everything() == before


def test_older_browsers_say_by_origin_that_a_form_is_ours(office: UiOffice) -> None:
    form = f"name=anna&password={PASSWORD.replace(' ', '+')}&next=/ui/zones".encode()
    reply = office.browser()._ask("POST", "/ui/login", form, {"origin": "http://test"})
    assert (reply.status, reply.headers["location"]) == (303, "/ui/zones")


def test_form_that_is_too_large_is_refused(office: UiOffice) -> None:
    assert office.browser().post("/ui/login", name="x" * 70_000).status == 413
    assert office.browser().post("/ui/login", **{f"name{number}": "x" for number in range(101)}).status == 413


@pytest.mark.parametrize("length", [b"", b"10", b"1073741824", b"-1"])
def test_no_form_is_read_beyond_its_bound_whatever_it_says_of_its_length(
    office: UiOffice, anna: Browser, length: bytes
) -> None:
    """A gibibyte that comes piece by piece."""
    cookies = "; ".join(f"{name}={value}" for name, value in anna.cookies.items())
    for page in (each for each in Router(PAGES).pages if each.method == "POST"):
        path = ("/ui" + re.sub(r"\{\w+\}", "1", page.path)).encode()
        kind = b"multipart/form-data; boundary=b" if page.uploads else b"application/x-www-form-urlencoded"
        headers = [(b"host", b"test"), (b"cookie", cookies.encode()), (b"sec-fetch-site", b"same-origin")]
        headers += [(b"content-type", kind), *([(b"content-length", length)] if length else [])]
        status, taken = asyncio.run(poured(office, path, headers))
        assert 400 <= status < 500, page.path
        assert taken <= 4_000_000, page.path


async def poured(office: UiOffice, path: bytes, headers: list[tuple[bytes, bytes]]) -> tuple[int, int]:
    """The status of the answer to an endless form, and how many octets of that were taken."""
    piece, taken, statuses = b"x" * 65_536, 0, []

    async def receive() -> dict[str, Any]:
        nonlocal taken
        taken += len(piece)
        return {"type": "http.request", "body": piece, "more_body": taken < 1 << 30}

    async def send(message: Any) -> None:
        statuses.append(message.get("status"))

    scope: dict[str, Any] = {"type": "http", "method": "POST", "path": path.decode(), "raw_path": path}
    scope |= {"headers": headers, "scheme": "http", "http_version": "1.1", "asgi": {"version": "3.0"}}
    await office.pages(scope | {"query_string": b"", "root_path": "", "client": ("127.0.0.1", 1)}, receive, send)
    return statuses[0], taken


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "/ui/..//evil.example"]
)
def test_no_form_leads_to_another_host_whatever_its_fields_say(office: UiOffice, target: str) -> None:
    """Every field that any page has or may once have had for where to go next."""
    names = ("next", "return_to", "back", "url", "to", "redirect", "location", "here", "path")
    forms = [page for page in Router(PAGES).pages if page.method == "POST" and not page.uploads]
    office.person(target, Role.ADMIN)
    visitor = office.browser(target)
    for page in sorted(forms, key=lambda page: page.path == "/logout"):
        reply = visitor.post(
            "/ui" + re.sub(r"\{\w+\}", "1", page.path) + f"?next={target}", **dict.fromkeys(names, target)
        )
        to = reply.headers.get("location", "/ui/")
        assert to.startswith("/ui/"), page.path
        assert "//" not in to, page.path
        assert "\\" not in to, page.path


def test_mistake_of_ours_is_a_page_without_any_detail(office: UiOffice) -> None:
    broken = Pages()

    @broken.get("/broken")
    async def page(visit: object) -> Any:
        raise RuntimeError("the inside of the house")

    ui = Ui(office.app, parts=[broken])
    with structlog.testing.capture_logs() as logs:
        reply = call(ui, "GET", b"/ui/broken")
    assert reply.status == 500
    assert b"inside of the house" not in reply.body
    assert b"RuntimeError" not in reply.body
    assert [line["event"] for line in logs] == ["page_failed"]


def test_head_is_answered_without_a_body(office: UiOffice) -> None:
    reply = call(office.pages, "HEAD", b"/ui/login")
    assert (reply.status, reply.body) == (200, b"")


@pytest.mark.parametrize("path", ["/ui/login", "/ui/", "/ui/domains/demo/participants"])
def test_first_page_is_small_with_everything_that_it_needs(anna: Browser, path: str) -> None:
    page = anna.get(path, accept_encoding="gzip")
    needed = set(re.findall(r'(?:src|href)="(/ui/static/[^"]*)"', page.body.decode()))
    assert len(needed) >= 2
    replies = [page, *(anna.get(file, accept_encoding="gzip") for file in sorted(needed))]
    assert all(reply.status == 200 for reply in replies)
    sent = sum(len(reply.body) + sum(len(n) + len(v) + 4 for n, v in reply.header_list) for reply in replies)
    assert sent <= FIRST_PAGE


def test_language_and_colours_are_chosen_by_a_form_and_kept(office: UiOffice) -> None:
    browser = office.browser()
    reply = browser.post("/ui/preferences", language="de", theme="dark", next="/ui/login")
    assert (reply.status, reply.headers["location"]) == (303, "/ui/login")
    page = browser.get("/ui/login", accept_language="fr").body.decode()
    assert '<html lang="de" data-theme="dark">' in page
    assert "Anmelden" in page
    browser.post("/ui/preferences", language="xx", theme="<script>", next="https://evil.example")
    assert '<html lang="de" data-theme="dark">' in browser.get("/ui/login").body.decode()


@pytest.mark.parametrize("cookie", ["garbage", "W10", "WyJzYXZlZCIsMV0", "WyI8c2NyaXB0PiIsIngiXQ", "é"])
def test_what_somebody_else_put_into_a_cookie_is_not_shown(office: UiOffice, cookie: str) -> None:
    browser = office.browser()
    browser.cookies |= {"registry_flash": cookie, "registry_language": cookie, "registry_theme": cookie}
    page = browser.get("/ui/login").body.decode()
    assert 'role="status"' not in page
    assert '<html lang="en" data-theme="auto">' in page


def test_no_page_is_declared_twice() -> None:
    declared = [(page.method, page.path) for page in Router(PAGES).pages]
    assert len(declared) == len(set(declared))


def test_application_without_pages_serves_none() -> None:
    assert call(management_app(nothing_published, list), "GET", b"/ui/").status == DOCUMENT
