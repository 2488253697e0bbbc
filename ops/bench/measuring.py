# SPDX-License-Identifier: Apache-2.0
"""Times of work in this process: medians of short rounds, since other programs disturb some of them."""

import statistics
import time
from collections.abc import Callable

ROUNDS = 9


def cpu_milliseconds(seconds: float, *works: Callable[[], object]) -> list[float]:
    """CPU time of each of these; they take turns, so that what disturbs one disturbs the others as well."""
    found: list[list[float]] = [[] for _ in works]
    for round_ in range(ROUNDS + 1):
        for work, figures in zip(works, found, strict=True):
            end = time.monotonic() + seconds / (ROUNDS + 1) / len(works)
            begun, count = time.process_time(), 0
            while not count or time.monotonic() < end:
                work()
                count += 1
            if round_:  # the first one only warms up
                figures.append((time.process_time() - begun) / count * 1e3)
    return [statistics.median(figures) for figures in found]
