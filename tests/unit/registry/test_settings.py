# SPDX-License-Identifier: Apache-2.0
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from registry.errors import ConfigurationError
from registry.setting_values import Bind
from registry.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.startswith("REGISTRY_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def refusal(**overrides: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(**overrides)
    return str(caught.value)


def test_defaults_listen_on_loopback_only_and_need_no_set_up() -> None:
    settings = load_settings()
    binds = [settings.public_bind, settings.manage_bind, settings.sml_bind, settings.dns_bind]
    assert [str(bind) for bind in binds] == ["127.0.0.1:8080", "127.0.0.1:8081", "127.0.0.1:8443", "127.0.0.1:5300"]
    assert settings.warnings() == []


def test_data_dir_follows_the_xdg_convention(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert load_settings().data_dir == Path("/data/edelivery-registry")
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", "/me")
    assert load_settings().data_dir == Path("/me/.local/share/edelivery-registry")


def test_database_is_by_default_a_file_in_the_data_dir() -> None:
    assert load_settings(data_dir="/data").database_url == "sqlite:////data/registry.sqlite3"
    assert load_settings(database_url="postgresql://h/d").database_url == "postgresql://h/d"


def test_database_password_is_not_shown() -> None:
    assert "hunter2" not in repr(load_settings(database_url="postgresql://u:hunter2@h/d"))


def test_override_wins_over_environment_and_that_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "registry.toml").write_text("max_headers = 11\nmax_connections = 12\nkeep_alive_s = 13")
    monkeypatch.setenv("REGISTRY_MAX_CONNECTIONS", "22")
    monkeypatch.setenv("REGISTRY_KEEP_ALIVE_S", "23")
    settings = load_settings(keep_alive_s=33)
    assert (settings.max_headers, settings.max_connections, settings.keep_alive_s) == (11, 22, 33)


def test_file_can_be_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text('public_bind = "[::1]:0"')
    monkeypatch.setenv("REGISTRY_CONFIG", str(tmp_path / "other.toml"))
    assert load_settings().public_bind == Bind("::1", 0)


def test_named_file_must_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_CONFIG", "nowhere.toml")
    assert refusal() == "REGISTRY_CONFIG names nowhere.toml, which isn't a file"


def test_unknown_keys_of_the_file_are_errors_all_at_once(tmp_path: Path) -> None:
    (tmp_path / "registry.toml").write_text('publik_bind = "x"\nmax_headers = 3\nlog_levle = "INFO"')
    assert refusal().splitlines() == [
        "REGISTRY_MAX_HEADERS: Input should be greater than or equal to 10",
        "registry.toml: there is no setting 'publik_bind'",
        "registry.toml: there is no setting 'log_levle'",
    ]


def test_file_that_is_no_toml_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "registry.toml").write_text("a = = 1")
    assert refusal().startswith("registry.toml: Invalid value")
    (tmp_path / "registry.toml").write_bytes(b"a = '\xff'")
    assert refusal().startswith("registry.toml: ")


def test_wrong_values_name_their_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_DNS_TICK_S", "soon")
    monkeypatch.setenv("REGISTRY_DNS_BIND", "5300")
    assert refusal().splitlines() == [
        "REGISTRY_DNS_BIND: expected HOST:PORT, such as 127.0.0.1:8080, got '5300'",
        "REGISTRY_DNS_TICK_S: Input should be a valid number, unable to parse string as a number",
    ]


def test_wrong_data_dir_is_told_alone(tmp_path: Path) -> None:
    (tmp_path / "registry.toml").write_text("data_dir = 1")
    assert [line.partition(":")[0] for line in refusal().splitlines()] == ["REGISTRY_DATA_DIR"]


def test_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_DATABASE_URL", "")
    monkeypatch.setenv("REGISTRY_PUBLIC_TLS_CERT", "")
    settings = load_settings()
    assert settings.database_url.startswith("sqlite:///")
    assert settings.public_tls_cert is None


def test_log_level_may_be_in_lower_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_LOG_LEVEL", "debug")
    assert load_settings().log_level == "DEBUG"


@pytest.mark.parametrize("listener", ["public", "manage", "sml", "resolver"])
def test_certificate_and_key_come_together(listener: str) -> None:
    name = f"REGISTRY_{listener.upper()}_TLS"
    assert (
        refusal(**{f"{listener}_tls_cert": "c.pem"}) == f"{name}_CERT and {name}_KEY are given together or not at all"
    )
    assert load_settings(**{f"{listener}_tls_cert": "c.pem", f"{listener}_tls_key": "k.pem"})


def test_folder_of_certificates_and_single_certificate_exclude_each_other() -> None:
    message = "REGISTRY_PUBLIC_TLS and REGISTRY_PUBLIC_TLS_CERT exclude each other"
    assert refusal(public_tls="tls", public_tls_cert="c.pem", public_tls_key="k.pem") == message
    assert load_settings(public_bind="0.0.0.0:443", public_tls="tls").warnings() == []


def test_management_in_clear_is_refused_beyond_loopback() -> None:
    assert "REGISTRY_MANAGE_BIND is 0.0.0.0:8081" in refusal(manage_bind="0.0.0.0:8081")
    assert load_settings(manage_bind="0.0.0.0:8081", manage_tls_cert="c.pem", manage_tls_key="k.pem").warnings() == []
    assert load_settings(manage_bind="[::1]:8081").manage_bind.port == 8081


