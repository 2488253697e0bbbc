# SPDX-License-Identifier: Apache-2.0
"""Weighted sums, and how far each weight may move before another model comes first: exact, in fractions.

One weight t moves at a time, from 0 to 1; the others share the rest in their old proportions (equally, where they were
all 0). Then each model's sum is a straight line in t, and the first model is the upper envelope of these lines.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from trust_lists.evaluation.scoring.profiles import Profile
from trust_lists.evaluation.scoring.reading import Range

Line = tuple[Fraction, Fraction]
"""Its values at t = 0 and at t = 1."""
_ZERO, _ONE = Fraction(0), Fraction(1)


@dataclass(frozen=True, slots=True)
class Score:
    """A model's weighted sum: from all unknown values at their worst to all of them at their best."""

    model: str
    value: Range


@dataclass(frozen=True, slots=True)
class Segment:
    """Weights, from `low` to `high`, between which these models come first: one, or several with the same sum."""

    low: Fraction
    high: Fraction
    winners: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WeightInterval:
    """What comes first for every weight of a criterion.

    `segments` and `stays` take unknown values in the middle of their ranges; `certain` is where today's winner comes
    first whatever the unknown values are, and None where there is no such weight.
    """

    criterion: str
    weight: Fraction
    segments: tuple[Segment, ...]
    stays: Range
    certain: Range | None


def scores(profiles: Sequence[Profile], weights: Mapping[str, Fraction]) -> tuple[Score, ...]:
    """The sums of all models, those with the best middles first; of equals, by id."""
    found = []
    for each in profiles:
        low = sum((weights[part.id] * part.value.low for part in each.criteria), _ZERO)
        high = sum((weights[part.id] * part.value.high for part in each.criteria), _ZERO)
        found.append(Score(each.model, Range(low, high)))
    return tuple(sorted(found, key=lambda score: (-score.value.middle, score.model)))


def weight_intervals(profiles: Sequence[Profile], weights: Mapping[str, Fraction]) -> tuple[WeightInterval, ...]:
    """One for each criterion, by id; none where there is only one criterion, whose weight is always 1."""
    if len(weights) < 2:
        return ()
    winner = scores(profiles, weights)[0].model
    return tuple(_interval(number, profiles, weights, winner) for number in range(len(weights)))


def _interval(number: int, profiles: Sequence[Profile], weights: Mapping[str, Fraction], winner: str) -> WeightInterval:
    criterion = profiles[0].criteria[number].id
    rest = _rest(number, [weights[each.id] for each in profiles[0].criteria])

    def line(values: Sequence[Fraction]) -> Line:
        return sum((w * value for w, value in zip(rest, values, strict=True)), _ZERO), values[number]

    middles = {each.model: line([value.middle for value in each.values]) for each in profiles}
    others = [line([value.high for value in each.values]) for each in profiles if each.model != winner]
    worst = next(line([value.low for value in each.values]) for each in profiles if each.model == winner)
    stays = _not_below(middles[winner], [each for model, each in middles.items() if model != winner])
    assert stays is not None  # noqa: S101 for the type checker: it comes first at today's weight at least
    return WeightInterval(criterion, weights[criterion], _envelope(middles), stays, _not_below(worst, others))


def _rest(number: int, weights: Sequence[Fraction]) -> list[Fraction]:
    """The others' parts of what one weight leaves to them."""
    others = [_ZERO if each == number else weight for each, weight in enumerate(weights)]
    total = sum(others, _ZERO)
    if total:
        return [weight / total for weight in others]
    return [_ZERO if each == number else Fraction(1, len(weights) - 1) for each in range(len(weights))]


def _not_below(line: Line, others: Sequence[Line]) -> Range | None:
    """Where a line is at least as high as all others: an interval, as each of them cuts [0, 1] at most once."""
    low, high = _ZERO, _ONE
    for other in others:
        start, end = line[0] - other[0], line[1] - other[1]
        if start < 0 and end < 0:
            return None
        if start < 0:
            low = max(low, start / (start - end))
        elif end < 0:
            high = min(high, start / (start - end))
    return Range(low, high) if low <= high else None


def _envelope(lines: Mapping[str, Line]) -> tuple[Segment, ...]:
    """Which line is the highest, from left to right: at each place the steepest of the highest ones goes on."""
    found: list[Segment] = []
    place = _ZERO
    while place < _ONE:
        now = place
        best = max(lines.values(), key=lambda line: (_at(line, now), line[1] - line[0]))
        overtakings = (_crossing(best, line) for line in lines.values() if line[1] - line[0] > best[1] - best[0])
        place = min((each for each in overtakings if each > now), default=_ONE)
        winners = tuple(sorted(model for model, line in lines.items() if line == best))
        found.append(Segment(now, min(place, _ONE), winners))
    return tuple(found)


def _at(line: Line, place: Fraction) -> Fraction:
    return line[0] + (line[1] - line[0]) * place


def _crossing(one: Line, other: Line) -> Fraction:
    start, end = one[0] - other[0], one[1] - other[1]
    return start / (start - end)
