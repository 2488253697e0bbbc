# SPDX-License-Identifier: Apache-2.0
"""Settings on a page, over REST and by a command: the same, with where they come from, and without secrets."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from registry.accounts.permissions import Role, Scope
from registry.cli.main import app
from registry.settings import Settings, load_settings
from tests.simulators.offline import OfflineInstance
from tests.simulators.ui_office import Browser, UiOffice, links_of, text

pytestmark = pytest.mark.any_database

SECRET = "hunter2"


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    (tmp_path / "registry.toml").write_text("max_headers = 11\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REGISTRY_OIDC_CLIENT_SECRET", SECRET)
    monkeypatch.setenv("REGISTRY_DATABASE_URL", f"postgresql://somebody:{SECRET}@db.test/registry?password={SECRET}")
    return load_settings(manage_bind="127.0.0.1:9")


@pytest.fixture
def office(offline: OfflineInstance, settings: Settings) -> UiOffice:
    office = UiOffice(offline, settings=settings)
    office.person("anna", Role.ADMIN)
    return office


@pytest.fixture
def anna(office: UiOffice) -> Browser:
    return office.browser("anna")


def test_page_shows_values_with_their_sources_and_no_secret(anna: Browser) -> None:
    page = text(anna.get("/ui/settings?changed=1"))
    assert "REGISTRY_MAX_HEADERS" in page
    assert "REGISTRY_MAX_CONNECTIONS" not in page
    for source in ("file", "environment", "command line"):
        assert f">{source}</span>" in page
    assert "postgresql://db.test/registry<" in page
    assert SECRET not in page
    assert "somebody" not in page
    assert "set, and secret" in page


def test_page_finds_settings_by_words(anna: Browser) -> None:
    page = text(anna.get("/ui/settings?q=Name+servers+that+take"))
    assert "REGISTRY_DNS_CATALOG_SECONDARIES" in page
    assert page.count('<th scope="row">') == 1
    assert "No setting fits." in text(anna.get("/ui/settings?q=nothing-like-it"))


def test_rest_and_command_and_page_show_the_same(office: UiOffice, anna: Browser, settings: Settings) -> None:
    listed = office.items("/settings?limit=7", office.caller(Role.ADMIN))
    assert [each["name"] for each in listed] == [each.name for each in settings.shown()]
    told = CliRunner().invoke(app, ["settings", "--json"])
    assert told.exit_code == 0
    commanded = {each["name"]: each for each in map(json.loads, told.stdout.splitlines())}
    overridden = {"REGISTRY_MANAGE_BIND"}  # of this process alone
    assert [each for each in listed if each["name"] not in overridden] == [
        each for name, each in commanded.items() if name not in overridden
    ]
    assert SECRET not in told.stdout
    page = text(anna.get("/ui/settings"))
    assert all(each["name"] in page for each in listed)


def test_only_administrators_of_the_installation_see_settings(office: UiOffice) -> None:
    office.person("dora", Role.ADMIN, Scope(office.offline.stored.id))
    office.person("vera", Role.VIEWER)
    for name in ("dora", "vera"):
        browser = office.browser(name)
        assert browser.get("/ui/settings").status == 403
        assert "/ui/settings" not in links_of(browser.get("/ui/"))
    assert "/ui/settings" in links_of(office.browser("anna").get("/ui/"))
