# SPDX-License-Identifier: Apache-2.0
"""Room for so many at a time: who finds none is told to ask again, and doesn't wait."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from registry.errors import TooManyRequestsError


class Room:
    """Places for what may take long. For many threads."""

    def __init__(self, places: int) -> None:
        self._places = BoundedSemaphore(places)

    @contextmanager
    def taken(self, refusal: str, wait_s: float) -> Iterator[None]:
        """Have a place within the block. Raises TooManyRequestsError, with `refusal`, where all are taken."""
        if not self._places.acquire(blocking=False):
            raise TooManyRequestsError(refusal, wait_s)
        try:
            yield
        finally:
            self._places.release()
