# SPDX-License-Identifier: Apache-2.0
"""NIST PKITS: paths found and judged as RFC 5280 §6.1 wants, with all inputs that the suite asks for.

Revocation has tests of its own: of the cases that fail for that alone it is shown here that their paths are valid.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from trust_lists.certificates.building import CertificatePath, Issuers, build_paths
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.policies import ANY_POLICY
from trust_lists.certificates.rfc5280 import PathInputs, TrustAnchor

AT = datetime(2022, 5, 1, tzinfo=UTC)
ABOUT_REVOCATION = ("404", "414", "415")
"""Sections of PKITS; single cases elsewhere follow."""
REVOKED = {"40502", "40505", "40507", "40704", "40705"}
REASONS = {
    "40102": ["SIGNATURE_WRONG"],
    "40106": ["SIGNATURE_WRONG"],
    "40201": ["NOT_YET_VALID"],
    "40206": ["EXPIRED"],
    "40602": ["NOT_AN_AUTHORITY"],
    "40605": ["PATH_TOO_LONG"],
    "40701": ["NO_CERTIFICATE_SIGNING"],
    "40903": ["POLICY_MISSING"],
    "41007": ["POLICY_MAPPING_ANY"],
    "41302": ["NAME_NOT_PERMITTED"],
    "41308": ["NAME_EXCLUDED"],
    "41602": ["CRITICAL_EXTENSION_UNKNOWN"],
}
POLICY = "2.16.840.1.101.3.2.1.48."

Case = dict[str, Any]


@pytest.fixture(scope="module")
def folder(corpus: Path) -> Path:
    return corpus / "trust_models" / "nist_pkits"


@pytest.fixture(scope="module")
def cases(folder: Path) -> list[Case]:
    found = json.loads((folder / "pkits.json").read_text())
    assert isinstance(found, list)
    return found


def inputs(case: Case) -> PathInputs:
    names = {
        "initial_explicit_policy": "explicit_policy",
        "initial_policy_mapping_inhibit": "inhibit_policy_mapping",
        "initial_any_policy_inhibit": "inhibit_any_policy",
    }
    given = dict(case.get("params", {}))
    policies = frozenset(given.pop("user_initial_policy_set", [ANY_POLICY]))
    return PathInputs(policies=policies, **{names[name]: value for name, value in given.items()})


def paths(folder: Path, case: Case) -> list[CertificatePath]:
    def read(name: str) -> ListedCertificate:
        return ListedCertificate((folder / "certs" / name).read_bytes())

    anchor = TrustAnchor.of(read("TrustAnchorRootCertificate.crt"))
    assert anchor is not None
    issuers = Issuers.among([anchor], map(read, case.get("other_certs", [])))
    return list(build_paths(read(case["cert"]), issuers, AT, inputs(case)))


def is_about_revocation(case: Case) -> bool:
    return case["id"].startswith(ABOUT_REVOCATION) or case["id"] in REVOKED


def test_rfc5280_6_1_pkits_cases_are_judged_as_nist_says(folder: Path, cases: list[Case]) -> None:
    chosen = [case for case in cases if not is_about_revocation(case)]
    assert len(chosen) == 175
    judged = {case["name"]: any(path.verdict.valid for path in paths(folder, case)) for case in chosen}
    assert judged == {case["name"]: "error" not in case for case in chosen}


def test_rfc5280_6_1_1_pkits_cases_with_inputs_are_among_them(cases: list[Case]) -> None:
    chosen = [case for case in cases if case.get("params")]
    assert len(chosen) == 33
    assert not any(is_about_revocation(case) for case in chosen)


def test_rfc5280_6_1_3_pkits_cases_about_revocation_have_good_paths(folder: Path, cases: list[Case]) -> None:
    chosen = [case for case in cases if is_about_revocation(case)]
    assert len(chosen) == 71
    bad = [
        case["id"]
        for case in chosen
        if case.get("other_certs") and not any(path.verdict.valid for path in paths(folder, case))
    ]
    assert bad == []


@pytest.mark.parametrize("number", REASONS)
def test_rfc5280_6_1_pkits_cases_fail_for_the_reason_that_they_are_about(
    folder: Path, cases: list[Case], number: str
) -> None:
    found = paths(folder, next(case for case in cases if case["id"] == number))
    if not found:  # signatures that don't hold make no path
        assert REASONS[number] == ["SIGNATURE_WRONG"]
    for path in found:
        assert [reason.id for reason in path.verdict.reasons][:1] == REASONS[number]


def test_rfc5280_6_1_4_d_pkits_dsa_keys_take_the_parameters_of_their_issuer(folder: Path, cases: list[Case]) -> None:
    (found,) = paths(folder, next(case for case in cases if case["id"] == "40105"))
    assert found.verdict.valid
    assert len(found.certificates) == 3


@pytest.mark.parametrize(
    ("number", "asked", "authority", "user"),
    [
        ("40801", {ANY_POLICY}, {"1"}, {"1"}),
        ("40801", {"1", "2"}, {"1"}, {"1"}),
        ("40802", {ANY_POLICY}, set(), set()),
        ("40804", {ANY_POLICY}, None, None),
        ("40806", {ANY_POLICY}, {"1"}, {"1"}),
        ("40810", {ANY_POLICY}, {"1", "2"}, {"1", "2"}),
        ("40811", {ANY_POLICY}, {ANY_POLICY}, {ANY_POLICY}),
        ("40811", {"1"}, {ANY_POLICY}, {"1"}),
        ("40814", {ANY_POLICY}, {"1"}, {"1"}),
        ("41001", {ANY_POLICY}, {"1"}, {"1"}),
        ("41003", {"2"}, {"2"}, {"2"}),
    ],
)
def test_rfc9618_5_5_g_pkits_policy_sets_are_those_that_nist_describes(
    folder: Path, cases: list[Case], number: str, asked: set[str], authority: set[str] | None, user: set[str] | None
) -> None:
    def named(policies: set[str]) -> set[str]:
        return {each if each == ANY_POLICY else POLICY + each for each in policies}

    case = next(case for case in cases if case["id"] == number)
    found = paths(folder, case | {"params": {"user_initial_policy_set": named(asked)}})
    (valid,) = [path.verdict.policies for path in found if path.verdict.valid] or [None]
    assert (None if valid is None else set(valid.authority_constrained)) == (authority and named(authority))
    assert (None if valid is None else set(valid.user_constrained)) == (user and named(user))


def test_rfc9618_5_5_g_pkits_notices_are_those_that_a_user_should_see(folder: Path) -> None:
    chosen = json.loads((folder / "pkits-user-notice.json").read_text())
    assert len(chosen) == 10
    for case in chosen:
        (found,) = paths(folder, case)
        assert found.verdict.valid
        assert [notice.startswith(case["notice"]) for notice in found.verdict.policies.notices] == [True], case["name"]
