# SPDX-License-Identifier: Apache-2.0
"""A running resolver on a free loopback port, in an event loop of its own thread."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

from registry.app.resolving import Resolving, fixed
from registry.domains.domain import Domain
from registry.settings import load_settings
from tests.simulators.live import LiveInstance


@contextlib.contextmanager
def live_resolver(live: LiveInstance, domain: Domain | None = None, **settings: Any) -> Iterator[str]:
    """The URL of a resolver that asks the instance's DNS server, and may ask SMPs on this machine."""
    options = load_settings(
        **{
            "resolver_bind": "127.0.0.1:0",
            "resolver_dns": live.addresses.dns,
            "resolver_allowed_networks": "127.0.0.0/8",
            "shutdown_grace_s": 1,
        }
        | settings
    )
    ready: Future[str] = Future()
    stop = threading.Event()
    chosen = domain or live.instance.directory.get(live.stored.domain.name).domain

    async def main() -> None:
        async with Resolving(options, fixed([chosen])).running() as url:
            ready.set_result(url)
            await asyncio.to_thread(stop.wait)

    def thread() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)

    runner = threading.Thread(target=thread, name="live-resolver")
    runner.start()
    try:
        yield ready.result(30)
    finally:
        stop.set()
        runner.join(30)
        assert not runner.is_alive(), "the resolver did not stop"
