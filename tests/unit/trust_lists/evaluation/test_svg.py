# SPDX-License-Identifier: Apache-2.0
"""Charts: well-formed, told to screen readers, without scripts, and with every value somewhere to be read."""

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml.etree import _Element, fromstring

from trust_lists.evaluation.svg import (
    Interval,
    Mark,
    Series,
    bar_chart,
    heat_map,
    interval_chart,
    line_chart,
    number,
    scatter_chart,
)

SVG = "{http://www.w3.org/2000/svg}"
NASTY = "<script>alert('&')</script> \x00\ufffe\""


def lines(label: str) -> str:
    points = ((33.0, 1_056.0), (100.0, 9_900.0), (0.0, 0.0))
    return line_chart(label, label, [Series(label, points)], x_label=label, y_label=label, log_x=True, log_y=True)


def bars(label: str) -> str:
    return bar_chart(label, label, [label, "b"], [(label, [1.0, None]), ("s", [2.5, 3.0])], y_label=label, stacked=True)


def intervals(label: str) -> str:
    rows = [Interval(label, 0.5, 1.0, 20.0), Interval("unknown", None, None, None), Interval("none", 0.0, 0.0, 0.0)]
    return interval_chart(label, label, rows, x_label=label, logarithmic=True)


def heat(label: str) -> str:
    return heat_map(label, label, [label, "r"], ["a", label], [[1.0, None], [2.0, 3.0]])


def scatter(label: str) -> str:
    return scatter_chart(label, label, [Mark(label, 1, 2, strong=True), Mark("b", 3, 4)], x_label=label, y_label=label)


CHARTS = (lines, bars, intervals, heat, scatter)


def texts(chart: str) -> list[str]:
    return [each.text or "" for each in fromstring(chart).iter(f"{SVG}text")]


def named(root: _Element, name: str) -> list[_Element]:
    return list(root.iter(f"{SVG}{name}"))


@pytest.mark.parametrize("chart", CHARTS)
def test_labels_from_elsewhere_are_only_text(chart: Callable[[str], str]) -> None:
    root = fromstring(chart(NASTY))
    assert not named(root, "script")
    assert not any("href" in key or key.startswith("on") for each in root.iter() for key in each.attrib)
    assert any("<script>" in (each.text or "") for each in root.iter())


@pytest.mark.parametrize("chart", CHARTS)
def test_a_chart_has_an_accessible_name_and_description(chart: Callable[[str], str]) -> None:
    root = fromstring(chart("Growth"))
    assert root.get("role") == "img"
    ids = {each.get("id"): each.text for each in root if each.get("id")}
    assert [ids[name] for name in (root.get("aria-labelledby") or "").split()] == ["Growth", "Growth"]
    assert "prefers-color-scheme:dark" in named(root, "style")[0].text  # type: ignore[operator]


def test_charts_of_one_page_have_different_ids() -> None:
    found = [fromstring(chart(label)).get("aria-labelledby") for chart in CHARTS for label in ("one", "two")]
    assert len(set(found)) == len(found)


def test_points_that_a_logarithmic_axis_has_no_place_for_are_left_out() -> None:
    (line,) = named(fromstring(lines("x")), "polyline")
    assert len((line.get("points") or "").split()) == 2


def test_lines_that_cover_each_other_are_one_with_several_names() -> None:
    series = [Series(name, ((1.0, y), (2.0, y))) for name, y in (("a", 1.0), ("b", 2.0), ("c", 1.0))]
    root = fromstring(line_chart("t", "d", series, x_label="x", y_label="y"))
    assert [each.findtext(f"{SVG}title") for each in named(root, "polyline")] == ["a, c", "b"]
    a, b, c = (each.get("class") for each in named(root, "line") if "chart-line" in (each.get("class") or ""))
    assert a == c != b


