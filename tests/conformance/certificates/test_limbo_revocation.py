# SPDX-License-Identifier: Apache-2.0
"""x509-limbo's cases with CRLs: judged as limbo says, but where it asks about the duties of a CRL's issuer.

The key usage of a root counts for limbo, and so it does here.
"""

import base64
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from trust_lists.certificates.building import CertificatePath, Issuers
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.revocation.along_path import check_path_revocation
from trust_lists.certificates.revocation.evidence import RevocationEvidence
from trust_lists.certificates.revocation.model import RevocationStatus
from trust_lists.certificates.revocation.rules import AfterExpiry, OnUnknown, RevocationRule, RevocationRules
from trust_lists.certificates.rfc5280 import TrustAnchor, check_path

RULES = RevocationRules(
    leaf=RevocationRule.CRL_REQUIRED,
    intermediates=RevocationRule.NO_CHECK,
    freshness=None,
    retroactive=False,
    after_expiry=AfterExpiry.REJECT,
    on_unknown=OnUnknown.REJECT,
    clock_skew=timedelta(0),
)
ACCEPTED = {
    "crl::crlnumber-missing": "that a list has a number is its issuer's duty (RFC 5280 §5.2.3), not part of §6.3.3",
    "crl::crlnumber-critical": "and so is it that the number isn't critical",
}


@pytest.fixture(scope="module")
def cases(corpus: Path) -> dict[str, dict[str, Any]]:
    found = json.loads((corpus / "trust_models" / "x509_limbo" / "limbo-own-208.json").read_text())
    return {case["id"]: case for case in found["testcases"] if case["crls"]}


def status(case: dict[str, Any]) -> RevocationStatus:
    def read(pem: str) -> ListedCertificate:
        return ListedCertificate(base64.b64decode("".join(pem.split("-----")[2].split())))

    at = datetime.fromisoformat(case["validation_time"])
    root = read(case["trusted_certs"][0])
    anchor = TrustAnchor.of(root)
    assert anchor is not None
    way = (read(case["peer_certificate"]),)
    path = CertificatePath(anchor, way, check_path(anchor, way, at))
    evidence = RevocationEvidence([crl.encode() for crl in case["crls"]])
    (found,) = check_path_revocation(path, Issuers.among([anchor], []), at, evidence, RULES, root)
    return found


def test_rfc5280_6_3_3_lists_are_judged_as_limbo_says(cases: dict[str, dict[str, Any]]) -> None:
    assert len(cases) == 8
    good = {number for number, case in cases.items() if status(case).acceptable}
    assert good - ACCEPTED.keys() == {number for number, case in cases.items() if case["expected_result"] == "SUCCESS"}


@pytest.mark.parametrize(
    ("number", "told"),
    [
        ("crl::revoked-certificate-with-crl", "REVOKED"),
        ("crl::issuer-missing-crlsign", "CRL_ISSUER_MAY_NOT_SIGN"),
    ],
)
def test_rfc5280_6_3_3_cases_fail_for_the_reason_that_they_are_about(
    cases: dict[str, dict[str, Any]], number: str, told: str
) -> None:
    assert told in {reason.id for reason in status(cases[number]).reasons}
