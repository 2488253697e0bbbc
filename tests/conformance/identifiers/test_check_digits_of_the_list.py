# SPDX-License-Identifier: Apache-2.0
"""Check digits against OpenPeppol's code list 9.7: its own examples, and which agencies it states a rule for."""

import json
from pathlib import Path
from typing import Any

import pytest

from registry.domains.loader import load_domain
from registry.identifiers.check_digits import CHECK_DIGITS, check_digit_reason
from registry.identifiers.code_list_files import read_code_list
from registry.identifiers.code_lists import CodeList
from registry.identifiers.participant import ISO6523, ParticipantIdentifier

# Another row of the list, of a code that was removed since, has an example for the same number.
SAME_NUMBER = {"0198": "9904", "0208": "9956", "0211": "9906"}


@pytest.fixture(scope="module")
def data(corpus: Path) -> bytes:
    return (corpus / "smp" / "codelists" / "v9.7" / "participant-identifier-schemes-v9.7.json").read_bytes()


@pytest.fixture(scope="module")
def rows(data: bytes) -> dict[str, dict[str, Any]]:
    return {row["iso6523"]: row for row in json.loads(data)["values"]}


@pytest.fixture(scope="module")
def codes(data: bytes) -> CodeList:
    return read_code_list(data)[0]


def test_the_list_states_every_rule_that_is_known_here(codes: CodeList) -> None:
    stated = {icd for (_, icd), entry in codes.entries.items() if entry.check_digits}
    assert stated == set(CHECK_DIGITS)


@pytest.mark.parametrize("icd", sorted(CHECK_DIGITS))
def test_every_example_of_the_list_has_right_check_digits(icd: str, rows: dict[str, dict[str, Any]]) -> None:
    examples = [
        *rows[icd].get("examples", "").splitlines(),
        *rows.get(SAME_NUMBER.get(icd, ""), {}).get("examples", "").split(),
    ]
    for example in examples:
        assert check_digit_reason(icd, example.replace(" ", "")) is None, example


def test_no_rule_is_about_a_removed_code(codes: CodeList) -> None:
    assert {codes.state(ISO6523, icd) for icd in CHECK_DIGITS} == {"active", "deprecated"}


def test_a_strict_domain_warns_by_the_imported_list(codes: CodeList) -> None:
    rules = load_domain("peppol").identifiers.with_code_lists(codes)
    wrong = ParticipantIdentifier(ISO6523, "0192:745707328")
    assert rules.validate_participant(wrong) == ()
    assert [reason.id for reason in rules.participant_warnings(wrong)] == ["PARTICIPANT-CHECK-DIGIT"]
    # D-U-N-S numbers lost their check digit, and the list says so.
    assert rules.participant_warnings(ParticipantIdentifier(ISO6523, "0060:000000001")) == ()
