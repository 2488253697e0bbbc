# SPDX-License-Identifier: Apache-2.0
"""The signals of a program that serves: SIGINT and SIGTERM end it, SIGHUP reads certificates again."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def signals(reload_certificates: Callable[[], None]) -> Iterator[asyncio.Event]:
    """Handle signals inside the block: SIGINT and SIGTERM set the event, SIGHUP calls `reload_certificates`.

    Begins before anybody is told that the program runs, so that whoever is told may stop it at once.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    handlers = {
        signal.SIGINT: stop.set,
        signal.SIGTERM: stop.set,
        signal.SIGHUP: reload_certificates,
    }
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)
    try:
        yield stop
    finally:
        for number in handlers:
            loop.remove_signal_handler(number)
