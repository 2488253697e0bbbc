# SPDX-License-Identifier: Apache-2.0
"""The pages over the whole management application, without JavaScript: what each role sees, does, and is refused.

What comes from strangers is text wherever it is shown.
"""

import base64
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from registry.accounts.permissions import Role, Scope
from registry.audit.events import EventFilter, search
from registry.demo.pki import DemoPki
from tests.simulators.offline import offline_instance
from tests.simulators.rest_callers import RestCaller, segment
from tests.simulators.self_signed import self_signed
from tests.simulators.ui_office import HOSTILE, PASSWORD, Browser, UiOffice, check_harmless, links_of, text

DOMAIN = "/ui/domains/demo"
PARTICIPANT = "iso6523-actorid-upis::9915:shop"
PATH = f"{DOMAIN}/participants/{segment(PARTICIPANT)}"
INVOICE = "busdox-docid-qns::urn:oasis:names:specification:ubl:schema:xsd:Invoice-2::Invoice##UBL::2.1"
ADMIN_ONLY = ("/ui/audit", "/ui/accounts", f"{DOMAIN}/audit", f"{DOMAIN}/interventions")
"""What a viewer of the domain may not see."""
VIEWED = (
    "/ui/",
    "/ui/problems",
    "/ui/jobs",
    "/ui/certificates",
    "/ui/zones",
    "/ui/tokens",
    "/ui/me",
    f"{DOMAIN}/participants",
    f"{DOMAIN}/publishers",
)
VIEWED_TOO = (f"{DOMAIN}/campaigns", f"{DOMAIN}/registrations", f"{DOMAIN}/zone", f"{DOMAIN}/plans", f"{DOMAIN}/trust")
IN_DOMAIN = ("publishers", "registrations", "zone", "audit", "plans", "trust", "interventions")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[UiOffice]:
    with offline_instance(tmp_path_factory.mktemp("ui"), pki) as offline:
        office = UiOffice(offline)
        office.person("anna", Role.ADMIN)
        office.person("victor", Role.VIEWER, Scope(offline.stored.id))
        office.person("nobody")
        yield office


@pytest.fixture(scope="module")
def anna(office: UiOffice) -> Browser:
    return office.browser("anna")


@pytest.fixture(scope="module")
def victor(office: UiOffice) -> Browser:
    return office.browser("victor")


@pytest.fixture(scope="module")
def program(office: UiOffice) -> RestCaller:
    """An administrator who works over REST."""
    return office.caller(Role.ADMIN)


def test_administrator_finds_every_page_through_the_navigation(anna: Browser) -> None:
    links = links_of(anna.get("/ui/"))
    for path in (*VIEWED, *VIEWED_TOO, *ADMIN_ONLY):
        assert path in links
        assert anna.get(path).status == 200, path


def test_viewer_is_neither_shown_nor_given_what_only_administrators_see(victor: Browser) -> None:
    links = links_of(victor.get("/ui/"))
    for path in (*VIEWED, *VIEWED_TOO):
        assert path in links
        assert victor.get(path).status == 200, path
    for path in ADMIN_ONLY:
        assert path not in links
        assert victor.get(path).status == 403, path


def test_domain_in_which_somebody_has_no_role_is_not_there(office: UiOffice) -> None:
    browser = office.browser("nobody")
    assert "Nothing is wrong." not in text(browser.get("/ui/")), "they don't see what is"
    assert not [link for link in links_of(browser.get("/ui/")) if "/domains/" in link]
    for path in (f"{DOMAIN}/participants", PATH, f"{DOMAIN}/new-participant", *(f"{DOMAIN}/{p}" for p in IN_DOMAIN)):
        unknown = path.replace("/demo/", "/unknown/")
        assert (browser.get(path).status, browser.get(unknown).status) == (404, 404), path


def test_overview_shows_counts_and_what_somebody_has_to_look_at(victor: Browser) -> None:
    page = text(victor.get("/ui/"))
    assert '<span class="figure">7</span>' in page
    assert "Nothing is wrong." in page
    assert "Nothing is going on." in page


