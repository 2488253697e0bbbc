# SPDX-License-Identifier: Apache-2.0
"""DNS over TCP: messages framed by their length, answered in their order (RFC 1035 §4.2.2, RFC 7766).

Whole zones come from threads, a message at a time, between the answers to other queries (RFC 7766 §6.2.1.1).
"""

import asyncio
import contextlib
import ipaddress
from collections import Counter
from collections.abc import Callable
from concurrent import futures
from dataclasses import dataclass, field
from typing import cast

from registry.dns.responder import Responder
from registry.dns.transfer.requests import TransferCutOffError, TransferDesk, TransferRequest
from registry.rates import NO_NETWORKS, Networks, client_of

_MESSAGES_PER_TURN = 64  # then others in the event loop have theirs
_AHEAD = 4 * 0x10000  # octets of a transfer that wait to be sent while more is made


@dataclass(frozen=True, slots=True)
class TcpLimits:
    """What DNS over TCP may cost; `client_connections` is for one address (IPv6: /64), 0 for as many as it likes."""

    connections: int = 512
    client_connections: int = 0
    idle_s: float = 10.0
    queries: int = 10_000
    """Queries of a connection; it is closed behind the last answer."""
    exempt: Networks = NO_NETWORKS
    transfer_idle_s: float = 30.0
    """For how long who gets a zone may leave a part of it untaken."""


@dataclass(slots=True, eq=False)
class TcpConnections:
    """The open connections of one server.

    A connection is dropped when no whole query came for `idle_s` seconds (RFC 7766 §6.2.3), so that dripping octets,
    or not reading answers, keeps none open. Where there are too many, the one goes that has been silent longest.
    """

    responder: Responder
    limits: TcpLimits
    desk: TransferDesk | None = None
    accepting: bool = False
    connections: "dict[Connection, None]" = field(default_factory=dict)
    """The one that asked last comes last."""
    clients: Counter[tuple[int, int]] = field(default_factory=Counter)

    def connect(self) -> "Connection":
        """A protocol for the connection that is just being accepted."""
        return Connection(self)

    async def drop_all(self) -> None:
        """Turn away new connections, drop the open ones and wait until they are gone."""
        self.accepting = False
        await asyncio.sleep(0)  # one that is being accepted shows up, and is turned away
        open_ones = tuple(self.connections)
        for connection in open_ones:
            connection.drop()
        await asyncio.gather(*(connection.lost for connection in open_ones))


