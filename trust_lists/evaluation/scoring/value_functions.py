# SPDX-License-Identifier: Apache-2.0
"""What a number is worth, from 0 (the worst that is considered) to 1 (the best): monotone and piecewise linear.

A function must reach both 0 and 1, because a criterion's weight means the step from its worst to its best. Beyond its
first and last point it stays as it is there; the report says where that happened, as something is hidden by it.
"""

from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from trust_lists.evaluation.scoring.reading import Range

WHOLE = Range(Fraction(0), Fraction(1))
"""What an unknown number may be worth: anything."""
Point = tuple[Fraction, Fraction]


@dataclass(frozen=True, slots=True)
class ValueFunction:
    """Points (number, value) with growing numbers; `problems` says why points make no value function."""

    points: tuple[Point, ...]

    def __call__(self, number: Fraction) -> Fraction:
        """The value of a number, exactly."""
        after = bisect_right(self.points, number, key=lambda point: point[0])
        if after == 0:
            return self.points[0][1]
        if after == len(self.points):
            return self.points[-1][1]
        (left, low), (right, high) = self.points[after - 1 : after + 1]
        return low + (high - low) * (number - left) / (right - left)

    def over(self, known: Range | None) -> Range:
        """The values that a number may have: monotone, so those of the ends; all of them where it is unknown."""
        if known is None:
            return WHOLE
        first, last = self(known.low), self(known.high)
        return Range(min(first, last), max(first, last))

    def covers(self, known: Range | None) -> bool:
        """Whether no part of the range is beyond the first or the last point."""
        return known is None or (self.points[0][0] <= known.low and known.high <= self.points[-1][0])


def problems(points: tuple[Point, ...]) -> list[str]:
    """Why these points make no value function; empty where they do."""
    if len(points) < 2:
        return ["at least two points are needed, each [number, value]"]
    found = []
    numbers, values = [point[0] for point in points], [point[1] for point in points]
    if any(right <= left for left, right in pairwise(numbers)):
        found.append("the numbers of the points must grow")
    steps = [right - left for left, right in pairwise(values)]
    if min(steps) < 0 < max(steps):
        found.append("the values go up and down; a value function is monotone")
    if {min(values), max(values)} != {0, 1}:
        found.append("the values must reach from 0 (worst) to 1 (best), and no further")
    return found
