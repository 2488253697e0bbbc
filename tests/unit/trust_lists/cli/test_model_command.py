# SPDX-License-Identifier: Apache-2.0
"""The command `trust-lists model`."""

import json
import re
from pathlib import Path

import jsonschema_rs
import pytest
from click.testing import Result
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from typer.testing import CliRunner

from registry.demo.pki import DemoPki
from trust_lists.certificates.parsing import fingerprint
from trust_lists.cli.main import app
from trust_lists.evaluation.trust_configuration.shipped import shipped_names

runner = CliRunner()


def run(*arguments: str | Path, exit_code: int = 0) -> Result:
    result = runner.invoke(app, ["model", *map(str, arguments)])
    assert result.exit_code == exit_code, result.output
    return result


def with_digest(text: str, pki: DemoPki) -> str:
    """A model with one anchor, for another certificate."""
    return re.sub("sha256: [0-9a-f]{64}", f"sha256: {fingerprint(pki.root.certificate)}", text)


@pytest.fixture
def anchors(tmp_path: Path, pki: DemoPki) -> Path:
    """A model with its certificate beside it."""
    text = with_digest(run("show", "hr-eracun", "--source").stdout, pki)
    (tmp_path / "ours.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "FinaRDCCA2020.pem").write_bytes(pki.root.certificate.public_bytes(Encoding.PEM))
    return tmp_path


def test_the_shipped_models_are_listed() -> None:
    assert [line.split()[0] for line in run("list").stdout.splitlines()] == list(shipped_names())
    told = json.loads(run("list", "--json").stdout)
    assert [each["id"] for each in told] == list(shipped_names())
    assert all(len(each["address"]) == 64 and each["about"] for each in told)


def test_show_says_which_certificates_belong_beside_a_model(anchors: Path) -> None:
    (told,) = json.loads(run("show", anchors / "ours.yaml", "--json").stdout)["certificates"]
    assert (told["file"], told["state"]) == ("FinaRDCCA2020.pem", "there")
    assert "CN=" in told["subject"]
    text = run("show", "hr-eracun", "--certificates", anchors).stdout
    assert "another one  FinaRDCCA2020.pem" in text
    assert "Financijska agencija" in text
    assert "missing      FinaRDCCA2020.pem" in run("show", "hr-eracun", "--certificates", anchors / "none").stdout


def test_check_says_yes_or_all_that_is_wrong(anchors: Path) -> None:
    assert "ours.yaml" not in run("check", anchors / "ours.yaml").stdout
    told = json.loads(run("check", anchors / "ours.yaml", "--json").stdout)
    assert (told["usable"], told["reasons"], len(told["address"])) == (True, [], 64)

    path = anchors / "ours.yaml"
    text = path.read_text(encoding="utf-8").replace("max_path: 2", "max_path: no\n  surprise: 1")
    path.write_text(text, encoding="utf-8")
    (anchors / "FinaRDCCA2020.pem").unlink()
    told = json.loads(run("check", path, "--json", exit_code=1).stdout)
    assert not told["usable"]
    assert len(told["reasons"]) == 3
    assert "surprise" in run("check", path, exit_code=1).stdout


def test_check_says_what_deviations_change(tmp_path: Path, pki: DemoPki) -> None:
    text = with_digest(run("show", "ehdsi-trust-on-metadata", "--source").stdout, pki)
    (tmp_path / "m.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "seal-ca.pem").write_bytes(pki.root.certificate.public_bytes(Encoding.PEM))
    told = json.loads(run("check", tmp_path / "m.yaml", "--effective", "--json").stdout)
    path = "roles.smp-metadata.endpoint_certificate"
    assert told["effective"] == [{"path": path, "declared": "hint", "effective": "anchor"}]


def test_the_schema_is_one() -> None:
    schema = json.loads(run("schema").stdout)
    shown = json.loads(run("show", "de4a", "--json").stdout)
    jsonschema_rs.Draft202012Validator(schema).validate(shown["configuration"])


def test_a_trust_store_is_imported_into_a_folder(tmp_path: Path, pki: DemoPki) -> None:
    entries = [pkcs12.PKCS12Certificate(pki.root.certificate, b"root")]
    store = tmp_path / "store.p12"
    store.write_bytes(pkcs12.serialize_java_truststore(entries, BestAvailableEncryption(b"changeit")))
    (tmp_path / "pw").write_text("changeit\n", encoding="utf-8")
    out = tmp_path / "out"
    options = ("import", store, "--from", "key-store", "--role", "ap-sign", "--out", out, "--id", "ours")
    result = run(*options, "--password-file", tmp_path / "pw")
    assert "warning: " in result.stderr
    run("check", out / "ours.yaml")
    told = json.loads(run(*options, "--password-file", tmp_path / "pw", "--json").stdout)
    assert told["files"] == sorted(each.name for each in out.iterdir())
    (out / "ours.yaml").write_text("mine", encoding="utf-8")
    assert "nothing was written" in run(*options, "--password-file", tmp_path / "pw", exit_code=1).stderr
    assert "needs a password" in run(*options, exit_code=1).stderr


@pytest.mark.parametrize("kind", ["list", "list-anchors"])
def test_a_list_is_imported(tmp_path: Path, corpus: Path, pki: DemoPki, kind: str) -> None:
    listed = corpus / "trust_models" / "lists" / "epsos_NCP_Service_Status_List__Austria_AT_.xml"
    signer = tmp_path / "signer.pem"
    signer.write_bytes(pki.root.certificate.public_bytes(Encoding.PEM))
    out = tmp_path / "out"
    run("import", listed, "--from", kind, "--role", "ap-sign", "--out", out, "--signer", signer, "--id", "epsos")
    run("check", out / "epsos.yaml")


def test_domibus_is_imported(tmp_path: Path, pki: DemoPki) -> None:
    entries = [pkcs12.PKCS12Certificate(pki.smp.certificate, b"gw")]
    (tmp_path / "t.p12").write_bytes(pkcs12.serialize_java_truststore(entries, BestAvailableEncryption(b"changeit")))
    (tmp_path / "domibus.properties").write_text("domibus.security.truststore.password=changeit\n", encoding="utf-8")
    options = ("--from", "domibus", "--trust-store", tmp_path / "t.p12", "--out", tmp_path / "out")
    run("import", tmp_path / "domibus.properties", *options)
    assert "of gw" in run("show", tmp_path / "out" / "imported.yaml").stdout
    run("check", tmp_path / "out" / "imported.yaml")


def test_refusals_of_an_import_are_told_one_a_line(tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.xml"
    recipe.write_text(
        '<ValidatorRecipe xmlns="http://difi.no/xsd/certvalidator/1.0" name="a" version="1"><Validator><Class>a</Class>'
        "</Validator></ValidatorRecipe>",
        encoding="utf-8",
    )
    result = run("import", recipe, "--from", "recipe", "--role", "ap-sign", "--out", tmp_path / "o", exit_code=1)
    assert len(result.stderr.splitlines()) == 2
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("show", "nothing"), "there is no model nothing"),
        (("import", "x", "--from", "recipe", "--out", "o"), "name at least one"),
        (("import", "x", "--from", "recipe", "--out", "o", "--role", "gateway"), "is none of"),
        (("import", __file__, "--from", "domibus", "--out", "o"), "say where the trust store is"),
    ],
)
def test_wrong_usage_is_told(arguments: tuple[str, ...], told: str) -> None:
    assert told in " ".join(run(*arguments, exit_code=2).stderr.replace("│", " ").split())


def test_a_file_that_is_not_there_is_a_technical_failure() -> None:
    run("check", "nothing.yaml", exit_code=6)
