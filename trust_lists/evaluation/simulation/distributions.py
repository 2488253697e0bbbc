# SPDX-License-Identifier: Apache-2.0
"""How long something takes: a fixed value, evenly between two, or long-tailed with a median and a 95th percentile.

Values are drawn by the inverse of the distribution function: the same draw `u` never gives less when a parameter grows,
so that runs of one seed can be compared value by value.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TypeAlias

_NORMAL = NormalDist()
_AT_95 = _NORMAL.inv_cdf(0.95)


@dataclass(frozen=True, slots=True)
class Fixed:
    """Always the same value."""

    value: float

    def at(self, _u: float) -> float:
        """The value."""
        return self.value

    @property
    def most(self) -> float:
        """The greatest value that can come."""
        return self.value

    def scaled(self, factor: float) -> "Fixed":
        """The same in another unit."""
        return Fixed(self.value * factor)

    def to_json(self) -> object:
        """As a parameter file writes it."""
        return self.value


@dataclass(frozen=True, slots=True)
class Between:
    """Any value from `least` to `most`, all alike."""

    least: float
    most: float

    def at(self, u: float) -> float:
        """The value below which a share `u` lies."""
        return self.least + (self.most - self.least) * u

    def scaled(self, factor: float) -> "Between":
        """The same in another unit."""
        return Between(self.least * factor, self.most * factor)

    def to_json(self) -> object:
        """As a parameter file writes it."""
        return {"least": self.least, "most": self.most}


@dataclass(frozen=True, slots=True)
class Spread:
    """Log-normal: half of the values lie below `p50`, nineteen of twenty below `p95`, none above `most`."""

    p50: float
    p95: float
    most: float = math.inf

    def at(self, u: float) -> float:
        """The value below which a share `u` lies, 0 < u < 1."""
        return min(self.most, self.p50 * math.pow(self.p95 / self.p50, _NORMAL.inv_cdf(u) / _AT_95))

    def scaled(self, factor: float) -> "Spread":
        """The same in another unit."""
        return Spread(self.p50 * factor, self.p95 * factor, self.most * factor)

    def to_json(self) -> object:
        """As a parameter file writes it."""
        bound = {} if math.isinf(self.most) else {"most": self.most}
        return {"p50": self.p50, "p95": self.p95, **bound}


Distribution: TypeAlias = Fixed | Between | Spread


def poisson(mean: float, u: float) -> int:
    """How many of many independent things happen, when `mean` are expected; the count below which a share `u` lies.

    Above 30 by the normal approximation, which is off by less than one there.
    """
    if mean > 30:
        return max(0, round(mean + math.sqrt(mean) * _NORMAL.inv_cdf(u)))
    count, chance = 0, math.exp(-mean)
    reached = chance
    while reached < u and count < 200:
        count += 1
        chance *= mean / count
        reached += chance
    return count


def percentile(values: list[float], share: float) -> float:
    """The smallest of sorted values that at least this share of them doesn't exceed (nearest rank)."""
    return values[max(0, math.ceil(share * len(values)) - 1)]