def test_a_series_of_zeros_has_a_name_but_no_line_on_a_logarithmic_axis() -> None:
    series = [Series("some", ((1.0, 1.0), (2.0, 5.0))), Series("nothing", ((1.0, 0.0), (2.0, 0.0)))]
    root = fromstring(line_chart("t", "d", series, x_label="x", y_label="y", log_y=True))
    assert len(named(root, "polyline")) == 1
    assert len([each for each in named(root, "line") if "chart-line" in (each.get("class") or "")]) == 1
    assert "nothing: none" in [each.text for each in named(root, "text")]


def test_no_two_lines_look_alike() -> None:
    series = [Series(str(y), ((1.0, y), (2.0, y))) for y in map(float, range(1, 41))]
    found = named(fromstring(line_chart("t", "d", series, x_label="x", y_label="y")), "polyline")
    assert len({(each.get("class"), each.get("stroke-dasharray")) for each in found}) == 40


def test_every_cell_shows_its_value_and_unknown_ones_say_so() -> None:
    assert [each for each in texts(heat("x")) if each in {"1", "2", "3", "?"}] == ["1", "?", "2", "3"]


def test_stacked_bars_stand_on_each_other() -> None:
    chart = bar_chart("t", "d", ["a"], [("one", [1.0]), ("two", [3.0])], y_label="y", stacked=True)
    one, two = (each for each in named(fromstring(chart), "rect") if each.find(f"{SVG}title") is not None)
    bottom = float(two.get("y") or 0) + float(two.get("height") or 0)
    assert bottom == pytest.approx(float(one.get("y") or 0), abs=0.11)
    assert float(two.get("height") or 0) == pytest.approx(3 * float(one.get("height") or 0), abs=0.2)


def test_bars_beside_each_other_do_not_overlap() -> None:
    chart = bar_chart("t", "d", ["a", "b"], [("one", [1.0, 2.0]), ("two", [3.0, 1.0])], y_label="y")
    bars_ = [each for each in named(fromstring(chart), "rect") if each.find(f"{SVG}title") is not None]
    spans = sorted((float(each.get("x") or 0), float(each.get("width") or 0)) for each in bars_)
    assert all(x + width <= following + 0.11 for (x, width), (following, _w) in itertools.pairwise(spans))


def test_what_nobody_knows_is_not_drawn_as_a_number() -> None:
    assert texts(intervals("x")).count("none or unknown") == 2
    assert "?" in texts(bars("x"))


@pytest.mark.parametrize("chart", ["lines", "bars", "intervals", "heat", "scatter"])
def test_a_chart_of_nothing_is_still_a_chart(chart: str) -> None:
    empty = {
        "lines": lambda: line_chart("t", "d", [], x_label="x", y_label="y", log_y=True),
        "bars": lambda: bar_chart("t", "d", [], [], y_label="y"),
        "intervals": lambda: interval_chart("t", "d", [], x_label="x"),
        "heat": lambda: heat_map("t", "d", [], [], []),
        "scatter": lambda: scatter_chart("t", "d", [], x_label="x", y_label="y"),
    }
    assert fromstring(empty[chart]()).tag == f"{SVG}svg"


VALUE = st.floats(-1e15, 1e15) | st.floats(-1e-9, 1e-9)


@given(st.lists(st.tuples(VALUE, VALUE), max_size=8), st.booleans(), st.booleans())
def test_any_points_stay_within_the_chart(points: list[tuple[float, float]], log_x: bool, log_y: bool) -> None:
    root = fromstring(
        line_chart("t", "d", [Series("s", tuple(points))], x_label="x", y_label="y", log_x=log_x, log_y=log_y)
    )
    width, height = float(root.get("width") or 0), float(root.get("height") or 0)
    for line in named(root, "polyline"):
        for point in (line.get("points") or "").split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= width
            assert 0 <= y <= height


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.01234, "0.0123"), (1056, "1.06k"), (12_500, "12.5k"), (3_000_000, "3M"), (2e9, "2G"), (5e13, "50T")],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert number(value) == text