@pytest.mark.parametrize("number", ["0", "x", "9" * 30, "%00", "1%2F..%2F2", "%3Cscript%3E"])
def test_number_that_is_none_leads_to_a_page_that_says_so(anna: Browser, number: str) -> None:
    for path in (
        f"/ui/problems/{number}",
        f"/ui/jobs/{number}",
        f"/ui/certificates/{number}",
        f"{DOMAIN}/plans/{number}",
        f"{DOMAIN}/plans/{number}/apply",
        f"{DOMAIN}/interventions/{number}/approve",
    ):
        reply = anna.get(path)
        assert reply.status in {400, 404}, path
        assert b'<main id="content"' in reply.body
        assert b"<script>" not in reply.body


def test_viewer_changes_nothing(office: UiOffice, anna: Browser, victor: Browser, program: RestCaller) -> None:
    kept = "iso6523-actorid-upis::9915:kept"
    assert office.ask("PUT", f"/domains/demo/participants/{segment(kept)}", program, {}).status == 201
    path = f"{DOMAIN}/participants/{segment(kept)}"
    assert not {link for link in links_of(victor.get(path)) if link.endswith(("/delete", "/change"))}
    etag = office.ask("GET", f"/domains/demo/participants/{segment(kept)}", program).headers["etag"]
    before = office.everything()
    assert victor.post(f"{path}/delete", etag=etag).status == 403
    assert victor.post(f"{DOMAIN}/confirm-participant", participant=kept, etag=etag).status == 403
    assert victor.post(f"{DOMAIN}/confirm-participant", participant=f"{kept}-new").status == 403
    assert office.everything() == before


def test_participant_is_made_changed_and_removed_by_forms_alone(
    office: UiOffice, anna: Browser, program: RestCaller
) -> None:
    asked = anna.submit(f"{DOMAIN}/new-participant", participant=PARTICIPANT)
    assert "receives nothing before it has services" in text(asked)
    confirm = f"{DOMAIN}/confirm-participant?new=1&registered=1&participant={segment(PARTICIPANT)}"
    made = anna.submit(confirm)
    assert (made.status, made.headers["location"]) == (303, PATH)
    shown = text(anna.get(PATH))
    assert f"Created: {PARTICIPANT}." in shown
    assert "Created:" not in text(anna.get(PATH)), "it is said once"
    rest = f"/domains/demo/participants/{segment(PARTICIPANT)}"
    assert office.ask("GET", rest, program).json()["registered_by"]
    assert "exists already" in text(anna.get(confirm))

    leaving = f"{DOMAIN}/confirm-participant?participant={segment(PARTICIPANT)}"
    assert "its name goes from DNS" in text(anna.get(leaving))
    assert anna.submit(leaving).status == 303
    assert office.ask("GET", rest, program).json()["registered_by"] is None

    assert "This can't be undone" in text(anna.get(f"{PATH}/delete"))
    gone = anna.submit(f"{PATH}/delete")
    assert (gone.status, gone.headers["location"]) == (303, f"{DOMAIN}/participants")
    assert office.ask("GET", rest, program).status == 404
    assert anna.get(PATH).status == 404
    done = [
        event.tag
        for event in search(office.database, EventFilter(subject=PARTICIPANT), None, 10).events
        if event.actor_name == "anna"
    ]
    assert "smp:service-group:delete" in done, "the audit names the person, as over REST"


def test_what_changed_since_the_page_was_opened_is_not_overwritten(
    office: UiOffice, anna: Browser, program: RestCaller
) -> None:
    raced = "iso6523-actorid-upis::9915:raced"
    rest = f"/domains/demo/participants/{segment(raced)}"
    assert office.ask("PUT", rest, program, {}).status == 201
    etag = office.ask("GET", rest, program).headers["etag"]
    assert office.ask("PUT", rest, program, {"registered": False}).status == 200
    path = f"{DOMAIN}/participants/{segment(raced)}"
    assert anna.post(f"{path}/delete", etag=etag).status == 412
    assert anna.post(f"{path}/delete").status != 303, "a form without the tag removes nothing"
    assert office.ask("GET", rest, program).status == 200


