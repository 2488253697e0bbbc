# SPDX-License-Identifier: Apache-2.0
"""`registry trust decide`: the answer of a domain's trust model about a certificate in a file."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from registry.cli.trust_decide import _CONTEXT, _ROLES, EPILOG, decide
from registry.demo.pki import DemoPki
from registry.errors import NotFoundError
from registry.trust import Role
from tests.simulators.offline import OfflineInstance
from tests.simulators.trust_http import pem
from trust_lists.evaluation.trust_configuration.model import Context


@pytest.fixture
def folder(offline: OfflineInstance, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An instance with the domain `demo`, and the certificate of an access point."""
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(offline.folder))
    monkeypatch.setenv("REGISTRY_LOG_LEVEL", "ERROR")
    monkeypatch.chdir(offline.folder)
    (offline.folder / "gateway.pem").write_text(pem(offline.pki.access_points[0].certificate))
    return offline.folder


def run(*words: str, code: int = 0) -> str:
    import typer

    app = typer.Typer()
    app.command(epilog=EPILOG)(decide)
    result = CliRunner().invoke(app, list(words))
    if isinstance(result.exception, Exception) and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.output


def told(*words: str, code: int = 0) -> Any:
    return json.loads(run(*words, "--json", code=code))


@pytest.mark.usefixtures("folder")
def test_accepted_certificate_ends_with_0() -> None:
    output = run("gateway.pem", "--role", "ap-encrypt")
    assert output.startswith("ACCEPT\tCN=POP000001,")
    assert "by stores.anchors." in output
    found = told("gateway.pem", "--role", "ap-encrypt")
    assert (found["domain"], found["outcome"], found["enforced"]) == ("demo", "ACCEPT", False)
    assert "trace" not in found
    assert found["configuration"] in output


@pytest.mark.usefixtures("folder")
def test_refused_certificate_ends_with_1_and_every_reason() -> None:
    output = run("gateway.pem", "--role", "smp-sign", code=1)
    assert output.startswith("REJECT\t")
    assert "SUBJECT_MISMATCH" in output
    assert "EXCLUDED" in output
    assert told("gateway.pem", "--role", "smp-sign", code=1)["checks"]


@pytest.mark.usefixtures("folder")
def test_role_in_which_the_domain_only_warns_ends_with_1_and_says_so() -> None:
    output = run("gateway.pem", "--role", "ap-encrypt", "--at", "2000-01-01", code=1)
    assert "the domain only warns in this role" in output
    assert "only warns" not in run("gateway.pem", "--role", "smp-sign", code=1)


@pytest.mark.usefixtures("folder")
def test_time_is_in_utc_where_no_zone_is_said() -> None:
    for at in ("2100-01-01T00:00:00", "2100-01-01T01:00:00+01:00", "2100-01-01T00:00:00Z"):
        assert told("gateway.pem", "--role", "ap-encrypt", "--at", at, code=1)["at"] == "2100-01-01T00:00:00+00:00"


@pytest.mark.usefixtures("folder")
def test_trace_prints_the_steps_of_the_specification() -> None:
    output = run("gateway.pem", "--role", "ap-encrypt", "--trace")
    assert "RFC 5280 6.1.3(a)(1)" in output
    assert told("gateway.pem", "--role", "ap-encrypt", "--trace")["trace"]["steps"]


@pytest.mark.usefixtures("folder")
def test_why_not_says_what_would_have_to_be_otherwise() -> None:
    output = run("gateway.pem", "--role", "smp-sign", "--why-not", code=1)
    assert "would be accepted if" in output
    found = told("gateway.pem", "--role", "smp-sign", "--why-not", code=1)
    assert all(each["changes"] for each in found["counterfactuals"])
    assert told("gateway.pem", "--role", "ap-encrypt", "--why-not")["counterfactuals"] == []


def test_what_stands_behind_the_first_certificate_came_along(folder: Path, pki: DemoPki) -> None:
    gateway, authority = pki.access_points[0].certificate, pki.ap_ca.certificate
    (folder / "chain.pem").write_text(pem(gateway, authority))
    (folder / "reversed.pem").write_text(pem(authority, gateway))
    assert told("chain.pem", "--role", "ap-encrypt")["subject"].startswith("CN=POP000001,")
    assert "ACCESS POINT TEST CA" in told("reversed.pem", "--role", "ap-encrypt", code=1)["subject"]


@pytest.mark.parametrize(
    "words",
    [
        ("absent.pem", "--role", "ap-encrypt"),
        ("empty.pem", "--role", "ap-encrypt"),
        ("gateway.pem",),
        ("gateway.pem", "--role", "emperor"),
        ("gateway.pem", "--role", "ap-encrypt", "--at", "soon"),
        ("gateway.pem", "--role", "ap-encrypt", "--context", "party"),
        ("gateway.pem", "--role", "ap-encrypt", "--context", "planet=Earth"),
    ],
    ids=" ".join,
)
def test_what_can_not_be_asked_ends_with_2(folder: Path, words: tuple[str, ...]) -> None:
    (folder / "empty.pem").write_text("")
    run(*words, code=2)


@pytest.mark.usefixtures("folder")
def test_domain_that_there_is_not_is_told() -> None:
    with pytest.raises(NotFoundError):
        run("gateway.pem", "--role", "ap-encrypt", "--domain", "absent")


@pytest.mark.usefixtures("folder")
def test_context_is_known_to_the_rules() -> None:
    assert told("gateway.pem", "--role", "ap-encrypt", "--context", "party=AT", "--context", "domain=x")


def test_words_are_those_of_trust_configurations() -> None:
    assert set(_ROLES) == set(Role)
    assert {f"context.{name}" for name in _CONTEXT} == set(Context)
