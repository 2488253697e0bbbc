# SPDX-License-Identifier: Apache-2.0
"""Domains on pages, without JavaScript: made of a profile, read, changed after a look at what follows."""

import re
from pathlib import Path

import pytest

from registry.accounts.permissions import Role, Scope
from registry.app.code_lists import import_code_lists
from tests.simulators.asgi import Reply
from tests.simulators.code_lists import participant_list, written
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.ui_office import HOSTILE, Browser, UiOffice, check_harmless, links_of, text

pytestmark = pytest.mark.any_database

NEW = "/ui/new-domain"
DEMO = "/ui/domains/demo"
SERVERS = {"dns.name_servers": "localhost"}
"""What a browser sends of the form for changes; the one of these tests leaves text areas empty."""
OTHER = {"name": "other", "profile": "peppol-test", "base_url": "https://other.example.org", "smp_id": "SMP-OTHER"}


@pytest.fixture
def office(offline: OfflineInstance) -> UiOffice:
    office = UiOffice(offline)
    office.person("anna", Role.ADMIN)
    office.person("dora", Role.ADMIN, Scope(offline.stored.id))
    office.person("victor", Role.VIEWER, Scope(offline.stored.id))
    return office


@pytest.fixture
def anna(office: UiOffice) -> Browser:
    return office.browser("anna")


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def test_domain_is_made_from_a_profile_with_what_is_ones_own(office: UiOffice, anna: Browser) -> None:
    form = text(anna.get(NEW))
    for name in ("ehdsi", "peppol-test", "e-codex"):
        assert f'<option value="{name}"' in form
    further = "public_page: true\nsmp:\n  endpoints_per_process: 2\n  smp_id: OVERRULED\n"
    made = anna.post(NEW, **OTHER, settings=further)
    assert (made.status, made.headers["location"]) == (303, "/ui/domains/other"), made.body
    held = office.ask("GET", "/domains/other", office.caller(Role.ADMIN)).json()
    assert (held["profile"], held["base_url"], held["smp_id"], held["sml"], held["default"]) == (
        *("peppol-test", "https://other.example.org", "SMP-OTHER", False, False),
    )
    assert (held["settings"]["public_page"], held["settings"]["smp"]["endpoints_per_process"]) == (True, 2)
    assert "/ui/domains/other" in links_of(anna.get("/ui/domains"))


def test_domain_with_an_sml_gets_its_zone_and_name_servers(office: UiOffice, anna: Browser) -> None:
    made = anna.post(NEW, **OTHER, sml="1", zone="sml.example.org", name_servers="ns1.example.net\r\nns2.example.net")
    assert made.status == 303, made.body
    held = office.ask("GET", "/domains/other", office.caller(Role.ADMIN)).json()
    assert (held["sml"], held["zone"]) == (True, "sml.example.org")
    assert held["settings"]["dns"]["name_servers"] == ["ns1.example.net", "ns2.example.net"]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"name": "Not A Name"}, "should match pattern"),
        ({"profile": "nix"}, "there is no such profile"),
        ({"name": "demo"}, "there is a domain demo already"),
        ({"base_url": "nowhere"}, "smp.base_url"),
        ({"settings": "smp: [unclosed"}, "The further settings are neither YAML nor JSON."),
        ({"settings": "trust: {smp-sign: {anchor_files: [/etc/passwd]}}"}, "files are named on the command line"),
        ({"settings": "dns: {nix: 1}"}, "dns.nix: unknown"),
    ],
    ids=["name", "profile", "taken", "address", "no YAML", "a file", "unknown setting"],
)
def test_a_form_that_is_wrong_comes_back_with_what_was_typed_and_makes_nothing(
    office: UiOffice, anna: Browser, form: dict[str, str], said: str
) -> None:
    before = office.everything()
    reply = anna.post(NEW, **OTHER | {"settings": "title: typed before"} | form)
    assert reply.status in {400, 409}
    page = reply.body.decode()
    assert said in page
    assert 'role="alert"' in page
    assert (OTHER | form)["base_url"] in page
    assert form.get("settings", "title: typed before").partition(" ")[0] in page
    assert office.everything() == before


def test_new_domain_says_what_it_lacks_and_which_command_takes_its_key(anna: Browser) -> None:
    anna.post(NEW, **OTHER)
    page = text(anna.get("/ui/domains/other"))
    assert "registry signing-key take smp.p12 --password-file smp.pass --domain other" in page
    assert "registry signing-key take" not in text(anna.get(DEMO))


