# SPDX-License-Identifier: Apache-2.0
"""Which refused requests for zones are logged: the first of a network and zone, then one a minute with how many more.

Anybody may ask over TCP as often as he likes, so what each costs is a number. As with rates, tables have two
generations, so memory is bounded: where more networks come than that, some are logged more often.
"""

from dataclasses import dataclass
from typing import Final

from registry.rates import client_of

REST_S: Final = 60.0
_PREFIX_4: Final = 24
_PREFIX_6: Final = 56  # bits: what a household or a small company has (RFC 6177), of which it may use any
_GENERATION: Final = 4096

_Key = tuple[tuple[int, int], str]


@dataclass(slots=True, eq=False)
class _Rest:
    ends: float
    unsaid: int = 0


class Refusals:
    """Counts refusals of which not each is logged. For one thread."""

    def __init__(self, *, generation: int = _GENERATION) -> None:
        self._generation = generation
        self._rests: dict[_Key, _Rest] = {}
        self._older: dict[_Key, _Rest] = {}

    def unsaid(self, host: str, zone: str, now: float) -> int | None:
        """None where a refusal isn't to be logged, else how many weren't since the last one that was.

        `host` is an IP address, `now` in seconds of a monotonic clock.
        """
        key = client_of(host, _PREFIX_4, _PREFIX_6), zone
        rest = self._rests.get(key) or self._older.get(key)
        if rest is not None and now < rest.ends:
            rest.unsaid += 1
            return None
        if len(self._rests) >= self._generation:
            self._rests, self._older = {}, self._rests
        self._rests[key] = _Rest(now + REST_S)
        return 0 if rest is None else rest.unsaid

    def __len__(self) -> int:
        return len(self._rests) + len(self._older)
