# SPDX-License-Identifier: Apache-2.0
"""The command `trust-lists compare`."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from cryptography.hazmat.primitives.serialization import Encoding
from typer.testing import CliRunner

from tests.simulators.certificate_chains import NOW, Authority, dn
from tests.simulators.trust_models import anchor, configuration, path_to, rule
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.cli.main import app
from trust_lists.evaluation.trust_configuration import content_address, to_yaml

runner = CliRunner()

ROOT, OTHER = Authority("root"), Authority("other")
LEAVES = [ROOT.issue(dn("POP000001")), OTHER.issue(dn("POP000002"))]
BOUND = {"subject": {"match": {}, "bind": {"CN": "context.seat_id"}}}
CHECKED = {"leaf": "crl_required"}
STORES = {"anchors": [anchor("root", ROOT.certificate), anchor("other", OTHER.certificate)]}
BEFORE = configuration({"ap-sign": rule(path_to("root"))}, STORES)
AFTER = configuration({"ap-sign": rule(path_to("root", "other"))}, STORES)
STRICT = configuration({"ap-sign": rule(path_to("root", "other"), BOUND, CHECKED)}, STORES)
DECLARED = configuration(
    {"ap-encrypt": rule(path_to("root"))},
    STORES,
    effective={
        "deviations": [
            {"id": "real", "overrides": {"roles.smp-metadata.endpoint_certificate": "anchor"}, "evidence": "seen"}
        ]
    },
)
AT = ("--at", NOW.isoformat())


def pem(certificate: ListedCertificate) -> str:
    assert certificate.certificate is not None
    return certificate.certificate.public_bytes(Encoding.PEM).decode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four configurations with their certificates, and a corpus in several forms."""
    for name, made in (("before", BEFORE), ("after", AFTER), ("strict", STRICT), ("declared", DECLARED)):
        (tmp_path / f"{name}.yaml").write_text(to_yaml(made), encoding="utf-8")
    for each in (ROOT.certificate, OTHER.certificate):
        (tmp_path / f"{each.sha256}.der").write_bytes(each.der)
    corpus = tmp_path / "corpus"
    (corpus / "deep").mkdir(parents=True)
    (corpus / "both.pem").write_text("".join(map(pem, LEAVES)), encoding="utf-8")
    (corpus / "deep" / "one.cer").write_bytes(LEAVES[0].der)
    (corpus / "deep" / "known.json").write_text(json.dumps([{"pem": pem(LEAVES[1])}]), encoding="utf-8")
    (corpus / "readme.txt").write_text("not looked at", encoding="utf-8")
    return tmp_path


def run(folder: Path, *arguments: str | Path, a: str = "before", b: str = "after", exit_code: int = 1) -> Result:
    given = ["compare", folder / f"{a}.yaml", folder / f"{b}.yaml", *arguments]
    result = runner.invoke(app, list(map(str, given)))
    assert result.exit_code == exit_code, result.output
    return result


def told(
    folder: Path, *arguments: str | Path, a: str = "before", b: str = "after", exit_code: int = 1
) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(folder, *arguments, "--json", a=a, b=b, exit_code=exit_code).stdout)
    return found


def test_without_a_corpus_it_is_told_what_the_configurations_say(folder: Path) -> None:
    found = told(folder)
    assert [each["path"] for each in found["differences"]] == ["roles.ap-sign.accept.path.to"]
    assert (found["A"]["address"], found["B"]["address"]) == (content_address(BEFORE), content_address(AFTER))
    assert found["decisions"] == []
    assert found["probes"] is None
    assert found["onboarding"] is None


def test_one_and_the_same_is_exit_code_0(folder: Path) -> None:
    result = run(folder, "--corpus", folder / "corpus", "--probes", *AT, b="before", exit_code=0)
    assert "The configurations say the same." in result.stdout


def test_a_folder_is_looked_through_and_every_certificate_counts_once(folder: Path) -> None:
    found = told(folder, "--corpus", folder / "corpus", *AT)
    assert found["corpus"]["certificates"] == 2
    (decisions,) = found["decisions"]
    assert decisions["accepted"] == {"A": 1, "B": 2}
    assert decisions["matrix"]["REJECT"]["ACCEPT"] == 1


@pytest.mark.parametrize("name", ["both.pem", "deep/one.cer", "deep/known.json"])
def test_files_of_several_kinds_are_read(folder: Path, name: str) -> None:
    found = told(folder, "--corpus", folder / "corpus" / name, *AT)
    assert found["corpus"]["certificates"] == (2 if name == "both.pem" else 1)


