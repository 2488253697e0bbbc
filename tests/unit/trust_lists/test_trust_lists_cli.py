# SPDX-License-Identifier: Apache-2.0
"""The command `trust-lists`: answers and exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from registry.demo.pki import DemoPki, certificates_pem
from trust_lists.certificates.parsing import fingerprint
from trust_lists.cli.main import app
from trust_lists.signatures.xmldsig import ARCHIVE, PEPPOL_1_4, sign_enveloped

DOCUMENT = b'<Signed xmlns="urn:smp"><Any>text</Any></Signed>'
AT = ("--at", "2026-11-21T12:00:00Z")

runner = CliRunner()


@pytest.fixture
def signed(pki: DemoPki, tmp_path: Path) -> Path:
    path = tmp_path / "signed.xml"
    path.write_bytes(sign_enveloped(DOCUMENT, pki.smp, PEPPOL_1_4))
    return path


@pytest.fixture
def anchors(pki: DemoPki, tmp_path: Path) -> Path:
    path = tmp_path / "anchors.pem"
    path.write_bytes(certificates_pem(pki.smp_ca.certificate, pki.ap_ca.certificate))
    return path


def run(*arguments: str | Path) -> tuple[int, str]:
    result = runner.invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.output


def test_a_valid_signature_is_0_and_says_that_trust_was_not_asked(signed: Path) -> None:
    code, output = run("signature", "verify", signed)
    assert code == 0
    assert "The signature is valid." in output
    assert "CN=SMP_DEMO000001" in output
    assert "trusted was not asked" in output


def test_a_trusted_signer_is_0(signed: Path, anchors: Path) -> None:
    code, output = run("signature", "verify", signed, "--anchors", anchors, *AT)
    assert code == 0
    assert "ACCEPT" in output


@pytest.mark.parametrize("at", ["2040-01-01", "2020-01-01T00:00:00+01:00"])
def test_an_untrusted_signer_is_1(at: str, signed: Path, anchors: Path) -> None:
    code, output = run("signature", "verify", signed, "--anchors", anchors, "--at", at)
    assert code == 1
    assert "REJECT" in output


def test_an_invalid_signature_is_1_with_its_reason(signed: Path) -> None:
    signed.write_bytes(signed.read_bytes().replace(b"text", b"other"))
    code, output = run("signature", "verify", signed)
    assert code == 1
    assert "[DIGEST_MISMATCH]" in output


def test_json_of_all_three_answers(signed: Path, anchors: Path) -> None:
    _, valid = run("signature", "verify", signed, "--json")
    _, trusted = run("signature", "verify", signed, "--json", "--anchors", anchors, *AT)
    signed.write_bytes(b"<!DOCTYPE a><a/>")
    _, invalid = run("signature", "verify", signed, "--json")
    assert json.loads(valid)["decision"] is None
    assert json.loads(trusted)["decision"]["outcome"] == "ACCEPT"
    assert json.loads(invalid)["reason_id"] == "XML_DOCTYPE"


def test_archive_accepts_what_peppol_does_not(pki: DemoPki, tmp_path: Path) -> None:
    path = tmp_path / "ec.xml"
    path.write_bytes(sign_enveloped(DOCUMENT, pki.tls, ARCHIVE))
    assert run("signature", "verify", path)[0] == 1
    assert run("signature", "verify", path, "--archive")[0] == 0


def test_wrong_usage_is_2(signed: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_bytes(b"")
    assert run("signature", "verify", signed, "--at", "yesterday")[0] == 2
    assert run("signature", "verify", signed, "--anchors", empty)[0] == 2
    assert run("signature", "verify")[0] == 2


def test_a_file_that_cannot_be_read_is_6(signed: Path, tmp_path: Path) -> None:
    assert run("signature", "verify", tmp_path / "nothing.xml")[0] == 6
    assert run("signature", "verify", signed, "--anchors", tmp_path / "nothing.pem")[0] == 6
    assert run("certificate", "show", tmp_path)[0] == 6


def test_certificates_are_shown(pki: DemoPki, anchors: Path, tmp_path: Path) -> None:
    code, output = run("certificate", "show", anchors)
    assert code == 0
    assert output.count("subject ") == 2
    assert f"sha256       {fingerprint(pki.ap_ca.certificate)}" in output
    assert "key          EC 256 bits" in output
    assert "key usage    crl_sign, key_cert_sign" in output
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_bytes(b"nonsense")
    assert run("certificate", "show", nonsense)[0] == 1


def test_real_certificates_with_odd_parts_are_shown(corpus: Path, tmp_path: Path) -> None:
    rows = json.loads((corpus / "trust_models" / "real_anchors" / "real_certs_68.json").read_text())
    path = tmp_path / "all.pem"
    path.write_text("".join(row["pem"] for row in rows))
    code, output = run("certificate", "show", path)
    assert code == 0
    assert output.count("subject ") == len(rows)
    assert "key usage    not restricted" in output
    assert "cannot be read" in output


def test_help_loads_no_heavy_library() -> None:
    heavy = {"lxml", "signxml", "cryptography", "httpx2", "yaml"}
    program = f"import sys; import trust_lists.cli.main; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0


def test_the_installed_command_is_the_entry_point() -> None:
    program = "from trust_lists.cli.main import main; main()"
    command = [sys.executable, "-c", program, "signature", "verify", "nothing.xml"]
    result = subprocess.run(command, check=False, capture_output=True, timeout=60, text=True)
    assert result.returncode == 6
    assert result.stderr == "nothing.xml cannot be read: No such file or directory\n"
