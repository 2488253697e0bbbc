# SPDX-License-Identifier: Apache-2.0
"""The record of a lookup."""

import itertools

import pytest

from registry.discovery.explanation import ExplanationBuilder, Outcome
from registry.errors import NotFoundError


def builder() -> ExplanationBuilder:
    ticks = itertools.count()
    return ExplanationBuilder(timer=lambda: next(ticks) * 0.25)


def test_each_step_is_recorded_in_its_order_with_its_time_in_milliseconds() -> None:
    explanation = builder()
    with explanation.step("one") as step:
        step.detail = "seen"
    with explanation.step("two") as step:
        step.warn("odd")
        step.warn("very odd")
    assert explanation.build().to_json() == [
        {"step": "one", "outcome": "ok", "detail": "seen", "ms": 250.0},
        {"step": "two", "outcome": "warning", "detail": "odd; very odd", "ms": 250.0},
    ]
    assert explanation.build().warnings == ("odd; very odd",)


def test_a_failing_step_is_recorded_and_the_error_goes_on() -> None:
    explanation = builder()
    with pytest.raises(NotFoundError), explanation.step("look"):
        raise NotFoundError("nothing there")
    (step,) = explanation.build().steps
    assert (step.step, step.outcome, step.detail) == ("look", Outcome.FAILED, "nothing there")


def test_a_bug_fails_its_step_and_gives_nothing_away() -> None:
    explanation = builder()
    with pytest.raises(ZeroDivisionError), explanation.step("look"):
        raise ZeroDivisionError("secret")
    (step,) = explanation.build().steps
    assert (step.outcome, step.detail) == (Outcome.FAILED, "internal error")


def test_the_words_for_outcomes_are_fixed() -> None:
    assert {outcome.value for outcome in Outcome} == {"ok", "warning", "failed"}
