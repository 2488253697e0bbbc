# SPDX-License-Identifier: Apache-2.0
"""Dominance is certain, or there is none."""

from hypothesis import given

from tests.simulators.scored_models import models, some_models
from trust_lists.evaluation.scoring.pareto import dominators
from trust_lists.evaluation.scoring.profiles import Profile


def test_worse_on_one_criterion_and_equal_on_the_others_is_dominated() -> None:
    found = dominators(models(A=["0.5", "0.5"], B=["0.5", "0.4"], C=["0.4", "0.9"]))
    assert found == {"A": (), "B": ("A",), "C": ()}


def test_equal_models_dont_dominate_each_other() -> None:
    assert dominators(models(A=["0.5"], B=["0.5"])) == {"A": (), "B": ()}


def test_whoever_might_be_better_is_not_dominated() -> None:
    assert dominators(models(A=["0.9", "0.9"], B=["0.1", None])) == {"A": (), "B": ()}


def test_ranges_that_dont_overlap_decide() -> None:
    assert dominators(models(A=[("0.6", "1")], B=[("0.1", "0.5")], C=[("0.4", "0.9")])) == {
        "A": (),
        "B": ("A",),
        "C": (),
    }


@given(some_models())
def test_dominance_has_no_circles_and_somebody_is_always_on_the_front(found: tuple[Profile, ...]) -> None:
    by = dominators(found)
    assert any(not each for each in by.values())
    for model, others in by.items():
        assert model not in others
        assert all(model not in by[other] for other in others)
