# SPDX-License-Identifier: Apache-2.0
"""Facts seen through judgements: what each model is worth on each criterion, from 0 to 1, as far as that is known."""

from dataclasses import dataclass
from fractions import Fraction

from trust_lists.evaluation.scoring.facts import Fact, FactsTable
from trust_lists.evaluation.scoring.judgements import Judgements
from trust_lists.evaluation.scoring.pairwise import ideal
from trust_lists.evaluation.scoring.reading import Range
from trust_lists.evaluation.scoring.value_functions import WHOLE


@dataclass(frozen=True, slots=True)
class Part:
    """What a model is worth by one quantity, or by a comparison of the models (then there is no `fact`).

    `share` is the part's share of its criterion; `beyond` says that the fact is outside of the value function.
    """

    name: str
    share: Fraction
    value: Range
    fact: Fact | None
    known: bool
    beyond: bool


@dataclass(frozen=True, slots=True)
class Criterion:
    """What a model is worth on a criterion; without parts that is unknown."""

    id: str
    parts: tuple[Part, ...]

    @property
    def value(self) -> Range:
        """The parts' values by their shares."""
        if not self.parts:
            return WHOLE
        low = sum((part.share * part.value.low for part in self.parts), Fraction(0))
        return Range(low, sum((part.share * part.value.high for part in self.parts), Fraction(0)))

    @property
    def widths(self) -> tuple[Fraction, ...]:
        """How far each part may lift the value above its lowest one, independently of the others."""
        if not self.parts:
            return (Fraction(1),)
        found = (part.share * (part.value.high - part.value.low) for part in self.parts)
        return tuple(width for width in found if width)

    @property
    def unknown(self) -> bool:
        """Whether nothing at all is known."""
        return not any(part.known for part in self.parts)


@dataclass(frozen=True, slots=True)
class Profile:
    """A model with its worth on all criteria, which are sorted by id."""

    model: str
    criteria: tuple[Criterion, ...]

    @property
    def values(self) -> tuple[Range, ...]:
        """The worth on each criterion."""
        return tuple(each.value for each in self.criteria)

    @property
    def widths(self) -> tuple[tuple[int, Fraction], ...]:
        """All that is open: the number of the criterion, and how far it may be lifted above its lowest value."""
        return tuple((number, width) for number, each in enumerate(self.criteria) for width in each.widths)


def profiles(facts: FactsTable, judgements: Judgements) -> tuple[Profile, ...]:
    """All models, sorted by id."""
    return tuple(
        Profile(model.id, tuple(_criterion(model.id, each.id, facts, judgements) for each in facts.criteria))
        for model in facts.models
    )


def _criterion(model: str, criterion: str, facts: FactsTable, judgements: Judgements) -> Criterion:
    own = {each.id for each in facts.quantities if each.criterion == criterion}
    found: list[tuple[Fraction | None, Part]] = []
    for each in judgements.values:
        if each.quantity in own:
            fact = facts.fact(model, each.quantity)
            beyond = not each.function.covers(fact.value)
            value = each.function.over(fact.value)
            part = Part(each.quantity, Fraction(1), value, fact, fact.value is not None, beyond)
            found.append((each.share, part))
    for compared in judgements.comparisons:
        if compared.criterion == criterion:
            worth = ideal(compared.comparison.priorities(), (model,))[model]
            value = WHOLE if worth is None else Range(worth, worth)
            part = Part("compared in pairs", Fraction(1), value, None, worth is not None, beyond=False)
            found.append((compared.share, part))
    total = sum((share or Fraction(1) for share, _ in found), Fraction(0))
    parts = (
        Part(part.name, (share or Fraction(1)) / total, part.value, part.fact, part.known, part.beyond)
        for share, part in found
    )
    return Criterion(criterion, tuple(parts))