def test_page_of_a_domain_leads_to_all_its_pages_and_shows_what_is_laid_over(anna: Browser) -> None:
    page = anna.get(DEMO)
    found = links_of(page)
    for place in (
        *("participants", "plans", "campaigns", "publishers", "registrations", "directory", "interventions", "trust"),
        *("zone", "audit", "groups", "grants", "code-lists", "settings", "change", "access-points", "migrations"),
    ):
        assert f"{DEMO}/{place}" in found, place
    assert "Address of the SMP smp.base_url https://smp.example.org/base —" in words(text(page))
    assert "SML: who may register what" not in text(page), "there nothing is laid over"


def test_every_setting_is_shown_with_where_it_is_from(anna: Browser) -> None:
    page = words(text(anna.get(f"{DEMO}/settings")))
    assert "Answers hold for (seconds) dns.ttl 60 profile" in page
    assert "Address of the SMP smp.base_url https://smp.example.org/base laid over" in page
    assert "BEGIN CERTIFICATE" not in page
    assert re.search(r"trust.smp-sign.anchors \d+ certificates laid over Profile: none", page)


def test_change_is_shown_with_what_follows_and_then_made(office: UiOffice, anna: Browser) -> None:
    admin = office.caller(Role.ADMIN)
    before = office.ask("GET", "/domains/demo", admin).json()
    form = {"smp.base_url": "https://new.example.org", "dns.ttl": "120", "settings": '{"dns": {"soa_minimum": 30}}'}
    shown = anna.submit(f"{DEMO}/change", **form, **SERVERS)
    page = words(text(shown))
    assert "Address of the SMP smp.base_url https://smp.example.org/base https://new.example.org" in page
    assert "dns.ttl 60 120" in page
    assert "dns.soa_minimum 60 30" in page
    for follows in ("documents are signed again", "tell the SML the new address of SMP-TEST", "are written again"):
        assert follows in page
    assert office.ask("GET", "/domains/demo", admin).json() == before
    assert (done := confirm(anna, shown.body.decode())).status == 303, done.body
    assert done.headers["location"] == DEMO
    after = office.ask("GET", "/domains/demo", admin).json()
    assert (after["base_url"], after["settings"]["dns"]["ttl"]) == ("https://new.example.org", 120)
    assert after["settings"]["dns"]["soa_minimum"] == 30
    expected = dict(before["settings"])
    for name in ("smp", "dns"):
        expected[name] = after["settings"][name]
    assert after["settings"] == expected, "nothing but what was shown"


def confirm(browser: Browser, page: str) -> Reply:
    fields = dict(re.findall(r'<input type="hidden" name="(etag|settings)" value="([^"]*)"', page))
    unescaped = {name: value.replace("&#34;", '"').replace("&amp;", "&") for name, value in fields.items()}
    return browser.post(f"{DEMO}/apply-change", **unescaped)


def test_form_that_changes_nothing_says_so(anna: Browser) -> None:
    assert "nothing would change" in text(anna.submit(f"{DEMO}/change", **SERVERS))


def test_flags_and_chosen_words_are_set_and_taken_back(office: UiOffice, anna: Browser) -> None:
    admin = office.caller(Role.ADMIN)
    on = {"public_page": "1", "review.required": "1", "sml.four_eyes-transfer": "1", "visibility.default": "internal"}
    confirm(anna, text(anna.submit(f"{DEMO}/change", **on, **SERVERS)))
    settings = office.ask("GET", "/domains/demo", admin).json()["settings"]
    assert (settings["public_page"], settings["review"]["required"]) == (True, True)
    assert (settings["sml"]["four_eyes"], settings["visibility"]["default"]) == (["transfer"], "internal")
    form = text(anna.get(f"{DEMO}/change"))
    assert 'name="sml.four_eyes-transfer" value="1" checked' in form
    etag = re.search(r'name="etag" value="([^"]*)"', form)
    assert etag is not None
    off = {"etag": etag[1].replace("&#34;", '"'), "title": settings["title"], "visibility.default": "public"}
    kept = {"smp.base_url": settings["smp"]["base_url"], "smp.smp_id": settings["smp"]["smp_id"], "dns.ttl": "60"}
    numbers = {"sml.migration_days": "90", "sml.quarantine_days": "0", "dns.hostmaster": settings["dns"]["hostmaster"]}
    shown = anna.post(f"{DEMO}/change", **off, **kept, **numbers, **SERVERS, endpoint_certificates="warn", default="1")
    confirm(anna, text(shown))
    settings = office.ask("GET", "/domains/demo", admin).json()["settings"]
    assert (settings["public_page"], settings["review"]["required"], settings["sml"]["four_eyes"]) == (False, False, [])


