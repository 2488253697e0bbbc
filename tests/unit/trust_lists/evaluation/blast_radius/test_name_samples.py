# SPDX-License-Identifier: Apache-2.0
"""Texts that fit a pattern of names."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trust_lists.evaluation.blast_radius.samples import sample

PATTERNS = (
    "PEPPOL PRODUCTION AP",
    "P[A-Z]{2}[0-9]{6}",
    r"(?:ap|smp)-\d+\.example\.org",
    r"urn:ehealth:[a-z]{2}:ncp(?:-idp)?",
    r"\w+",
    "^a.c$",
    "[a-c-]{3}",
)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_sample_fits_its_pattern_and_others_follow_where_there_is_room(pattern: str) -> None:
    found = [sample(pattern, number) for number in range(1, 5)]
    assert all(each is not None and re.fullmatch(pattern, each) for each in found)
    if "[0-9]{6}" in pattern:
        assert found == ["PAA000001", "PAA000002", "PAA000003", "PAA000004"]


@pytest.mark.parametrize("pattern", ["[^,]+", "(?=a)a", r"\Ba", r"(a)\1", "a{200}", "(", "[a", "a{x}"])
def test_what_is_not_understood_has_no_sample(pattern: str) -> None:
    assert sample(pattern, 1) is None


@pytest.mark.filterwarnings("ignore:Possible (nested set|set)")
@given(st.text(alphabet="ab01[](){}|?*+^$.\\-,:= ", max_size=20), st.integers(0, 10_000))
def test_whatever_the_pattern_a_sample_fits_or_there_is_none(pattern: str, number: int) -> None:
    found = sample(pattern, number)
    if found is not None:
        assert re.fullmatch(pattern, found)
