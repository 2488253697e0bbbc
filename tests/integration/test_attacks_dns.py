# SPDX-License-Identifier: Apache-2.0
"""Attacks on DNS: oversize and split messages, floods with forged addresses, and clients that never read."""

import contextlib
import select
import socket
import struct
from collections.abc import Iterator

import dns.exception
import dns.message
import dns.query
import dns.rcode
import pytest

from registry.demo.pki import DemoPki
from tests.simulators.attacker import addresses, live_of
from tests.simulators.hostile import cheap
from tests.simulators.live import LiveInstance

pytestmark = pytest.mark.any_database

QUERY = dns.message.make_query("sml.test", "SOA", use_edns=0, payload=1232)


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[LiveInstance]:
    settings = {"dns_rate_per_s": 20.0, "rate_burst_s": 1.0, "dns_tcp_client_connections": 4, "dns_tcp_queries": 50}
    with live_of(tmp_path_factory.mktemp("dns") / "attacked", pki, **settings) as live:
        yield live


@pytest.fixture
def server(attacked: LiveInstance) -> tuple[str, int]:
    host, port = attacked.addresses.dns.split(":")
    return host, int(port)


def answered_over_udp(server: tuple[str, int], source: str) -> dns.message.Message:
    """As a resolver asks: again, where the kernel had no room for the first query behind those of a flood."""
    for _ in range(4):
        with contextlib.suppress(dns.exception.Timeout):
            return dns.query.udp(QUERY, server[0], port=server[1], timeout=1, source=source)
    return dns.query.udp(QUERY, server[0], port=server[1], timeout=1, source=source)


def is_served(server: tuple[str, int], source: str) -> bool:
    over_udp = answered_over_udp(server, source)
    over_tcp = dns.query.tcp(QUERY, server[0], port=server[1], timeout=5, source=source)
    return bool(over_udp.answer and over_tcp.answer)


def test_forged_addresses_of_one_network_get_the_answers_of_one_client(server: tuple[str, int]) -> None:
    """A flood towards 127.0.40.0/24: whoever is there gets twenty answers, and some of the rest without data."""
    received = sent = 0
    with contextlib.ExitStack() as stack:
        sockets = []
        for index in range(1, 101):
            asking = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
            asking.bind((f"127.0.40.{index}", 0))
            asking.setblocking(False)
            sockets.append(asking)
        for _ in range(3):
            for asking in sockets:
                sent += asking.sendto(QUERY.to_wire(), server)
        assert is_served(server, "127.0.41.1")
        for asking in sockets:
            with contextlib.suppress(BlockingIOError):
                while True:
                    received += len(asking.recv(4096))
    assert received < sent


def test_flood_of_many_networks_costs_bounded_memory_and_time(attacked: LiveInstance, server: tuple[str, int]) -> None:
    rates = attacked.serving.dns._rates
    assert rates is not None
    with cheap(5), contextlib.ExitStack() as stack:
        for source in addresses(300, 50):
            asking = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
            asking.bind((source, 0))
            for _ in range(10):
                asking.sendto(QUERY.to_wire(), server)
        assert is_served(server, "127.0.42.1")
    assert len(rates) <= 2 * 16_384


@pytest.mark.parametrize("length", [4_097, 60_000, 65_507])
def test_oversize_datagram_is_an_error_of_form_and_no_more(server: tuple[str, int], length: int) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as asking, cheap(1):
        asking.bind((f"127.0.43.{length % 250}", 0))
        asking.settimeout(5)
        asking.sendto(QUERY.to_wire() + bytes(length - len(QUERY.to_wire())), server)
        answer = asking.recv(65_535)
    assert answer[3] & 0x0F == dns.rcode.FORMERR
    assert len(answer) <= 23


def test_longest_messages_over_tcp_one_after_another_are_errors_of_form(server: tuple[str, int]) -> None:
    with socket.create_connection(server, 5, source_address=("127.0.44.1", 0)) as connection, cheap(2):
        for _ in range(20):
            connection.sendall(b"\xff\xff" + QUERY.to_wire() + bytes(65_535 - len(QUERY.to_wire())))
            (length,) = struct.unpack("!H", connection.recv(2))
            assert connection.recv(length)[3] & 0x0F == dns.rcode.FORMERR


def test_connection_ends_behind_as_many_queries_as_it_may_ask(server: tuple[str, int]) -> None:
    framed = struct.pack("!H", len(QUERY.to_wire())) + QUERY.to_wire()
    with socket.create_connection(server, 5, source_address=("127.0.45.1", 0)) as connection:
        connection.sendall(framed * 200)
        with connection.makefile("rb") as file:
            answers = 0
            while length := file.read(2):
                assert dns.message.from_wire(file.read(int.from_bytes(length))).answer
                answers += 1
    assert answers == 50


def test_one_address_has_so_many_connections_and_others_have_theirs(server: tuple[str, int]) -> None:
    with contextlib.ExitStack() as stack:
        opened = [
            stack.enter_context(socket.create_connection(server, 5, source_address=("127.0.46.1", 0)))
            for _ in range(30)
        ]
        assert is_served(server, "127.0.46.2")
        left = list(opened)
        while len(left) > 4:  # nothing was asked, so what can be read is the end
            ended, _, _ = select.select(left, [], [], 20)
            assert ended, f"{len(left)} connections are held"
            left = [connection for connection in left if connection not in ended]
        assert len(left) == 4
        for connection in left:
            connection.settimeout(20)
            connection.sendall(struct.pack("!H", len(QUERY.to_wire())) + QUERY.to_wire())
            assert len(connection.recv(2)) == 2


def test_client_that_sends_and_never_reads_is_dropped(server: tuple[str, int]) -> None:
    framed = struct.pack("!H", len(QUERY.to_wire())) + QUERY.to_wire()
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.bind(("127.0.47.1", 0))
        connection.settimeout(5)
        connection.connect(server)
        with contextlib.suppress(ConnectionError, TimeoutError):
            connection.sendall(framed * 20_000)
        assert is_served(server, "127.0.47.2")


def test_truncated_answer_of_a_limited_client_leads_to_the_whole_one_over_tcp(server: tuple[str, int]) -> None:
    """What a real resolver does, when a neighbour in its network has used up the rate."""
    with socket.socket(type=socket.SOCK_DGRAM) as flooding:
        flooding.bind(("127.0.48.1", 0))
        for _ in range(100):
            flooding.sendto(QUERY.to_wire(), server)
        for _ in range(10):
            try:
                answer, over_tcp = dns.query.udp_with_fallback(
                    QUERY, server[0], port=server[1], timeout=0.5, source="127.0.48.9"
                )
            except dns.exception.Timeout:
                continue
            assert answer.answer
            if over_tcp:
                return
            flooding.sendto(QUERY.to_wire(), server)
    pytest.fail("no answer was truncated")
