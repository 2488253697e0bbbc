# SPDX-License-Identifier: Apache-2.0
"""Check digits: what each agency's rule accepts and refuses, and that a rule counts only where the list states it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.identifiers.check_digits import CHECK_DIGITS, check_digit_reason, is_stated

RIGHT = [
    ("0002", "784301772"),
    ("0002", "78430177200025"),
    ("0007", "2120000787"),
    ("0088", "1548079098355"),
    ("0151", "51824753556"),
    ("0158", "31333532"),
    ("0183", "CHE107787577"),
    ("0188", "7000012050002"),
    ("0191", "10137025"),
    ("0192", "745707327"),
    ("0196", "4710080280"),
    ("0198", "DK26769388"),
    ("0199", "529900T8BM49AURSDO55"),
    ("0200", "111963319"),
    ("0208", "0899965307"),
    ("0211", "IT06363391001"),
    ("0221", "T7000012050002"),
    ("0245", "2020273893"),
    ("9909", "990399123MVA"),
    ("9917", "4710080280"),
]


def other_digit(number: str, place: int) -> str:
    """The number with the digit at a place changed by one."""
    return f"{number[:place]}{(int(number[place]) + 1) % 10}{number[place + 1 :]}"


def test_every_rule_is_tried_here_but_one_without_a_known_number() -> None:
    assert set(CHECK_DIGITS) - {icd for icd, _ in RIGHT} == {"0235"}


@pytest.mark.parametrize(("icd", "number"), RIGHT)
def test_right_check_digits_are_accepted_in_any_case(icd: str, number: str) -> None:
    assert check_digit_reason(icd, number) is None
    assert check_digit_reason(icd, number.lower()) is None


@pytest.mark.parametrize(("icd", "number"), RIGHT)
def test_one_wrong_digit_is_found(icd: str, number: str) -> None:
    last = max(place for place, character in enumerate(number) if character.isdigit())
    place = 8 if icd in {"0196", "9917"} else last  # the tenth digit of an Icelandic one is the century
    reason = check_digit_reason(icd, other_digit(number, place))
    assert reason is not None
    assert reason.id == "PARTICIPANT-CHECK-DIGIT"
    assert f"has wrong check digits, by the code list's rule for {icd}" in reason.message
    assert reason.clause == f"OpenPeppol code list, {CHECK_DIGITS[icd].column}"


@pytest.mark.parametrize(("icd", "number"), RIGHT)
def test_a_number_of_another_form_has_no_right_check_digits(icd: str, number: str) -> None:
    for other in ("", number[1:], f"{number}0", "abc", "٣" * len(number)):
        reason = check_digit_reason(icd, other)
        assert reason is not None
        assert "has not the form" in reason.message


def test_luhn_of_the_united_arab_emirates() -> None:
    assert [digit for digit in range(10) if check_digit_reason("0235", f"123456789{digit}") is None] == [7]


def test_what_the_list_leaves_open_is_not_held_against_a_number() -> None:
    # 3*1 + 2*4 = 11: the check digit would be 11 less 0.
    assert all(check_digit_reason("0192", f"14000000{digit}") is None for digit in range(10))


def test_agencies_without_a_rule_are_not_checked() -> None:
    assert check_digit_reason("0060", "812810734") is None
    assert check_digit_reason("", "x") is None


def test_a_rule_counts_only_where_the_list_says_it() -> None:
    assert is_stated("0088", {"validation-rules": "RegEx: [0-9]{13}\nCheck Digit: mod10 (weights 1, 3)"})
    assert not is_stated("0088", {"validation-rules": "RegEx: [0-9]{13}"})
    assert not is_stated("0088", {"structure": "mod10 (weights 1, 3)"})
    assert not is_stated("0060", {"validation-rules": "Check digits: Luhn Algorithm"})
    assert not is_stated("0007", {})


@given(st.sampled_from(sorted(CHECK_DIGITS)), st.text() | st.from_regex(r"[A-Z]{0,3}[0-9]{7,20}", fullmatch=True))
def test_any_text_gives_a_reason_or_none(icd: str, number: str) -> None:
    reason = check_digit_reason(icd, number)
    assert reason is None or reason.id == "PARTICIPANT-CHECK-DIGIT"


@given(st.integers(0, 10**12 - 1), st.integers(0, 12), st.integers(1, 9))
def test_gs1_numbers_never_survive_one_changed_digit(number: int, place: int, change: int) -> None:
    (right,) = (text for digit in range(10) if check_digit_reason("0088", text := f"{number:012}{digit}") is None)
    wrong = f"{right[:place]}{(int(right[place]) + change) % 10}{right[place + 1 :]}"
    assert check_digit_reason("0088", wrong) is not None