def test_search_narrows_down_by_how_identifiers_begin_and_pages_by_cursor(
    office: UiOffice, anna: Browser, program: RestCaller
) -> None:
    for number in range(52):
        rest = f"/domains/demo/participants/{segment(f'iso6523-actorid-upis::0088:{number:04}')}"
        assert office.ask("PUT", rest, program, {"registered": False}).status == 201
    first = anna.get(f"{DOMAIN}/participants?q=0088%3A")
    (following,) = {link for link in links_of(first) if "cursor=" in link}
    assert "q=0088%3A" in following
    assert "0088:0050" not in text(first)
    second = text(anna.get(following))
    assert "0088:0050" in second
    assert "0088:0049" not in second
    found = text(anna.get(f"{DOMAIN}/participants?q=iso6523-actorid-upis%3A%3A0088%3A005"))
    assert "0088:0051" in found
    assert "0088:0049" not in found
    assert "No participant begins so." in text(anna.get(f"{DOMAIN}/participants?q=iso6523-actorid-upis%3A%3Anone"))


def test_filter_that_rest_refuses_is_told_and_not_an_error(anna: Browser) -> None:
    for path in (
        f"{DOMAIN}/participants?cursor=x",
        f"{DOMAIN}/audit?since=yesterday",
        "/ui/accounts?kind=%3Cscript%3E",
    ):
        page = text(anna.get(path))
        assert 'role="alert"' in page
        assert "<script>" not in page


def test_text_of_strangers_is_text_on_every_page(office: UiOffice, anna: Browser, program: RestCaller) -> None:
    escaped = "".join(f"\\{char}" if char in '<>"' else char for char in HOSTILE)  # RFC 4514 §2.4
    certificate = self_signed(ec.generate_private_key(ec.SECP256R1()), f"CN={escaped}")
    encoded = base64.b64encode(certificate.certificate.public_bytes(Encoding.DER)).decode()
    extension = base64.b64encode(b'<x xmlns="urn:x"><script>alert(1)</script></x>').decode()
    hostile = f"iso6523-actorid-upis::9915:{HOSTILE}"[:60]
    listed = office.ask("PUT", f"/domains/demo/participants/{segment(hostile)}", program, {"registered": False})
    rest = f"/domains/demo/participants/{segment('iso6523-actorid-upis::9915:host')}"
    participant = {
        "registered": False,
        "extensions": [{"content": extension}],
        "properties": [{"type": "private", "name": "note", "value": HOSTILE}],
    }
    assert office.ask("PUT", rest, program, participant).status == 201
    endpoint = {
        "transport_profile": "peppol-transport-as4-v2_0",
        "address": "https://ap.example.org/as4",
        "certificates": [{"der": encoded}],
        "description": HOSTILE,
        "technical_contact": HOSTILE,
        "extensions": [{"content": extension}],
    }
    process = {"processes": [{"scheme": "cenbii-procid-ubl", "value": "urn:x"}], "endpoints": [endpoint]}
    service = {"process_metadata": [process], "extensions": [{"content": extension}]}
    published = office.ask("PUT", f"{rest}/services/{segment(INVOICE)}", program, service)
    assert published.status == 201, published.body
    page = anna.get(f"{DOMAIN}/participants/{segment('iso6523-actorid-upis::9915:host')}")
    check_harmless(page)
    assert text(page).count("&lt;script&gt;alert(1)") >= 6

    if listed.status == 201:  # whether such identifiers are taken is the domain's rule
        for path in (f"{DOMAIN}/participants", f"{DOMAIN}/participants/{segment(hostile)}"):
            assert "<script>alert" not in text(anna.get(path))
    account = office.person(HOSTILE, Role.VIEWER)
    stranger = office.browser(HOSTILE, user_agent=HOSTILE)
    for browser, path in (
        (anna, "/ui/accounts"),
        (anna, f"/ui/accounts/{account}"),
        (anna, "/ui/audit"),
        (stranger, "/ui/me"),
        (stranger, "/ui/"),
        (anna, f"{DOMAIN}/participants?q={segment(HOSTILE)}"),
        (anna, f"{DOMAIN}/audit?subject={segment(HOSTILE)}"),
        (anna, f"{DOMAIN}/confirm-participant?new=1&participant={segment(HOSTILE)}&group={segment(HOSTILE)}"),
    ):
        reply = browser.get(path)
        if reply.status == 200:
            check_harmless(reply)
        else:
            assert b"<script>alert" not in reply.body


