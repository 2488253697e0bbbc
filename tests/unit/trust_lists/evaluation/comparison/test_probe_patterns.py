# SPDX-License-Identifier: Apache-2.0
"""Names for probes are made from patterns: what comes out fits, and what can't be made is None."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trust_lists.evaluation.comparison.probing.patterns import fitting, unfitting


@pytest.mark.parametrize(
    "pattern",
    [
        "P[A-Z]{2}[0-9]{6}",
        "PEPPOL PRODUCTION AP",
        "(?:a|b)+c?",
        r"\d{3}-\w+\.example",
        "[^x]y",
        ".*",
        r"(?P<name>foo)\.bar",
        "^abc$",
        r"[\]a]{2}",
        "(PROD|TEST) AP",
    ],
)
def test_a_pattern_that_configurations_have_gets_a_text_that_fits(pattern: str) -> None:
    found = fitting(pattern)
    assert found
    assert re.fullmatch(pattern, found)


@given(st.from_regex(r"(?:[a-c.]|\[[a-z]{1,3}\]|\([ab]\|c\)|\\d)(?:[*+?]|\{[0-3]\})?", fullmatch=True))
def test_what_is_made_fits_and_nothing_is_raised(pattern: str) -> None:
    found = fitting(pattern)
    assert found is None or re.fullmatch(pattern, found)


@pytest.mark.filterwarnings("ignore::FutureWarning")  # Python warns of sets that it may read otherwise one day
@given(st.text(alphabet="ab[](){}|*+?.\\^$-0123,PA:<>!=", max_size=20))
def test_whatever_compiles_gets_a_fitting_text_or_none(pattern: str) -> None:
    try:
        re.compile(pattern)
    except (re.error, OverflowError):
        return
    found = fitting(pattern)
    assert found is None or re.fullmatch(pattern, found)


@given(st.sampled_from(["P[A-Z]{2}[0-9]{6}", "PROBE", "[A-Z]+", "[a-z ]+", "0|-"]))
def test_what_is_not_to_fit_does_not(pattern: str) -> None:
    found = unfitting(pattern)
    assert found is not None
    assert not re.fullmatch(pattern, found)


def test_where_everything_fits_nothing_can_be_wrong() -> None:
    assert unfitting(".*") is None
