# SPDX-License-Identifier: Apache-2.0
"""`registry resolve`: what is printed, and the exit codes that scripts rely on."""

import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import dns.rcode
import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner, Result

from registry.cli import resolve as command
from registry.discovery.client import LookupClient
from registry.discovery.explanation import ExplanationBuilder
from registry.domains.domain import Domain
from registry.errors import NotFoundError, TechnicalError
from registry.trust import TrustModel
from tests.simulators.authorities import Authority
from tests.simulators.network import BILLING, INVOICE, PARTICIPANT, Network
from trust_lists.certificates.parsing import fingerprint, subject_text

app = typer.Typer()
app.command("resolve", epilog=command.EPILOG)(command.resolve)


@app.callback()
def _several_commands() -> None:
    """Makes `resolve` a command with a name, as in the program."""


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    network = Network()
    network.smp.publish(network.metadata())
    network.smp.publish_group(PARTICIPANT, INVOICE)

    @contextmanager
    def open_client(domain: Domain, dns: str | None, *, trust: TrustModel) -> Iterator[LookupClient]:
        assert trust.domain == domain.name
        assert domain is network.domain
        yield network.client()

    monkeypatch.setattr("registry.discovery.client.open_client", open_client)
    knows(monkeypatch, lambda name: network.domain)
    return network


def knows(monkeypatch: pytest.MonkeyPatch, load_known_domain: Any) -> None:
    common = ModuleType("registry.cli.common")
    common.load_known_domain = load_known_domain  # type: ignore[attr-defined]
    common.trust_at_hand = TrustModel.for_domain  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "registry.cli.common", common)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["resolve", *arguments], catch_exceptions=False)


def test_the_endpoint_is_printed_with_its_certificate(network: Network) -> None:
    result = run(str(PARTICIPANT), "--document-type", str(INVOICE), "--process", str(BILLING))
    assert result.exit_code == 0
    certificate = network.access_point.certificate
    assert result.stdout.splitlines() == [
        "Endpoint:          https://ap.test/as4",
        "Transport profile: peppol-transport-as4-v2_0",
        f"Certificate:       {subject_text(certificate)}",
        f"SHA-256:           {fingerprint(certificate)}",
    ]
    assert result.stderr == ""


def test_a_bare_value_gets_the_domain_s_scheme(network: Network) -> None:
    result = run(PARTICIPANT.value, "--json")
    assert json.loads(result.stdout)["participant"] == str(PARTICIPANT)


def test_an_ebcore_party_id_has_no_scheme_in_front(network: Network) -> None:
    urn = "urn:oasis:names:tc:ebcore:partyid-type:iso6523:0088:1"
    result = run(urn, "--json")
    assert result.exit_code == 3
    assert json.loads(result.stdout)["participant"] == urn


def test_json_has_the_same_keys_whatever_the_outcome(network: Network) -> None:
    good = json.loads(run(PARTICIPANT.value, "--json").stdout)
    assert good["outcome"] == "found"
    assert good["domain"] == network.domain.name
    assert good["endpoint"] == {
        "url": "https://ap.test/as4",
        "transport_profile": "peppol-transport-as4-v2_0",
        "certificate_sha256": fingerprint(network.access_point.certificate),
    }
    assert {"step", "outcome", "detail", "ms"} == set(good["explanation"][0])
    result = run("0088:unknown", "--json")
    bad = json.loads(result.stdout)
    assert set(bad) == set(good) == {"participant", "domain", "outcome", "endpoint", "explanation", "warnings"}
    assert bad["outcome"] == "not-registered"
    assert bad["endpoint"] is None
    assert bad["explanation"][-1]["outcome"] == "failed"


def test_not_registered_is_exit_code_3(network: Network) -> None:
    result = run("0088:unknown")
    assert result.exit_code == 3
    assert result.stderr.startswith("not registered: ")
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_no_matching_service_is_exit_code_4(network: Network) -> None:
    result = run(PARTICIPANT.value, "--transport", "carrier-pigeon")
    assert result.exit_code == 4
    assert result.stderr.startswith("no matching service: ")


