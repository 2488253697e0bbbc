# SPDX-License-Identifier: Apache-2.0
"""Time is an argument: whoever needs it is given a `Clock`, and only the composition root picks the real one."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the present moment, time-zone aware, in UTC."""


def system_clock() -> datetime:
    """The real time, in UTC."""
    return datetime.now(UTC)
