# SPDX-License-Identifier: Apache-2.0
"""Something that runs in an event loop, in a thread of its own, while a test uses it from outside."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

T = TypeVar("T")


@contextlib.contextmanager
def in_own_loop(name: str, open_: Callable[[], AbstractAsyncContextManager[T]]) -> Iterator[T]:
    """Enter what `open_` makes in a new loop and thread, and leave it at the end of the block."""
    ready: Future[T] = Future()
    stop = threading.Event()

    async def main() -> None:
        async with open_() as opened:
            ready.set_result(opened)
            await asyncio.to_thread(stop.wait)

    def thread() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)

    runner = threading.Thread(target=thread, name=name)
    runner.start()
    try:
        yield ready.result(60)
    finally:
        stop.set()
        runner.join(30)
        assert not runner.is_alive(), f"{name} did not stop"
