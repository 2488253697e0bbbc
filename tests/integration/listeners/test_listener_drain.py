# SPDX-License-Identifier: Apache-2.0
"""A listener that stops answers what was on its way: a client can't know that it has just ended."""

import asyncio
import socket
import time
from typing import Any

from registry.listeners.protocol import DRAIN_S, Limits
from registry.listeners.server import Listener, listening_socket

GET = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"


async def _answered(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    await reader.readexactly(int(length.partition(b":")[2]))
    return head.lower()


async def _stopped_accepting(listener: Listener) -> None:
    while listener._socket.fileno() != -1:  # noqa: ASYNC110 — it tells nobody
        await asyncio.sleep(0)


def test_request_on_an_idle_connection_is_answered_and_is_the_last(run: Any, tools: Any, app: Any) -> None:
    async def main() -> None:
        async with tools.serving(app, Limits()) as listener:
            reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            writer.write(GET)
            assert b"connection: close" not in await _answered(reader)
            stopping = asyncio.create_task(listener.stop(10))
            await _stopped_accepting(listener)
            writer.write(GET)
            assert b"connection: close" in await _answered(reader)
            assert await reader.read() == b""
            await asyncio.wait_for(stopping, 5)
            await tools.close(writer)

    run(main())


def test_first_request_of_an_accepted_connection_is_answered(run: Any, tools: Any, app: Any) -> None:
    async def main() -> None:
        async with tools.serving(app, Limits()) as listener:
            early, early_writer = await asyncio.open_connection("127.0.0.1", listener.port)
            # Connections are accepted in order: when the second was answered, the first has been accepted.
            await tools.exchange(listener.port, b"GET /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            stopping = asyncio.create_task(listener.stop(10))
            await _stopped_accepting(listener)
            early_writer.write(GET[:9])
            early_writer.write(GET[9:])
            assert (await _answered(early)).startswith(b"http/1.1 200 ")
            await asyncio.wait_for(stopping, 5)
            await tools.close(early_writer)

    run(main())


def test_silent_connections_hold_a_stop_up_for_a_moment_only(run: Any, tools: Any, app: Any) -> None:
    async def main() -> None:
        async with tools.serving(app, Limits()) as listener:
            silent = [await asyncio.open_connection("127.0.0.1", listener.port) for _ in range(3)]
            await tools.exchange(listener.port, b"GET /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            began = time.monotonic()
            await listener.stop(10)
            assert time.monotonic() - began < DRAIN_S + 8
            for reader, writer in silent:
                assert await reader.read() == b""
                await tools.close(writer)

    run(main())


def test_listener_on_a_shared_socket_leaves_it_to_the_others(run: Any, tools: Any, app: Any) -> None:
    """Who connects while one listener stops is answered by the other one, as processes with one socket are."""

    async def main() -> None:
        shared = listening_socket("test", "127.0.0.1", 0)
        port = shared.getsockname()[1]
        first, second = (
            Listener("test", app, socket.socket(fileno=socket.dup(shared.fileno())), Limits()) for _ in "ab"
        )
        tasks = [asyncio.create_task(listener.serve()) for listener in (first, second)]
        await first.stop(1)
        answer = await tools.exchange(port, b"GET /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200 ")
        await second.stop(1)
        await asyncio.gather(*tasks)
        shared.close()

    run(main())
