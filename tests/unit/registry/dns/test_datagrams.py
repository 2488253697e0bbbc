# SPDX-License-Identifier: Apache-2.0
"""Datagrams are answered alike one by one and all at once, each to who sent it."""

import contextlib
import socket
from collections.abc import Callable, Iterator

import pytest

from registry.dns import datagrams as module
from registry.dns.datagrams import MOST, EachByItself, ManyAtOnce, datagrams
from registry.dns.query import MAX_QUERY

Way = Callable[[socket.socket], EachByItself | ManyAtOnce]


@pytest.fixture(params=[EachByItself, datagrams], ids=["one by one", "all at once"])
def way(request: pytest.FixtureRequest) -> Way:
    return request.param  # type: ignore[no-any-return]


def bound(family: int, host: str) -> socket.socket:
    udp = socket.socket(family, socket.SOCK_DGRAM)
    udp.bind((host, 0))
    return udp


@contextlib.contextmanager
def sockets(family: int = socket.AF_INET, clients: int = 1) -> Iterator[tuple[socket.socket, list[socket.socket]]]:
    """A server's socket, and clients that are connected to it, each at an address of its own where there are such."""
    hosts = [f"127.0.0.{number}" for number in range(1, clients + 1)] if family == socket.AF_INET else ["::1"]
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(bound(family, hosts[0]))
        except OSError:
            pytest.skip("no IPv6 on this machine")
        server.setblocking(False)
        asking = [stack.enter_context(bound(family, host)) for host in hosts]
        for client in asking:
            client.connect(server.getsockname())
            client.settimeout(5)
        yield server, asking


def test_linux_takes_all_at_once() -> None:
    with sockets() as (server, _):
        assert isinstance(datagrams(server), ManyAtOnce)


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_each_answer_goes_to_who_asked(way: Way, family: socket.AddressFamily) -> None:
    with sockets(family, 3) as (server, clients):
        for number, client in enumerate(clients * 5):
            client.send(b"%d" % number)
        seen: list[tuple[bytes, str]] = []

        def respond(data: bytes, host: str) -> bytes | None:
            seen.append((data, host))
            return b"to " + data if int(data) % 2 else None

        assert way(server).answer(respond) == (len(clients) * 5, 0)
        hosts = [client.getsockname()[0] for client in clients]
        assert seen == [(b"%d" % number, hosts[number % len(hosts)]) for number in range(len(clients) * 5)]
        for place, client in enumerate(clients):
            mine = range(place, len(clients) * 5, len(clients))
            assert [client.recv(99) for n in mine if n % 2] == [b"to %d" % n for n in mine if n % 2]


def test_no_more_than_a_turn_is_taken_and_the_rest_waits(way: Way) -> None:
    with sockets() as (server, (client,)):
        for number in range(MOST + 3):
            client.send(b"%d" % number)
        waiting = way(server)
        assert waiting.answer(lambda data, _: data) == (MOST, 0)
        assert waiting.answer(lambda data, _: data) == (3, 0)
        assert waiting.answer(lambda data, _: data) == (0, 0)
        assert [client.recv(99) for _ in range(MOST + 3)] == [b"%d" % number for number in range(MOST + 3)]


def test_a_round_leaves_nothing_to_the_next_one(way: Way) -> None:
    """The same room is used again: what was longer before must not show."""
    with sockets() as (server, (client,)):
        waiting = way(server)
        for data in (b"x" * 1_000, b"", b"y", b"z" * 700):
            client.send(data)
            assert waiting.answer(lambda data, _: data + b"!") == (1, 0)
            assert client.recv(2_000) == data + b"!"


def test_overlong_datagram_is_longer_than_any_query(way: Way) -> None:
    with sockets() as (server, (client,)):
        client.send(bytes(MAX_QUERY + 500))
        sizes: list[int] = []
        way(server).answer(lambda data, _: sizes.append(len(data)))
        assert sizes == [MAX_QUERY + 1]


def test_asker_that_is_gone_costs_the_others_nothing(way: Way) -> None:
    with sockets(clients=2) as (server, (first, second)):
        first.send(b"1")
        first.close()
        waiting = way(server)
        for _ in range(3):
            second.send(b"2")
        received = 0
        while received < 4:
            received += waiting.answer(lambda data, _: data)[0]
        assert [second.recv(9) for _ in range(3)] == [b"2"] * 3


def test_answer_that_cannot_be_sent_is_counted_and_the_next_ones_are(way: Way) -> None:
    with sockets() as (server, (client,)):
        for number in range(3):
            client.send(b"%d" % number)
        assert way(server).answer(lambda data, _: bytes(70_000) if data == b"1" else data) == (3, 1)
        assert [client.recv(9), client.recv(9)] == [b"0", b"2"]


def test_hosts_that_are_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_HOSTS", 2)
    with sockets(clients=5) as (server, clients):
        waiting = ManyAtOnce(server)
        for client in clients:
            client.send(b"x")
        hosts: list[str] = []
        waiting.answer(lambda _, host: hosts.append(host))
        assert hosts == [client.getsockname()[0] for client in clients]
        assert len(waiting._hosts) <= 2


def test_other_systems_answer_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with sockets() as (server, _):
        monkeypatch.setattr(module.sys, "platform", "darwin")
        assert isinstance(datagrams(server), EachByItself)
