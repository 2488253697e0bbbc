# SPDX-License-Identifier: Apache-2.0
"""The commands `trust-lists decide` and `trust-lists explain`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from cryptography.hazmat.primitives.serialization import Encoding
from typer.testing import CliRunner

from tests.simulators.certificate_chains import NOW, Authority, dn
from tests.simulators.revocation_evidence import Said, crl, entry, point, points, response, uri
from tests.simulators.trust_models import anchor, configuration, path_to, pin, rule
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.cli.main import app
from trust_lists.errors import SourceError
from trust_lists.evaluation.trust_configuration import content_address, to_yaml
from trust_lists.sources.collecting import collect
from trust_lists.sources.evidence_manifest import Kind
from trust_lists.sources.ports import Source

runner = CliRunner()

ROOT = Authority("root")
MIDDLE = Authority("middle", ROOT)
LEAF = MIDDLE.issue(dn("POP000001"))
OTHER = Authority("elsewhere").issue("other")
CHECKED = {"leaf": "crl_or_ocsp_required", "intermediates": "no_check"}
NAMED = {"subject": {"match": {}, "bind": {"CN": "context.seat_id"}}}
MODEL = configuration(
    {
        "ap-sign": rule(path_to("root")),
        "smp-sign": rule(path_to("root"), revocation=CHECKED),
        "sml-client": rule(path_to("root"), leaf=NAMED),
        "ap-encrypt": rule({"pin": ["gateway"]}),
    },
    {"anchors": [anchor("root", ROOT.certificate)], "pins": [pin("gateway", OTHER, "ap-encrypt", party="AT")]},
)
AT = ("--at", NOW.isoformat())


def pem(*certificates: ListedCertificate) -> bytes:
    found = (each.certificate for each in certificates)
    return b"".join(each.public_bytes(Encoding.PEM) for each in found if each is not None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model with its certificate beside it, and certificates to ask about."""
    (tmp_path / "model.yaml").write_text(to_yaml(MODEL), encoding="utf-8")
    (tmp_path / f"{ROOT.certificate.sha256}.der").write_bytes(ROOT.certificate.der)
    (tmp_path / "middle.pem").write_bytes(pem(MIDDLE.certificate))
    (tmp_path / "leaf.pem").write_bytes(pem(LEAF))
    (tmp_path / "chain.pem").write_bytes(pem(LEAF, MIDDLE.certificate))
    (tmp_path / "other.der").write_bytes(OTHER.der)
    return tmp_path


def run(command: str, folder: Path, *arguments: str | Path, role: str = "ap-sign", exit_code: int = 0) -> Result:
    given: Sequence[str | Path] = [command, *arguments, "--model", folder / "model.yaml", "--role", role, *AT]
    result = runner.invoke(app, list(map(str, given)))
    assert result.exit_code == exit_code, result.output
    return result


def decided(folder: Path, *arguments: str | Path, role: str = "ap-sign", exit_code: int = 0) -> list[dict[str, Any]]:
    found = json.loads(run("decide", folder, *arguments, "--json", role=role, exit_code=exit_code).stdout)
    assert found["configuration"] == content_address(MODEL)
    decisions: list[dict[str, Any]] = found["decisions"]
    return decisions


def refused(*arguments: str | Path) -> str:
    """What the program says where it is used wrongly, on one line."""
    result = runner.invoke(app, list(map(str, arguments)))
    assert result.exit_code == 2, result.output
    return " ".join(result.stderr.replace("│", " ").split())


def test_an_accepted_certificate_is_a_line_that_says_by_whom(folder: Path) -> None:
    told = run("decide", folder, folder / "chain.pem").stdout.splitlines()
    assert len(told) == 1
    assert told[0].startswith("ACCEPT ")
    assert "chain.pem: CN=POP000001" in told[0]
    assert told[0].endswith("by stores.anchors.root")


def test_each_certificate_has_its_line_and_one_no_is_a_no(folder: Path) -> None:
    told = run("decide", folder, folder / "chain.pem", folder / "other.der", exit_code=1).stdout.splitlines()
    assert [line.split()[0] for line in told] == ["ACCEPT", "REJECT"]
    assert "NO_PATH, roles.ap-sign.accept.path" in told[1]


