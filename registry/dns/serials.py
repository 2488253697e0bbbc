# SPDX-License-Identifier: Apache-2.0
"""The serial that a zone gets after a restore: greater than any that can have been published since the backup.

A restored database knows the serial n that the zone had when the backup was made. Since then n+1 … m have been
published, and nobody can say what m was: that was in the database that is lost. Whoever holds m (a secondary, a server
in another process) takes a new version only if its serial is greater in the sense of RFC 1982 §3.2, so the zone goes on
with a serial s for which all of this has to be true:

* **s is greater than m.** A publisher leaves `STAMP_INTERVAL_S` between two serials, and there is one publisher at a
  time, so m <= n + rate * time since the backup. `s = n + 2 * rate * (time + SLACK)` is beyond that. The 2 is for a
  publisher that takes over from another one within the interval, the slack for clocks that differ.
* **The same backup restored a second time** must not give the serials that were published after the first one. The
  first time s1 = n + 2r(t1 + slack); until the second time at most r(t2 - t1) more are published; and
  s2 = s1 + 2r(t2 - t1) is beyond these. A step of fixed size would fail here, and so would the greatest step there is.
* **s is greater than n, and than what a secondary holds that was behind n**: the step must stay well below 2^31, from
  where on RFC 1982 §3.2 calls the serial smaller or leaves it open (§3.1 allows to add 2^31 - 1 at most). `MAX_STEP`
  leaves more than a quarter of the half circle to those who are behind. It is reached after about half a year; for an
  older backup somebody has to say what the name servers hold.
* **0 is left out**, also where the sum wraps around at 2^32, since some servers read it as "none".

From n to s there is no way for IXFR: the changes n+1 … m are lost, and the journal would say that nothing happened in
between. A server that can't give the differences sends the whole zone (RFC 1995 §2), so `history_from` of the zone
becomes s.
"""

from datetime import timedelta

from registry.errors import ConfigurationError

STAMP_INTERVAL_S = 0.02
"""A publisher gives no two serials within this time."""
_RATE = round(2 / STAMP_INTERVAL_S)  # serials a second
SLACK = timedelta(hours=1)
MAX_STEP = 3 * 2**29
_CIRCLE = 2**32
_HALF = 2**31


def is_greater(serial: int, other: int) -> bool:
    """Whether a serial is greater than another one (RFC 1982 §3.2); what that leaves open is not greater."""
    return 0 < (serial - other) % _CIRCLE < _HALF


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
        step = max(step, (published - held) % _CIRCLE + 1)
    if step >= _HALF:
        raise ConfigurationError(f"no serial is greater than both {held} and {published} (RFC 1982 §3.2)")
    return (held + step) % _CIRCLE or 1
