# SPDX-License-Identifier: Apache-2.0
"""NIST PKITS whole: paths, policies and CRLs together come out as NIST says, and for the reason that NIST gives."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from trust_lists.certificates.building import Issuers, build_paths
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.policies import ANY_POLICY
from trust_lists.certificates.revocation.along_path import check_path_revocation
from trust_lists.certificates.revocation.evidence import RevocationEvidence
from trust_lists.certificates.revocation.model import RevocationStatus, Status
from trust_lists.certificates.revocation.rules import AfterExpiry, OnUnknown, RevocationRule, RevocationRules
from trust_lists.certificates.rfc5280 import PathInputs, TrustAnchor

AT = datetime(2022, 5, 1, tzinfo=UTC)
RULES = RevocationRules(
    leaf=RevocationRule.CRL_REQUIRED,
    intermediates=RevocationRule.CRL_REQUIRED,
    freshness=None,
    retroactive=False,
    after_expiry=AfterExpiry.REJECT,
    on_unknown=OnUnknown.REJECT,
    clock_skew=timedelta(0),
)
REASONS = {
    "40401": "NO_CRL",
    "40402": "REVOKED",
    "40403": "REVOKED",
    "40404": "CRL_SIGNATURE_WRONG",
    "40405": "NO_CRL",
    "40406": "NO_CRL",
    "40408": "CRL_ENTRY_EXTENSION_UNKNOWN",
    "40409": "CRL_EXTENSION_UNKNOWN",
    "40410": "CRL_EXTENSION_UNKNOWN",
    "40411": "EVIDENCE_STALE",
    "40412": "EVIDENCE_STALE",
    "40415": "REVOKED",
    "40418": "REVOKED",
    "40420": "REVOKED",
    "40421": "CRL_ISSUER_NOT_TRUSTED",
    "40502": "REVOKED",
    "40505": "REVOKED",
    "40507": "REVOKED",
    "40704": "CRL_ISSUER_MAY_NOT_SIGN",
    "40705": "CRL_ISSUER_MAY_NOT_SIGN",
    "41402": "REVOKED",
    "41403": "CRL_OTHER_POINT",
    "41406": "REVOKED",
    "41408": "CRL_OTHER_POINT",
    "41409": "CRL_OTHER_POINT",
    "41411": "CRL_ONLY_USERS",
    "41412": "CRL_ONLY_AUTHORITIES",
    "41414": "CRL_ONLY_ATTRIBUTES",
    "41415": "REVOKED",
    "41416": "ON_HOLD",
    "41417": "REASONS_NOT_COVERED",
    "41420": "REVOKED",
    "41421": "REVOKED",
    "41423": "REVOKED",
    "41426": "NO_CRL",
    "41427": "CRL_NOT_INDIRECT",
    "41431": "REVOKED",
    "41432": "REVOKED",
    "41434": "REVOKED",
    "41435": "CRL_OTHER_POINT",
    "41501": "NO_CRL",
    "41503": "REVOKED",
    "41504": "REVOKED",
    "41506": "REVOKED",
    "41509": "REVOKED",
    "41510": "EVIDENCE_STALE",
}
_INPUTS = {
    "user_initial_policy_set": "policies",
    "initial_explicit_policy": "explicit_policy",
    "initial_policy_mapping_inhibit": "inhibit_policy_mapping",
    "initial_any_policy_inhibit": "inhibit_any_policy",
}


class Suite:
    """The cases, and what they name."""

    def __init__(self, folder: Path) -> None:
        self.cases: list[dict[str, Any]] = json.loads((folder / "pkits.json").read_text())
        self.certificates = {
            file.name: ListedCertificate(file.read_bytes()) for file in sorted((folder / "certs").iterdir())
        }
        self.crls = {file.name: file.read_bytes() for file in sorted((folder / "crls").iterdir())}
        anchor = TrustAnchor.of(self.certificates["TrustAnchorRootCertificate.crt"])
        assert anchor is not None
        self.anchor = anchor

    def of_case(self, case: dict[str, Any]) -> tuple[Issuers, RevocationEvidence]:
        """What a case has at hand; the CRL of the root is told once for all of them."""
        issuers = Issuers.among([self.anchor], [self.certificates[name] for name in case.get("other_certs", ())])
        lists = [self.crls[name] for name in ("TrustAnchorRootCRL.crl", *case.get("crls", ()))]
        return issuers, RevocationEvidence(lists)

    def statuses(
        self, case: dict[str, Any], issuers: Issuers, evidence: RevocationEvidence
    ) -> list[tuple[RevocationStatus, ...]]:
        """Of all valid paths."""
        given = {_INPUTS[name]: value for name, value in case.get("params", {}).items()}
        given["policies"] = frozenset(given.get("policies", {ANY_POLICY}))
        paths = build_paths(self.certificates[case["cert"]], issuers, AT, PathInputs(**given))
        return [check_path_revocation(path, issuers, AT, evidence, RULES) for path in paths if path.verdict.valid]


def is_good(statuses: list[tuple[RevocationStatus, ...]]) -> bool:
    return any(all(status.status is Status.GOOD for status in path) for path in statuses)


@pytest.fixture(scope="module")
def suite(corpus: Path) -> Suite:
    return Suite(corpus / "trust_models" / "nist_pkits")


def test_rfc5280_6_all_246_cases_of_pkits_come_out_as_nist_says(suite: Suite) -> None:
    begin = time.thread_time()
    assert len(suite.cases) == 246
    other = [
        case["name"]
        for case in suite.cases
        if is_good(suite.statuses(case, *suite.of_case(case))) is not ("error" not in case)
    ]
    assert other == []
    assert time.thread_time() - begin < 100


def test_rfc5280_6_all_certificates_and_lists_at_once_change_nothing(suite: Suite) -> None:
    issuers = Issuers.among([suite.anchor], suite.certificates.values())
    evidence = RevocationEvidence(suite.crls.values())
    other = [
        case["name"]
        for case in suite.cases
        if is_good(suite.statuses(case, issuers, evidence)) is not ("error" not in case)
    ]
    assert other == []


@pytest.mark.parametrize("number", REASONS)
def test_rfc5280_6_3_3_pkits_cases_fail_for_the_reason_that_they_are_about(suite: Suite, number: str) -> None:
    (case,) = [case for case in suite.cases if case["id"] == number]
    told = {
        reason.id
        for path in suite.statuses(case, *suite.of_case(case))
        for status in path
        if not status.acceptable
        for reason in status.reasons
    }
    assert REASONS[number] in told


def test_rfc5280_6_3_3_every_case_about_revocation_has_its_reason_here(suite: Suite) -> None:
    about = {case["id"] for case in suite.cases if case.get("error", {}).get("class", "Path")[:4] != "Path"}
    assert about == set(REASONS)


@pytest.mark.parametrize(("number", "lifted"), [("41505", True), ("41507", True), ("41502", False)])
def test_rfc5280_6_3_3_k_a_delta_lifts_a_hold(suite: Suite, number: str, lifted: bool) -> None:
    (case,) = [case for case in suite.cases if case["id"] == number]
    ((_, last),) = suite.statuses(case, *suite.of_case(case))
    assert ("HOLD_LIFTED" in {reason.id for reason in last.reasons}) is lifted
    assert {used.kind for used in last.used} == {"crl", "delta-crl"}