def test_the_decisive_check_comes_first_and_all_others_below(folder: Path) -> None:
    told = run("decide", folder, folder / "other.der", "--context", "seat_id=POP000001", role="sml-client", exit_code=1)
    lines = told.stdout.splitlines()
    assert "[SUBJECT_NOT_BOUND, roles.sml-client.leaf.subject.bind.CN]" in lines[0]
    assert lines[1].lstrip().startswith("- ")
    assert "NO_PATH" in lines[1]


def test_json_has_the_whole_decision_of_each_certificate(folder: Path) -> None:
    accepted, rejected = decided(folder, folder / "chain.pem", folder / "other.der", exit_code=1)
    assert accepted["file"] == str(folder / "chain.pem")
    assert (accepted["outcome"], accepted["grounds"]) == ("ACCEPT", ["stores.anchors.root"])
    assert accepted["path"] == [MIDDLE.certificate.sha256, LEAF.sha256]
    assert accepted["at"] == NOW.isoformat()
    assert "trace" not in accepted
    assert [each["id"] for each in rejected["checks"]] == ["NO_PATH"]


def test_a_trace_shows_each_step_with_its_clause(folder: Path) -> None:
    told = run("decide", folder, folder / "chain.pem", "--trace").stdout
    assert "6.1.3(a)(1)" in told
    assert "configuration roles.ap-sign" in told
    (decision,) = decided(folder, folder / "chain.pem", "--trace")
    assert decision["trace"]["outcome"] == "PASSED"


def test_certificates_in_between_may_come_in_the_file_or_beside_it(folder: Path) -> None:
    run("decide", folder, folder / "leaf.pem", exit_code=1)
    run("decide", folder, folder / "leaf.pem", "--intermediates", folder / "middle.pem")


def test_a_context_is_needed_where_a_rule_binds_to_it(folder: Path) -> None:
    (unknown,) = decided(folder, folder / "chain.pem", role="sml-client", exit_code=1)
    assert unknown["outcome"] == "INDETERMINATE"
    told = run("decide", folder, folder / "chain.pem", role="sml-client", exit_code=1).stdout
    assert told.startswith("INDETERMINATE")
    run("decide", folder, folder / "chain.pem", "--context", "seat_id=POP000001", role="sml-client")
    run("decide", folder, folder / "other.der", "--context", "context.party=AT", role="ap-encrypt")


def test_what_an_smp_asserts_is_known_by_its_certificates(folder: Path) -> None:
    text = to_yaml(MODEL).replace("endpoint_certificate: hint", "endpoint_certificate: anchor")
    assert "endpoint_certificate: anchor" in text
    (folder / "model.yaml").write_text(text, encoding="utf-8")
    run("decide", folder, folder / "leaf.pem", role="ap-encrypt", exit_code=1)
    run("decide", folder, folder / "leaf.pem", "--asserted", folder / "leaf.pem", role="ap-encrypt")
    run("decide", folder, folder / "leaf.pem", "--asserted", folder / "other.der", role="ap-encrypt", exit_code=1)


