# SPDX-License-Identifier: Apache-2.0
"""Operations on text that are safe on any text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import ValidationError
from registry.identifiers.text import ascii_lower, first_unfit, shorten, utf8


def test_only_ascii_letters_are_lower_cased() -> None:
    assert ascii_lower("ABZ İIK\u212aÄẞ") == "abz İik\u212aÄẞ"


@given(st.text())
def test_lower_casing_keeps_length_and_is_idempotent(text: str) -> None:
    lower = ascii_lower(text)
    assert len(lower) == len(text)
    assert ascii_lower(lower) == lower


@pytest.mark.parametrize("character", [" ", "\t", "\n", "\x00", "\x7f", "\x85", "\xa0", "\u2028", "\ud800", "\uffff"])
def test_white_space_and_what_xml_cannot_carry_is_unfit(character: str) -> None:
    assert first_unfit(f"ab{character}c") == character


def test_letters_of_any_language_are_fit() -> None:
    assert first_unfit("aZ09-._~:/#%*@ äλж漢") == " "
    assert first_unfit("aZ09-._~:/#%*@äλж漢") is None


def test_lone_surrogates_are_refused_and_not_leaked_as_a_foreign_error() -> None:
    assert utf8("ä") == b"\xc3\xa4"
    with pytest.raises(ValidationError) as caught:
        utf8("\ud800")
    assert caught.value.reasons[0].id == "TEXT-NOT-UNICODE"
    str(caught.value).encode()


def test_long_texts_are_cut_and_control_characters_escaped() -> None:
    assert shorten("a\nb") == r"'a\nb'"
    assert shorten("a" * 100, 3) == "'aaa'… (100 characters)"
