# SPDX-License-Identifier: Apache-2.0
"""SMAA against closed forms, and its invariants."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulators.scored_models import models, profile, some_models
from trust_lists.evaluation.scoring.acceptability import Acceptability, Share, acceptabilities, first_shares
from trust_lists.evaluation.scoring.pareto import dominators
from trust_lists.evaluation.scoring.profiles import Profile

TOLERANCE = 0.005
"""More than three standard deviations of a share of 100,000 draws."""


def weights(found: Acceptability) -> list[float]:
    return [each.value for each in found.central or ()]


@pytest.mark.parametrize(
    ("first", "second"),
    [(("1", "0"), ("0", "1")), (("0.9", "0.2"), ("0.5", "0.3")), (("0.6", "0.5"), ("0.5", "0.9"))],
)
def test_two_models_on_two_criteria_have_a_closed_form(first: tuple[str, str], second: tuple[str, str]) -> None:
    """A is first where w > t = (b2 - a2) / ((a1 - b1) + (b2 - a2)), so in 1 - t of all weights, of mean (1 + t) / 2."""
    (a1, a2), (b1, b2) = (tuple(map(float, each)) for each in (first, second))
    edge = (b2 - a2) / ((a1 - b1) + (b2 - a2))
    one, two = acceptabilities(models(A=first, B=second))
    assert one.ranks[0].value == pytest.approx(1 - edge, abs=TOLERANCE)
    assert two.ranks[0].value == pytest.approx(edge, abs=TOLERANCE)
    assert weights(one) == pytest.approx([(1 + edge) / 2, (1 - edge) / 2], abs=TOLERANCE)
    assert weights(two) == pytest.approx([edge / 2, 1 - edge / 2], abs=TOLERANCE)


def test_three_models_that_are_each_best_on_one_of_three_criteria_have_a_closed_form() -> None:
    """Each is first in a third of all weights; the mean of the greatest of three is (1 + 1/2 + 1/3) / 3 = 11/18."""
    found = acceptabilities(models(A=["1", "0", "0"], B=["0", "1", "0"], C=["0", "0", "1"]))
    for number, each in enumerate(found):
        assert [share.value for share in each.ranks] == pytest.approx([1 / 3] * 3, abs=TOLERANCE)
        expected = [11 / 18 if at == number else 7 / 36 for at in range(3)]
        assert weights(each) == pytest.approx(expected, abs=TOLERANCE)
        assert each.confidence == Share(1.0, 0)


def test_the_interval_of_a_central_weight_is_that_of_a_uniform_weight() -> None:
    """A model that is alone in being first takes every weight, uniform from 0 to 1: its deviation is sqrt(1/12)."""
    mean = (acceptabilities(models(A=["1", "1"], B=["0", "0"]))[0].central or ())[0]
    assert mean.half_width == pytest.approx(1.96 * (1 / 12 / 100_000) ** 0.5, rel=0.01)


def test_an_unknown_value_is_drawn_from_its_whole_range() -> None:
    """Against 0.3, a uniform number from 0 to 1 is greater in 0.7 of all cases."""
    unknown, known = acceptabilities(models(A=[None], B=["0.3"]))
    assert unknown.ranks[0].value == pytest.approx(0.7, abs=TOLERANCE)
    assert known.confidence is not None
    assert known.confidence.value == pytest.approx(0.3, abs=TOLERANCE)


def test_a_range_is_drawn_from_between_its_ends() -> None:
    ranged, _ = acceptabilities(models(A=[("0.2", "0.6")], B=["0.3"]))
    assert ranged.ranks[0].value == pytest.approx(0.75, abs=TOLERANCE)


def test_two_unknown_values_are_drawn_independently() -> None:
    """With weights of one half each, the sum of two is greater than 0.25 of the whole in 7/8 of all cases."""
    found = models(A=[None, None], B=["0.25", "0.25"])
    assert first_shares(found, [0.5, 0.5])[0].value == pytest.approx(7 / 8, abs=TOLERANCE)


def test_equal_models_share_their_ranks_and_weights() -> None:
    found = acceptabilities(models(A=["0.5", "0.2"], B=["0.5", "0.2"], C=["0", "0"]), draws=200)
    assert [share.value for share in found[0].ranks] == pytest.approx([0.5, 0.5, 0])
    assert found[0] == replace(found[1], model="A")
    assert found[0].confidence == Share(0.5, 0)


def test_the_same_input_gives_the_same_numbers_on_every_machine() -> None:
    found = acceptabilities(models(A=["0.8", None], B=["0.3", "0.9"]), draws=1000)
    assert [share.value for share in found[0].ranks] == [0.626, 0.374]


def test_another_seed_gives_other_numbers() -> None:
    found = models(A=["0.8", None], B=["0.3", "0.9"])
    assert acceptabilities(found, draws=1000, seed=2) != acceptabilities(found, draws=1000)


@given(some_models())
@settings(max_examples=60)
def test_the_shares_of_each_model_and_of_each_rank_add_up_to_1(found: tuple[Profile, ...]) -> None:
    shares = [[share.value for share in each.ranks] for each in acceptabilities(found, draws=100)]
    assert [sum(row) for row in shares] == pytest.approx([1] * len(found))
    assert [sum(column) for column in zip(*shares, strict=True)] == pytest.approx([1] * len(found))


@given(some_models())
@settings(max_examples=60)
def test_central_weights_add_up_to_1_and_exist_where_a_model_was_first(found: tuple[Profile, ...]) -> None:
    for each in acceptabilities(found, draws=100):
        assert (each.central is None) == (each.confidence is None) == (each.ranks[0].value == 0)
        if each.central is not None:
            assert sum(weights(each)) == pytest.approx(1)
            for mean in each.central:
                assert 0 <= mean.interval[0] <= mean.value <= mean.interval[1] <= 1


@given(some_models())
@settings(max_examples=60)
def test_a_dominated_model_is_never_first(found: tuple[Profile, ...]) -> None:
    by = dominators(found)
    for each in acceptabilities(found, draws=100):
        if by[each.model]:
            assert each.ranks[0].value == 0
            assert each.central is None


@given(some_models(), st.integers(0, 99))
@settings(max_examples=60)
def test_the_order_of_the_models_changes_nothing(found: tuple[Profile, ...], chance: int) -> None:
    other = list(found)
    random.Random(chance).shuffle(other)
    before = {each.model: each for each in acceptabilities(found, draws=50)}
    after = {each.model: each for each in acceptabilities(other, draws=50)}
    for model, each in before.items():
        assert [share.value for share in after[model].ranks] == pytest.approx([share.value for share in each.ranks])
        assert weights(after[model]) == pytest.approx(weights(each))


@given(some_models(known=True, criteria=3))
@settings(max_examples=40)
def test_a_further_model_that_is_dominated_takes_no_first_rank_from_anybody(found: tuple[Profile, ...]) -> None:
    further = profile("Z", *("0" for _ in found[0].criteria))
    before = acceptabilities(found, draws=50)
    if any(each.values == further.values for each in found):
        return
    after = acceptabilities((*found, further), draws=50)
    assert [each.ranks[0] for each in after[:-1]] == [each.ranks[0] for each in before]


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 1.0])
def test_the_interval_of_a_share_holds_it_and_stays_between_0_and_1(share: float) -> None:
    low, high = Share(share, 100_000).interval
    assert 0 <= low <= share <= high <= 1
    assert 0 < high - low < 0.007


def test_a_share_that_was_not_drawn_is_exact() -> None:
    assert Share(0.25, 0).interval == (0.25, 0.25)