def test_revocation_is_judged_by_crls_and_responses_that_are_given(folder: Path) -> None:
    files = {
        "good.crl": crl(MIDDLE),
        "bad.crl": crl(MIDDLE, entry(LEAF)),
        "good.ocsp": response(MIDDLE, Said(LEAF)),
        "bad.ocsp": response(MIDDLE, Said(LEAF, "revoked")),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    chain = folder / "chain.pem"
    (unknown,) = decided(folder, chain, role="smp-sign", exit_code=1)
    assert unknown["outcome"] == "INDETERMINATE"
    for option, name in (("--crl", "crl"), ("--ocsp", "ocsp")):
        run("decide", folder, chain, option, folder / f"good.{name}", role="smp-sign")
        (revoked,) = decided(folder, chain, option, folder / f"bad.{name}", role="smp-sign", exit_code=1)
        assert revoked["checks"][0]["id"] == "REVOKED"


def test_evidence_that_cant_be_read_is_warned_of(folder: Path) -> None:
    found = run("decide", folder, folder / "chain.pem", "--crl", folder / "leaf.pem")
    assert "warning: " in found.stderr


class Web:
    """Has one CRL, wherever it is asked for, and no lists."""

    @property
    def lists(self) -> Source:
        raise NotImplementedError

    def fetch(self, kind: Kind, url: str, body: bytes | None = None) -> bytes:
        del url, body
        if kind is not Kind.CRL:
            raise SourceError("FETCH_NOT_FOUND", "there is no such document")
        return crl(MIDDLE)


def test_a_folder_has_the_evidence_that_was_collected(folder: Path) -> None:
    leaf = MIDDLE.issue("leaf", extensions=[points(point(uri("http://crl.example/middle.crl")))])
    (folder / "pointed.pem").write_bytes(pem(leaf, MIDDLE.certificate))
    report = collect(MODEL, [leaf], Web(), folder / "evidence", NOW, lambda *_: None)
    arguments = (folder / "pointed.pem", "--evidence", folder / "evidence")
    (decision,) = decided(folder, *arguments, role="smp-sign")
    assert decision["evidence"] == report.snapshot
    run("decide", folder, folder / "pointed.pem", role="smp-sign", exit_code=1)


def test_a_folder_without_evidence_says_what_to_do(folder: Path) -> None:
    found = run("decide", folder, folder / "chain.pem", "--evidence", folder / "none", exit_code=6)
    assert "collect" in found.stderr


def test_a_shipped_model_says_which_certificates_it_misses(folder: Path) -> None:
    told = refused("decide", folder / "leaf.pem", "--model", "peppol-g3", "--role", "ap-sign", "--certificates", folder)
    assert "PEPPOL_ACCESS_POINT_CA-G3.pem is missing" in told
    assert "b65e375a5826ada16517b2aa8a881b6fcaff5e48e7559b9e96bba5c64921f900" in told
    assert "--certificates names another folder" in told


@pytest.mark.parametrize("command", ["decide", "explain"])
@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--role", "ap-sign"], "--model"),
        (["--model", "model.yaml"], "--role"),
        (["--model", "model.yaml", "--role", "ap"], "there is no role ap; made has ap-sign, ap-encrypt, smp-sign"),
        (["--model", "model.yaml", "--role", "tls-server"], "made has no rule for tls-server; it has ap-sign"),
        (["--model", "peppol", "--role", "ap-sign"], "there is no model peppol; there are"),
        (["--model", "model.yaml", "--role", "ap-sign", "--context", "party"], "'party' is not NAME=VALUE"),
        (["--model", "model.yaml", "--role", "ap-sign", "--context", "who=AT"], "party, domain, seat_id, smp_id, host"),
        (["--model", "model.yaml", "--role", "ap-sign", "--at", "noon"], "no ISO 8601 time"),
        (["--model", "model.yaml", "--role", "ap-sign", "--asserted", "model.yaml"], "no certificate"),
        (["--model", "model.yaml", "--role", "ap-sign", "--crl", "x.crl", "--evidence", "."], "leave out --crl"),
    ],
    ids=lambda each: " ".join(each[-2:]) if isinstance(each, list) else "",
)
def test_wrong_use_says_what_to_do(
    folder: Path, monkeypatch: pytest.MonkeyPatch, command: str, more: list[str], told: str
) -> None:
    monkeypatch.chdir(folder)
    assert told in refused(command, "leaf.pem", *more)


def test_without_certificates_there_is_nothing_to_decide(folder: Path) -> None:
    told = refused("decide", "--model", folder / "model.yaml", "--role", "ap-sign")
    assert "name at least one certificate" in told


def test_files_that_arent_there_or_hold_no_certificate_are_told_apart(folder: Path) -> None:
    missing = run("decide", folder, folder / "none.pem", exit_code=6)
    assert "none.pem cannot be read" in missing.stderr
    arguments = ("--model", folder / "model.yaml", "--role", "ap-sign")
    assert "no certificate" in refused("decide", folder / "model.yaml", *arguments)


