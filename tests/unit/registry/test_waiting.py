# SPDX-License-Identifier: Apache-2.0
"""Whoever waits for an event goes on when it happens, and at the latest after its time."""

import asyncio

import pytest

from registry.waiting import wait_within


def test_event_ends_the_wait_at_once_and_time_ends_it_at_last() -> None:
    async def waited() -> None:
        event = asyncio.Event()
        await wait_within(0.01, event)
        assert not event.is_set()
        asyncio.get_running_loop().call_soon(event.set)
        async with asyncio.timeout(10):
            await wait_within(3600, event)
        assert event.is_set()

    asyncio.run(waited())


def test_a_cancellation_that_comes_together_with_the_event_is_not_lost() -> None:
    async def cancelled() -> None:
        event = asyncio.Event()
        waiting = asyncio.create_task(wait_within(3600, event))
        await asyncio.sleep(0)
        event.set()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(cancelled())
