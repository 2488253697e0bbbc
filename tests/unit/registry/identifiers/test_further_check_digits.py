# SPDX-License-Identifier: Apache-2.0
"""Check digits by the agencies' own rules, with numbers that were really given, and a public source for each rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.identifiers.check_digits import CHECK_DIGITS, check_digit_reason
from registry.identifiers.further_check_digits import has_check_digits, wrong_check_digits
from registry.identifiers.participant import EBCORE_PREFIX, ISO6523, ParticipantIdentifier

RIGHT = [
    ("0002", "784301772"),
    ("0002", "78430177200025"),
    ("0002", "35600000009075"),  # La Poste
    ("0009", "78430177200025"),
    ("0009", "35600000000048"),  # La Poste, by Luhn
    ("0009", "35600000009075"),  # La Poste, by the sum of its digits
    ("0184", "13585628"),
    ("0184", "26769388"),
    ("0216", "003704944842TST01"),  # the example of the code list
    ("0216", "003713669598"),
    ("9908", "745707327"),
    ("9925", "BE0899965307"),
    ("9925", "0899965307"),
    ("9930", "DE129430206"),
    ("9930", "DE136695976"),
    ("9930", "DE815243055"),
]


def wrong(icd: str, number: str) -> str:
    reason = wrong_check_digits(ParticipantIdentifier(ISO6523, f"{icd}:{number}"))
    return "" if reason is None else str(reason)


@pytest.mark.parametrize(("icd", "number"), RIGHT)
def test_numbers_that_were_given_are_right_in_any_case_and_scheme(icd: str, number: str) -> None:
    assert wrong(icd, number) == ""
    assert wrong(icd, number.lower()) == ""
    assert wrong_check_digits(ParticipantIdentifier(f"{EBCORE_PREFIX}iso6523:{icd}", number)) is None


@pytest.mark.parametrize(("icd", "number"), RIGHT)
def test_one_wrong_digit_is_found(icd: str, number: str) -> None:
    place = 11 if icd == "0216" else len(number) - 1
    changed = f"{number[:place]}{(int(number[place]) + 1) % 10}{number[place + 1 :]}"
    assert "has wrong check digits" in wrong(icd, changed)


@pytest.mark.parametrize(("icd", "number"), RIGHT)
def test_number_of_another_form_is_not_right(icd: str, number: str) -> None:
    for other in ("", number[1:], f"{number}-0", "abc", "٣" * len(number)):
        assert "has not the form" in wrong(icd, other)


def test_only_establishments_of_la_poste_have_the_sum_of_their_digits() -> None:
    assert wrong("0009", "35600000009076"), "neither Luhn nor divisible by five"
    other = "73282932000022"
    assert sum(map(int, other)) % 5 == 0
    assert wrong("0009", other), "the number of another company"


def test_finnish_number_that_no_digit_would_check_is_never_given() -> None:
    # 7 * 1 + 4 * 4 = 23: the remainder is 1
    assert all(wrong("0216", f"00371000040{digit}") for digit in range(10))


@pytest.mark.parametrize("icd", sorted(set(CHECK_DIGITS) - {"0002"}))
def test_rules_of_the_code_list_hold_without_the_list(icd: str) -> None:
    assert wrong(icd, "x") == str(check_digit_reason(icd, "x"))
    assert has_check_digits(icd)


@pytest.mark.parametrize("participant", ["0060:123", "0096:1234567890", "9957:FRXX999999999", "*", "no agency"])
def test_unknown_agencies_have_no_check_digits(participant: str) -> None:
    assert wrong_check_digits(ParticipantIdentifier(ISO6523, participant)) is None
    assert not has_check_digits(participant.partition(":")[0])
    assert wrong_check_digits(ParticipantIdentifier("other", participant)) is None


@given(st.integers(0, 10**8 - 1), st.integers(0, 7), st.integers(1, 9))
def test_german_numbers_never_survive_one_changed_digit(number: int, place: int, change: int) -> None:
    (right,) = (text for digit in range(10) if not wrong("9930", text := f"DE{number:08}{digit}"))
    at = place + 2
    assert wrong("9930", f"{right[:at]}{(int(right[at]) + change) % 10}{right[at + 1 :]}")


@given(st.sampled_from(["0002", "0009", "0184", "0216", "9908", "9925", "9930"]), st.text())
def test_any_text_gives_a_reason_or_none(icd: str, number: str) -> None:
    assert wrong(icd, number) == "" or "PARTICIPANT-CHECK-DIGIT" in wrong(icd, number)
