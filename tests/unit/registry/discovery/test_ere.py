# SPDX-License-Identifier: Apache-2.0
"""POSIX expressions of strangers: what matches, what is refused, and that none takes long."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.discovery.ere import MAX_TEXT, Pattern, PatternError


@pytest.mark.parametrize(
    ("expression", "text", "groups"),
    [
        ("abc", "abc", ()),
        ("^abc$", "abc", ()),
        ("a.c", "abc", ()),
        ("a|bc", "bc", ()),
        ("a|b|c", "c", ()),
        ("(a|b)+c", "abac", ("a",)),
        ("a{2}", "aa", ()),
        ("a{2,}", "aaaa", ()),
        ("(a{1,2})(a*)", "aaa", ("aa", "a")),
        ("colou?r", "color", ()),
        (r"a\.b", "a.b", ()),
        ("[]a]+", "]a", ()),
        ("[a-]+", "a-", ()),
        (r"[\.]+", "\\.", ()),
        ("[[:digit:]a]+", "1a2", ()),
        ("[^a]", "b", ()),
        ("(x)?y", "y", ("",)),
        ("()", "", ("",)),
    ],
)
def test_an_expression_matches_the_whole_text_and_gives_its_groups(
    expression: str, text: str, groups: tuple[str, ...]
) -> None:
    assert Pattern(expression).match(text) == (text, *groups)


@pytest.mark.parametrize(
    ("expression", "text"),
    [("b", "abc"), ("a", "aa"), ("a{2,3}", "aaaa"), ("[^a]", "a"), ("A", "a"), ("a^b", "ab"), ("[[:digit:]]", "a")],
)
def test_a_part_of_the_text_is_not_enough(expression: str, text: str) -> None:
    assert Pattern(expression).match(text) is None


def test_case_is_ignored_only_when_asked() -> None:
    assert Pattern("a[b-c]", ignore_case=True).match("AC") == ("AC",)


@pytest.mark.parametrize(
    "expression",
    [
        *["(", ")", "(a", "a)", "[a", "[]", "[b-a]", "[[:what:]]", "[[.a.]]", "[[=a=]]", r"\d", r"(a)\1", "a\\"],
        *["*a", "{2}", "a{", "a{2", "a{x}", "a{,2}", "a{3,2}", "a{1001}", "((a{99}){9}){9}", "a{999}" * 2],
        *["é", "a" * 256, "(" * 21 + ")" * 21],
    ],
)
def test_what_is_no_posix_expression_or_too_big_is_refused(expression: str) -> None:
    with pytest.raises(PatternError):
        Pattern(expression)


def test_a_text_longer_than_a_domain_name_matches_nothing() -> None:
    assert Pattern("a*").match("a" * (MAX_TEXT + 1)) is None


@pytest.mark.parametrize("expression", ["(a|a)*b", "((a*)*)*b", ".*" * 100 + "b", "(.{0,9}){0,40}b", "(a?){200}b"])
def test_expressions_that_make_backtracking_explode_end_soon(expression: str) -> None:
    start = time.thread_time()
    assert Pattern(expression).match("a" * MAX_TEXT) is None
    assert time.thread_time() - start < 50


_ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]"])


def _combine(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(parts, parts).map("".join),
        st.tuples(parts, parts).map(lambda pair: f"({pair[0]}|{pair[1]})"),
        st.tuples(parts, st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "{1,}", ""])).map(
            lambda pair: f"({pair[0]}){pair[1]}"
        ),
    )


@given(st.recursive(_ATOMS, _combine, max_leaves=8), st.text("abc", max_size=6))
def test_it_agrees_with_another_engine_on_what_matches(expression: str, text: str) -> None:
    try:
        pattern = Pattern(expression)
    except PatternError:
        return
    assert (pattern.match(text) is None) == (re.fullmatch(expression, text) is None)


@given(st.text(st.characters(max_codepoint=127), max_size=40), st.text("ab.", max_size=10))
def test_any_text_either_compiles_or_is_refused(expression: str, text: str) -> None:
    try:
        pattern = Pattern(expression)
    except PatternError:
        return
    found = pattern.match(text)
    assert found is None or found[0] == text
