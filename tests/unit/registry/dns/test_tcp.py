# SPDX-License-Identifier: Apache-2.0
"""DNS over TCP: framing, pipelining, and peers that drip, hoard or never read."""

import asyncio
import socket
import threading
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import dns.message
import pytest

from registry.dns.responder import Counters, Responder
from registry.dns.served_zone import ServedZone
from registry.dns.server import DnsServer
from registry.dns.tcp import Connection, TcpConnections, TcpLimits
from registry.rates import Networks

KNOWN = "known.iso6523-actorid-upis.sml.test."
BIG = ("big.sml.test", "TXT")
Running = Callable[..., Any]


def framed(number: int, name: str = KNOWN, rdtype: str = "NAPTR") -> bytes:
    wire = dns.message.make_query(name, rdtype, id=number).to_wire()
    return len(wire).to_bytes(2) + wire


def receive(client: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        more = client.recv(size - len(received))
        if not more:
            raise ConnectionResetError
        received += more
    return received


def answered_id(client: socket.socket) -> int:
    length = int.from_bytes(receive(client, 2))
    return dns.message.from_wire(receive(client, length)).id


def is_dropped(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except ConnectionError:
        return True


def connect(address: tuple[str, int]) -> socket.socket:
    return socket.create_connection(address, timeout=10)


def test_pipelined_queries_are_answered_in_their_order(running: Running, zone: ServedZone) -> None:
    with running(DnsServer([zone])) as it, connect(it.address) as client:
        client.sendall(b"".join(framed(number) for number in range(500)))
        assert [answered_id(client) for _ in range(500)] == list(range(500))


def test_a_query_may_arrive_octet_by_octet(running: Running, zone: ServedZone) -> None:
    with running(DnsServer([zone])) as it, connect(it.address) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in framed(1) + framed(2):
            client.send(bytes((octet,)))
        assert (answered_id(client), answered_id(client)) == (1, 2)


def test_messages_that_deserve_silence_keep_the_connection_usable(running: Running, zone: ServedZone) -> None:
    with running(DnsServer([zone])) as it, connect(it.address) as client:
        client.sendall(b"\x00\x00" + b"\x00\x03abc" + framed(7))
        assert answered_id(client) == 7


def test_answers_are_not_cut_over_tcp(running: Running, zone: ServedZone) -> None:
    with running(DnsServer([zone])) as it, connect(it.address) as client:
        client.sendall(framed(1, *BIG))
        length = int.from_bytes(receive(client, 2))
        assert length > 1232
        assert len(dns.message.from_wire(receive(client, length)).answer[0]) == 40


def test_who_stops_sending_still_gets_all_answers(running: Running, zone: ServedZone) -> None:
    with running(DnsServer([zone])) as it, connect(it.address) as client:
        client.sendall(b"".join(framed(number) for number in range(300)) + b"\x00\x40half")
        client.shutdown(socket.SHUT_WR)
        assert [answered_id(client) for _ in range(300)] == list(range(300))
        assert client.recv(1) == b""


@pytest.mark.parametrize("sent", [b"", b"\x00", framed(1)[:-1]])
def test_idle_connections_are_dropped(running: Running, zone: ServedZone, sent: bytes) -> None:
    with running(DnsServer([zone], tcp=TcpLimits(idle_s=0.05))) as it, connect(it.address) as client:
        client.sendall(sent)
        assert is_dropped(client)


class FakeLoop:
    """Time stands still until it is set."""

    def __init__(self) -> None:
        self.create_future = asyncio.get_running_loop().create_future
        self.now = 0.0
        self.alarms: list[tuple[float, Callable[[], None]]] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[[], None]) -> None:
        self.alarms.append((when, callback))

    def ring(self) -> None:
        self.now, callback = self.alarms.pop()
        callback()


def test_only_a_whole_query_prolongs_a_connection(zone: ServedZone, monkeypatch: pytest.MonkeyPatch) -> None:
    async def connect_and_wait() -> tuple[list[float], bool]:
        loop, transport = FakeLoop(), Mock(**{"is_closing.return_value": False, "get_extra_info.return_value": None})
        monkeypatch.setattr("registry.dns.tcp.asyncio.get_running_loop", lambda: loop)
        responder = Responder({zone.wire: zone}, Counters())
        connection = TcpConnections(responder, TcpLimits(idle_s=10), accepting=True).connect()
        connection.connection_made(transport)
        alarms = [loop.alarms[0][0]]
        for now, data in ((4.0, framed(1)), (6.0, framed(2)[:20])):
            loop.now = now
            connection.data_received(data)
        loop.ring()
        alarms.append(loop.alarms[0][0])
        dropped_early = transport.abort.called
        loop.ring()
        return alarms, transport.abort.called and not dropped_early

    assert asyncio.run(connect_and_wait()) == ([10.0, 14.0], True)


def test_above_the_limit_goes_the_connection_that_has_been_silent_longest(running: Running, zone: ServedZone) -> None:
    with (
        running(DnsServer([zone], tcp=TcpLimits(connections=2))) as it,
        connect(it.address) as first,
        connect(it.address) as other,
    ):
        for client in (other, first):
            client.sendall(framed(1))
            assert answered_id(client) == 1
        with connect(it.address) as third:
            third.sendall(framed(3))
            assert answered_id(third) == 3
            assert is_dropped(other)
            first.sendall(framed(2))
            assert answered_id(first) == 2
        assert it.server.counters.tcp_turned_away == 1


def test_one_address_has_so_many_connections_and_no_more(running: Running, zone: ServedZone) -> None:
    with (
        running(DnsServer([zone], tcp=TcpLimits(client_connections=1))) as it,
        connect(it.address) as first,
    ):
        first.sendall(framed(1))
        assert answered_id(first) == 1
        with connect(it.address) as second:
            assert is_dropped(second)
        with socket.create_connection(it.address, 10, source_address=("127.0.0.2", 0)) as neighbour:
            neighbour.sendall(framed(4))
            assert answered_id(neighbour) == 4
        first.shutdown(socket.SHUT_WR)
        assert first.recv(1) == b""
        with connect(it.address) as again:
            again.sendall(framed(3))
            assert answered_id(again) == 3


def test_listed_networks_have_as_many_connections_as_they_like(running: Running, zone: ServedZone) -> None:
    limits = TcpLimits(client_connections=1, exempt=Networks(["127.0.0.0/8"]))
    with running(DnsServer([zone], tcp=limits)) as it, connect(it.address) as first, connect(it.address) as second:
        for client in (first, second):
            client.sendall(framed(1))
            assert answered_id(client) == 1


def test_connection_ends_behind_its_last_query(running: Running, zone: ServedZone) -> None:
    with running(DnsServer([zone], tcp=TcpLimits(queries=3))) as it, connect(it.address) as client:
        client.sendall(b"".join(framed(number) for number in range(1, 200)))
        assert [answered_id(client) for _ in range(3)] == [1, 2, 3]
        assert client.recv(1) == b""


def slow_reader(address: tuple[str, int]) -> socket.socket:
    """A client with so little room for answers that the server has to wait."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(10)
    client.connect(address)
    return client


def test_answers_wait_for_a_slow_reader(running: Running, zone: ServedZone, monkeypatch: pytest.MonkeyPatch) -> None:
    count = 5000
    paused: list[Connection] = []
    pause = Connection.pause_writing

    def noted(connection: Connection) -> None:
        paused.append(connection)
        pause(connection)

    monkeypatch.setattr(Connection, "pause_writing", noted)
    with running(DnsServer([zone])) as it, slow_reader(it.address) as client:
        queries = b"".join(framed(number, *BIG) for number in range(count))
        sender = threading.Thread(target=client.sendall, args=(queries,))
        sender.start()
        length = 2 + int.from_bytes(receive(client, 2))
        answers = client.makefile("rb").read(length * count - 2)
        sender.join(10)
        ids = [int.from_bytes(answers[at : at + 2]) for at in range(0, len(answers), length)]
        assert ids == list(range(count))
        assert paused


def test_who_never_reads_is_dropped(running: Running, zone: ServedZone) -> None:
    with running(DnsServer([zone], tcp=TcpLimits(idle_s=0.3))) as it, slow_reader(it.address) as client:
        flood = b"".join(framed(number) for number in range(1000))
        with pytest.raises(ConnectionError):
            client.sendall(flood * 1000)
        with connect(it.address) as other:
            other.sendall(framed(5))
            assert answered_id(other) == 5


def test_closing_the_server_drops_open_connections(running: Running, zone: ServedZone) -> None:
    server = DnsServer([zone])
    with running(server) as it, connect(it.address) as client:
        client.sendall(framed(1))
        assert answered_id(client) == 1
        it.call(server.close)
        assert is_dropped(client)
        assert server.counters.tcp_connections == 0


def test_what_raises_is_answered_by_servfail_and_the_others_are_answered(
    running: Running, zone: ServedZone, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Responder.answer_over_tcp

    def broken(self: Responder, data: bytes, host: str) -> Any:
        if data[:2] == b"\0\x02":
            raise RuntimeError("a fault")
        return real(self, data, host)

    monkeypatch.setattr(Responder, "answer_over_tcp", broken)
    server = DnsServer([zone])
    with running(server) as it, connect(it.address) as client:
        client.sendall(framed(1) + framed(2) + framed(3))
        answers = [receive(client, int.from_bytes(receive(client, 2))) for _ in range(3)]
    assert [(int.from_bytes(each[:2]), each[3] & 0x0F) for each in answers] == [(1, 0), (2, 2), (3, 0)]
    assert server.counters.rcodes[2] == 1
