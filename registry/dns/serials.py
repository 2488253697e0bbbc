# SPDX-License-Identifier: Apache-2.0
"""The serial that a zone gets after a restore: greater than any that can have been published since the backup.

A restored database knows the serial n that the zone had when the backup was made. Since then n+1 … m have been
published, and nobody can say what m was: that was in the database that is lost. Whoever holds m (a secondary, a server
in another process) takes a new version only if its serial is greater in the sense of RFC 1982 §3.2, so the zone goes on
with a serial s for which all of this has to be true:

* **s is greater than m.** A publisher leaves `STAMP_INTERVAL_S` between two serials, and there is one publisher at a
  time. A push to a primary whose only writer we are brings the serial there up by `PUSH_STEP` with each message, for
  which it leaves `PUSH_INTERVAL_S`, and where that gets ahead of ours our zone goes on from there. Zone and targets
  take serials over from each other, yet whichever is ahead goes up at one of these rates, not at their sum. With r as
  the greater one m <= n + r * time since the backup, and `s = n + 2 * r * (time + SLACK)` is beyond that. The 2 is for
  whoever takes over from another process within the interval, the slack for clocks that differ.
* **What no rate tells** is a leap since the backup: to the serial that a target had of its own when it was pushed to
  first or taken over (the event `dns:zone:follow`, of up to nearly 2^31), to one beyond that of the zone's other name
  (`dns:zone:move`), or one of `serial_beyond` (`dns:zone:repair`). The events are lost with the database. Then somebody
  has to say what name servers hold; where nobody did, `registry dns check` finds those that are ahead, and
  `registry dns repair` leaps beyond them.
* **The same backup restored a second time** must not give the serials that were published after the first one. The
  first time s1 = n + 2r(t1 + slack); until the second time at most r(t2 - t1) more are published; and
  s2 = s1 + 2r(t2 - t1) is beyond these. A step of fixed size would fail here, and so would the greatest step there is.
* **s is greater than n, and than what a secondary holds that was behind n**: the step must stay well below 2^31, from
  where on RFC 1982 §3.2 calls the serial smaller or leaves it open (§3.1 allows to add 2^31 - 1 at most). `MAX_STEP`
  leaves a quarter of the half circle to those who are behind. It is reached after more than two months; for an older
  backup somebody has to say what the name servers hold.
* **0 is left out**, also where the sum wraps around at 2^32, since some servers read it as "none".

From n to s there is no way for IXFR: the changes n+1 … m are lost, and the journal would say that nothing happened in
between. A server that can't give the differences sends the whole zone (RFC 1995 §2), so `history_from` of the zone
becomes s.
"""

from collections.abc import Collection
from datetime import timedelta

from registry.errors import ConfigurationError, ConflictError
from registry.serials import HALF, SERIALS, distance, is_greater

STAMP_INTERVAL_S = 0.02
"""A publisher gives no two serials within this time."""
PUSH_STEP = 2
"""By so much a message of a push brings the serial at its target up."""
PUSH_INTERVAL_S = 0.015
"""A push takes at least so long for each of its messages."""
_RATE = round(2 * max(1 / STAMP_INTERVAL_S, PUSH_STEP / PUSH_INTERVAL_S))  # serials a second
SLACK = timedelta(hours=1)
MAX_STEP = 3 * 2**29


def serial_after_restore(held: int, elapsed: timedelta, published: int | None = None) -> int:
    """The serial for a zone of whose serials `held` is the last one known, `elapsed` ago.

    `published` is one that somebody has seen at a name server; the result is greater than it, too. One that isn't
    greater than `held` changes nothing but that a backup of any age will do.

    Raises ConfigurationError where the moment is in the future, and where it is so long ago that nobody can tell what
    has been published since, unless `published` says it.
    """
    seconds = (elapsed + SLACK).total_seconds()
    if seconds < 0:
        raise ConfigurationError(f"by this machine's clock the data are from the future, by {-elapsed}: set the clock")
    step = int(seconds * _RATE) + 1
    if step > MAX_STEP:
        if published is None:
            raise ConfigurationError(
                f"the data are {elapsed.days} days old: too old to tell which serials have been published since. Ask a "
                "name server of each zone (dig SOA) and say --serial-at-least ZONE=SERIAL; ZONE=0 for one that nobody "
                "holds"
            )
        step = MAX_STEP
    if published is not None and is_greater(published, held):
        step = max(step, distance(held, published) + 1)
    if step >= HALF:
        raise ConfigurationError(f"no serial is greater than both {held} and {published} (RFC 1982 §3.2)")
    return (held + step) % SERIALS or 1


def serial_beyond(held: int, served: Collection[int]) -> int:
    """The least serial that is greater than the zone's own and than all that name servers serve (RFC 1982 §3.2).

    Raises ConflictError where there is none.
    """
    step = max((distance(held, serial) for serial in served if is_greater(serial, held)), default=0) + 1
    found = (held + step) % SERIALS or 1
    if stuck := [serial for serial in (held, *served) if not is_greater(found, serial)]:
        raise ConflictError(
            f"no serial is greater than all of {', '.join(map(str, sorted({held, *served})))} (RFC 1982 §3.2): let the "
            f"servers with {', '.join(map(str, stuck))} take the zone anew by themselves (knotc zone-retransfer, rndc "
            "retransfer, nsd-control force_transfer), and try again"
        )
    return found