def test_login_by_page_is_refused_as_over_rest_and_names_wait_after_failures(office: UiOffice) -> None:
    office.person("locked")
    browser = office.browser()
    wrong = browser.post("/ui/login", name="locked", password="wrong", next="/ui/")
    assert wrong.status == 401
    assert "The name or the password is wrong." in wrong.body.decode()
    assert "registry_session" not in browser.cookies
    for _ in range(20):
        reply = browser.post("/ui/login", name="locked", password="wrong", next="/ui/")
        if reply.status == 429:
            break
    assert (reply.status, "Too many attempts" in reply.body.decode()) == (429, True)
    assert int(reply.headers["retry-after"]) > 0


def test_session_is_a_new_one_at_each_login_and_ends_with_logging_out(office: UiOffice) -> None:
    browser = office.browser()
    browser.cookies["registry_session"] = "chosen-by-somebody-else"
    browser.post("/ui/login", name="anna", password=PASSWORD, next="https://evil.example/")
    secret = browser.cookies["registry_session"]
    assert secret != "chosen-by-somebody-else"
    assert browser.post("/ui/logout").headers["location"] == "/ui/login"
    assert "registry_session" not in browser.cookies
    assert "You are logged out." in text(browser.get("/ui/login"))
    browser.cookies["registry_session"] = secret
    assert browser.get("/ui/").headers["location"] == "/ui/login"


def test_login_leads_to_no_other_host(office: UiOffice) -> None:
    reply = office.browser().post("/ui/login", name="anna", password=PASSWORD, next="//evil.example/")
    assert reply.headers["location"] == "/ui/"


def test_password_that_has_to_be_changed_is_changed_before_anything_else(office: UiOffice) -> None:
    office.person("newcomer", Role.VIEWER, must_change=True)
    browser = office.browser()
    reply = browser.post("/ui/login", name="newcomer", password=PASSWORD, next="/ui/zones")
    assert reply.headers["location"] == "/ui/password"
    for path in ("/ui/", "/ui/zones", "/ui/me"):
        assert browser.get(path).headers["location"] == "/ui/password", path
    other = "quite another one, and long"
    assert browser.submit("/ui/password", old=PASSWORD, new=other, again="different").status == 400
    assert browser.submit("/ui/password", old="wrong", new=other, again=other).status == 400
    assert browser.submit("/ui/password", old=PASSWORD, new="short", again="short").status == 400
    assert browser.submit("/ui/password", old=PASSWORD, new=other, again=other).headers["location"] == "/ui/login"
    assert browser.post("/ui/login", name="newcomer", password=other, next="/ui/me").headers["location"] == "/ui/me"
    assert text(browser.get("/ui/me"))


def test_own_session_ends_after_it_was_confirmed(office: UiOffice) -> None:
    here, elsewhere = office.browser("victor"), office.browser("victor", user_agent="elsewhere")
    number = office.context.sessions.page(size=500)[-1].id
    assert "elsewhere" in text(here.get(f"/ui/me/sessions/{number}/end"))
    assert elsewhere.get("/ui/").status == 200
    assert here.submit(f"/ui/me/sessions/{number}/end").headers["location"] == "/ui/me"
    assert elsewhere.get("/ui/").status == 303
    assert here.get("/ui/me/sessions/999999/end").status == 404


def test_provider_is_offered_only_where_one_is_set_up(office: UiOffice) -> None:
    assert "/api/v1/session/oidc" not in text(office.browser().get("/ui/login"))
    other = UiOffice(office.offline, oidc=True)
    assert "/api/v1/session/oidc?return_to=/ui/zones" in links_of(other.browser().get("/ui/login?next=/ui/zones"))