class Connection(asyncio.Protocol):
    """One connection; reading pauses while answers can't be sent."""

    def __init__(self, shared: TcpConnections) -> None:
        self._shared = shared
        self._loop = asyncio.get_running_loop()
        self._received = bytearray()
        self._writable = True
        self._ended = False
        self._queries_left = shared.limits.queries
        self._client: tuple[int, int] | None = None
        self._deadline = self._loop.time() + shared.limits.idle_s
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self._host = ""
        self._transfers: set[_Transfer] = set()
        self._waiting: list[futures.Future[None]] = []
        self.lost: asyncio.Future[None] = self._loop.create_future()

    def drop(self) -> None:
        """Close at once, without sending what waits to be sent."""
        if self._transport is not None:
            self._shared.connections.pop(self, None)  # its place is free, though its end comes with a later turn
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        shared = self._shared
        limits = shared.limits
        shared.connections[self] = None
        counters = shared.responder.counters
        counters.tcp_connections = len(shared.connections)
        peer = transport.get_extra_info("peername")
        self._host = str(ipaddress.ip_address(peer[0].partition("%")[0])) if peer else ""
        if not shared.accepting or self._is_one_too_many(peer):
            counters.tcp_turned_away += 1
            self.drop()
            return
        if len(shared.connections) > limits.connections:
            counters.tcp_turned_away += 1
            next(iter(shared.connections)).drop()
        self._timer = self._loop.call_at(self._deadline, self._check_idle)

    def _is_one_too_many(self, peer: tuple[str, int] | None) -> bool:
        limits = self._shared.limits
        if not limits.client_connections or peer is None or peer[0] in limits.exempt:
            return False
        self._client = client_of(peer[0])
        self._shared.clients[self._client] += 1
        return self._shared.clients[self._client] > limits.client_connections

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        shared = self._shared
        shared.connections.pop(self, None)
        shared.responder.counters.tcp_connections = len(shared.connections)
        if self._client is not None:
            shared.clients[self._client] -= 1
            if not shared.clients[self._client]:
                del shared.clients[self._client]
        self._transfers.clear()
        self._settle(TransferCutOffError("the connection has ended"))
        self.lost.set_result(None)

    def data_received(self, data: bytes) -> None:
        if self._queries_left:
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
        self._settle()
        self._work()

    def transfer_message(self, message: bytes, taken: "futures.Future[None]") -> None:
        """Send a message of a transfer; `taken` is done when there is room for another one."""
        transport = self._transport
        if transport is None or transport.is_closing():
            taken.set_exception(TransferCutOffError("the connection has ended"))
            return
        transport.set_write_buffer_limits(_AHEAD, _AHEAD - 0x10000)
        transport.writelines((len(message).to_bytes(2), message))
        self._show_life()
        self._waiting.append(taken)
        if self._writable:
            self._settle()

    def transfer_ended(self, transfer: "_Transfer", *, cut_off: bool) -> None:
        """A transfer sends no more."""
        if cut_off:
            self.drop()
        elif transfer in self._transfers:
            self._transfers.remove(transfer)
            self._show_life()
            self._work()

    def has_ended(self) -> bool:
        """Whether the peer sends no more; for any thread."""
        return self._ended or self.lost.done()

    def _settle(self, failure: TransferCutOffError | None = None) -> None:
        """Tell the threads that make messages whether to go on."""
        waiting, self._waiting = self._waiting, []
        for taken in waiting:
            if failure is None:
                taken.set_result(None)
            else:
                taken.set_exception(failure)

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
        elif self._transfers:
            pass  # what ends the connection waits for them
        elif self._ended and not waiting:
            transport.close()
            return
        elif not self._queries_left:
            # Not closed: unread queries would make that a reset, which may destroy the last answers.
            transport.write_eof()
            return
        if waiting or not self._writable:
            transport.pause_reading()
        else:
            transport.resume_reading()

    def _answers(self) -> list[bytes]:
        responder = self._shared.responder
        answers: list[bytes] = []
        for _ in range(min(_MESSAGES_PER_TURN, self._queries_left)):
            length = self._next_length()
            if length is None:
                break
            message = bytes(self._received[2 : 2 + length])
            del self._received[: 2 + length]
            try:
                answer = responder.answer_over_tcp(message, self._host)
                if isinstance(answer, TransferRequest):
                    answer = self._begin_transfer(answer)
            except Exception as error:  # noqa: BLE001 — whatever it was, what else is asked here gets its answers
                answer = responder.unanswerable(message, error)
            if answer is not None:
                answers += (len(answer).to_bytes(2), answer)
            self._take_note_of_query()
        return answers

    def _take_note_of_query(self) -> None:
        self._queries_left -= 1
        self._shared.responder.counters.tcp_queries += 1
        self._show_life()

    def _begin_transfer(self, request: TransferRequest) -> bytes | None:
        """Have a zone sent; the answer where that can't be done now."""
        desk = self._shared.desk
        transfer = _Transfer(self, self._loop, self._shared.limits.transfer_idle_s)
        if desk is None or not desk.start(request, transfer):
            return self._shared.responder.refused(request)
        self._transfers.add(transfer)
        return None

    def _show_life(self) -> None:
        shared = self._shared
        self._deadline = self._loop.time() + shared.limits.idle_s
        if shared.connections.pop(self, self) is None:
            shared.connections[self] = None

    def _next_length(self) -> int | None:
        """The length of the first message, or None while it isn't complete, or may not be answered any more."""
        length = int.from_bytes(self._received[:2])
        return None if len(self._received) < 2 + length or not self._queries_left else length

    def _check_idle(self) -> None:
        if self._transfers:  # their own time-out counts
            self._timer = self._loop.call_later(self._shared.limits.idle_s, self._check_idle)
        elif self._loop.time() >= self._deadline:
            self.drop()
        else:
            self._timer = self._loop.call_at(self._deadline, self._check_idle)


class _Transfer:
    """What the thread that makes the messages of one transfer has of its connection; a `Stream`."""

    def __init__(self, connection: Connection, loop: asyncio.AbstractEventLoop, idle_s: float) -> None:
        self._connection = connection
        self._loop = loop
        self._idle_s = idle_s

    def send(self, message: bytes) -> None:
        taken: futures.Future[None] = futures.Future()
        self._call(lambda: self._connection.transfer_message(message, taken))
        try:
            taken.result(self._idle_s)
        except futures.TimeoutError:
            raise TransferCutOffError(f"nothing was taken for {self._idle_s:g} s") from None

    def end(self, *, cut_off: bool) -> None:
        with contextlib.suppress(TransferCutOffError):
            self._call(lambda: self._connection.transfer_ended(self, cut_off=cut_off))

    def is_awaited(self) -> bool:
        return not self._connection.has_ended()

    def _call(self, callback: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(callback)
        except RuntimeError:  # the loop has ended
            raise TransferCutOffError("the server has ended") from None