def test_a_role_can_be_chosen(folder: Path) -> None:
    assert told(folder, "--role", "smp-sign", "--corpus", folder / "corpus")["roles"] == ["smp-sign"]


def test_what_is_not_known_can_be_taken_from_the_certificate_and_revocation_be_left_aside(folder: Path) -> None:
    corpus = ("--corpus", folder / "corpus", *AT)
    assert told(folder, *corpus, b="strict")["decisions"][0]["accepted"] == {"A": 1, "B": 0}
    free = told(folder, *corpus, "--no-revocation", "--context", "seat_id=@CN", b="strict")
    assert free["decisions"][0]["accepted"] == {"A": 1, "B": 2}
    assert free["asked"]["assumptions"] == [
        "nothing of the corpus is revoked, and no role asks whether it is",
        "context.seat_id is what the CN of each certificate says",
    ]
    assert free["B"]["address"] == content_address(STRICT)
    one = told(folder, *corpus, "--no-revocation", "--context", "seat_id=POP000001", b="strict")
    assert one["decisions"][0]["accepted"] == {"A": 1, "B": 1}


def test_each_certificate_can_be_asked_about_at_its_own_time(folder: Path) -> None:
    found = told(folder, "--corpus", folder / "corpus", "--at", "own")
    assert found["asked"]["at"] == "each certificate's own"


def test_declared_deviations_are_put_into_force_on_the_side_that_is_named(folder: Path) -> None:
    assert told(folder, a="declared", b="declared", exit_code=0)["same"]
    found = told(folder, "--effective", "B", a="declared", b="declared")
    paths = [each["path"] for each in found["differences"]]
    assert "roles.smp-metadata.endpoint_certificate" in paths
    assert (found["A"]["effective"], found["B"]["effective"]) == (False, True)
    assert told(folder, "--effective", "both", a="declared", b="declared", exit_code=0)["B"]["effective"]


def test_probes_and_costs_are_told_where_they_are_asked_for(folder: Path) -> None:
    found = told(folder, "--probes", "--add", "10", "--access-points", "20", *AT)
    assert found["probes"]["asked"] > 10
    assert (found["onboarding"]["present"], found["onboarding"]["added"]) == (20, 10)


def test_reports_are_written_beside_what_is_printed(folder: Path) -> None:
    page, document = folder / "report.html", folder / "report.md"
    run(folder, "--corpus", folder / "corpus", "--html", page, "--markdown", document, *AT)
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert document.read_text(encoding="utf-8").startswith("# made and made compared")


def test_without_their_certificates_configurations_are_compared_with_a_warning(folder: Path) -> None:
    (folder / f"{OTHER.certificate.sha256}.der").unlink()
    result = run(folder)
    assert "is compared without its certificates" in result.stderr
    assert "--certificates names the folder" in run(folder, "--probes", exit_code=2).stderr.replace("\n", " ")


def test_certificates_may_lie_elsewhere(folder: Path) -> None:
    elsewhere = folder / "anchors"
    elsewhere.mkdir()
    for file in folder.glob("*.der"):
        file.rename(elsewhere / file.name)
    assert told(folder, "--certificates", elsewhere, "--corpus", folder / "corpus", *AT)["decisions"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--role", "nobody"), "no role nobody"),
        (("--context", "seat=1"), "NAME=VALUE"),
        (("--context", "seat_id=@X"), "no attribute X"),
        (("--at", "yesterday"), "ISO 8601"),
        (("--add", "99999999"), "access_points"),
    ],
    ids=["role", "context", "attribute", "time", "too-many"],
)
def test_wrong_usage_is_told_with_what_would_be_right(folder: Path, arguments: tuple[str, ...], words: str) -> None:
    told_anyway = " ".join(run(folder, *arguments, exit_code=2).stderr.replace("│", " ").split())
    assert words in told_anyway


def test_a_corpus_without_certificates_is_refused_and_one_with_some_is_used(folder: Path) -> None:
    damaged = folder / "damaged.pem"
    damaged.write_text("nothing", encoding="utf-8")
    assert "no certificates in" in run(folder, "--corpus", damaged, exit_code=2).stderr
    result = run(folder, "--corpus", damaged, "--corpus", folder / "corpus", *AT)
    assert "damaged.pem" in result.stderr


def test_a_shipped_model_can_be_compared_with_ones_own(folder: Path) -> None:
    result = runner.invoke(app, ["compare", "peppol-g2", str(folder / "after.yaml")])
    assert result.exit_code == 1
    assert "id peppol-g2 -> made" in result.stdout
