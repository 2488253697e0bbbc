# SPDX-License-Identifier: Apache-2.0
"""When all will have moved, if it goes on as in the last weeks. Pure.

The rate is what has become less late from the first to the last day of a window. Participants count; where nobody is
behind anybody, members do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from registry.storage.queries.campaigns import ProgressRow

WINDOW: Final = timedelta(days=28)
FAR: Final = timedelta(days=3_650)
"""Beyond this nobody says a date."""


class Outlook(StrEnum):
    """What can be said."""

    DONE = "done"
    UNKNOWN = "unknown"
    """One day tells no rate."""
    STANDS_STILL = "stands-still"
    """Nobody has moved in the window, or more are late than before."""
    MOVES = "moves"


@dataclass(frozen=True, slots=True)
class Forecast:
    """What can be said, and, where it moves, the day on which all are done at this rate; None: in years."""

    outlook: Outlook
    at: datetime | None = None


def forecast(series: Sequence[ProgressRow]) -> Forecast:
    """From the days that were counted, in order."""
    if not series:
        return Forecast(Outlook.UNKNOWN)
    last = series[-1]
    if late_members(last) == 0 and late_participants(last) == 0:
        return Forecast(Outlook.DONE)
    window = [row for row in series if row.day >= last.day - WINDOW]
    if len(window) == 1:
        return Forecast(Outlook.UNKNOWN)
    by_participants = late_participants(last) > 0
    late = [late_participants(row) if by_participants else late_members(row) for row in (window[0], last)]
    moved = late[0] - late[1]
    if moved <= 0:
        return Forecast(Outlook.STANDS_STILL)
    left = (last.day - window[0].day) * late[1] / moved
    days = -(-left // timedelta(days=1))
    return Forecast(Outlook.MOVES, last.day + timedelta(days=days) if days <= FAR.days else None)


def late_members(row: ProgressRow) -> int:
    """How many members were late on a day."""
    return row.members - row.members_done


def late_participants(row: ProgressRow) -> int:
    """How many participants were late on a day."""
    return row.participants - row.participants_done
