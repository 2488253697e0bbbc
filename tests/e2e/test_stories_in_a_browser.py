# SPDX-License-Identifier: Apache-2.0
"""What administrators come for, in Debian's Chromium, with JavaScript and without.

Somebody logs in for the first time at a new installation, makes a domain, has its key taken by a command, changes a
setting, imports participants by a plan, sees what is published, plans another certificate for an access point, gives
somebody else a role, and finds all of it in the audit log. Pictures are kept in build/screens/.
"""

import base64
import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from playwright.sync_api import Browser, FilePayload, expect

from registry.accounts.accounts import Kind, create_account
from registry.accounts.credentials import set_password
from registry.accounts.grants import give_grant
from registry.accounts.permissions import SYSTEM, Role
from registry.demo.content import BILLING, INVOICE, TRANSPORT_PROFILE
from registry.demo.pki import DemoPki
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from tests.conftest import ToolFinder
from tests.e2e.conftest import Registry
from tests.simulators.browser import Tab, open_chromium, open_tab
from tests.simulators.live import ACTOR, SMP_ID, LiveInstance, demo_trust, live_instance
from trust_lists.certificates.parsing import SigningKey

pytestmark = [pytest.mark.slow, pytest.mark.any_database]
NAME, FIRST_PASSWORD, PASSWORD = "Ida Importer", "printed by the command", "chosen by herself"
COLLEAGUE = "otto"
NEWCOMERS = [ParticipantIdentifier(ISO6523, f"0088:730001000000{number}") for number in (1, 2)]
AFTER_A_WHILE_MS = 30_000
"""For what jobs do: a page without script asks for news every five seconds."""
NOTED = (
    *("accounts:password:change", "accounts:session:create", "plans:plan:create", "plans:plan:apply"),
    *("domains:domain:create", "smp:signing-key:activate", "domains:domain:update", "accounts:grant:create"),
    *("plans:plan:applied", "smp:service-group:create", "sml:registration:create", "smp:access-point:plan"),
)
"""What the audit log says of the story."""
FIRST_PAGE = 60_000
"""Octets, as transferred (issue 10)."""


