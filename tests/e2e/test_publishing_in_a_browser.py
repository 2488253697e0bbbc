# SPDX-License-Identifier: Apache-2.0
"""Publishing by hand in Debian's Chromium, without JavaScript: forms that grow, that refuse, and what follows."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from playwright.sync_api import Browser, FilePayload, expect

from registry.demo.content import BILLING, INVOICE, TRANSPORT_PROFILE
from registry.demo.pki import DemoPki
from tests.conftest import ToolFinder
from tests.simulators.browser import REFLOWED, Tab, open_chromium, open_tab
from tests.simulators.filled_pages import EMPTY, FilledPages
from tests.simulators.live import live_instance
from tests.simulators.rest_callers import segment

pytestmark = [pytest.mark.slow, pytest.mark.any_database]
PLACE = f"/ui/domains/demo/participants/{segment(EMPTY)}"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[FilledPages]:
    with live_instance(tmp_path_factory.mktemp("filled"), pki) as live:
        yield FilledPages(live)


@pytest.fixture(scope="module")
def chromium(tool: type[ToolFinder], filled: FilledPages) -> Iterator[Browser]:
    """Comes after what it shows: as long as it is driven, this thread runs no other event loop."""
    with open_chromium(tool) as browser:
        yield browser


def log_in(tab: Tab, filled: FilledPages) -> None:
    for name, value in filled.cookies.items():
        tab.keep_cookie(name, value)


def refused(tab: Tab) -> None:
    """A browser notes itself that an answer was a refusal."""
    complaints, tab.complaints = tab.complaints, []
    assert {each.partition("status of ")[2][:3] for each in complaints} == {"400"}


def test_a_document_type_is_published_by_hand(chromium: Browser, filled: FilledPages) -> None:
    with open_tab(chromium, filled.live.addresses.manage, script=False) as tab:
        log_in(tab, filled)
        page = tab.page
        tab.prefix = "publishing"
        tab.open(PLACE)
        page.get_by_role("link", name="Add a document type").click()
        page.get_by_label("Name or code holds").fill("invoice billing")
        page.get_by_role("button", name="Search").click()
        page.get_by_role("link", name="Peppol BIS Billing UBL Invoice V3").click()
        page.get_by_role("combobox", name="Process").fill(f"cenbii-procid-ubl::{BILLING}")
        page.get_by_role("button", name="Add an endpoint").click()
        second = page.get_by_role("group", name="Endpoint 2")
        expect(second).to_be_visible()
        page.get_by_role("button", name="Take endpoint 2 out").click()
        expect(second).to_have_count(0)
        first = page.get_by_role("group", name="Endpoint 1")
        first.get_by_label("Transport profile").fill(TRANSPORT_PROFILE)
        first.get_by_label("Address", exact=True).fill("no address")
        first.get_by_label("Address", exact=True).press("Enter")
        expect(page.get_by_role("alert")).to_be_visible()
        expect(first.get_by_label("Address", exact=True)).to_have_attribute("aria-invalid", "true")
        refused(tab)
        with open_tab(chromium, filled.live.addresses.manage) as looked:  # axe is a script
            log_in(looked, filled)
            looked.prefix = "publishing"
            looked.open(f"{PLACE}/services/{segment(str(INVOICE))}/change")
            looked.page.get_by_role("button", name="Publish").last.click()
            expect(looked.page.get_by_role("alert")).to_be_visible()
            assert looked.check("service-refused") == []
            assert looked.overhang(REFLOWED) == []
            looked.page.get_by_role("button", name="Redirect to another SMP instead").click()
            expect(looked.page.get_by_role("group", name="To another SMP")).to_be_visible()
            assert looked.check("service-redirect") == []
            refused(looked)
        first.get_by_label("Address", exact=True).fill("https://ap.example.org/as4")
        certificate = filled.live.pki.access_points[0].certificate.public_bytes(Encoding.DER)
        chosen = FilePayload(name="ap.cer", mimeType="application/pkix-cert", buffer=certificate)
        first.get_by_label("or a file").set_input_files(chosen)
        page.get_by_role("button", name="Publish").last.click()
        expect(page.get_by_role("status")).to_contain_text("Created")
        expect(page.get_by_text("https://ap.example.org/as4")).to_be_visible()
        page.get_by_role("link", name="Withdraw…").click()
        page.get_by_role("button", name="Withdraw it").click()
        expect(page.get_by_role("status")).to_contain_text("Withdrawn")


def test_an_access_point_moves_after_a_look_at_what_follows(chromium: Browser, filled: FilledPages) -> None:
    with open_tab(chromium, filled.live.addresses.manage) as tab:
        log_in(tab, filled)
        tab.prefix = "publishing"
        point = f"/ui/domains/demo/access-points/{segment(filled.values['access_point'])}"
        tab.open(f"{point}/change")
        tab.page.get_by_label("New address").fill("https://ap9.demo.example/as4")
        tab.page.get_by_label("From when on").fill(f"{filled.offline.clock.now + timedelta(days=9):%Y-%m-%dT%H:%M:%S}")
        tab.page.get_by_role("button", name="Go on: see what follows").click()
        expect(tab.page.get_by_role("heading", name="What follows")).to_be_visible()
        assert tab.check("access-point-follows") == []
        assert tab.overhang(REFLOWED) == []
        tab.page.get_by_role("button", name="Plan it").click()
        expect(tab.page.get_by_role("status")).to_contain_text("The change is planned")
        expect(tab.page.get_by_text("https://ap9.demo.example/as4")).to_be_visible()
