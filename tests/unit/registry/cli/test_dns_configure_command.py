# SPDX-License-Identifier: Apache-2.0
"""`registry dns configure` prints a configuration and nothing else; what it refuses says what to do."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from registry.cli.main import app
from registry.dns.tsig_keys import TsigKeys
from registry.errors import ConfigurationError

SETTINGS = "dns: {secondaries: [{server: '192.0.2.53:53', key: ns1-key}], zone_privacy: nsec3}\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with the domain `demo`, whose zone one server takes."""
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("REGISTRY_DNS_BIND", "192.0.2.1:5300")
    monkeypatch.setenv("REGISTRY_LOG_LEVEL", "ERROR")
    monkeypatch.chdir(tmp_path)
    Path("servers.yaml").write_text(SETTINGS)
    TsigKeys(tmp_path / "data" / "tsig").generate("ns1-key")
    for words in (
        ("add", "demo", "--base-url", "https://smp.example.org"),
        ("change", "demo", "--settings", "servers.yaml"),
    ):
        done = run("domain", *words)
        assert done.exit_code == 0, (done.output, done.exception)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def refusal(*arguments: str) -> str:
    done = run("dns", "configure", *arguments)
    assert isinstance(done.exception, ConfigurationError), done.output
    return str(done.exception)


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("knot", "address: 192.0.2.1@5300"),
        ("nsd", "request-xfr: 192.0.2.1@5300 ns1-key"),
        ("bind", '192.0.2.1 port 5300 key "ns1-key"'),
    ],
)
def test_a_configuration_is_all_that_is_printed(home: Path, program: str, said: str) -> None:
    done = run("dns", "configure", program)
    assert done.exit_code == 0, done.output
    assert done.stdout.lstrip().startswith(("#", "//"))
    assert said in done.stdout
    assert "sml.test" in done.stdout
    assert done.stderr == ""


def test_a_signer_has_the_policy_of_the_domain(home: Path) -> None:
    assert "dnssec-policy: nsec3" in run("dns", "configure", "knot", "--sign", "--zone", "sml.test").stdout


def test_the_catalog_is_that_of_the_settings(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_DNS_CATALOG_ZONE", "catalog.example.org")
    monkeypatch.setenv("REGISTRY_DNS_CATALOG_SECONDARIES", "192.0.2.53:53/ns1-key")
    assert "domain: catalog.example.org" in run("dns", "configure", "knot", "--catalog").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("powerdns",), "knot, nsd, bind"),
        (("knot", "--catalog"), "REGISTRY_DNS_CATALOG_ZONE"),
        (("knot", "--catalog", "--zone", "sml.test"), "exclude each other"),
        (("nsd", "--sign"), "NSD doesn't sign"),
        (("knot", "--server", "192.0.2.99"), "none of the secondaries"),
        (("knot", "--follower", "192.0.2.7:53/other-key"), "registry dns key generate other-key"),
    ],
    ids=["program", "no-catalog", "both", "nsd-signs", "stranger", "no-key"],
)
def test_what_cannot_be_is_refused_and_says_what_to_do(home: Path, words: tuple[str, ...], said: str) -> None:
    assert said in refusal(*words)
