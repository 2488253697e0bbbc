# SPDX-License-Identifier: Apache-2.0
"""A circuit breaker for each SMP: one that keeps failing is left alone for a while, and nobody waits for its timeouts.

Closed: everything goes through. Open, after some failures in a row: nothing does. Half open, when the pause is over:
one request goes through, and what becomes of it decides. The states are pure; whoever calls passes the time.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import Final
from urllib.parse import urlsplit

from registry.discovery.addresses import REFUSED
from registry.discovery.errors import TechnicalFailureError
from registry.discovery.fetcher import FetchedDocument, Fetcher

FAILURES: Final = 5
PAUSE_S: Final = 30.0
MAX_HOSTS: Final = 1000


class State(StrEnum):
    """Whether requests go through."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class CircuitOpenError(TechnicalFailureError):
    """Nothing was asked: the server has failed too often. `retry_after` is in whole seconds."""

    def __init__(self, host: str, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__("circuit-open", f"{host} has failed too often, and is not asked for {retry_after} s")


@dataclass(slots=True)
class Breaker:
    """The circuit of one host; times are seconds on any clock that doesn't go back."""

    failures: int = FAILURES
    pause_s: float = PAUSE_S
    failed_in_a_row: int = 0
    open_until: float = 0.0
    state: State = State.CLOSED

    def wait(self, now: float) -> float:
        """Seconds to wait; 0 lets one request go, whose end must be told by `succeeded` or `failed`."""
        if self.state is State.CLOSED:
            return 0.0
        if now < self.open_until:
            return self.open_until - now
        # A trial that never ends must not hold the circuit for ever: after another pause there is a second one.
        self.state, self.open_until = State.HALF_OPEN, now + self.pause_s
        return 0.0

    def succeeded(self) -> None:
        """The server has answered."""
        self.failed_in_a_row = 0
        self.state = State.CLOSED

    def failed(self, now: float) -> None:
        """The server has not answered, or with nonsense."""
        self.failed_in_a_row += 1
        if self.state is State.HALF_OPEN or self.failed_in_a_row >= self.failures:
            self.state, self.open_until = State.OPEN, now + self.pause_s


class BreakingFetcher:
    """A `Fetcher` before another one, with a circuit for each host and port. Several threads may use it at once.

    A failure is no answer, or a status of 429 or from 500; an address that may not be asked is none.
    """

    def __init__(self, fetcher: Fetcher, timer: Callable[[], float] = time.monotonic) -> None:
        self._fetcher = fetcher
        self._timer = timer
        self._lock = threading.Lock()
        self._breakers: OrderedDict[str, Breaker] = OrderedDict()

    def fetch(self, url: str) -> FetchedDocument:
        """See `Fetcher`. Raises CircuitOpenError as well, which is a TechnicalFailureError."""
        host = urlsplit(url).netloc.lower()
        with self._lock:
            wait = self._breakers[host].wait(self._timer()) if host in self._breakers else 0.0
        if wait:
            raise CircuitOpenError(host, ceil(wait))
        try:
            document = self._fetcher.fetch(url)
        except TechnicalFailureError as error:
            if error.reason_id != REFUSED:
                self._failed(host)
            raise
        if document.status == 429 or document.status >= 500:
            self._failed(host)
        else:
            with self._lock:
                self._breakers.pop(host, None)  # as good as a new one
        return document

    def open_hosts(self) -> list[str]:
        """The hosts that aren't asked at present."""
        now = self._timer()
        with self._lock:
            items = self._breakers.items()
            return sorted(
                host for host, breaker in items if breaker.state is not State.CLOSED and now < breaker.open_until
            )

    def _failed(self, host: str) -> None:
        with self._lock:
            self._breakers.setdefault(host, Breaker()).failed(self._timer())
            self._breakers.move_to_end(host)
            if len(self._breakers) > MAX_HOSTS:
                self._breakers.popitem(last=False)
