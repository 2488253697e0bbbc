# SPDX-License-Identifier: Apache-2.0
"""What becomes of somebody, by three verdicts; and of who needs several."""

import pytest

from registry.impact.effects import Effect, effect_of, worst
from registry.impact.holdings import Verdict

YES, WARNED, NO = Verdict.ACCEPTED, Verdict.WARNED, Verdict.REFUSED


@pytest.mark.parametrize(
    ("now", "before", "after", "effect"),
    [
        (YES, YES, YES, Effect.SAME),
        (YES, YES, NO, Effect.STOPS),
        (NO, YES, NO, Effect.STOPS),
        (WARNED, WARNED, NO, Effect.STOPS),
        (YES, NO, NO, Effect.LAPSES),
        (NO, NO, NO, Effect.SAME),
        (NO, NO, YES, Effect.BEGINS),
        (NO, YES, YES, Effect.BEGINS),
        (YES, NO, YES, Effect.KEPT),
        (YES, YES, WARNED, Effect.WARNED),
        (YES, WARNED, WARNED, Effect.SAME),
        (NO, NO, WARNED, Effect.BEGINS),
    ],
)
def test_effect(now: Verdict, before: Verdict, after: Verdict, effect: Effect) -> None:
    assert effect_of(now, before, after) is effect


def test_the_worst_of_several_counts() -> None:
    assert worst([Effect.SAME, Effect.KEPT, Effect.STOPS, Effect.LAPSES]) is Effect.STOPS
    assert worst([Effect.SAME, Effect.BEGINS]) is Effect.BEGINS
    assert worst([]) is Effect.SAME
