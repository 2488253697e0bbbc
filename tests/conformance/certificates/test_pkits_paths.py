# SPDX-License-Identifier: Apache-2.0
"""NIST PKITS: paths found and judged as RFC 5280 §6.1 wants, with the usual inputs and without revocation.

Left out are cases with other inputs (their `params`). Where a case fails for revocation alone, or for DSA, which is not
supported, the test says so.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from trust_lists.certificates.building import CertificatePath, Issuers, build_paths
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.rfc5280 import TrustAnchor

AT = datetime(2022, 5, 1, tzinfo=UTC)
DSA = {"40104", "40105"}
ABOUT_REVOCATION = ("404", "414", "415")
"""Sections of PKITS; single cases elsewhere follow."""
REVOKED = {"40502", "40505", "40507", "40704", "40705"}
REASONS = {
    "40102": ["SIGNATURE_WRONG"],
    "40201": ["NOT_YET_VALID"],
    "40206": ["EXPIRED"],
    "40602": ["NOT_AN_AUTHORITY"],
    "40605": ["PATH_TOO_LONG"],
    "40701": ["NO_CERTIFICATE_SIGNING"],
    "40903": ["POLICY_MISSING"],
    "41302": ["NAME_NOT_PERMITTED"],
    "41308": ["NAME_EXCLUDED"],
    "41602": ["CRITICAL_EXTENSION_UNKNOWN"],
}


@pytest.fixture(scope="module")
def folder(corpus: Path) -> Path:
    return corpus / "trust_models" / "nist_pkits"


@pytest.fixture(scope="module")
def cases(folder: Path) -> dict[str, dict[str, object]]:
    return {case["id"]: case for case in json.loads((folder / "pkits.json").read_text()) if not case.get("params")}


def paths(folder: Path, case: dict[str, object]) -> list[CertificatePath]:
    def read(name: object) -> ListedCertificate:
        return ListedCertificate((folder / "certs" / str(name)).read_bytes())

    anchor = TrustAnchor.of(read("TrustAnchorRootCertificate.crt"))
    assert anchor is not None
    others = case.get("other_certs", [])
    assert isinstance(others, list)
    return list(build_paths(read(case["cert"]), Issuers.among([anchor], map(read, others)), AT))


def test_rfc5280_6_1_pkits_cases_are_judged_as_nist_says(folder: Path, cases: dict[str, dict[str, object]]) -> None:
    judged = {
        number: any(path.verdict.valid for path in paths(folder, case))
        for number, case in cases.items()
        if not number.startswith(ABOUT_REVOCATION) and number not in REVOKED | DSA
    }
    assert len(judged) == 140
    assert judged == {number: "error" not in cases[number] for number in judged}


def test_rfc5280_6_1_3_pkits_cases_about_revocation_have_good_paths(
    folder: Path, cases: dict[str, dict[str, object]]
) -> None:
    chosen = [case for number, case in cases.items() if number.startswith(ABOUT_REVOCATION) or number in REVOKED]
    assert len(chosen) == 71
    bad = [
        case["id"]
        for case in chosen
        if case.get("other_certs") and not any(path.verdict.valid for path in paths(folder, case))
    ]
    assert bad == []


@pytest.mark.parametrize("number", REASONS)
def test_rfc5280_6_1_pkits_cases_fail_for_the_reason_that_they_are_about(
    folder: Path, cases: dict[str, dict[str, object]], number: str
) -> None:
    case = cases[number]
    found = paths(folder, case)
    if not found:  # signatures that don't hold make no path
        assert REASONS[number] == ["SIGNATURE_WRONG"]
    for path in found:
        assert [reason.id for reason in path.verdict.reasons][:1] == REASONS[number]


def test_rfc5280_6_1_3_a_1_dsa_is_no_signature_here(folder: Path, cases: dict[str, dict[str, object]]) -> None:
    assert [paths(folder, cases[number]) for number in sorted(DSA)] == [[], []]
