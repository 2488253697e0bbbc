# SPDX-License-Identifier: Apache-2.0
"""What is to happen, in the order of its time; of two things at one time, the one that was planned first."""

import heapq
from collections.abc import Callable


class Calendar:
    """The queue of a discrete-event simulation; `now` is the day that it has reached."""

    def __init__(self) -> None:
        self.now = 0.0
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._planned = 0

    def at(self, day: float, happen: Callable[[], None]) -> None:
        """Plan something; what should have been before now is done now."""
        heapq.heappush(self._queue, (max(day, self.now), self._planned, happen))
        self._planned += 1

    def run(self) -> None:
        """Do all that is planned, and what that plans in its turn."""
        while self._queue:
            self.now, _order, happen = heapq.heappop(self._queue)
            happen()
