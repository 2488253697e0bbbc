# SPDX-License-Identifier: Apache-2.0
"""`trust-lists verify`: answers and exit codes."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from typer.testing import CliRunner

from registry.demo.pki import certificates_pem
from tests.simulators.signed_lists import ISSUED, operator_key, signed_list, unsigned_list
from trust_lists.certificates.listed import listed
from trust_lists.certificates.parsing import SigningKey
from trust_lists.cli.main import app
from trust_lists.signatures.xades import sign_xades

AT = ("--at", "2026-11-21T12:00:00Z")

runner = CliRunner()


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return operator_key()


@pytest.fixture(scope="module")
def folder(key: SigningKey, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("verify")
    (folder / "list.xml").write_bytes(signed_list(key))
    (folder / "altered.xml").write_bytes(signed_list(key).replace(b"Example Provider", b"Another Provider"))
    (folder / "signer.pem").write_bytes(certificates_pem(operator_key().certificate, key.certificate))
    (folder / "signer.der").write_bytes(key.certificate.public_bytes(Encoding.DER))
    (folder / "other.pem").write_bytes(certificates_pem(operator_key().certificate))
    return folder


def run(*arguments: str | Path) -> tuple[int, str]:
    result = runner.invoke(app, ["verify", *map(str, arguments)])
    assert "Traceback" not in result.output
    return result.exit_code, result.output


def run_json(*arguments: str | Path) -> tuple[int, dict[str, Any]]:
    code, output = run(*arguments, "--json")
    found: dict[str, Any] = json.loads(output)
    return code, found


@pytest.mark.parametrize("certificate", ["signer.pem", "signer.der"])
def test_a_list_of_an_expected_signer_is_0(certificate: str, folder: Path) -> None:
    code, output = run(folder / "list.xml", "--signer", folder / certificate, *AT)
    assert code == 0
    assert "verified" in output
    assert "CN=List signer,O=Example Agency,C=XX" in output
    assert "2027-04-02T08:00:00Z" in output
    assert "fresh" in output


def test_the_json_has_all_that_is_known(folder: Path, key: SigningKey) -> None:
    code, found = run_json(folder / "list.xml", "--signer", folder / "signer.der", *AT)
    assert code == 0
    assert found["verdict"] == "verified"
    assert found["territory"] == "XX"
    assert (found["version"], found["sequence"], found["services"]) == (6, 1, 1)
    assert found["issued_at"] == found["signing_time"] == "2026-11-02T08:00:00Z"
    assert found["signer_sha256"] == listed(key.certificate).sha256
    assert found["warnings"] == []
    assert "list_of_lists" not in found


def test_one_of_several_signers_is_enough(folder: Path) -> None:
    signers = ("--signer", folder / "other.pem", "--signer", folder / "signer.der")
    assert run(folder / "list.xml", *signers, *AT)[0] == 0


@pytest.mark.parametrize(
    ("name", "signer", "at", "reason_id"),
    [
        ("list.xml", "other.pem", AT[1], "SIGNER_NOT_EXPECTED"),
        ("list.xml", "signer.der", "2030-01-01", "SIGNER_NOT_VALID"),
        ("altered.xml", "signer.der", AT[1], "DIGEST_MISMATCH"),
        ("signer.pem", "signer.der", AT[1], "LIST_NOT_A_LIST"),
    ],
)
def test_a_refusal_is_1_and_names_its_reason(name: str, signer: str, at: str, reason_id: str, folder: Path) -> None:
    arguments = (folder / name, "--signer", folder / signer, "--at", at)
    code, output = run(*arguments)
    assert code == 1
    assert f"[{reason_id}]" in output
    code, found = run_json(*arguments)
    assert code == 1
    assert (found["verdict"], found["reason_id"]) == ("refused", reason_id)


def test_a_list_past_its_time_is_verified_and_called_expired(tmp_path: Path, folder: Path, key: SigningKey) -> None:
    assert (
        run_json(folder / "list.xml", "--signer", folder / "signer.der", "--at", "2027-04-03")[1]["state"] == "expired"
    )
    closed = unsigned_list()
    next(closed.iter("{*}NextUpdate")).clear()
    (tmp_path / "closed.xml").write_bytes(sign_xades(closed, key, ISSUED))
    code, found = run_json(tmp_path / "closed.xml", "--signer", folder / "signer.der", *AT)
    assert (code, found["state"], found["next_update"]) == (0, "closed", None)
    assert "-" in run(tmp_path / "closed.xml", "--signer", folder / "signer.der", *AT)[1]


def test_warnings_are_told(folder: Path, tmp_path: Path) -> None:
    plain = operator_key(purposes=())
    (tmp_path / "list.xml").write_bytes(signed_list(plain))
    (tmp_path / "signer.der").write_bytes(plain.certificate.public_bytes(Encoding.DER))
    code, output = run(tmp_path / "list.xml", "--signer", tmp_path / "signer.der")
    assert code == 0
    assert "warning: the signer's certificate lacks the extended key usage tslSigning" in output


# By a list of lists


def test_a_list_of_lists_that_is_not_authenticated_is_called_so(folder: Path) -> None:
    code, output = run(folder / "list.xml", "--lotl", folder / "list.xml", *AT)
    assert code == 0
    assert "not authenticated" in output
    code, found = run_json(folder / "list.xml", "--lotl", folder / "list.xml", *AT)
    assert code == 0
    assert found["list_of_lists"]["authenticated"] is False


def test_a_list_that_the_list_of_lists_does_not_announce_is_1(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other.xml").write_bytes(signed_list(operator_key()))
    code, found = run_json(tmp_path / "other.xml", "--lotl", folder / "list.xml", *AT)
    assert (code, found["reason_id"]) == (1, "SIGNER_NOT_EXPECTED")


def test_a_list_of_lists_that_was_changed_is_1(folder: Path) -> None:
    code, found = run_json(folder / "list.xml", "--lotl", folder / "altered.xml", *AT)
    assert (code, found["reason_id"]) == (1, "DIGEST_MISMATCH")


OJ_URL = "https://lists.example/about"


def test_a_list_of_lists_is_authenticated_by_the_official_journal(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "oj.der").write_bytes((folder / "signer.der").read_bytes())
    oj = ("--oj-certs", tmp_path, "--oj-url", OJ_URL)
    code, found = run_json(folder / "list.xml", "--lotl", folder / "list.xml", *oj, *AT)
    assert code == 0
    assert found["list_of_lists"]["authenticated"] is True
    assert found["list_of_lists"]["status"] == "LOTL_VERIFICATION_PASSED"


@pytest.mark.parametrize(
    ("certificate", "url", "at", "code"),
    [
        ("other.pem", OJ_URL, AT[1], "PIVOT_0_LOTLSO_SIGNER_CERT_NOT_AUTHENTICATED_BY_OJEU"),
        ("signer.der", f"{OJ_URL}/2", AT[1], "OJEU_LOCATION_INPUT_NOT_MATCHING_OJEU_LOCATION_IN_LOTL"),
        ("signer.der", OJ_URL, "2027-04-03", "LOTL_NEXTUPDATE_PASSED"),
    ],
)
def test_a_list_of_lists_that_is_not_authentic_is_1_with_the_code_of_the_standard(
    certificate: str, url: str, at: str, code: str, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / certificate).write_bytes((folder / certificate).read_bytes())
    oj = ("--oj-certs", tmp_path, "--oj-url", url)
    status, found = run_json(folder / "list.xml", "--lotl", folder / "list.xml", *oj, "--at", at)
    assert (status, found["reason_id"]) == (1, code)


def test_a_pivot_that_is_not_beside_the_list_of_lists_is_6(folder: Path, tmp_path: Path, key: SigningKey) -> None:
    root = unsigned_list([listed(key.certificate)])
    uri = next(root.iter("{*}SchemeInformationURI"))[0]
    pivot = deepcopy(uri)
    pivot.text = "https://lists.example/pivot-1.xml"
    uri.addprevious(pivot)
    (tmp_path / "lotl.xml").write_bytes(sign_xades(root, key, ISSUED))
    oj = ("--oj-certs", folder / "signer.der", "--oj-url", OJ_URL)
    code, output = run(folder / "list.xml", "--lotl", tmp_path / "lotl.xml", *oj, *AT)
    assert code == 6
    assert "OWN_PIVOT_1_NOT_AVAILABLE" in output
    (tmp_path / "pivot-1.xml").write_bytes(signed_list(key))
    code, found = run_json(folder / "list.xml", "--lotl", tmp_path / "lotl.xml", *oj, *AT)
    assert (code, found["list_of_lists"]["status"]) == (0, "LOTL_VERIFICATION_PASSED")


# Usage


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--signer", "signer.der", "--lotl", "list.xml"),
        ("--signer", "signer.der", "--oj-certs", ".", "--oj-url", OJ_URL),
        ("--lotl", "list.xml", "--oj-certs", "."),
        ("--lotl", "list.xml", "--oj-url", OJ_URL),
        ("--lotl", "list.xml", "--oj-certs", "empty", "--oj-url", OJ_URL),
        ("--signer", "list.xml"),
        ("--signer", "signer.der", "--at", "yesterday"),
    ],
)
def test_wrong_usage_is_2(arguments: tuple[str, ...], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "empty").mkdir(exist_ok=True)
    monkeypatch.chdir(folder)
    assert run("list.xml", *arguments)[0] == 2


@pytest.mark.parametrize(
    "arguments",
    [("none.xml", "--signer", "signer.der"), ("list.xml", "--signer", "none"), ("list.xml", "--lotl", "none")],
)
def test_a_file_that_is_not_there_is_6(
    arguments: tuple[str, ...], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert run(*arguments)[0] == 6
