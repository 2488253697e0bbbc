# SPDX-License-Identifier: Apache-2.0
"""`registry domain show`: the page that explains a network."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from registry.cli import domain_page
from registry.cli.main import app
from registry.demo.pki import DemoPki
from registry.domains.loader import domain_to_mapping, load_domain, profile_names
from registry.errors import ConfigurationError
from tests.simulators.domain_trust import peppol_like

HEADINGS = {
    "Who may register",
    "Trust",
    "Identifiers",
    "DNS",
    "SMP",
    "Transport profiles",
    "Environments",
    "Notes, and what was not found",
    "Sources",
}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("REGISTRY_LOG_LEVEL", "ERROR")
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def page(name: str) -> str:
    shown = run("domain", "show", name)
    assert shown.exit_code == 0, shown.output
    return shown.stdout


def lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


@pytest.mark.parametrize("name", profile_names())
def test_every_profile_has_a_page_of_whole_lines(name: str) -> None:
    text = page(name)
    domain = load_domain(name)
    assert lines(text)[0] == f"{domain.title} {name}"
    headings = {line for line in text.splitlines() if line and not line.startswith(" ")}
    if domain.kind == "dynamic":
        assert headings >= HEADINGS - {"Environments"}
    else:
        assert not headings & {"DNS", "SMP", "Identifiers"}
        assert "Static: there is no SMP and no SML" in text
    for note in (*domain.notes.values(), *domain.sources.values()):
        assert " ".join(note.split()) in " ".join(text.split())
    assert not any(line.endswith(" ") for line in text.splitlines())


def test_a_newcomer_sees_example_name_record_and_urls() -> None:
    shown = lines(page("ehdsi"))
    label = "rwr4tb6adusn25ga64c5e53zf5e3j2aysfxzntokmjaxxcvlcmgq"
    assert f"its name in DNS {label}.ehealth-participantid-qns.ehealth.testa.eu" in shown
    assert 'record, for example 60 IN NAPTR 100 10 "U" "Meta:SMP" "!.*!https://smp.example.org!" .' in shown
    who = "https://smp.example.org/ehealth-participantid-qns%3A%3Aurn%3Agermany%3Ancpb"
    assert f"service group {who}" in shown
    assert any(
        line.startswith(f"service metadata {who}/services/ehealth-resid-qns%3A%3Aurn%3Aehealth") for line in shown
    )
    assert "endpoints at most 1 for each process" in shown


def test_smp_2_0_has_its_own_path_and_signs_both_documents() -> None:
    shown = page("dbnalliance")
    assert "https://smp.example.org/bdxr-smp-2/GLN%3A%3A1234567890123" in shown
    assert "both documents are signed" in shown
    assert "{hash}.<zone>, where hash is base32(sha256(…)) of scheme::value" in " ".join(shown.split())


def test_static_network_tells_its_parties() -> None:
    shown = lines(page("e-codex"))
    assert "type urn:oasis:names:tc:ebcore:partyid-type:iso3166-1" in shown
    assert "services type urn:e-codex:services:, value EPO" in shown


def test_what_was_not_found_is_said() -> None:
    assert "zone not found" in lines(page("e-sens"))
    assert "model not found" in lines(page("we-build"))
    assert "not found" in lines(page("oots"))


def test_yaml_is_a_profile_again() -> None:
    shown = run("domain", "show", "toop", "--yaml")
    assert yaml.safe_load(shown.stdout) == domain_to_mapping(load_domain("toop"))


def test_terminal_gets_lines_of_its_width(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")  # 80 characters wide
    domain_page.print_page(load_domain("peppol"))
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_two_naptr_services_are_warned_of_with_the_clients_that_suffer(tmp_path: Path) -> None:
    profile = tmp_path / "two.yaml"
    profile.write_text(
        "extends: toop\ndns: {naptr_services: [Meta:SMP, oasis-bdxr-smp-2]}\nsmp: {dialects: [bdxr1, bdxr2]}\n"
    )
    added = run("domain", "add", "two", "--profile", str(profile))
    assert added.exit_code == 0
    assert "vefa-peppol" in added.stderr
    shown = run("domain", "show", "two")
    assert len([line for line in lines(shown.stdout) if line.startswith("record, for example")]) == 2
    for client in ("vefa-peppol", "Oxalis", "Holodeck B2B", "European Commission"):
        assert client in shown.stderr
    one = load_domain("toop")
    assert list(domain_page.warnings(one)) == []
    assert len(list(domain_page.warnings(replace(one, dns=replace(one.dns, naptr_services=("a", "b")))))) == 1


@pytest.mark.parametrize(("profile", "why"), [("oots", "has no SMP and no SML"), ("we-build", "say --zone")])
def test_what_can_not_be_run_is_not_added(profile: str, why: str) -> None:
    refused = run("domain", "add", profile)
    assert isinstance(refused.exception, ConfigurationError)
    assert why in str(refused.exception)
    assert run("domain", "add", "we-build", "--zone", "we.test").exit_code == 0


def test_a_domain_with_a_trust_model_names_it_with_its_roles(pki: DemoPki, capsys: pytest.CaptureFixture[str]) -> None:
    trust = {"configuration": peppol_like(pki), "ap-encrypt": {"on_untrusted": "warn"}}
    domain_page.print_page(load_domain("peppol", {"trust": trust}))
    shown = " ".join(capsys.readouterr().out.split())
    assert "by-ap-ca (registry trust show peppol)" in shown
    assert "ap-encrypt by the rule of the configuration; a no is a warning only" in shown
    assert "tls-server" not in shown
