# SPDX-License-Identifier: Apache-2.0
"""What somebody thinks of the facts: value functions, weights and pairwise comparisons, each with who, when and why.

They have a file of their own, so that judgements never pass for facts.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any

from trust_lists.evaluation.scoring.pairwise import Comparison
from trust_lists.evaluation.scoring.reading import plain
from trust_lists.evaluation.scoring.value_functions import ValueFunction
from trust_lists.strict_json import canonical_json

KIND = "trust-model-judgements"


@dataclass(frozen=True, slots=True)
class Judged:
    """Who judged, when, on which scale, and for which reason."""

    who: str
    when: date
    scale: str
    reason: str

    def to_json(self) -> dict[str, str]:
        """As a file has it."""
        return {"who": self.who, "when": self.when.isoformat(), "scale": self.scale, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class QuantityValue:
    """What the numbers of a quantity are worth, and the quantity's share of its criterion (None: all of it)."""

    quantity: str
    function: ValueFunction
    share: Fraction | None
    judged: Judged

    def to_json(self) -> dict[str, Any]:
        """As a file has it."""
        points = [[plain(number), plain(value)] for number, value in self.function.points]
        return {"points": points, **_share(self.share), **self.judged.to_json()}


@dataclass(frozen=True, slots=True)
class Compared:
    """A matrix of comparisons, of models under a criterion or of the criteria themselves (`criterion` is empty).

    `accepted` tells why it is used although its consistency ratio is above 0.10.
    """

    criterion: str
    comparison: Comparison
    share: Fraction | None
    accepted: str
    judged: Judged

    def to_json(self) -> dict[str, Any]:
        """As a file has it."""
        accepted = {"accept_inconsistency": self.accepted} if self.accepted else {}
        return {
            "items": list(self.comparison.items),
            "rows": [[str(each) for each in row] for row in self.comparison.rows],
            **_share(self.share),
            **accepted,
            **self.judged.to_json(),
        }


@dataclass(frozen=True, slots=True)
class Weight:
    """The points that somebody gives to a criterion; what counts is their part of all points."""

    criterion: str
    points: Fraction
    judged: Judged


@dataclass(frozen=True, slots=True)
class Judgements:
    """All judgements; the weights come either as points, or from a comparison of the criteria."""

    title: str
    values: tuple[QuantityValue, ...]
    comparisons: tuple[Compared, ...]
    weights: tuple[Weight, ...] | Compared

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(sorted(self.values, key=lambda each: each.quantity)))
        object.__setattr__(self, "comparisons", tuple(sorted(self.comparisons, key=lambda each: each.criterion)))
        if not isinstance(self.weights, Compared):
            object.__setattr__(self, "weights", tuple(sorted(self.weights, key=lambda each: each.criterion)))

    def weighting(self) -> dict[str, Fraction]:
        """The weight of each criterion, by its id; together 1."""
        if isinstance(self.weights, Compared):
            return self.weights.comparison.priorities()
        total = sum(each.points for each in self.weights)
        return {each.criterion: each.points / total for each in self.weights}

    def without(self, model: str) -> "Judgements":
        """The same judgements, as if nobody had thought of this model."""
        kept = (
            replace(each, comparison=each.comparison.without(model))
            for each in self.comparisons
            if set(each.comparison.items) != {model}
        )
        return replace(self, comparisons=tuple(kept))

    def to_json(self) -> dict[str, Any]:
        """The judgements in the form that `read_judgements` takes, each with all that it has from its file's head."""
        weights = (
            self.weights.to_json()
            if isinstance(self.weights, Compared)
            else {"points": {w.criterion: {"weight": plain(w.points), **w.judged.to_json()} for w in self.weights}}
        )
        return {
            "kind": KIND,
            "title": self.title,
            "values": {each.quantity: each.to_json() for each in self.values},
            "comparisons": {each.criterion: each.to_json() for each in self.comparisons},
            "weights": weights,
        }

    @property
    def digest(self) -> str:
        """SHA-256 of the contents, in the same manner as that of facts."""
        return hashlib.sha256(canonical_json(self.to_json()).encode()).hexdigest()


def _share(share: Fraction | None) -> dict[str, Any]:
    return {} if share is None else {"share": str(share)}