@pytest.fixture(scope="module")
def chromium(tool: type[ToolFinder]) -> Iterator[Browser]:
    with open_chromium(tool) as browser:
        yield browser


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def script(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def live(tmp_path: Path, pki: DemoPki) -> Iterator[LiveInstance]:
    """An instance on which there is nothing yet."""
    with live_instance(tmp_path, pki, with_domain=False) as fresh:
        yield fresh


@pytest.fixture
def tab(chromium: Browser, live: LiveInstance, script: bool) -> Iterator[Tab]:
    """One at an instance on which there is an administrator, a colleague without any role, and nothing else."""
    database = live.instance.database
    create_account(database, ACTOR, Kind.PERSON, COLLEAGUE)
    account = create_account(database, ACTOR, Kind.PERSON, NAME)
    set_password(database, ACTOR, account.id, FIRST_PASSWORD, must_change=True)
    give_grant(database, ACTOR, account.id, Role.ADMIN, SYSTEM)
    with open_tab(chromium, live.addresses.manage, script=script) as tab:
        tab.prefix = f"story-{'script' if script else 'no-script'}"
        yield tab


def table(*access_points: SigningKey) -> bytes:
    """A table of participants who receive invoices at one of these each, and of somebody who can't be called so."""
    rows = io.StringIO()
    writer = csv.writer(rows)
    writer.writerow(
        ["participant", "document_type", "process", "transport_profile", "address", "certificate", "description"]
    )
    for number, (who, point) in enumerate(zip(NEWCOMERS, access_points, strict=True), 1):
        address = f"https://ap{number}.example.org/as4"
        service = [str(INVOICE), f"cenbii-procid-ubl::{BILLING}", TRANSPORT_PROFILE, address]
        writer.writerow([str(who), *service, encoded(point), "receives invoices"])
    writer.writerow(["nobody can be called so", "", "", "", "", "", ""])
    return rows.getvalue().encode()


def encoded(point: SigningKey) -> str:
    return base64.b64encode(point.certificate.public_bytes(Encoding.DER)).decode()


def log_in(tab: Tab, password: str) -> None:
    tab.page.get_by_label("Name").fill(NAME)
    tab.page.get_by_label("Password", exact=True).fill(password)
    tab.page.get_by_role("button", name="Log in").click()


def first_login(tab: Tab) -> None:
    tab.open("/ui/")
    tab.shoot("1-login")
    log_in(tab, FIRST_PASSWORD)
    expect(tab.page.get_by_role("heading", name="Change the password")).to_be_visible()
    tab.shoot("2-password")
    tab.page.get_by_label("Present password").fill(FIRST_PASSWORD)
    tab.page.get_by_label("New password", exact=True).fill(PASSWORD)
    tab.page.get_by_label("New password, once more").fill(PASSWORD)
    tab.page.get_by_role("button", name="Change the password").click()
    log_in(tab, PASSWORD)
    expect(tab.page.get_by_role("heading", name="Overview")).to_be_visible()
    tab.shoot("3-overview")


def go(tab: Tab, place: str) -> None:
    """By the navigation."""
    tab.page.get_by_role("navigation", name="Main navigation").get_by_role("link", name=place, exact=True).click()
    expect(tab.page.locator("h1")).to_be_visible()


def make_domain(tab: Tab, live: LiveInstance) -> None:
    """From what the first page of a new installation says, with the authorities of its network."""
    expect(tab.page.get_by_role("heading", name="What to do first")).to_be_visible()
    tab.page.get_by_role("link", name="Make a domain").click()
    tab.page.get_by_label("Name", exact=True).fill("demo")
    tab.page.get_by_label("Profile", exact=True).select_option("demo")
    tab.page.get_by_label("Address of the SMP").fill(live.addresses.public)
    tab.page.get_by_label("Id of the SMP at the SML").fill(SMP_ID)
    tab.page.get_by_text("Further settings, for experts").click()
    tab.page.get_by_label("Settings as YAML or JSON").fill(json.dumps({"trust": demo_trust(live.pki)}, indent=1))
    tab.shoot("4-new-domain")
    tab.page.get_by_role("button", name="Make it").click()
    expect(tab.page.get_by_text("Created: demo.")).to_be_visible()
    live.wait_for_domain("demo")


def take_key(tab: Tab, live: LiveInstance, registry: Registry) -> None:
    """By the command that the page shows, since a key never goes over a page."""
    expect(tab.page.get_by_role("heading", name="There is no signing key yet")).to_be_visible()
    tab.shoot("5-domain-without-key")
    command = tab.page.get_by_text("registry signing-key take").inner_text()
    program, *words = command.replace("smp.p12 --password-file smp.pass", str(live.files.smp)).split()
    assert program == "registry"
    taken = registry(*words, DATA_DIR=live.settings.data_dir)
    assert taken.returncode == 0, taken.stderr
    go(tab, "The domain")
    expect(tab.page.get_by_text("Something is missing")).to_have_count(0)
    expect(tab.page.get_by_text("There is no signing key yet")).to_have_count(0)


def change_domain(tab: Tab) -> None:
    """One setting, after a look at what follows."""
    tab.page.get_by_role("link", name="Change…").click()
    tab.page.get_by_label("Public page on which everybody can look up a participant").check()
    tab.page.get_by_label("Answers hold for (seconds)").fill("120")
    tab.page.get_by_role("button", name="Show what follows").click()
    expect(tab.page.get_by_text("the DNS records of all participants are written again")).to_be_visible()
    tab.shoot("6-what-follows")
    tab.page.get_by_role("button", name="Change it").click()
    expect(tab.page.get_by_text("Saved: demo.")).to_be_visible()
    expect(tab.page.get_by_role("row", name=re.compile("dns.ttl 120 60"))).to_be_visible()
    tab.shoot("7-domain")


def give_role(tab: Tab) -> None:
    """To a colleague."""
    go(tab, "Who may do what")
    tab.page.get_by_role("link", name="Give a role").click()
    tab.page.get_by_label("Account").fill(COLLEAGUE)
    tab.page.get_by_label("Role").select_option("editor")
    tab.page.get_by_role("button", name="Give it").click()
    expect(tab.page.get_by_role("row", name=re.compile(COLLEAGUE))).to_be_visible()
    tab.shoot("18-roles")


def import_by_a_plan(tab: Tab, content: bytes) -> None:
    go(tab, "Plans")
    tab.page.get_by_role("link", name=re.compile("New plan")).click()
    file: FilePayload = {"name": "newcomers.csv", "mimeType": "text/csv", "buffer": content}
    tab.page.get_by_label("File", exact=True).set_input_files([file])
    tab.shoot("8-new-plan")
    tab.page.get_by_role("button", name="Make the plan").click()
    expect(tab.page.get_by_text("Nothing is changed yet.")).to_be_visible()
    tab.shoot("9-plan")
    tab.page.get_by_role("link", name="refused (1)").click()
    expect(tab.page.get_by_text("PARTICIPANT-SCHEME-EMPTY")).to_be_visible()
    tab.page.get_by_role("link", name="added (2)").click()
    expect(tab.page.get_by_role("row")).to_have_count(1 + len(NEWCOMERS))
    tab.page.get_by_role("link", name="Apply…").click()
    expect(tab.page.get_by_text("Participants that are added: 2.")).to_be_visible()
    tab.shoot("10-apply")
    tab.page.get_by_role("button", name="Apply it").click()
    until_applied(tab)
    tab.shoot("11-applied")


def until_applied(tab: Tab) -> None:
    state = tab.page.get_by_role("region", name="State", exact=True)
    expect(state.get_by_text("applied", exact=True)).to_be_visible(timeout=AFTER_A_WHILE_MS)


def find(tab: Tab, who: ParticipantIdentifier, *, script: bool) -> None:
    """By a search, which with script needs no button."""
    go(tab, "Participants")
    tab.page.get_by_role("searchbox", name="Identifier").press_sequentially(who.value)
    if not script:
        tab.page.get_by_role("button", name="Search").click()
    expect(tab.page.get_by_text("1 found")).to_be_visible()
    tab.shoot("12-found")
    tab.page.get_by_role("link", name=str(who)).click()
    expect(tab.page.locator("h1")).to_have_text(str(who))


def resolve(tab: Tab) -> None:
    """As an access point would, on a page."""
    tab.page.get_by_role("link", name="What an access point finds", exact=True).click()
    tab.page.get_by_label("Document type").fill(str(INVOICE))
    tab.page.get_by_role("button", name="Look up").click()
    outcome = tab.page.get_by_role("region", name="Outcome")
    expect(outcome.get_by_text("https://ap1.example.org/as4")).to_be_visible()
    tab.shoot("14-resolved")


def plan_certificate(tab: Tab, old: SigningKey, new: SigningKey) -> str:
    """Another certificate wherever an old one is, in a week; when that is, as pages show it."""
    go(tab, "Certificates")
    subject = old.certificate.subject.rfc4514_string()
    tab.page.get_by_role("link", name=subject, exact=True).click()
    tab.page.get_by_role("link", name=re.compile("^Replace it at access points")).click()
    at = datetime.now(UTC).replace(second=0) + timedelta(days=7)
    tab.page.get_by_label("What comes in its place (PEM").fill(encoded(new))
    tab.page.get_by_label("From when on (UTC)").fill(f"{at:%Y-%m-%dT%H:%M}")
    tab.shoot("15-replacement")
    tab.page.get_by_role("button", name="Make the plan").click()
    tab.page.get_by_role("link", name="Apply…").click()
    tab.page.get_by_label("Change or remove at most this share").fill("100")
    tab.shoot("16-apply-replacement")
    tab.page.get_by_role("button", name="Apply it").click()
    until_applied(tab)
    return f"{at:%Y-%m-%d %H:%M:00} UTC"


def test_domain_is_made_and_newcomers_are_imported_found_and_resolved_and_all_of_it_is_in_the_audit_log(
    tab: Tab, live: LiveInstance, script: bool, registry: Registry
) -> None:
    one, two = live.pki.access_points
    first_login(tab)
    make_domain(tab, live)
    take_key(tab, live, registry)
    change_domain(tab)
    import_by_a_plan(tab, table(one, two))
    live.wait_for_dns()

    find(tab, NEWCOMERS[0], script=script)
    expect(tab.page.get_by_text("https://ap1.example.org/as4")).to_be_visible()
    tab.shoot("13-participant")
    with live.lookup_client() as client:
        resolved = client.resolve(NEWCOMERS[0], INVOICE)
    assert resolved.endpoint.address == "https://ap1.example.org/as4"
    assert resolved.certificate == one.certificate

    resolve(tab)

    at = plan_certificate(tab, one, two)
    go(tab, "Certificates")
    expect(tab.page.get_by_role("region", name="Planned changes of access points").get_by_text(at)).to_be_visible()
    tab.shoot("17-certificates")

    give_role(tab)

    go(tab, "Audit log")
    for tag in NOTED:
        expect(tab.page.get_by_role("cell", name=tag, exact=True).first).to_be_visible()
    tab.shoot("19-audit")
    tab.page.get_by_role("button", name="Log out").click()
    expect(tab.page.get_by_text("You are logged out.")).to_be_visible()


@pytest.mark.parametrize("script", [True], ids=["script"])
def test_first_pages_are_small(tab: Tab) -> None:
    transferred: list[float] = []
    debugger = tab.page.context.new_cdp_session(tab.page)
    debugger.on("Network.loadingFinished", lambda event: transferred.append(event["encodedDataLength"]))
    debugger.send("Network.enable")
    debugger.send("Network.setCacheDisabled", {"cacheDisabled": True})
    for path in ("/ui/login", "/ui/"):
        transferred.clear()
        tab.open(path)
        tab.page.wait_for_load_state("networkidle")
        assert 0 < sum(transferred) <= FIRST_PAGE, (path, transferred)
        if path == "/ui/login":
            first_login(tab)
