# SPDX-License-Identifier: Apache-2.0
"""DNS over TCP: messages framed by their length, answered in their order (RFC 1035 §4.2.2, RFC 7766)."""

import asyncio
from dataclasses import dataclass, field
from typing import cast

from registry.dns.responder import Responder

_MESSAGES_PER_TURN = 64  # then others in the event loop have theirs


@dataclass(slots=True, eq=False)
class TcpConnections:
    """The open connections of one server, and their limits.

    A connection is dropped when no whole query came for `idle_timeout` seconds (RFC 7766 §6.2.3), so that dripping
    octets, or not reading answers, keeps none open; those above `limit` are turned away.
    """

    responder: Responder
    limit: int
    idle_timeout: float
    accepting: bool = False
    connections: "set[Connection]" = field(default_factory=set)

    def connect(self) -> "Connection":
        """A protocol for the connection that is just being accepted."""
        return Connection(self)

    async def drop_all(self) -> None:
        """Turn away new connections, drop the open ones and wait until they are gone."""
        self.accepting = False
        await asyncio.sleep(0)  # one that is being accepted shows up, and is turned away
        for connection in tuple(self.connections):
            connection.drop()
        await asyncio.gather(*(connection.lost for connection in tuple(self.connections)))


class Connection(asyncio.Protocol):
    """One connection; reading pauses while answers can't be sent."""

    def __init__(self, shared: TcpConnections) -> None:
        self._shared = shared
        self._loop = asyncio.get_running_loop()
        self._received = bytearray()
        self._writable = True
        self._ended = False
        self._deadline = self._loop.time() + shared.idle_timeout
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self.lost: asyncio.Future[None] = self._loop.create_future()

    def drop(self) -> None:
        """Close at once, without sending what waits to be sent."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        shared = self._shared
        shared.connections.add(self)
        counters = shared.responder.counters
        counters.tcp_connections = len(shared.connections)
        if not shared.accepting or len(shared.connections) > shared.limit:
            counters.tcp_turned_away += 1
            self.drop()
        else:
            self._timer = self._loop.call_at(self._deadline, self._check_idle)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._shared.connections.discard(self)
        self._shared.responder.counters.tcp_connections = len(self._shared.connections)
        self.lost.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._received += data
        self._work()

    def eof_received(self) -> bool:
        """The peer sends no more; it still gets the answers to what it sent."""
        self._ended = True
        self._work()
        return True

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True
        self._work()

    def _work(self) -> None:
        """Answer some of the whole messages at hand; the rest in a later turn of the loop."""
        transport = self._transport
        if transport is None or transport.is_closing() or not self._writable:
            return
        answers = self._answers()
        if answers:
            transport.write(b"".join(answers))
        waiting = self._next_length() is not None
        if waiting and self._writable:
            self._loop.call_soon(self._work)
        elif self._ended and not waiting:
            transport.close()
            return
        if waiting or not self._writable:
            transport.pause_reading()
        else:
            transport.resume_reading()

    def _answers(self) -> list[bytes]:
        responder = self._shared.responder
        answers: list[bytes] = []
        for _ in range(_MESSAGES_PER_TURN):
            length = self._next_length()
            if length is None:
                break
            message = bytes(self._received[2 : 2 + length])
            del self._received[: 2 + length]
            self._deadline = self._loop.time() + self._shared.idle_timeout
            responder.counters.tcp_queries += 1
            answer = responder.answer(message, over_tcp=True)
            if answer is not None:
                answers += (len(answer).to_bytes(2), answer)
        return answers

    def _next_length(self) -> int | None:
        """The length of the first message, or None while it isn't complete."""
        length = int.from_bytes(self._received[:2])
        return None if len(self._received) < 2 + length else length

    def _check_idle(self) -> None:
        if self._loop.time() >= self._deadline:
            self.drop()
        else:
            self._timer = self._loop.call_at(self._deadline, self._check_idle)
