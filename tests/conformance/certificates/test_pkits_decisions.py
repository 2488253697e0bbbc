# SPDX-License-Identifier: Apache-2.0
"""NIST PKITS through the engine: paths, policies and revocation come out as NIST says, each for its reason."""

import time
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import ROOT
from trust_lists.evaluation.decisions.model import Outcome
from trust_lists.evaluation.path_suites import Result, pkits_cases, run

PAGE = ROOT / "docs" / "conformance" / "nist-pkits.md"
SECTIONS = {
    "401": "4.1",
    "402": "4.2",
    "403": "4.3",
    "404": "4.4",
    "405": "4.5",
    "406": "4.6",
    "407": "4.7",
    "408": "4.8",
    "409": "4.9",
    "410": "4.10",
    "411": "4.11",
    "412": "4.12",
    "413": "4.13",
    "414": "4.14",
    "415": "4.15",
    "416": "4.16",
}
REASONS = {
    "40102": "NO_PATH",
    "40201": "NOT_YET_VALID",
    "40206": "EXPIRED",
    "40403": "REVOKED",
    "40602": "NOT_AN_AUTHORITY",
    "40605": "PATH_TOO_LONG",
    "40701": "NO_CERTIFICATE_SIGNING",
    "40704": "CRL_ISSUER_MAY_NOT_SIGN",
    "40903": "POLICY_MISSING",
    "41007": "POLICY_MAPPING_ANY",
    "41302": "NAME_NOT_PERMITTED",
    "41308": "NAME_EXCLUDED",
    "41417": "REASONS_NOT_COVERED",
    "41510": "EVIDENCE_STALE",
    "41602": "CRITICAL_EXTENSION_UNKNOWN",
}


@pytest.fixture(scope="module")
def results(corpus: Path) -> dict[str, Result]:
    folder = corpus / "trust_models" / "nist_pkits"
    begin = time.thread_time()
    found = {case.id: run(case) for case in pkits_cases(lambda name: (folder / name).read_bytes())}
    assert time.thread_time() - begin < 100
    return found


def test_rfc5280_6_all_246_decisions_are_those_of_nist(results: dict[str, Result]) -> None:
    assert len(results) == 246
    assert [result.id for result in results.values() if not result.as_expected] == []
    assert Counter(result.accepted for result in results.values()) == {True: 110, False: 136}


def test_rfc5280_6_no_decision_is_left_open(results: dict[str, Result]) -> None:
    assert {result.decision.outcome for result in results.values()} == {Outcome.ACCEPT, Outcome.REJECT}


@pytest.mark.parametrize("number", REASONS)
def test_rfc5280_6_cases_fail_for_the_reason_that_they_are_about(results: dict[str, Result], number: str) -> None:
    chosen = [result for name, result in results.items() if name.startswith(f"{number} ") and not result.accepted]
    assert chosen
    for result in chosen:
        assert REASONS[number] in {each.id for each in result.decision.checks}


def test_page_has_the_cases_of_each_section(results: dict[str, Result]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    for prefix, section in SECTIONS.items():
        cases = [result for number, result in results.items() if number.startswith(prefix)]
        good = sum(result.as_expected for result in cases)
        assert any(
            line.startswith(f"| {section} ") and f" {good} of {len(cases)} " in line for line in text.splitlines()
        )
