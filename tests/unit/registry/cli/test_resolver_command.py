# SPDX-License-Identifier: Apache-2.0
"""`registry resolver` and `registry export-config`: where domains come from, and what is written."""

from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from registry.cli import resolver as command
from registry.cli.main import app
from registry.domains.domain import Domain
from registry.settings import Settings, load_settings
from tests.simulators.authorities import Authority


@pytest.fixture(autouse=True)
def _no_instance(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)


def domains(settings: Settings, *names: str, anchors: list[str] | None = None) -> list[Domain]:
    with command._source(settings, names, anchors or []) as source:
        found = source()
        assert source() is None
        assert found is not None
        return list(found)


@pytest.fixture
def anchor(tmp_path: Path) -> Path:
    file = tmp_path / "ca.pem"
    file.write_text(Authority("Test Root").pem)
    return file


def test_a_profile_with_anchors_needs_no_database(tmp_path: Path, anchor: Path) -> None:
    (domain,) = domains(load_settings(), "peppol-test", anchors=[f"smp-sign={anchor}"])
    assert domain.name == "peppol-test"
    assert len(domain.trust.role("smp-sign").anchors) == 1
    assert domain.trust.role("smp-sign").subject_patterns  # the profile's own settings stay
    assert not (tmp_path / "data").exists()


def test_the_domains_of_the_instance_are_used_where_it_has_a_database(offline: Any) -> None:
    settings = load_settings(data_dir=offline.folder)
    assert [domain.name for domain in domains(settings)] == ["demo"]
    assert [domain.name for domain in domains(settings, "demo")] == ["demo"]


@pytest.mark.sqlite  # the database of a server is taken to be there
@pytest.mark.parametrize(
    "arguments",
    [
        ["resolver"],
        ["resolver", "--domain", "nowhere"],
        ["resolver", "--anchors", "smp-sign=ca.pem"],
        ["resolver", "--domain", "peppol-test", "--anchors", "smp-sign=missing.pem"],
        ["resolver", "--domain", "peppol-test", "--allow", "10.0.0.1/8"],
        ["resolver", "--domain", "peppol-test", "--dns", "127.0.0.1:port"],
    ],
)
def test_what_is_set_up_wrongly_is_said_before_anything_listens(arguments: list[str], anchor: Path) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exception is not None
    assert type(result.exception).__name__ == "ConfigurationError"


def test_options_win_over_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Settings] = []

    @contextmanager
    def source(settings: Settings, names: list[str], anchors: list[str]) -> Any:
        seen.append(settings)
        yield list

    monkeypatch.setattr(command, "_source", source)
    monkeypatch.setattr("registry.cli.serve.run_until_stopped", lambda main: main.close())
    arguments = ["resolver", "--bind", "127.0.0.1:0", "--dns", "127.0.0.1:53", "--allow", "10.0.0.0/8"]
    result = CliRunner().invoke(app, [*arguments, "--allow", "fd00::/8"], catch_exceptions=False)
    assert result.exit_code == 0
    (settings,) = seen
    assert settings.resolver_bind.port == 0
    assert settings.resolver_dns == "127.0.0.1:53"
    assert settings.resolver_allowed_networks == ("10.0.0.0/8", "fd00::/8")


def test_networks_and_ports_are_lists_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_RESOLVER_ALLOWED_NETWORKS", "10.0.0.0/8, fd00::/8,")
    monkeypatch.setenv("REGISTRY_RESOLVER_ALLOWED_PORTS", "443,8443")
    settings = load_settings()
    assert settings.resolver_allowed_networks == ("10.0.0.0/8", "fd00::/8")
    assert settings.resolver_allowed_ports == (443, 8443)


def test_settings_are_printed() -> None:
    result = CliRunner().invoke(app, ["export-config", "--for", "domibus", "--domain", "peppol-test"])
    assert result.exit_code == 0
    assert "domibus.smlzone=participant.sml.test.tech.peppol.org\n" in result.stdout


def test_settings_and_trust_stores_are_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, offline: Any) -> None:
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(offline.folder))
    result = CliRunner().invoke(app, ["export-config", "--for", "phase4", "--out", "config"], catch_exceptions=False)
    assert result.exit_code == 0
    written = {Path(line).name for line in result.stdout.splitlines()}
    stores = {f"{name}-truststore.{form}" for name in ("smp", "ap") for form in ("p12", "pem")}
    assert written == {"smp-client.properties", *stores}
    text = (tmp_path / "config" / "smp-client.properties").read_text()
    assert f"smpclient.truststore.path={tmp_path / 'config' / 'smp-truststore.p12'}\n" in text


def test_an_unknown_product_is_refused() -> None:
    result = CliRunner().invoke(app, ["export-config", "--for", "other", "--domain", "peppol-test"])
    assert result.exit_code == 2
