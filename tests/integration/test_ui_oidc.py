# SPDX-License-Identifier: Apache-2.0
"""Logins at a provider as a browser sees them: there and back again, and a page where it fails."""

from dataclasses import replace
from urllib.parse import urlencode

import pytest
from joserfc.jwk import RSAKey

from registry.accounts.oidc import OidcProvider, OidcSettings
from registry.accounts.oidc_logins import OidcLogins
from registry.accounts.role_mapping import RoleMapping
from registry.api.app import management_app
from registry.api.v1.app import ApiV1
from registry.ui.app import Ui
from tests.simulators.asgi import Reply
from tests.simulators.offline import OfflineInstance
from tests.simulators.oidc import CLIENT_ID, ISSUER, REDIRECT_URI, FakeProvider
from tests.simulators.ui_office import Browser, UiOffice, links_of, nothing_published, text

pytestmark = pytest.mark.any_database

BEGIN = "/api/v1/session/oidc?return_to=/ui/zones"
CALLBACK = "/api/v1/session/oidc/callback"
HTML = {"accept": "text/html,application/xhtml+xml"}


@pytest.fixture(scope="module")
def key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "one"})


@pytest.fixture
def provider(offline: OfflineInstance, key: RSAKey) -> FakeProvider:
    return FakeProvider(offline.clock(), key=key)


@pytest.fixture
def browser(offline: OfflineInstance, provider: FakeProvider) -> Browser:
    office = UiOffice(offline)
    asked = OidcProvider(OidcSettings(ISSUER, CLIENT_ID, REDIRECT_URI), offline.clock, provider.transport)
    roles = [RoleMapping.parse("registry-admins=admin@system")]
    logins = OidcLogins(office.database, asked, roles, office.context.sessions)
    office.pages = management_app(
        nothing_published,
        list,
        rest=ApiV1(replace(office.context, oidc_logins=logins)),
        ui=lambda rest: Ui(rest, oidc=True, clock=offline.clock),
    )
    return office.browser()


def come_back(browser: Browser, answer: dict[str, str], **headers: str) -> Reply:
    return browser.get(f"{CALLBACK}?{urlencode(answer)}", **headers)


def test_browser_goes_to_the_provider_and_comes_back_logged_in(browser: Browser, provider: FakeProvider) -> None:
    provider.claims = {"groups": ["registry-admins"]}
    begun = browser.get(BEGIN, **HTML)
    assert begun.status == 303
    assert begun.headers["location"].startswith(f"{ISSUER}/authorize?")
    back = come_back(browser, provider.log_in(begun.headers["location"]), **HTML)
    assert (back.status, back.headers["location"]) == (303, "/ui/zones")
    assert "alice" in text(browser.get("/ui/me")).lower()


def test_login_that_is_refused_is_a_page_with_a_way_back(browser: Browser, provider: FakeProvider) -> None:
    begun = browser.get(BEGIN, **HTML)
    answer = provider.log_in(begun.headers["location"])
    refused = come_back(browser, answer | {"state": "somebody else's"}, **HTML)
    assert refused.status == 401
    assert refused.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in refused.headers["content-security-policy"]
    assert "The login has failed" in refused.body.decode()
    assert "/ui/login" in links_of(refused)
    assert "somebody else" not in refused.body.decode()
    assert browser.get("/ui/me").status == 303, "nobody is logged in"


def test_what_a_provider_sends_is_not_shown(browser: Browser) -> None:
    hostile = {"error": "<script>alert(1)</script>", "error_description": "<b>call 555</b>", "state": "x"}
    refused = come_back(browser, hostile, **HTML)
    assert refused.status == 401
    assert b"<script" not in refused.body
    assert b"555" not in refused.body


def test_provider_that_cannot_be_asked_is_a_page_too(browser: Browser, provider: FakeProvider) -> None:
    provider.metadata = {"issuer": "https://evil.example"}
    refused = browser.get(BEGIN, **HTML)
    assert refused.status in {500, 503}
    assert b'<main id="content"' in refused.body


def test_programs_still_get_problems(browser: Browser) -> None:
    for accept in ({}, {"accept": "application/json"}):
        refused = come_back(browser, {"state": "x"}, **accept)
        assert (refused.status, refused.headers["content-type"]) == (401, "application/problem+json")


def test_parameter_that_nobody_knows_is_refused_on_a_page(browser: Browser) -> None:
    assert browser.get(f"{CALLBACK}?nobody=1", **HTML).status == 400
