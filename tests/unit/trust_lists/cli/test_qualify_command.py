# SPDX-License-Identifier: Apache-2.0
"""`trust-lists qualify`: answers, exit codes and what is told, from a snapshot of signed lists."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from typer.testing import CliRunner

from tests.simulators.list_worlds import ISSUED, ListWorld, key, list_url
from tests.simulators.qualification_world import (
    D0,
    at,
    authority,
    certificate,
    name,
    provider,
    service,
    state,
)
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.cli.main import app
from trust_lists.documents.model import Text
from trust_lists.documents.reading import read_unverified
from trust_lists.documents.ts119612.writer import write
from trust_lists.signatures.xades import sign_xades

runner = CliRunner()
ROOT = authority("Acme root")
BELOW = authority("Acme issuing CA", parent=ROOT)
SIGNER = name("Acme signer", "Acme TSP", "BE")
NOW = ("--at", "2022-01-01")


def entries() -> list[object]:
    def listed(kind: str, **facts: object) -> object:
        return service(state(type=kind, **facts), of=ROOT)

    stamps = service(state("withdrawn", at(2021, 6), type="TSA/QTST"), state("granted", D0, type="TSA/QTST"), of=ROOT)
    return [
        service(state(), of=ROOT),
        service(state("withdrawn"), of=authority("Withdrawn CA")),
        listed("EDS/Q"),
        listed("QESValidation/Q", information=["ForeSeals"]),
        listed("PSES/Q", information=()),
        listed("ElectronicArchiving/Q"),
        listed("EAA/Q"),
        listed("Ledgers/Q", status="withdrawn"),
        stamps,
    ]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a snapshot in which the Belgian list has these services."""
    folder = tmp_path_factory.mktemp("store")
    world = ListWorld()
    world.put_lotl()
    world.put_list("EL")
    document = read_unverified(world.put_list("BE"))
    plain = document.providers[0]
    acme = replace(provider(*entries()), address=plain.address, information_uris=plain.information_uris)
    acme = replace(acme, trade_names=(Text("en", "VATBE-1"),))
    signed = sign_xades(write(replace(document, providers=(acme,))), key("be"), ISSUED)
    world.documents[list_url("BE")] = signed
    world.refresh(folder)
    return folder


def pem(*certificates: ListedCertificate) -> str:
    return "".join(
        each.certificate.public_bytes(Encoding.PEM).decode() for each in certificates if each.certificate is not None
    )


@pytest.fixture
def leaf(tmp_path: Path) -> Path:
    path = tmp_path / "leaf.pem"
    path.write_text(pem(certificate(ROOT, sscd=True, subject=SIGNER)))
    return path