def test_not_trusted_is_exit_code_5(network: Network) -> None:
    network.add_smp(network.smp.base_url, Authority("Another").issue("SMP-1")).publish(network.metadata())
    result = run(PARTICIPANT.value, "--document-type", str(INVOICE))
    assert result.exit_code == 5
    assert result.stderr.startswith("not trusted: ")


def test_a_technical_failure_is_exit_code_6(network: Network) -> None:
    network.name_server.rcode = dns.rcode.SERVFAIL
    result = run(PARTICIPANT.value)
    assert result.exit_code == 6
    assert result.stderr.startswith("technical failure: ")


@pytest.mark.parametrize(
    "arguments",
    [[], ["::"], [PARTICIPANT.value, "--document-type", "no-scheme"], [PARTICIPANT.value, "--process", "no-scheme"]],
)
def test_wrong_usage_is_exit_code_2(network: Network, arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stderr
    assert "Traceback" not in result.stderr


def test_an_unknown_domain_is_exit_code_2_and_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def load_known_domain(name: str | None) -> Domain:
        raise NotFoundError(f"no domain {name}")

    knows(monkeypatch, load_known_domain)
    result = run(PARTICIPANT.value, "--domain", "nowhere")
    assert (result.exit_code, result.stderr) == (2, "error: no domain nowhere\n")


def test_an_instance_that_fails_is_exit_code_6(monkeypatch: pytest.MonkeyPatch) -> None:
    def load_known_domain(name: str | None) -> Domain:
        raise TechnicalError("the database is locked")

    knows(monkeypatch, load_known_domain)
    assert run(PARTICIPANT.value).exit_code == 6


def test_a_wrong_name_server_is_exit_code_2(monkeypatch: pytest.MonkeyPatch) -> None:
    domain = Network().domain
    knows(monkeypatch, lambda name: domain)
    result = run(PARTICIPANT.value, "--dns", "127.0.0.1:port")
    assert result.exit_code == 2
    assert "127.0.0.1:port" in result.stderr


def test_the_name_server_is_asked_over_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network()
    knows(monkeypatch, lambda name: network.domain)
    with network.name_server.on_loopback() as address:
        result = run("0088:unknown", "--dns", address)
    assert result.exit_code == 3
    assert len(network.name_server.questions) == 1


@pytest.mark.parametrize(("value", "exit_code"), [(PARTICIPANT.value, 0), ("0088:unknown", 3)])
def test_explain_draws_the_steps_found_or_not(network: Network, value: str, exit_code: int) -> None:
    result = run(value, "--explain")
    assert result.exit_code == exit_code
    assert " name " in result.stdout
    assert network.name_server.questions[-1] in result.stdout
    assert ("Endpoint:" in result.stdout) == (exit_code == 0)


def test_warnings_go_to_stderr(network: Network) -> None:
    settings = {"anchors": [Authority("Another").pem], "on_untrusted": "warn"}
    network.configure({"trust": {"smp-sign": settings, "ap-encrypt": settings}})
    result = run(PARTICIPANT.value)
    assert result.exit_code == 0
    assert result.stderr.count("warning: ") == 2
    assert len(json.loads(run(PARTICIPANT.value, "--json").stdout)["warnings"]) == 2


def test_help_shows_an_example_and_the_exit_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    result = run("--help")
    assert "registry resolve 0088:4035811991021" in result.stdout
    assert "5 not trusted" in result.stdout


def explained() -> ExplanationBuilder:
    builder = ExplanationBuilder()
    with builder.step("first") as step:
        step.detail = "[red]no markup[/red] " + "x" * 300
    with builder.step("second") as step:
        step.warn("odd")
    return builder


def test_what_is_not_a_terminal_gets_whole_lines() -> None:
    output = io.StringIO()
    command.render_explanation(Console(file=output, width=40), explained().build())
    lines = output.getvalue().splitlines()
    assert len(lines) == 5
    assert lines[2].endswith("[red]no markup[/red] " + "x" * 300)
    assert "warning" in lines[3]


def test_a_terminal_gets_lines_that_fit() -> None:
    output = io.StringIO()
    console = Console(file=output, width=40, force_terminal=True, color_system=None)
    command.render_explanation(console, explained().build())
    assert max(map(len, output.getvalue().splitlines())) <= 40
    assert output.getvalue().count("x") == 300
