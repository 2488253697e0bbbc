# SPDX-License-Identifier: Apache-2.0
"""Waits for an event of the loop, but not for ever."""

import asyncio
import contextlib


async def wait_within(seconds: float, event: asyncio.Event) -> None:
    """Return when an event happens, or after so many seconds."""
    # Not `wait_for`: that of Python 3.11 loses a cancellation that comes together with the event.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
