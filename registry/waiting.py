# SPDX-License-Identifier: Apache-2.0
"""Waits for an event of the loop, but not for ever."""

import asyncio
import contextlib


async def wait_within(seconds: float, event: asyncio.Event) -> None:
    """Return when an event happens, or after so many seconds."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
