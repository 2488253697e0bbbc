# SPDX-License-Identifier: Apache-2.0
"""Chance, reproducible: each event of each class has a stream of its own, found by name, not by order.

So nothing that one class of events draws changes what another one gets: with the same seed, two models meet the same
history, and a changed parameter changes only what depends on it. Without chance, all draws are 0.5: medians.
"""

import random
from dataclasses import dataclass

_EDGE = 1e-12


@dataclass(frozen=True, slots=True)
class Streams:
    """The source of all chance in a simulation."""

    seed: int
    chance: bool = True

    def draws(self, count: int, *name: object) -> list[float]:
        """That many numbers between 0 and 1, both excluded; those of a greater `count` begin with the same ones."""
        if not self.chance:
            return [0.5] * count
        # Not for secrets: reproducible numbers are the point.
        draw = random.Random(f"{self.seed}|{'|'.join(map(str, name))}").random  # noqa: S311
        return [min(max(draw(), _EDGE), 1 - _EDGE) for _ in range(count)]

    def draw(self, *name: object) -> float:
        """One number between 0 and 1."""
        return self.draws(1, *name)[0]