@pytest.mark.parametrize(
    ("form", "status", "said"),
    [
        ({"dns.ttl": "soon"}, 400, "a whole number"),
        ({"settings": "dns: {zone: new.test}"}, 409, "can&#39;t change while SMPs are registered"),
        ({"settings": "- a list"}, 400, "names with values"),
        ({"settings": "smp: {dialects: [nix]}"}, 400, "smp.dialects"),
    ],
    ids=["no number", "names would change", "a list", "unknown word"],
)
def test_what_can_not_be_is_refused_before_anybody_confirms_it(
    office: UiOffice, anna: Browser, form: dict[str, str], status: int, said: str
) -> None:
    before = office.everything()
    reply = anna.submit(f"{DEMO}/change", title="typed before", **form, **SERVERS)
    assert reply.status == status
    assert said in reply.body.decode()
    assert "typed before" in reply.body.decode()
    assert office.everything() == before


def test_change_of_what_somebody_else_has_changed_meanwhile_is_refused(office: UiOffice, anna: Browser) -> None:
    shown = text(anna.submit(f"{DEMO}/change", title="Mine", **SERVERS))
    office.ask("PATCH", "/domains/demo", office.caller(Role.ADMIN), {"title": "Theirs"})
    reply = confirm(anna, shown)
    assert reply.status == 412
    assert office.ask("GET", "/domains/demo", office.caller(Role.ADMIN)).json()["title"] == "Theirs"


def test_administrator_of_the_domain_is_told_what_is_for_those_of_the_system(office: UiOffice) -> None:
    dora = office.browser("dora")
    assert dora.get(NEW).status == 403
    assert dora.post(NEW, **OTHER).status == 403
    reply = dora.submit(f"{DEMO}/change", settings="dns: {transfer_keys: [of-others]}", **SERVERS)
    assert reply.status == 403
    assert "is for administrators of the system" in reply.body.decode()


def test_viewer_reads_and_changes_nothing(office: UiOffice) -> None:
    victor = office.browser("victor")
    assert f"{DEMO}/change" not in links_of(victor.get(DEMO))
    assert NEW not in links_of(victor.get("/ui/domains"))
    before = office.everything()
    for path in (NEW, f"{DEMO}/change"):
        assert victor.get(path).status == 403
        assert victor.post(path, name="x").status == 403
    assert victor.post(f"{DEMO}/apply-change", etag="x", settings="{}").status == 403
    assert office.everything() == before
    assert victor.get("/ui/domains/none").status == 404


def test_what_is_hostile_is_only_text(office: UiOffice, anna: Browser) -> None:
    office.ask("PATCH", "/domains/demo", office.caller(Role.ADMIN), {"title": HOSTILE})
    for path in (DEMO, f"{DEMO}/settings", "/ui/domains"):
        check_harmless(anna.get(path))
    reply = anna.post(NEW, name=HOSTILE, profile=HOSTILE, settings=f'title: "{HOSTILE}')
    assert b"<script>alert" not in reply.body


@pytest.mark.parametrize("path", [NEW, f"{DEMO}/change"])
def test_private_key_that_somebody_pastes_is_refused_and_not_shown_again(
    office: UiOffice, anna: Browser, path: str
) -> None:
    before = office.everything()
    key = "trust:\n  smp-sign:\n    anchors:\n      - |\n        -----BEGIN PRIVATE KEY-----\n        c2VjcmV0\n"
    reply = anna.post(path, **OTHER, settings=key)
    assert reply.status == 400
    assert "A private key is in the further settings." in reply.body.decode()
    assert "c2VjcmV0" not in reply.body.decode()
    assert office.everything() == before


def test_code_lists_are_shown_and_how_others_come_in(office: UiOffice, anna: Browser, tmp_path: Path) -> None:
    page = anna.get(f"{DEMO}/code-lists")
    assert "only the form of codes counts" in text(page)
    assert "registry code-list import" in text(page)
    assert anna.get(f"{DEMO}/code-lists/participant").status == 404
    files = written(tmp_path, participant_list("9.8", i0088="active", i9915="deprecated"))
    import_code_lists(office.offline.instance, ACTOR, "demo", files)
    assert f"{DEMO}/code-lists/participant" in links_of(anna.get(f"{DEMO}/code-lists"))
    assert "Schemes of participants 9.8 2" in words(text(anna.get(f"{DEMO}/code-lists")))
    assert "iso6523-actorid-upis::9915 deprecated" in words(text(anna.get(f"{DEMO}/code-lists/participant")))
    only = words(text(anna.get(f"{DEMO}/code-lists/participant?state=active")))
    assert ("::0088" in only, "::9915" in only) == (True, False)
    assert "There is no code that fits." in text(anna.get(f"{DEMO}/code-lists/participant?search=nix"))


def test_first_page_leads_to_domains_and_says_whom_to_ask_where_there_is_none(office: UiOffice, anna: Browser) -> None:
    assert "What to do first" not in text(anna.get("/ui/"))
    assert DEMO in links_of(anna.get("/ui/"))
    office.person("nobody")
    assert "Ask an administrator." in text(office.browser("nobody").get("/ui/"))
