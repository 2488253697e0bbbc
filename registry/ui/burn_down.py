# SPDX-License-Identifier: Apache-2.0
"""How late a campaign was, day by day, as the points of a picture. Drawn by the server: nothing runs in the browser."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

WIDTH: Final = 640
HEIGHT: Final = 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 8.0, 8.0, 12.0, 24.0
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class BurnDown:
    """Lines in a box of WIDTH by HEIGHT units, each as `x,y x,y …`; empty where there is nothing to draw."""

    late: str
    """How many were late on each day."""
    wanted: str
    """As many less each day as it takes to be done by the deadline."""
    expected: str
    """On from the last day at the rate of the last weeks."""
    deadline: float
    """Where the deadline is, from the left."""
    most: int
    """How many were late at most: the highest point."""
    by_participants: bool
    """Whether participants are counted, or members, where nobody is behind them."""


def burn_down(held: Mapping[str, Any], days: Sequence[Mapping[str, Any]]) -> BurnDown | None:
    """The picture of a campaign and its days, as REST has them; None before it was counted."""
    if not days:
        return None
    by_participants = any(day["participants"] for day in days)
    name = "participants" if by_participants else "members"
    late = [(_moment(day["day"]), day[name] - day[f"{name}_done"]) for day in days]
    begin, last = late[0][0], late[-1][0]
    deadline = _moment(held["deadline"])
    expected = None if held["expected_at"] is None else _moment(held["expected_at"])
    end = max(deadline, last, begin + _DAY)
    most = max(count for _, count in late)

    def point(at: datetime, count: float) -> str:
        x = _LEFT + (at - begin) / (end - begin) * (WIDTH - _LEFT - _RIGHT)
        y = HEIGHT - _BOTTOM - (count / most if most else 0) * (HEIGHT - _TOP - _BOTTOM)
        return f"{x:.1f},{y:.1f}"

    line = [point(at, count) for at, count in late]
    if len(line) == 1:
        line = [*line, point(begin + _DAY / 2, late[0][1])]  # a dot has no length
    wanted = [point(begin, late[0][1]), point(deadline, 0)] if deadline > begin else []
    further = []
    if expected is not None and expected > last:
        share = min(1.0, (end - last) / (expected - last))
        further = [line[-1], point(last + (expected - last) * share, late[-1][1] * (1 - share))]
    x = float(point(max(deadline, begin), 0).partition(",")[0])
    return BurnDown(" ".join(line), " ".join(wanted), " ".join(further), x, most, by_participants)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