def run(*arguments: str | Path) -> tuple[int, str]:
    result = runner.invoke(app, ["qualify", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stdout if result.exit_code in {0, 1} else result.output


def told(*arguments: str | Path) -> tuple[int, dict[str, object]]:
    code, output = run(*arguments, "--json")
    return code, json.loads(output)


def test_a_qualified_certificate_is_0_and_the_verdict_comes_first(store: Path, leaf: Path) -> None:
    code, output = run(leaf, "--snapshot", store, *NOW)
    assert code == 0
    first, *others = output.splitlines()
    assert first.startswith("YES")
    assert first.endswith("a qualified certificate for electronic signatures; its key is in a qualified device")
    assert any("4.4.4-15" in line and "QC_For_eSig" in line for line in others)
    assert "PROCESS_PASSED" in output


def test_the_snapshot_is_cited(store: Path, leaf: Path) -> None:
    digest = (store / "current").read_text().strip()
    assert run(leaf, "--snapshot", store, *NOW)[1].splitlines()[-1].endswith(f" UTC, {digest}")
    code, value = told(leaf, "--snapshot", f"{store}@{digest[:12]}", *NOW)
    assert code == 0
    assert value["snapshot"] == digest
    assert value["standard"] == "TS 119 615 V1.3.1"
    assert value["at"] == "2022-01-01T00:00:00+00:00"


def test_json_has_the_values_of_the_standard(store: Path, leaf: Path) -> None:
    _code, value = told(leaf, "--snapshot", store, *NOW)
    (answer,) = value["certificates"]
    assert answer["positive"] is True
    assert answer["results"] == ["Not_QWAC", "Not_Qualified_For_eSeal", "QC_For_eSig"]
    assert (answer["status"], answer["sub_status"], answer["territory"]) == ("PROCESS_PASSED", [], "BE")
    assert answer["qscd"] == {"results": ["QSCD_YES"], "status": "PROCESS_PASSED", "sub_status": []}
    assert [each["matched_by"] for each in answer["services"]] == ["path"]
    assert "explanation" not in answer


def test_the_explanation_comes_when_it_is_asked_for(store: Path, leaf: Path) -> None:
    _code, output = run(leaf, "--snapshot", store, *NOW, "--explain")
    assert "└─ 4.5.4-04" in output
    _code, value = told(leaf, "--snapshot", store, *NOW, "--explain")
    assert value["certificates"][0]["explanation"]["clause"] == "4.5.4"


def test_a_no_is_1_and_says_why(store: Path, tmp_path: Path) -> None:
    path = tmp_path / "leaf.der"
    path.write_bytes(certificate(authority("Withdrawn CA")).der)
    code, output = run(path, "--snapshot", store, *NOW)
    assert code == 1
    assert output.startswith("NO")
    assert "not a qualified certificate" in output
    assert "withdrawn" in output


def test_one_no_among_several_is_1_and_each_is_judged(store: Path, leaf: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_text(pem(certificate(authority("Unlisted CA"))))
    code, value = told(leaf, other, "--snapshot", store, *NOW)
    assert code == 1
    assert [each["positive"] for each in value["certificates"]] == [True, False]
    assert value["certificates"][1]["sub_status"] == ["No_confirmation_found_in_EUMSTL_CC"]


def test_certificates_in_between_come_in_the_file_or_beside_it(store: Path, tmp_path: Path) -> None:
    below = certificate(BELOW)
    authority_below = ListedCertificate(BELOW.certificate.public_bytes(Encoding.DER))
    alone, chain, between = (tmp_path / f"{each}.pem" for each in ("alone", "chain", "between"))
    alone.write_text(pem(below))
    chain.write_text(pem(below, authority_below))
    between.write_text(pem(authority_below))
    assert run(alone, "--snapshot", store, *NOW)[0] == 1
    assert run(chain, "--snapshot", store, *NOW)[0] == 0
    assert run(alone, "--intermediate", between, "--snapshot", store, *NOW)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "code", "results"),
    [
        (("qscd",), 0, ["QSCD_YES"]),
        (("erds",), 0, ["Qualified"]),
        (("timestamp", "--stamped-at", "2021-01-01"), 1, ["Not_Qualified"]),
        (("timestamp", "--stamped-at", "2021-12-01"), 1, ["Not_Qualified"]),
        (("validation",), 0, ["Not_Qualified_For_eSig", "Qualified_For_eSeal"]),
        (("preservation",), 1, ["Not_Qualified_For_eSeal", "Not_Qualified_For_eSig"]),
        (("archiving",), 0, ["Qualified"]),
        (("eaa", "--eaa-type", "urn:etsi:eaa:eu:qualified"), 0, ["Qualified"]),
        (("eaa",), 1, ["Indeterminate"]),
        (("ledger",), 1, ["Not_Qualified"]),
        (("services",), 0, []),
        (("services", "--type", "EDS/Q", "--territory", "be"), 0, []),
        (("services", "--type", "http://uri.etsi.org/TrstSvc/Svctype/EDS/REM/Q"), 1, []),
        (("services", "--territory", "US"), 1, []),
    ],
)
def test_each_procedure_answers(
    store: Path, leaf: Path, arguments: tuple[str, ...], code: int, results: list[str]
) -> None:
    got, value = told(leaf, "--snapshot", store, *NOW, "--procedure", *arguments)
    (answer,) = value["certificates"]
    assert (got, answer["results"]) == (code, results)
    assert answer["positive"] is (code == 0)
    assert value["procedure"] == arguments[0]
    text = run(leaf, "--snapshot", store, *NOW, "--procedure", *arguments)[1]
    assert text.splitlines()[0].endswith(str(answer["verdict"]))


def test_an_unlisted_country_is_1_with_the_code(store: Path, tmp_path: Path) -> None:
    path = tmp_path / "us.pem"
    path.write_text(pem(certificate(authority("US CA", country="US"))))
    code, value = told(path, "--snapshot", store, *NOW)
    assert code == 1
    assert value["certificates"][0]["status"] == "PROCESS_FAILED"
    assert "Provided_country_code_not_representing_an_EU_MS" in value["certificates"][0]["sub_status"]


def test_a_certificate_that_others_refuse_to_load_is_judged(store: Path, tmp_path: Path) -> None:
    plain = certificate(ROOT).der
    at_version = plain.index(b"\xa0\x03\x02\x01\x02")
    path = tmp_path / "refused.cer"
    path.write_bytes(plain[: at_version + 4] + b"\x07" + plain[at_version + 5 :])
    code, value = told(path, "--snapshot", store, *NOW)
    assert code == 1
    assert value["certificates"][0]["results"] == ["Not_Qualified"]


@pytest.mark.parametrize("content", [b"", b"no certificate!", b"\x30\x00", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_a_file_without_a_certificate_is_2(store: Path, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "nothing.pem"
    path.write_bytes(content)
    code, output = run(path, "--snapshot", store, *NOW)
    assert code == 2
    assert "holds no certificate" in " ".join(output.split())


@pytest.mark.parametrize("arguments", [("--procedure", "timestamp"), ("--procedure", "magic"), ("--at", "yesterday")])
def test_wrong_usage_is_2(store: Path, leaf: Path, arguments: tuple[str, ...]) -> None:
    assert run(leaf, "--snapshot", store, *arguments)[0] == 2


def test_no_snapshot_and_no_file_are_6(store: Path, leaf: Path, tmp_path: Path) -> None:
    code, output = run(leaf, "--snapshot", tmp_path / "nowhere", *NOW)
    assert (code, "snapshots" in output) == (6, True)
    assert run(leaf, "--snapshot", f"{store}@nobody", *NOW)[0] == 6
    assert run(tmp_path / "missing.pem", "--snapshot", store, *NOW)[0] == 6


def test_a_damaged_snapshot_is_6(store: Path, leaf: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(store, copy)
    largest = max((copy / "objects").rglob("*"), key=lambda each: each.stat().st_size if each.is_file() else 0)
    largest.write_bytes(largest.read_bytes().replace(b"granted", b"gr4nted"))
    code, output = run(leaf, "--snapshot", copy, *NOW)
    assert code == 6
    assert "changed" in output


def test_lists_that_are_out_of_date_by_then_are_warned_of(store: Path, leaf: Path) -> None:
    _code, value = told(leaf, "--snapshot", store, "--at", "2030-01-01")
    assert value["certificates"][0]["sub_status"] == ["WARNING_EUTL_NEXTUPDATE_PASSED"]
    assert "refresh" in value["warnings"][0]
    assert told(leaf, "--snapshot", store, *NOW)[1]["warnings"] == []


def test_the_store_may_come_from_the_environment(
    store: Path, leaf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.delenv("TRUST_LISTS_STORE", raising=False)
    assert run(leaf, *NOW)[0] == 6
    monkeypatch.setenv("TRUST_LISTS_STORE", str(store))
    assert run(leaf, *NOW)[0] == 0


def test_without_a_time_it_is_now(store: Path, leaf: Path) -> None:
    assert run(leaf, "--snapshot", store)[0] == 0
