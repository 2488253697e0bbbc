# SPDX-License-Identifier: Apache-2.0
"""Settings for people: no secret is shown, and everything says where it comes from."""

import re
from pathlib import Path

import pytest

from registry.settings import Settings, load_settings
from registry.shown_settings import ShownSetting, Source, without_credentials


@pytest.fixture(autouse=True)
def somewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def shown(settings: Settings) -> dict[str, ShownSetting]:
    return {each.name.removeprefix("REGISTRY_").lower(): each for each in settings.shown()}


def test_every_setting_is_shown_with_its_meaning() -> None:
    found = shown(load_settings())
    assert [*found] == [*Settings.model_fields]
    assert all(each.description for each in found.values())


def test_setting_that_sounds_like_a_secret_is_one_or_names_a_file() -> None:
    sounding = re.compile(r"secret|password|token|key|credential")
    for name, each in shown(load_settings()).items():
        if sounding.search(name) and not name.endswith(("_file", "_dir", "_tls_key")):
            assert each.is_secret, name


def test_value_of_a_secret_is_never_shown_only_whether_it_is_set() -> None:
    told = shown(load_settings(oidc_client_secret="hunter2"))["oidc_client_secret"]
    assert (told.value, told.is_set, told.is_secret) == (None, True, True)
    told = shown(load_settings())["oidc_client_secret"]
    assert (told.value, told.is_set, told.is_secret) == (None, False, True)


def test_secret_from_a_file_comes_from_where_the_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2")
    (tmp_path / "secret").chmod(0o600)
    monkeypatch.setenv("REGISTRY_OIDC_CLIENT_SECRET_FILE", str(tmp_path / "secret"))
    told = shown(load_settings())["oidc_client_secret"]
    assert (told.value, told.is_set, told.source) == (None, True, Source.ENVIRONMENT)


def test_source_is_the_one_that_won(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "registry.toml").write_text("max_headers = 11\nmax_connections = 12\nkeep_alive_s = 13")
    monkeypatch.setenv("REGISTRY_MAX_CONNECTIONS", "22")
    monkeypatch.setenv("REGISTRY_KEEP_ALIVE_S", "23")
    monkeypatch.setenv("REGISTRY_LOG_LEVEL", "")  # not set, as container files write it
    told = shown(load_settings(keep_alive_s=33))
    names = ("max_headers", "max_connections", "keep_alive_s", "log_level")
    assert [(told[name].value, told[name].source.value) for name in names] == [
        ("11", "file"),
        ("22", "environment"),
        ("33", "command-line"),
        ("INFO", "default"),
    ]


def test_values_are_written_as_they_are_set() -> None:
    told = shown(load_settings(dns_rate_log_only=True, dns_bind="[::1]:5300", alert_networks="10.0.0.0/8,fd00::/8"))
    names = ("dns_rate_log_only", "dns_bind", "alert_networks", "resolver_allowed_ports", "dns_rate_per_s", "smtp_host")
    assert [told[name].value for name in names] == [
        "true",
        "[::1]:5300",
        "10.0.0.0/8, fd00::/8",
        "80, 443",
        "500",
        None,
    ]


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("postgresql://u:p@h:5/d?password=x", "postgresql://h:5/d"),
        ("postgresql://u:p%40q@h/d#x", "postgresql://h/d"),
        ("sqlite:////var/lib/registry.sqlite3", "sqlite:////var/lib/registry.sqlite3"),
        ("u@example.org", "u@example.org"),
        ("https://h?token=x", "https://h"),
    ],
    ids=["password", "escaped", "file", "mail", "parameter"],
)
def test_addresses_are_shown_without_what_may_be_secret(text: str, safe: str) -> None:
    assert without_credentials(text) == safe
