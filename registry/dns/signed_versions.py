# SPDX-License-Identifier: Apache-2.0
"""Which serial of ours a server has whose own serial says nothing, since the zone that it serves is signed.

A signer, and whoever takes the zone from it, counts new signatures, too. What they all hand on as it is are the record
sets. So the server is asked for names that have changed: what it answers was true of the zone at some serials, and not
at others, and with the next name, chosen from the middle of those that are left, they become fewer. Of a server that
has all that is published the newest change tells it at once; of one that is behind it takes as many questions as the
serials that it may have can be halved.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from registry.dns.reconcile.wire_reader import tails_of
from registry.serials import SERIALS, distance, is_greater
from registry.storage.engine import Database
from registry.storage.queries import name_histories
from registry.storage.queries.name_histories import Step
from registry.storage.queries.zones import ZoneRow

_NAMES = 50
"""Of so many record sets a server is asked at most, where none of them tells versions apart: each is what it was."""
_STEPS = 64  # 2^32 can be halved 32 times, and the middle isn't always hit

Holds = Callable[[str, str], frozenset[bytes]]
"""The records that a server has of (owner, rdtype), in canonical form. Raises TechnicalError."""


@dataclass(frozen=True, slots=True)
class _Span:
    """A record set was this from a serial on up to another one, both included."""

    first: int
    last: int
    records: frozenset[bytes]

    def __contains__(self, serial: int) -> bool:
        return distance(self.first, serial) <= distance(self.first, self.last)


@dataclass(frozen=True, slots=True)
class _Window:
    """The serials that a server may have, `low` and `high` included.

    `certain`: it has `low`; else it may be older than the journal, and have none of them.
    """

    low: int
    high: int
    certain: bool

    @property
    def middle(self) -> int:
        return (self.low + (distance(self.low, self.high) + 1) // 2) % SERIALS


def serial_told(database: Database, held: ZoneRow, known: int | None, holds: Holds) -> int | None:
    """The greatest serial of ours of which a server is known to have everything; None where nothing tells.

    `known` is one that it had before. Without one that the journal leads on from, what it shows of later changes has to
    tell; a server that shows none of them has what it had, or what was there when the journal began.

    Raises TechnicalError where the server doesn't answer.
    """
    if known is not None and is_greater(known, held.serial):
        known = None
    covered = known is not None and held.has_history_since(known)
    first = known if known is not None and covered else held.history_from
    window = _Window(first, held.serial, covered)
    for _ in range(_STEPS):
        if window.low == window.high:
            break
        lacks = window.high != held.serial
        found = _asked(database, held, window, window.middle, holds) if lacks else None
        found = found or _asked(database, held, window, window.high, holds)
        if found is None:
            break
        window = found
    if window.certain:
        return window.low
    lacks = window.high != held.serial
    return (first if known is None else known) if lacks else None


def _asked(database: Database, held: ZoneRow, window: _Window, at: int, holds: Holds) -> _Window | None:
    """What is left of a window when the server was asked what changed last up to a serial; None where none of it tells.

    Nothing may differ up to there but in what the server can't be asked for, or what was changed back: then the server
    has this serial as well.
    """
    with database.read() as connection:
        keys = name_histories.changed_lately(connection, held, window.low, at, _NAMES)
        steps = name_histories.histories(connection, held, window.low, window.high, keys)
    alike = True
    for owner, rdtype in keys:
        spans = list(_spans(window, rdtype, steps[owner, rdtype]))
        records = holds(owner, rdtype)
        # Where there is nothing by our records, a wildcard or an alias may answer instead.
        fitting = [each for each in spans if each.records == records] or [each for each in spans if not each.records]
        shown = bool(fitting) and fitting[0].first != window.low
        if shown and not records and not window.certain:
            continue  # what has gone isn't there before it came, either
        if shown or (fitting and fitting[-1].last != window.high):
            return _Window(fitting[0].first, fitting[-1].last, window.certain or shown)
        alike = alike and any(at in each for each in fitting)
    return replace(window, low=at) if alike else None


def _spans(window: _Window, rdtype: str, steps: Sequence[Step]) -> Iterator[_Span]:
    first, text = window.low, steps[0].before
    for step in steps:
        if step.serial != first:
            yield _Span(first, (step.serial - 1) % SERIALS, _records(rdtype, text))
        first, text = step.serial, step.after
    yield _Span(first, window.high, _records(rdtype, text))


def _records(rdtype: str, text: str | None) -> frozenset[bytes]:
    return frozenset() if text is None else frozenset(tails_of(rdtype, text))
