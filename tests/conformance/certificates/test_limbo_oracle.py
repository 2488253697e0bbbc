# SPDX-License-Identifier: Apache-2.0
"""The verifier of `cryptography`, which others wrote for the web, as an oracle: we accept nothing that it refuses."""

import json
import warnings
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from trust_lists.evaluation.path_suites import Result, limbo_cases, run
from trust_lists.evaluation.trust_configuration import read_configuration
from trust_lists.evaluation.trust_configuration.shipped import shipped_model

AT = datetime(2026, 11, 20, tzinfo=UTC)
ONLY_OURS = {"pathlen::self-issued-certs-pathlen", "pathlen::max-chain-depth-1-self-issued"}
"""Path lengths without self-issued certificates (RFC 5280 §4.2.1.9), as x509-limbo wants it."""


@pytest.fixture(scope="module")
def compared(corpus: Path) -> list[tuple[Result, bool]]:
    """Of each case that both can be asked: our result, and whether the oracle accepts it."""
    data = (corpus / "trust_models" / "x509_limbo" / "limbo-own-208.json").read_bytes()
    model = read_configuration(shipped_model("webpki")).configuration
    ours = {case.id: run(case) for case in limbo_cases(data, model, AT)}
    cases = json.loads(data)["testcases"]
    chosen = [case for case in cases if case["expected_peer_name"] and not case["crls"]]
    return [(ours[case["id"]], accepted(case)) for case in chosen]


def accepted(case: dict[str, Any]) -> bool:
    name = case["expected_peer_name"]
    subject = x509.DNSName(name["value"]) if name["kind"] == "DNS" else x509.IPAddress(ip_address(name["value"]))
    at = datetime.fromisoformat(case["validation_time"]) if case["validation_time"] else AT
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        try:
            store = Store([x509.load_pem_x509_certificate(each.encode()) for each in case["trusted_certs"]])
            between = [x509.load_pem_x509_certificate(each.encode()) for each in case["untrusted_intermediates"]]
            builder = PolicyBuilder().store(store).time(at.astimezone(UTC).replace(tzinfo=None))
            if case["max_chain_depth"] is not None:
                builder = builder.max_chain_depth(case["max_chain_depth"])
            leaf = x509.load_pem_x509_certificate(case["peer_certificate"].encode())
            builder.build_server_verifier(subject).verify(leaf, between)
        except (ValueError, VerificationError):
            return False
    return True


def test_limbo_what_we_accept_the_oracle_accepts_too(compared: list[tuple[Result, bool]]) -> None:
    assert len(compared) == 189
    assert {ours.id for ours, theirs in compared if ours.decision.accepted and not theirs} == ONLY_OURS
    assert all(ours.accepted for ours, _ in compared if ours.id in ONLY_OURS)


def test_limbo_what_the_oracle_accepts_and_we_dont_limbo_refuses_or_contradicts_itself_about(
    compared: list[tuple[Result, bool]],
) -> None:
    found = [ours for ours, theirs in compared if theirs and not ours.decision.accepted]
    assert len([ours for ours in found if ours.as_expected]) > 25
    told = {check.id for ours in found if not ours.as_expected for check in ours.decision.checks}
    assert told == {"COMMON_NAME_OTHER", "PURPOSES_WRONG", "EKU_ABSENT"}
