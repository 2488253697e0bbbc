# SPDX-License-Identifier: Apache-2.0
"""Listeners on real loopback sockets, under asyncio and under uvloop, and what to put behind and before them."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from types import SimpleNamespace
from typing import Any

import pytest
import uvloop

from registry.listeners.protocol import Limits
from registry.listeners.server import Listener
from registry.listeners.tls import ReloadingContext


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Callable[[Coroutine[Any, Any, None]], None]:
    """Runs a coroutine in a fresh loop; fails when the loop had to report an error or a task was left over."""

    def runner(main: Coroutine[Any, Any, None]) -> None:
        reported: list[dict[str, Any]] = []

        async def checked() -> None:
            asyncio.get_running_loop().set_exception_handler(lambda _loop, context: reported.append(context))
            await main
            assert asyncio.all_tasks() == {asyncio.current_task()}

        factory = uvloop.new_event_loop if request.param == "uvloop" else asyncio.new_event_loop
        with asyncio.Runner(loop_factory=factory) as loop:
            loop.run(checked())
        assert reported == []

    return runner


class App:
    """Answers 200 with what it saw as JSON; keeps the requests, and what ended those that broke off."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.disconnects = 0
        self.release: asyncio.Event | None = None
        self.entered = asyncio.Event()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self.entered.set()
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.disconnects += 1
                return
            body += message["body"]
            if not message["more_body"]:
                break
        self.requests.append(scope)
        if self.release is not None:
            await self.release.wait()
        answer = json.dumps(
            {
                "method": scope["method"],
                "raw_path": scope["raw_path"].decode(),
                "body_bytes": len(body),
                "tls": scope.get("extensions", {}).get("tls"),
            }
        ).encode()
        headers = [(b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})


@asynccontextmanager
async def serving(
    app: Any, limits: Limits | None = None, ssl_context: ReloadingContext | None = None, grace_s: float = 5.0
) -> AsyncIterator[Listener]:
    listener = Listener("test", app, ("127.0.0.1", 0), limits or Limits(), ssl_context)
    task = asyncio.create_task(listener.serve())
    try:
        yield listener
    finally:
        await listener.stop(grace_s)
        await task


async def exchange(port: int, *parts: bytes) -> bytes:
    """Send the parts and read until the server closes, within 5 s; a reset counts as a close."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    received = b""
    try:
        for part in parts:
            writer.write(part)
        async with asyncio.timeout(5):
            while chunk := await reader.read(65_536):
                received += chunk
    except ConnectionError:
        pass
    finally:
        await close(writer)
    return received


async def close(writer: asyncio.StreamWriter) -> None:
    """Close a client's connection, whatever the server did to it."""
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
def tools() -> Any:
    """`serving`, `exchange` and `close`: test modules can't import from here."""
    return SimpleNamespace(serving=serving, exchange=exchange, close=close)
