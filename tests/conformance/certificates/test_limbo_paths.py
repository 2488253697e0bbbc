# SPDX-License-Identifier: Apache-2.0
"""x509-limbo: what RFC 5280 refuses below the anchor we refuse, and what it accepts we accept, in bounded time.

Limbo asks more than path validation: it checks server names, what is good for the web, and the extensions of roots.
Here the extensions of a root count as its controls (RFC 5937). What else we accept is named with its reason.
"""

import base64
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from trust_lists.certificates.building import Issuers, build_paths
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.rfc5280 import AnchorControls, PathInputs, TrustAnchor
from trust_lists.errors import PathLimitError

ACCEPTED = {
    "rfc5280::nc::permitted-dns-match-noncritical": "criticality is the issuer's duty, not part of §6.1",
    "rfc5280::nc::invalid-dnsname-leading-period": "common; subdomains are what everybody means by it",
    "rfc5280::nc::not-allowed-in-ee-noncritical": "constraints of an end entity constrain nothing",
    "rfc5280::nc::not-allowed-in-ee-critical": "constraints of an end entity constrain nothing",
}


@pytest.fixture(scope="module")
def cases(corpus: Path) -> list[dict[str, Any]]:
    found = json.loads((corpus / "trust_models" / "x509_limbo" / "limbo-own-208.json").read_text())
    cases = found["testcases"]
    assert isinstance(cases, list)
    return cases


def read(pem: str) -> ListedCertificate:
    return ListedCertificate(base64.b64decode("".join(pem.split("-----")[2].split())))


def accepted(case: dict[str, Any], *, with_roots: bool) -> bool:
    at = datetime.fromisoformat(case["validation_time"] or "2025-06-01T00:00:00+00:00").astimezone(UTC)
    roots = map(read, case["trusted_certs"])
    anchors = [TrustAnchor.of(root, AnchorControls.of(root) if with_roots else AnchorControls()) for root in roots]
    issuers = Issuers.among(filter(None, anchors), map(read, case["untrusted_intermediates"]))
    inputs = PathInputs(max_path_length=case["max_chain_depth"])
    try:
        return any(path.verdict.valid for path in build_paths(read(case["peer_certificate"]), issuers, at, inputs))
    except PathLimitError:
        return False


def test_rfc5280_4_2_1_10_name_constraints_are_judged_as_limbo_says(cases: list[dict[str, Any]]) -> None:
    chosen = [case for case in cases if case["id"].startswith("rfc5280::nc::")]
    assert len(chosen) > 30
    other = {
        case["id"] for case in chosen if accepted(case, with_roots=True) is not (case["expected_result"] == "SUCCESS")
    }
    assert other == set(ACCEPTED)


def test_rfc5280_6_1_4_path_lengths_are_judged_as_limbo_says(cases: list[dict[str, Any]]) -> None:
    chosen = [case for case in cases if case["id"].startswith("pathlen::")]
    assert len(chosen) > 10
    judged = {case["id"]: accepted(case, with_roots=True) for case in chosen}
    assert judged == {case["id"]: case["expected_result"] == "SUCCESS" for case in chosen}


def test_rfc5280_6_1_what_limbo_accepts_is_accepted(cases: list[dict[str, Any]]) -> None:
    good = [case for case in cases if case["expected_result"] == "SUCCESS"]
    assert len(good) == 63
    # a time with a fraction, which RFC 5280 §4.1.2.5.2 forbids and limbo calls ambiguous
    refused = {case["id"] for case in good if not accepted(case, with_roots=False)}
    assert refused == {"rfc5280::validity::notafter-fractional"}


def test_rfc4158_pathological_cases_end_soon(cases: list[dict[str, Any]]) -> None:
    chosen = [case for case in cases if case["id"].startswith("pathological::")]
    assert len(chosen) == 11
    for case in chosen:
        begin = time.thread_time()
        accepted(case, with_roots=True)
        assert time.thread_time() - begin < 20, case["id"]
