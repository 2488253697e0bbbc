# SPDX-License-Identifier: Apache-2.0
"""SMAA: how often each model takes each rank when nothing is known of the weights (Lahdelma, Hokkanen, Salminen 1998).

Weights are drawn uniformly from all that add up to 1 (Dirichlet(1): the gaps between sorted uniform numbers), and what
is unknown of the facts uniformly from its whole range. A draw needs no logarithm or other function of the platform's
mathematics, and each model has a stream of numbers of its own: so the same input gives the same output everywhere, and
the order of the models plays no part. Models with equal sums share their ranks.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from math import sqrt
from operator import add, mul, sub

from trust_lists.evaluation.scoring.profiles import Profile

DRAWS = 100_000
SEED = 1
_NORMAL_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Share:
    """How often something happens: of so many draws, or for certain where `draws` is 0."""

    value: float
    draws: int

    @property
    def interval(self) -> tuple[float, float]:
        """Where the true share is in 19 experiments of 20 (Wilson's interval)."""
        n, z, p = self.draws, _NORMAL_95, self.value
        if not n:
            return p, p
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return max(0.0, min(p, middle - half)), min(1.0, max(p, middle + half))


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean of drawn numbers between 0 and 1, and half the width of its 95 % interval."""

    value: float
    half_width: float

    @property
    def interval(self) -> tuple[float, float]:
        """Where the true mean is in 19 experiments of 20."""
        return max(0.0, self.value - self.half_width), min(1.0, self.value + self.half_width)


@dataclass(frozen=True, slots=True)
class Acceptability:
    """A model's shares of the ranks, from first to last, over all possible weights.

    `central` are the mean weights by which it comes first, in the order of the criteria, and None where it never did;
    `confidence` is how often it comes first by these weights, over all that is unknown of the facts.
    """

    model: str
    ranks: tuple[Share, ...]
    central: tuple[Mean, ...] | None
    confidence: Share | None


def acceptabilities(profiles: Sequence[Profile], *, draws: int = DRAWS, seed: int = SEED) -> tuple[Acceptability, ...]:
    """For all models, in their order."""
    drawn = _draw(_Worths(profiles, seed), seed, draws)
    found = []
    for number, profile in enumerate(profiles):
        times = drawn.ranks[number][0]
        ranks = tuple(Share(count / draws, draws) for count in drawn.ranks[number])
        if not times:
            found.append(Acceptability(profile.model, ranks, None, None))
            continue
        central = tuple(_mean(*sums, times) for sums in zip(drawn.weights[number], drawn.squares[number], strict=True))
        confidence = first_shares(profiles, [each.value for each in central], draws=draws, seed=seed)[number]
        found.append(Acceptability(profile.model, ranks, central, confidence))
    return tuple(found)


def first_shares(
    profiles: Sequence[Profile], weights: Sequence[float], *, draws: int = DRAWS, seed: int = SEED
) -> tuple[Share, ...]:
    """How often each model comes first by these weights, over all that is unknown of the facts."""
    worths = _Worths(profiles, seed)
    counts = [0.0] * len(profiles)
    needed = draws if worths.open else 1
    bases = [sum(map(mul, weights, floor)) for floor in worths.floors]
    steps = [
        (each.model, list(map(mul, map(weights.__getitem__, each.at), each.widths)), each.draws) for each in worths.open
    ]
    for _ in range(needed):
        sums = bases.copy()
        for each, own, numbers in steps:
            sums[each] += sum(map(mul, own, numbers))
        best = max(sums)
        if sums.count(best) == 1:
            counts[sums.index(best)] += 1
        else:
            for each in _equal(sums, best):
                counts[each] += 1 / sums.count(best)
    return tuple(Share(count / needed, draws if worths.open else 0) for count in counts)


@dataclass(frozen=True, slots=True)
class _Open:
    """What is open about a model: how far its values on some criteria may be lifted, and the numbers to draw them by.

    `map` asks `widths` first, so that it takes no more of the endless `draws` than there are widths.
    """

    model: int
    at: tuple[int, ...]
    widths: tuple[float, ...]
    draws: Iterator[float]


class _Worths:
    """The models' values in floats: the lowest ones, and for some of them what is drawn on top."""

    def __init__(self, profiles: Sequence[Profile], seed: int) -> None:
        self.floors = [[float(value.low) for value in each.values] for each in profiles]
        self.open = []
        for number, each in enumerate(profiles):
            if each.widths:
                at, widths = zip(*each.widths, strict=True)
                self.open.append(_Open(number, at, tuple(map(float, widths)), _stream(seed, each.model)))


@dataclass(frozen=True, slots=True)
class _Drawn:
    """By model: how often it took each rank, and sums of the weights by which it came first, and of their squares."""

    ranks: list[list[float]]
    weights: list[list[float]]
    squares: list[list[float]]


def _draw(worths: _Worths, seed: int, draws: int) -> _Drawn:
    floors = worths.floors
    everybody, criteria = range(len(floors)), len(floors[0])
    found = _Drawn(*([[0.0] * count for _ in everybody] for count in (len(floors), criteria, criteria)))
    stream = _stream(seed, "")
    for _ in range(draws):
        cuts = sorted(islice(stream, criteria - 1))
        weights = list(map(sub, [*cuts, 1.0], [0.0, *cuts]))
        sums = [sum(map(mul, weights, floor)) for floor in floors]
        for each in worths.open:
            lifts = map(mul, map(weights.__getitem__, each.at), each.widths)
            sums[each.model] += sum(map(mul, lifts, each.draws))
        order = sorted(everybody, key=sums.__getitem__, reverse=True)
        if len(set(sums)) < len(sums):
            _add_equals(found, order, sums, weights)
            continue
        for rank, model in enumerate(order):
            found.ranks[model][rank] += 1
        winner = order[0]
        found.weights[winner] = list(map(add, found.weights[winner], weights))
        found.squares[winner] = list(map(add, found.squares[winner], map(mul, weights, weights)))
    return found


def _add_equals(found: _Drawn, order: Sequence[int], sums: Sequence[float], weights: Sequence[float]) -> None:
    """The same where some sums are equal: these models share their ranks, and the first ones the weights."""
    rank = 0
    while rank < len(order):
        equals = _equal(sums, sums[order[rank]])
        part = 1 / len(equals)
        for each in equals:
            for taken in range(rank, rank + len(equals)):
                found.ranks[each][taken] += part
            if rank == 0:
                found.weights[each] = [old + part * new for old, new in zip(found.weights[each], weights, strict=True)]
                pairs = zip(found.squares[each], weights, strict=True)
                found.squares[each] = [old + part * new * new for old, new in pairs]
        rank += len(equals)


def _mean(total: float, squares: float, times: float) -> Mean:
    """The mean of numbers with these sums; of one number alone it is anywhere."""
    mean = total / times
    if times <= 1:
        return Mean(mean, 1.0)
    return Mean(mean, _NORMAL_95 * sqrt(max(0.0, squares / times - mean * mean) / (times - 1)))


def _equal(sums: Sequence[float], value: float) -> list[int]:
    return [number for number, each in enumerate(sums) if each == value]


def _stream(seed: int, name: str) -> Iterator[float]:
    """Uniform numbers from 0 to 1 without end; -1 is never among them."""
    return iter(random.Random(f"{seed}:{name}").random, -1.0)  # noqa: S311 - an experiment to repeat, not a secret
