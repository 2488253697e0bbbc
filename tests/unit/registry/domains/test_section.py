# SPDX-License-Identifier: Apache-2.0
"""Reading settings: every problem at once, each with its path."""

import pytest

from registry.domains.section import Section, merge
from registry.errors import ConfigurationError


def problems(section: Section) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        section.raise_problems("this")
    headline, *lines = str(caught.value).split("\n  ")
    assert headline == "this is set up wrongly:"
    return lines


def test_values_of_the_right_kind_are_read() -> None:
    section = Section({"a": " x ", "b": True, "c": 3, "d": ["y "], "e": "one", "f": {"g": "z"}, "h": "a+"})
    assert section.text("a") == "x"
    assert section.flag("b", default=False) is True
    assert section.number("c", 1, range(5)) == 3
    assert section.texts("d") == ("y",)
    assert section.choice("e", "two", ("one", "two")) == "one"
    assert section.section("f").text("g") == "z"
    assert section.pattern("h") == "a+"
    section.raise_problems("this")


def test_what_is_not_given_or_null_is_the_default() -> None:
    section = Section({"a": None, "b": None})
    assert section.text("a", "x") == "x"
    assert section.flag("b", default=True) is True
    assert section.number("c", 1, range(5)) == 1
    assert section.texts("d", ("y",)) == ("y",)
    assert section.choice("e", "two", ("one", "two")) == "two"
    assert section.pattern("f") is None
    assert section.section("g").text("h") == ""
    section.raise_problems("this")


@pytest.mark.parametrize("value", [1, ["x"], {}, True])
def test_a_text_is_wanted(value: object) -> None:
    section = Section({"a": value})
    section.text("a")
    assert problems(section) == [f"a: a text is wanted, not {value!r}"]


@pytest.mark.parametrize("value", [True, -1, 5, "3", 2.0])
def test_a_number_within_its_bounds_is_wanted(value: object) -> None:
    section = Section({"a": value})
    assert section.number("a", 1, range(5)) == 1
    assert problems(section) == [f"a: a whole number from 0 to 4 is wanted, not {value!r}"]


def test_every_problem_is_reported_with_its_path() -> None:
    section = Section({"a": {"b": "yes", "c": "x", "d": [1], "e": "(", "f": "three", "g": ["one", "four"], "h": 1}})
    inner = section.section("a")
    inner.flag("b", default=True)
    inner.section("c")
    inner.texts("d")
    inner.pattern("e")
    inner.choice("f", "one", ("one", "two"))
    inner.choices("g", ("one", "two"))
    inner.section("h").complain("i", "is odd")
    found = problems(section)
    assert [line.split(":")[0] for line in found] == ["a.b", "a.c", "a.d", "a.e", "a.f", "a.g", "a.h", "a.h.i"]


def test_unknown_keys_at_any_depth_are_reported_with_the_nearest_known_one() -> None:
    section = Section({"smp": {"base_ur": "x"}, "zzz": 1, 5: 1})  # type: ignore[dict-item]
    section.section("smp").text("base_url")
    assert problems(section) == ["zzz: unknown", "5: unknown", "smp.base_ur: unknown; did you mean base_url?"]


def test_free_keys_are_each_a_section() -> None:
    section = Section({"x": {"a": "1"}, "y": 2})
    assert {name: part.text("a") for name, part in section.sections().items()} == {"x": "1", "y": ""}
    assert problems(section) == ["y: a section is wanted, not 2"]


def test_merging_goes_key_by_key_and_replaces_lists() -> None:
    below = {"a": {"b": 1, "c": [1, 2]}, "d": 1}
    assert merge(below, {"a": {"c": [3]}, "e": {"f": 2}}) == {"a": {"b": 1, "c": [3]}, "d": 1, "e": {"f": 2}}
    assert below == {"a": {"b": 1, "c": [1, 2]}, "d": 1}
