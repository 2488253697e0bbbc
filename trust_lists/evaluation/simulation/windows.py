# SPDX-License-Identifier: Apache-2.0
"""Windows: how long a stolen key is still accepted, and how long valid parties are rejected.

All times are days. A pair is an access point and another one that relies on it.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from trust_lists.evaluation.simulation.events import Event


@dataclass(frozen=True, slots=True)
class Exposure:
    """From a compromise (or the end of a membership) until the last relying party rejects.

    Where it ended because the certificate expired before that (`expired`), the parts are those of the shorter time.
    """

    event: Event
    day: float
    detection: float
    publication: float
    pickup: float
    pair_days: float
    expired: bool = False

    @property
    def days(self) -> float:
        """The whole time."""
        return self.detection + self.publication + self.pickup


@dataclass(frozen=True, slots=True)
class Outage:
    """The longest time for which one relying party rejected one valid party, and the sum over all pairs."""

    event: Event
    day: float
    days: float
    pair_days: float


def replaced(rejects: Sequence[float], accepts: Sequence[float], reissued: Mapping[int, float]) -> tuple[float, float]:
    """The longest outage, and the sum over all pairs, where a CA is withdrawn and its access points are certified anew.

    Relying party j rejects the old certificates from `rejects[j]` and accepts new ones from `accepts[j]`; access point
    i has its new one from `reissued[i]`.
    """
    times = sorted(reissued.values())
    if not times:
        return 0.0, 0.0
    sums = [0.0, *accumulate(times)]
    longest = total = 0.0
    for at, (reject, accept) in enumerate(zip(rejects, accepts, strict=True)):
        ready = max(reject, accept)
        earlier = bisect_right(times, ready)
        later = len(times) - earlier
        total += earlier * (ready - reject) + sums[-1] - sums[earlier] - later * reject
        if at in reissued:  # nobody needs to be accepted by oneself
            total -= max(ready, reissued[at]) - reject
        if len(times) > (at in reissued):
            own_last = reissued.get(at) == times[-1] and len(times) > 1
            longest = max(longest, max(ready, times[-2] if own_last else times[-1]) - reject)
    return longest, max(0.0, total)


def migrated(installs: Sequence[float], switches: Mapping[int, float], until: float) -> tuple[float, float]:
    """The longest outage, and the sum over all pairs, of a planned change of a CA.

    Relying party j has the new anchor from `installs[j]`; access point i uses its new certificate from `switches[i]`;
    nobody accepts the old ones after `until`.
    """
    others = len(installs) - 1
    if others < 1 or not switches:
        return 0.0, 0.0
    times = sorted(installs)
    sums = [0.0, *accumulate(times)]
    longest = total = 0.0
    for at, switch in switches.items():
        earlier = bisect_right(times, switch)
        waiting = sums[-1] - sums[earlier] - (len(times) - earlier) * switch
        late = max(0.0, switch - until)
        total += waiting - max(0.0, installs[at] - switch) + others * late
        # The slowest of the others.
        slowest = times[-2] if installs[at] == times[-1] else times[-1]
        longest = max(longest, late + max(0.0, slowest - switch))
    return longest, max(0.0, total)
