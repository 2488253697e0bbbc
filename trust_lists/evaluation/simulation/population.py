# SPDX-License-Identifier: Apache-2.0
"""Participants, counted by access point: who comes, goes and moves in a period, all at once.

None gets lost: what is there is what was there at the beginning, plus who came, less who left.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from trust_lists.evaluation.simulation.distributions import poisson
from trust_lists.evaluation.simulation.events import Event, Settings
from trust_lists.evaluation.simulation.parameters import Parameters
from trust_lists.evaluation.simulation.streams import Streams

YEAR = 365.25
"""Days."""


@dataclass(frozen=True, slots=True)
class Change:
    """What happened in a period, in participants."""

    joined: int
    left: int
    moved: int


class Population:
    """Participants of each access point; `counts` is as long as there are access points."""

    def __init__(self, settings: Settings, parameters: Parameters, streams: Streams, *, access_points: int) -> None:
        self._streams = streams
        self._weights = [(at + 1) ** -parameters.number("size_skew") for at in range(settings.access_points)]
        self._leaving = parameters.number("participants_leaving") / YEAR
        self._moving = parameters.number("participants_moving") / YEAR
        self.initial = round(settings.participants * parameters.number("initial_share"))
        self._arrivals = _arrivals(self.initial, settings.participants, settings.years * YEAR, self._leaving)
        self.counts = shared_out(self.initial, self._weights[:access_points], 0.5)
        self._carried: dict[tuple[Event, int], float] = {}

    def add_access_point(self) -> None:
        """A new access point, without participants so far."""
        self.counts.append(0)

    def pass_days(self, days: float, period: int) -> Change:
        """What happens in these days; `period` numbers them, from 0."""
        here = len(self.counts)
        weights = self._weights[:here]
        arriving = self._arrivals * days / sum(weights)
        joined = self._drawn(Event.PARTICIPANTS_JOIN, period, [arriving * weight for weight in weights])
        leaving = [self._leaving * days * count for count in self.counts]
        left = self._drawn(Event.PARTICIPANTS_LEAVE, period, leaving, self.counts)
        staying = [count - gone for count, gone in zip(self.counts, left, strict=True)]
        moving = [self._moving * days * count for count in staying]
        moved = self._drawn(Event.PARTICIPANTS_MOVE, period, moving, staying)
        offset = self._streams.draw(Event.PARTICIPANTS_MOVE, period, "where")
        arrived = shared_out(sum(moved), weights, offset)
        for at in range(here):
            self.counts[at] += joined[at] - left[at] - moved[at] + arrived[at]
        return Change(sum(joined), sum(left), sum(moved))

    def _drawn(self, event: Event, period: int, means: Sequence[float], most: Sequence[int] | None = None) -> list[int]:
        """How many it is at each access point, no more than there are."""
        if self._streams.chance:
            draws = self._streams.draws(len(means), event, period)
            found = [poisson(mean, u) for mean, u in zip(means, draws, strict=True)]
        else:
            found = [self._whole(event, at, mean) for at, mean in enumerate(means)]
        return found if most is None else [min(pair) for pair in zip(found, most, strict=True)]

    def _whole(self, event: Event, at: int, mean: float) -> int:
        """The whole part of what is expected; the rest is kept for the next period."""
        due = self._carried.get((event, at), 0.0) + mean
        # A hair more, so that ten tenths make a whole.
        whole = math.floor(due + 1e-9)
        self._carried[event, at] = due - whole
        return whole


def _arrivals(first: int, last: int, days: float, leaving: float) -> float:
    """How many must come in a day, so that `first` become `last` although a share `leaving` goes every day."""
    if leaving * days < 1e-9:
        return max(0.0, (last - first) / days)
    kept = math.exp(-leaving * days)
    return max(0.0, (last - first * kept) * leaving / (1 - kept))


def shared_out(total: int, weights: Sequence[float], offset: float) -> list[int]:
    """Whole shares in proportion to the weights, in sum exactly `total`; `offset`, 0 to 1, says who gets the rests."""
    whole, reached, before = math.fsum(weights), 0.0, 0
    shares = []
    for at, weight in enumerate(weights, 1):
        reached += weight
        upto = total if at == len(weights) else min(total, math.floor(total * (reached / whole) + offset))
        shares.append(upto - before)
        before = upto
    return shares