def test_explain_shows_the_steps_and_what_would_change_the_answer(folder: Path) -> None:
    told = run("explain", folder, folder / "chain.pem", role="sml-client", exit_code=1).stdout
    assert told.startswith("INDETERMINATE")
    assert "UNDECIDED" in told
    assert "6.1.3(a)(1)" in told
    assert "would be accepted if " in told
    run("explain", folder, folder / "chain.pem")


def test_explain_in_json_has_the_changes_in_words(folder: Path) -> None:
    found = json.loads(run("explain", folder, folder / "other.der", "--json", exit_code=1).stdout)
    (decision,) = found["decisions"]
    assert decision["trace"]["steps"]
    assert decision["would_be_accepted_if"][0]["changes"]
    accepted = json.loads(run("explain", folder, folder / "chain.pem", "--json").stdout)
    assert accepted["decisions"][0]["would_be_accepted_if"] == []


def limbo(*cases: dict[str, Any]) -> str:
    usual = {
        "validation_kind": "SERVER",
        "trusted_certs": [pem(ROOT.certificate).decode()],
        "untrusted_intermediates": [pem(MIDDLE.certificate).decode()],
        "peer_certificate": pem(LEAF).decode(),
        "validation_time": NOW.isoformat(),
        "expected_result": "SUCCESS",
    }
    return json.dumps({"version": 1, "testcases": [usual | case for case in cases]})


def suite(*arguments: str | Path, exit_code: int = 0) -> Result:
    result = runner.invoke(app, ["decide", *map(str, arguments)])
    assert result.exit_code == exit_code, result.output
    return result


def test_cases_of_limbo_are_a_line_each_and_counted(folder: Path) -> None:
    (folder / "limbo.json").write_text(limbo({"id": "one"}, {"id": "two", "trusted_certs": []}))
    arguments = ("--limbo", folder / "limbo.json", "--model", folder / "model.yaml", "--role", "ap-sign")
    found = suite(*arguments, "--json", exit_code=1)
    one, two = map(json.loads, found.stdout.splitlines())
    assert one == {"id": "one", "expected": "SUCCESS", "actual": "SUCCESS", "reason": ""}
    assert (two["id"], two["expected"], two["actual"]) == ("two", "SUCCESS", "FAILURE")
    assert two["reason"]
    assert "1 of 2 cases come out as expected" in found.stderr
    lines = suite(*arguments, exit_code=1).stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["as", "OTHERWISE"]


def test_a_suite_that_comes_out_as_expected_is_a_yes(folder: Path) -> None:
    (folder / "limbo.json").write_text(limbo({"id": "one"}))
    found = suite("--limbo", folder / "limbo.json", "--model", folder / "model.yaml", "--role", "ap-sign")
    assert "1 of 1 cases come out as expected" in found.stderr


def test_a_suite_that_cant_be_asked_says_why(folder: Path) -> None:
    (folder / "limbo.json").write_text(limbo({"id": "one"}))
    arguments = ("--limbo", folder / "limbo.json", "--model", folder / "model.yaml")
    assert "the model made has no rule for tls-server" in suite(*arguments, exit_code=6).stderr
    assert "pkits.json is missing" in suite("--pkits", folder, exit_code=6).stderr
    (folder / "limbo.json").write_text("{}")
    assert "version 1" in suite(*arguments, exit_code=6).stderr


def test_a_suite_is_asked_alone_and_limbo_of_a_model(folder: Path) -> None:
    (folder / "limbo.json").write_text(limbo({"id": "one"}))
    assert "webpki has its rules" in refused("decide", "--limbo", folder / "limbo.json")
    assert "one suite, or certificates" in refused("decide", "--pkits", folder, "--limbo", folder / "limbo.json")
    assert "one suite, or certificates" in refused("decide", folder / "leaf.pem", "--pkits", folder)
    assert "PKITS brings its own model" in refused("decide", "--pkits", folder, "--model", "webpki")
    told = refused("decide", "--limbo", folder / "limbo.json", "--model", folder / "model.yaml", "--role", "nobody")
    assert "there is no role nobody" in told


def test_pkits_runs_from_its_folder(corpus: Path) -> None:
    found = suite("--pkits", corpus / "trust_models" / "nist_pkits", "--json")
    assert len(found.stdout.splitlines()) == 246
    assert "246 of 246 cases come out as expected" in found.stderr