def test_public_plain_http_beyond_loopback_is_warned_of() -> None:
    (warning,) = load_settings(public_bind="0.0.0.0:80").warnings()
    assert "REGISTRY_PUBLIC_BIND is 0.0.0.0:80 without TLS" in warning
    assert load_settings(public_bind="0.0.0.0:443", public_tls_cert="c.pem", public_tls_key="k.pem").warnings() == []


def test_every_setting_is_described_and_every_number_bounded() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name
        if field.annotation in (int, float):
            bounds = {type(bound).__name__ for bound in field.metadata}
            assert bounds & {"Ge", "Gt"}, name
            assert bounds & {"Le", "Lt"}, name


def test_times_and_sizes_name_their_unit() -> None:
    for name, field in Settings.model_fields.items():
        if field.annotation is float:
            assert name.endswith("_s"), name


@pytest.mark.parametrize(
    ("text", "host", "port", "loopback"),
    [
        ("127.0.0.1:8080", "127.0.0.1", 8080, True),
        ("127.8.0.1:0", "127.8.0.1", 0, True),
        ("[::1]:65535", "::1", 65535, True),
        ("[::]:1", "::", 1, False),
        ("0.0.0.0:1", "0.0.0.0", 1, False),  # noqa: S104  # parsed, not bound
        ("localhost:1", "localhost", 1, True),
        ("smp.example:443", "smp.example", 443, False),
    ],
)
def test_bind_is_parsed(text: str, host: str, port: int, loopback: bool) -> None:
    bind = Bind.parse(text)
    assert bind == (host, port)
    assert bind.is_loopback is loopback
    assert str(bind) == text


@pytest.mark.parametrize(
    "text", ["", ":", "8080", ":8080", "host:", "host:x", "host:-1", "host:65536", "host:٣", "::1:80", "[x]:1", "[]:1"]
)
def test_bad_bind_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Bind.parse(text)


@given(st.text(max_size=30))
def test_any_text_is_a_bind_or_a_value_error(text: str) -> None:
    try:
        bind = Bind.parse(text)
    except ValueError:
        return
    assert Bind.parse(str(bind)) == bind


# Secrets by file


def secret_file(folder: Path, text: str, mode: int = 0o600) -> Path:
    file = folder / "secret"
    file.write_text(text)
    file.chmod(mode)
    return file


def test_database_url_may_be_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = secret_file(tmp_path, "postgresql://u:hunter2@h/d\n", 0o640)
    assert load_settings(database_url_file=file).database_url == "postgresql://u:hunter2@h/d"
    monkeypatch.setenv("REGISTRY_DATABASE_URL", "")
    monkeypatch.setenv("REGISTRY_DATABASE_URL_FILE", str(file))
    assert load_settings().database_url == "postgresql://u:hunter2@h/d"


def test_password_of_the_database_may_be_in_a_file_and_may_hold_anything(tmp_path: Path) -> None:
    file = secret_file(tmp_path, "p@ss/w:rd%#?\n")
    url = "postgresql+psycopg://u@h:5432/d?sslmode=require"
    settings = load_settings(database_url=url, database_password_file=file)
    assert make_url(settings.database_url).password == "p@ss/w:rd%#?"
    assert make_url(settings.database_url).host == "h"
    assert "p%40ss" not in repr(settings)


@pytest.mark.parametrize("url", [None, "postgresql://h/d", "postgresql://u:old@h/d"])
def test_password_file_needs_a_url_with_a_user_and_no_password(tmp_path: Path, url: str | None) -> None:
    given = {} if url is None else {"database_url": url}
    assert "a user and no password" in refusal(database_password_file=secret_file(tmp_path, "x"), **given)


@pytest.mark.parametrize("mode", [0o604, 0o644, 0o606, 0o602, 0o777])
def test_secret_that_everybody_can_read_or_change_is_refused(tmp_path: Path, mode: int) -> None:
    file = secret_file(tmp_path, "postgresql://u:hunter2@h/d", mode)
    said = refusal(database_url_file=file)
    assert "everybody on this machine may read or change" in said
    assert "hunter2" not in said


def test_secret_comes_from_one_place_only_and_the_file_must_hold_one(tmp_path: Path) -> None:
    file = secret_file(tmp_path, "postgresql://h/d")
    assert "exclude each other" in refusal(database_url="postgresql://h/d", database_url_file=file)
    assert "is empty" in refusal(database_url_file=secret_file(tmp_path, "\n"))
    assert "can't be read" in refusal(database_url_file=tmp_path / "nowhere")
    assert "is no file" in refusal(database_url_file=tmp_path)


# Limits


@pytest.mark.parametrize("name", ["oidc_networks", "rate_exempt_networks", "trusted_proxies"])
def test_networks_are_checked_at_the_start(name: str) -> None:
    assert getattr(load_settings(**{name: "192.0.2.0/24, ::1"}), name) == ("192.0.2.0/24", "::1")
    assert f"REGISTRY_{name.upper()}: " in refusal(**{name: "192.0.2.1/24"})
    assert f"REGISTRY_{name.upper()}: " in refusal(**{name: "proxy.example.org"})
