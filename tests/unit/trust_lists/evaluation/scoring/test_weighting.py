# SPDX-License-Identifier: Apache-2.0
"""Weighted sums and winner-change intervals: exact, against closed forms and against trying many weights."""

from collections.abc import Mapping
from fractions import Fraction
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tests.simulators.scored_models import models, some_models, weights_of
from trust_lists.evaluation.scoring.pareto import dominators
from trust_lists.evaluation.scoring.profiles import Profile
from trust_lists.evaluation.scoring.reading import Range
from trust_lists.evaluation.scoring.weighting import Segment, scores, weight_intervals

F = Fraction
points = st.lists(st.integers(0, 9), min_size=4, max_size=4).filter(lambda found: found[0] > 0)


def moved(weights: Mapping[str, Fraction], criterion: str, to: Fraction) -> dict[str, Fraction]:
    rest = 1 - weights[criterion]
    return {
        each: to if each == criterion else (1 - to) * (weight / rest if rest else F(1, len(weights) - 1))
        for each, weight in weights.items()
    }


def test_a_sum_is_exact_and_has_its_range() -> None:
    found = models(A=["0.1", ("0.2", "0.6")], B=["0.5", None])
    first, second = scores(found, {"a": F(1, 3), "b": F(2, 3)})
    assert (first.model, first.value) == ("B", Range(F(1, 6), F(5, 6)))
    assert (second.model, second.value) == ("A", Range(F(1, 6), F(13, 30)))


@given(some_models(), points)
def test_scores_are_between_0_and_1(found: tuple[Profile, ...], given_points: list[int]) -> None:
    for each in scores(found, weights_of(found, given_points)):
        assert 0 <= each.value.low <= each.value.middle <= each.value.high <= 1


@given(some_models(), points, st.integers(1, 1000))
def test_scaling_all_weights_changes_nothing(found: tuple[Profile, ...], given_points: list[int], by: int) -> None:
    scaled = weights_of(found, [by * each for each in given_points])
    assert scores(found, scaled) == scores(found, weights_of(found, given_points))
    assert weight_intervals(found, scaled) == weight_intervals(found, weights_of(found, given_points))


@given(some_models(), points, st.randoms(use_true_random=False))
def test_the_order_of_the_models_changes_nothing(
    found: tuple[Profile, ...],
    given_points: list[int],
    chance: Random,
) -> None:
    other = list(found)
    chance.shuffle(other)
    weights = weights_of(found, given_points)
    assert scores(other, weights) == scores(found, weights)
    assert weight_intervals(other, weights) == weight_intervals(found, weights)


@given(some_models(), points)
def test_a_dominated_model_is_never_better_than_who_dominates_it(
    found: tuple[Profile, ...], given_points: list[int]
) -> None:
    values = {each.model: each.value for each in scores(found, weights_of(found, given_points))}
    for model, others in dominators(found).items():
        assert all(values[other].low >= values[model].high for other in others)


def test_the_winner_changes_where_the_lines_cross() -> None:
    found = models(A=["1", "0"], B=["0", "1"], C=["0.7", "0.7"])
    (interval, _) = weight_intervals(found, {"a": F(1, 2), "b": F(1, 2)})
    assert interval.segments == (
        Segment(F(0), F(3, 10), ("B",)),
        Segment(F(3, 10), F(7, 10), ("C",)),
        Segment(F(7, 10), F(1), ("A",)),
    )
    assert interval.stays == Range(F(3, 10), F(7, 10))


def test_equal_models_share_a_segment() -> None:
    found = models(A=["1", "0"], B=["1", "0"])
    assert weight_intervals(found, {"a": F(1), "b": F(0)})[0].segments == (Segment(F(0), F(1), ("A", "B")),)


def test_with_unknown_values_only_the_certain_interval_is_certain() -> None:
    found = models(A=["1", "0.5"], B=["0", None])
    interval = weight_intervals(found, {"a": F(3, 4), "b": F(1, 4)})[0]
    assert interval.stays == Range(F(0), F(1))
    assert interval.certain == Range(F(1, 3), F(1))


def test_where_nothing_is_certain_there_is_no_interval() -> None:
    found = models(A=["1", "1"], B=[("0", "1"), None])
    assert weight_intervals(found, {"a": F(1, 2), "b": F(1, 2)})[0].certain == Range(F(0), F(1))
    found = models(A=[None, None], B=["0.1", "0.1"])
    assert weight_intervals(found, {"a": F(1, 2), "b": F(1, 2)})[0].certain is None


def test_the_only_criterion_has_no_interval() -> None:
    assert weight_intervals(models(A=["1"], B=["0"]), {"a": F(1)}) == ()


@given(some_models(), points, st.integers(0, 40))
def test_the_intervals_say_what_trying_every_weight_says(
    found: tuple[Profile, ...], given_points: list[int], fortieths: int
) -> None:
    weights, at = weights_of(found, given_points), F(fortieths, 40)
    winner = scores(found, weights)[0].model
    for interval in weight_intervals(found, weights):
        tried = {each.model: each.value for each in scores(found, moved(weights, interval.criterion, at))}
        best = max(value.middle for value in tried.values())
        said = {model for part in interval.segments if part.low <= at <= part.high for model in part.winners}
        assert {tried[model].middle for model in said} == {best}
        assert (tried[winner].middle == best) == (interval.stays.low <= at <= interval.stays.high)
        certain = all(tried[winner].low >= value.high for model, value in tried.items() if model != winner)
        told = interval.certain is not None and interval.certain.low <= at <= interval.certain.high
        assert certain == told
        assert interval.stays.low <= interval.weight <= interval.stays.high
        assert [part.low for part in interval.segments[1:]] == [part.high for part in interval.segments[:-1]]
        assert (interval.segments[0].low, interval.segments[-1].high) == (0, 1)
