# SPDX-License-Identifier: Apache-2.0
"""The protocol class without a socket; its behaviour on one is in tests/integration/listeners."""

import asyncio
from http import HTTPStatus
from typing import Any

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from registry.listeners.protocol import Limits, _refusal, edge_protocol


class Wire(asyncio.Transport):
    """A transport that keeps what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def write(self, data: Any) -> None:
        self.written += data

    def can_write_eof(self) -> bool:
        return False

    def is_closing(self) -> bool:
        return False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def close(self) -> None:
        pass

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


def test_client_gets_a_whole_period_after_the_application_went_on() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        pass

    async def main() -> None:
        protocol_class = edge_protocol(Limits(), lambda status: None)
        config = Config(app, http=protocol_class, ws="none", lifespan="off", log_config=None)
        protocol = protocol_class(
            config=config, server_state=ServerState(), app_state={}, _loop=asyncio.get_running_loop()
        )
        wire = Wire()
        protocol.connection_made(wire)
        protocol.data_received(b"GET /a HTTP/1.1\r\n")
        protocol.flow.pause_reading()
        protocol._read_expired()
        protocol._read_expired()
        protocol.flow.resume_reading()
        protocol._read_expired()
        assert wire.written == b""
        protocol._read_expired()
        assert wire.written.startswith(b"HTTP/1.1 408 ")
        protocol.connection_lost(None)

    asyncio.run(main())


def test_each_listener_has_limits_and_counter_of_its_own() -> None:
    told: list[int] = []
    one = edge_protocol(Limits(max_headers=1), told.append)
    two = edge_protocol(Limits(max_headers=2), lambda status: told.append(-status))
    assert (one.limits.max_headers, two.limits.max_headers) == (1, 2)
    one.on_refusal(400)
    two.on_refusal(400)
    assert told == [400, -400]


@pytest.mark.parametrize("status", [400, 408, 413, 431, 501])
def test_refusal_is_a_whole_answer(status: int) -> None:
    head, _, body = _refusal(HTTPStatus(status), [(b"date", b"today")]).partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode()
    assert b"date: today" in lines
    assert b"connection: close" in lines
    assert b"content-length: %d" % len(body) in lines
