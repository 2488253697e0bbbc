# SPDX-License-Identifier: Apache-2.0
"""x509-limbo through the engine, by the shipped model `webpki`: as limbo expects, but for what the page lists."""

import re
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.conftest import ROOT
from trust_lists.evaluation.decisions.engine import DecisionEngine
from trust_lists.evaluation.decisions.model import Outcome
from trust_lists.evaluation.path_suites import Result, limbo_cases, run
from trust_lists.evaluation.trust_configuration import read_configuration
from trust_lists.evaluation.trust_configuration.certificates import with_certificates
from trust_lists.evaluation.trust_configuration.shipped import shipped_model

PAGE = ROOT / "docs" / "conformance" / "x509-limbo.md"
AT = datetime(2026, 11, 20, tzinfo=UTC)
REASONS = {
    "crl::revoked-certificate-with-crl": "REVOKED",
    "crl::issuer-missing-crlsign": "CRL_ISSUER_MAY_NOT_SIGN",
    "crl::crlnumber-missing": "CRL_NUMBER_WRONG",
    "crl::crlnumber-critical": "CRL_NUMBER_WRONG",
    "cve::cve-2025-61727": "NAME_EXCLUDED",
    "pathlen::max-chain-depth-0-exhausted": "PATH_TOO_LONG",
    "pathological::nc-dos-1": "NAME_CONSTRAINTS_TOO_MANY",
    "rfc5280::aki::leaf-missing-aki": "AUTHORITY_KEY_MISSING",
    "rfc5280::eku::ee-wrong-eku": "EKU_MISSING",
    "rfc5280::nc::nc-permits-email-literal-asterisk-rejects-user": "NAME_NOT_PERMITTED",
    "rfc5280::serial::too-long": "SERIAL_NUMBER_WRONG",
    "rfc5280::ski::root-missing-ski": "SUBJECT_KEY_MISSING",
    "rfc5280::validity::expired-root": "ANCHOR_NO_LONGER_TRUSTED",
    "rfc5280::validity::notbefore-fractional": "NOT_YET_VALID",
    "rfc5280::unknown-critical-extension-root": "CRITICAL_EXTENSION_UNKNOWN",
    "rfc5280::root-non-critical-basic-constraints": "BASIC_CONSTRAINTS_WRONG",
    "rfc5280::duplicate-extensions": "UNREADABLE",
    "webpki::aki::root-with-aki-ski-mismatch": "AUTHORITY_KEY_OTHER",
    "webpki::cn::case-mismatch": "COMMON_NAME_OTHER",
    "webpki::eku::root-has-eku": "ROOT_WITH_PURPOSES",
    "webpki::san::mismatch-domain-san": "SUBJECT_NOT_BOUND",
    "webpki::san::public-suffix-wildcard-san": "WILDCARD_TOO_WIDE",
    "webpki::explicit-curve": "KEY_NOT_ALLOWED",
    "webpki::malformed-aia": "AUTHORITY_ACCESS_WRONG",
    "webpki::v1-cert": "VERSION_WRONG",
}


@pytest.fixture(scope="module")
def results(corpus: Path) -> dict[str, Result]:
    data = (corpus / "trust_models" / "x509_limbo" / "limbo-own-208.json").read_bytes()
    model = read_configuration(shipped_model("webpki")).configuration
    found = {}
    for case in limbo_cases(data, model, AT):
        begin = time.thread_time()
        found[case.id] = run(case)
        assert time.thread_time() - begin < 20, case.id
    return found


def listed(heading: str) -> dict[str, str]:
    """The ids in the table under a heading of the page, and what the last column says."""
    text = PAGE.read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return {found[1]: found[2] for found in re.finditer(r"^\| `([^`]+)` \|.*\| ([^|]+) \|$", text, re.MULTILINE)}


def test_limbo_all_208_cases_come_out_as_expected_or_are_listed_with_their_reason(results: dict[str, Result]) -> None:
    assert len(results) == 208
    deviating = {number for number, result in results.items() if not result.as_expected}
    assert deviating == set(listed("Deviations"))
    assert all(listed("Deviations").values())


def test_limbo_every_deviation_contradicts_another_case_that_comes_out_as_expected(results: dict[str, Result]) -> None:
    for number, reason in listed("Deviations").items():
        named = re.findall(r"`([a-z0-9]+::[a-z0-9:-]+)`", reason)
        assert named, number
        assert all(results[each].as_expected for each in named)
        assert {results[each].accepted for each in named} == {not results[number].accepted}


def test_limbo_what_is_refused_for_another_reason_is_listed(results: dict[str, Result]) -> None:
    for number in listed("As expected, for another reason"):
        assert {each.id for each in results[number].decision.checks} == {"COMMON_NAME_OTHER"}


@pytest.mark.parametrize("number", REASONS)
def test_limbo_cases_fail_for_the_reason_that_they_are_about(results: dict[str, Result], number: str) -> None:
    assert REASONS[number] in {each.id for each in results[number].decision.checks}


def test_limbo_real_chains_of_the_web_are_accepted(results: dict[str, Result]) -> None:
    real = [result for number, result in results.items() if number.startswith("online::")]
    assert len(real) == 14
    assert {result.decision.outcome for result in real} == {Outcome.ACCEPT}


def test_limbo_real_chains_are_accepted_by_the_anchors_of_the_model_itself(corpus: Path) -> None:
    data = (corpus / "trust_models" / "x509_limbo" / "limbo-own-208.json").read_bytes()
    model = read_configuration(shipped_model("webpki")).configuration
    cases = [case for case in limbo_cases(data, model, AT) if case.id.startswith("online::")]
    roots = {each.cert.sha256: each.cert.certificate for case in cases for each in case.configuration.stores.anchors}
    held = {sha256: root for sha256, root in roots.items() if root is not None}
    engine = DecisionEngine(with_certificates(model, held))
    grounds = {case.id: engine.decide(case.case).grounds for case in cases}
    assert Counter(grounds.values()) == {
        ("stores.anchors.isrg-root-x1",): 1,
        ("stores.anchors.digicert-global-root-g2",): 4,
        (): 9,
    }


def test_page_has_the_figures_that_come_out(results: dict[str, Result]) -> None:
    good = sum(result.as_expected for result in results.values())
    assert f"**{good} of {len(results)}** cases come out as x509-limbo expects" in PAGE.read_text(encoding="utf-8")
