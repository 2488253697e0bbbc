# SPDX-License-Identifier: Apache-2.0
"""Puts the parts together: dominance first, then the weighted sum, and how robust its order is."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from trust_lists.evaluation.scoring.acceptability import (
    DRAWS,
    SEED,
    Acceptability,
    Share,
    acceptabilities,
    first_shares,
)
from trust_lists.evaluation.scoring.facts import FactsTable
from trust_lists.evaluation.scoring.judgements import Compared, Judgements
from trust_lists.evaluation.scoring.pairwise import MAX_CR
from trust_lists.evaluation.scoring.pareto import dominators
from trust_lists.evaluation.scoring.profiles import Profile, profiles
from trust_lists.evaluation.scoring.weighting import Score, WeightInterval, scores, weight_intervals


@dataclass(frozen=True, slots=True)
class Assessment:
    """All that follows from facts and judgements; by model or criterion, these sorted by id where nothing else is said.

    `scores` begin with the best one. `first_by_weights` is how often each model comes first by the given weights, over
    all that is unknown.
    """

    facts: FactsTable
    judgements: Judgements
    weights: dict[str, Fraction]
    profiles: tuple[Profile, ...]
    dominators: dict[str, tuple[str, ...]]
    scores: tuple[Score, ...]
    first_by_weights: dict[str, Share]
    intervals: tuple[WeightInterval, ...]
    acceptabilities: tuple[Acceptability, ...]
    draws: int
    seed: int
    warnings: tuple[str, ...]

    @property
    def front(self) -> tuple[str, ...]:
        """The models that no other one dominates, best score first."""
        return tuple(each.model for each in self.scores if not self.dominators[each.model])


def assess(facts: FactsTable, judgements: Judgements, *, draws: int = DRAWS, seed: int = SEED) -> Assessment:
    """Assess all models. Some seconds for ten models; the same input always gives the same output."""
    found = profiles(facts, judgements)
    weights = judgements.weighting()
    ordered = [float(weights[each.id]) for each in facts.criteria]
    firsts = first_shares(found, ordered, draws=draws, seed=seed)
    ranked = scores(found, weights)
    return Assessment(
        facts,
        judgements,
        weights,
        found,
        dominators(found),
        ranked,
        {each.model: share for each, share in zip(found, firsts, strict=True)},
        weight_intervals(found, weights),
        acceptabilities(found, draws=draws, seed=seed),
        draws,
        seed,
        (*_gaps(facts, judgements, found), *_inconsistent(judgements), *_reversals(facts, judgements, ranked)),
    )


def _gaps(facts: FactsTable, judgements: Judgements, found: tuple[Profile, ...]) -> list[str]:
    """What the scores don't show: quantities that nobody valued, criteria without anything, cut-off values."""
    judged = {each.quantity for each in judgements.values}
    warnings = [
        f"{each.id} has no value function: it counts for nothing" for each in facts.quantities if each.id not in judged
    ]
    warnings += [
        f"nothing is known about {criterion.id}, of any model: its weight only widens the ranges"
        for number, criterion in enumerate(facts.criteria)
        if all(each.criteria[number].unknown for each in found)
    ]
    for each in found:
        for criterion in each.criteria:
            warnings += [
                f"{part.name} of {each.model} is beyond its value function, and counts as the nearest end of it"
                for part in criterion.parts
                if part.beyond
            ]
    return warnings


def _inconsistent(judgements: Judgements) -> list[str]:
    own = [judgements.weights] if isinstance(judgements.weights, Compared) else []
    warnings = []
    for each in (*judgements.comparisons, *own):
        ratio = each.comparison.consistency_ratio()
        if ratio > MAX_CR:
            what = f"the models by {each.criterion}" if each.criterion else "the criteria"
            text = f"the comparisons of {what} are inconsistent (CR {ratio:.2f}, above {MAX_CR:.2f}), and used because"
            warnings.append(f"{text}: {each.accepted}")
    return warnings


def _reversals(facts: FactsTable, judgements: Judgements, ranked: tuple[Score, ...]) -> list[str]:
    """Models that would change places if a third one had not been compared: pairwise comparisons allow that."""
    warnings = []
    compared = {item for each in judgements.comparisons for item in each.comparison.items}
    for left_out in sorted(compared):
        kept = [each.model for each in ranked if each.model != left_out]
        if len(kept) < 2:
            continue
        others = judgements.without(left_out)
        again = {
            each.model: each.value.middle
            for each in scores(profiles(facts.without(left_out), others), judgements.weighting())
        }
        before = {each.model: each.value.middle for each in ranked}
        warnings += [
            f"rank reversal: without {left_out}, {worse} would come before {better}"
            for better, worse in combinations(kept, 2)
            if before[better] > before[worse] and again[better] < again[worse]
        ]
    return warnings
