# SPDX-License-Identifier: Apache-2.0
"""Fetches documents no faster than somebody else's server should be asked."""

import threading
from collections.abc import Callable

from registry.discovery.fetcher import FetchedDocument, Fetcher


class PacedFetcher:
    """Asks through another fetcher, at most `rate` times a second where that isn't 0, whoever of several threads asks.

    `timer` gives seconds, `sleep` waits for some.
    """

    def __init__(
        self, fetcher: Fetcher, rate: float, timer: Callable[[], float], sleep: Callable[[float], object]
    ) -> None:
        self._fetcher = fetcher
        self._rate = rate
        self._timer = timer
        self._sleep = sleep
        self._next = timer()
        self._lock = threading.Lock()

    def fetch(self, url: str) -> FetchedDocument:
        """See `Fetcher`."""
        if self._rate:
            with self._lock:
                now = self._timer()
                at = max(self._next, now)
                self._next = at + 1 / self._rate
            if at > now:
                self._sleep(at - now)
        return self._fetcher.fetch(url)
