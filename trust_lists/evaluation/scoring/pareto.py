# SPDX-License-Identifier: Apache-2.0
"""Which models are worse than another one whatever the weights are, and so need no weighing at all.

A model dominates another one where it is at least as good on every criterion and better on one, for certain: its
lowest value against the other's highest. So a model with unknown values is hardly ever dominated: nobody knows.
"""

from collections.abc import Sequence

from trust_lists.evaluation.scoring.profiles import Profile


def dominators(profiles: Sequence[Profile]) -> dict[str, tuple[str, ...]]:
    """For each model, those that dominate it; the Pareto front are the models with none."""
    return {
        each.model: tuple(other.model for other in profiles if other is not each and _dominates(other, each))
        for each in profiles
    }


def _dominates(one: Profile, other: Profile) -> bool:
    pairs = [(a.low, b.high) for a, b in zip(one.values, other.values, strict=True)]
    return all(low >= high for low, high in pairs) and any(low > high for low, high in pairs)
