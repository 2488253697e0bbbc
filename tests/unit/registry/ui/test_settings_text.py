# SPDX-License-Identifier: Apache-2.0
"""Settings that somebody has typed: YAML and JSON mean the same, and nothing in them is worse than wrong."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.ui.settings_text import A_KEY, NO_MAPPING, NO_SETTINGS, SettingsTextError, lay_over, parse_settings

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(st.characters(categories=["L", "N", "P"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc.", max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text("abc.", max_size=5), JSON, max_size=4))
def test_what_is_json_is_read_as_it_is(settings: dict[str, Any]) -> None:
    assert parse_settings(json.dumps(settings)) == settings


@pytest.mark.parametrize("text", ["", "  \n", "\r\n"])
def test_no_text_is_no_settings(text: str) -> None:
    assert parse_settings(text) == {}


def test_yaml_is_read_with_values_as_json_has_them() -> None:
    text = "title: Ours\nsince: 2026-11-23\nsmp:\n  dialects: [busdox, bdxr2]\n1: one\n"
    assert parse_settings(text) == {
        "title": "Ours",
        "since": "2026-11-23",
        "smp": {"dialects": ["busdox", "bdxr2"]},
        "1": "one",
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: |\n  -----BEGIN EC PRIVATE KEY-----\n  x", A_KEY),
        ("- a\n- b", NO_MAPPING),
        ("only words", NO_MAPPING),
        ("a: [1", NO_SETTINGS),
        ("a: &x [1, 2]\nb: [*x, *x]", NO_SETTINGS),
        ("a: !!python/object/apply:os.system ['true']", NO_SETTINGS),
        ("a: !!binary aGk=", NO_SETTINGS),
        ("a: !!set {b}", NO_SETTINGS),
        ("a: .nan", NO_SETTINGS),
        ("a: .inf", NO_SETTINGS),
        ("a: " + "9" * 5000, NO_SETTINGS),
        ("[" * 5000, NO_SETTINGS),
        ("? [a, b]\n: c", NO_SETTINGS),
        ("a: b: c", NO_SETTINGS),
        ("a: \x00", NO_SETTINGS),
        ("a: 1\n---\nb: 2", NO_SETTINGS),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_is_no_settings_is_refused_with_why(text: str, said: str) -> None:
    with pytest.raises(SettingsTextError) as refused:
        parse_settings(text)
    assert refused.value.messages[0] == said


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(SettingsTextError):
        assert isinstance(parse_settings(text), dict)


def test_what_is_above_wins_key_by_key_and_lists_as_a_whole() -> None:
    below = {"smp": {"base_url": "a", "dialects": ["x", "y"]}, "title": "t"}
    above = {"smp": {"dialects": ["z"]}, "dns": {"ttl": 1}}
    assert lay_over(below, above) == {"smp": {"base_url": "a", "dialects": ["z"]}, "title": "t", "dns": {"ttl": 1}}
