# SPDX-License-Identifier: Apache-2.0
"""Answers for the participants of a wildcard: the template `*` of a scheme, saying the id that was asked.

The only documents that are signed on demand. What anybody can ask for costs a signature each, so the answers are kept
in a cache that is bounded in bytes, and new ones are made at a bounded rate.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

from registry.errors import TechnicalError
from registry.storage.queries.documents import SignedDocument


class WildcardAnswers:
    """Makes answers by functions that are handed in, and remembers them; safe in several threads.

    `max_bytes` bounds the bodies that are kept, `rate` the answers that are made in a second (twice as many in a
    burst). `clock` gives seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float], *, max_bytes: int = 64_000_000, rate: float = 100.0) -> None:
        self._clock = clock
        self._max_bytes = max_bytes
        self._rate = rate
        self._allowance = 2 * rate
        self._counted_at = clock()
        self._bytes = 0
        self._kept: OrderedDict[Hashable, SignedDocument] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, key: Hashable) -> SignedDocument | None:
        """The answer that is kept for a key; the key has the stamp of all that the answer shows."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def make(self, key: Hashable, sign: Callable[[], SignedDocument]) -> SignedDocument:
        """A new answer, kept for the next who asks. Raises TechnicalError where too many are made."""
        self._take()
        document = sign()
        with self._lock:
            self._bytes += len(document.body) - len(getattr(self._kept.pop(key, None), "body", b""))
            self._kept[key] = document
            while self._bytes > self._max_bytes:
                _, dropped = self._kept.popitem(last=False)
                self._bytes -= len(dropped.body)
        return document

    def _take(self) -> None:
        with self._lock:
            now = self._clock()
            self._allowance = min(2 * self._rate, self._allowance + (now - self._counted_at) * self._rate)
            self._counted_at = now
            if self._allowance < 1:
                raise TechnicalError("too many different participants of a wildcard are asked for at once")
            self._allowance -= 1
