# SPDX-License-Identifier: Apache-2.0
"""Value functions: monotone, from 0 to 1, exact at their points, constant beyond them."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trust_lists.evaluation.scoring.reading import Range
from trust_lists.evaluation.scoring.value_functions import WHOLE, ValueFunction, problems

FALLING = ValueFunction(((Fraction(0), Fraction(1)), (Fraction(100), Fraction(4, 5)), (Fraction(1100), Fraction(0))))
numbers = st.integers(-2000, 2000).map(lambda number: Fraction(number, 7))


@st.composite
def functions(draw: st.DrawFn) -> ValueFunction:
    places = sorted(draw(st.lists(numbers, min_size=2, max_size=6, unique=True)))
    inner = sorted(draw(st.lists(st.fractions(0, 1), min_size=len(places) - 2, max_size=len(places) - 2)))
    values = [Fraction(0), *inner, Fraction(1)]
    if draw(st.booleans()):
        values.reverse()
    return ValueFunction(tuple(zip(places, values, strict=True)))


@pytest.mark.parametrize(
    ("number", "value"), [(0, "1"), (50, "9/10"), (100, "4/5"), (600, "2/5"), (1100, "0"), (-5, "1"), (5000, "0")]
)
def test_values_lie_on_straight_lines_between_the_points(number: int, value: str) -> None:
    assert FALLING(Fraction(number)) == Fraction(value)


@given(functions(), numbers, numbers)
def test_a_value_function_is_monotone_and_stays_between_0_and_1(
    found: ValueFunction, one: Fraction, two: Fraction
) -> None:
    low, high = sorted((one, two))
    rising = found.points[-1][1] == 1
    first, second = (found(low), found(high)) if rising else (found(high), found(low))
    assert 0 <= first <= second <= 1
    assert problems(found.points) == []


@given(functions(), numbers, numbers, st.fractions(0, 1))
def test_the_values_of_a_range_hold_those_of_all_its_numbers(
    found: ValueFunction, one: Fraction, two: Fraction, part: Fraction
) -> None:
    known = Range(min(one, two), max(one, two))
    values = found.over(known)
    assert values.low <= found(known.low + (known.high - known.low) * part) <= values.high


def test_an_unknown_number_may_be_worth_anything() -> None:
    assert FALLING.over(None) == WHOLE


def test_numbers_beyond_the_points_are_told_apart() -> None:
    inside, outside = Range(Fraction(0), Fraction(1100)), Range(Fraction(1000), Fraction(1101))
    assert FALLING.covers(inside)
    assert FALLING.covers(None)
    assert not FALLING.covers(outside)


@pytest.mark.parametrize(
    ("points", "said"),
    [
        ([], "two points"),
        ([(0, 1)], "two points"),
        ([(0, 0), (0, 1)], "grow"),
        ([(0, 0), (1, 1), (2, "1/2")], "up and down"),
        ([(0, 0), (1, "1/2")], "from 0 (worst) to 1"),
        ([(0, 0), (1, 2)], "from 0 (worst) to 1"),
        ([(0, "1/2"), (1, "1/2")], "from 0 (worst) to 1"),
    ],
)
def test_points_that_make_no_value_function_are_refused(points: list[tuple[int, int | str]], said: str) -> None:
    assert said in " ".join(problems(tuple((Fraction(number), Fraction(value)) for number, value in points)))
