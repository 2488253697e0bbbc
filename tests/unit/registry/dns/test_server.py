# SPDX-License-Identifier: Apache-2.0
"""Sockets: one port for UDP and TCP, on asyncio and on uvloop, opened and closed without a trace."""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.resolver
import pytest
import structlog

from registry.dns.datagrams import EachByItself
from registry.dns.records import RRset, naptr_rrset
from registry.dns.responder import Counters, Responder
from registry.dns.served_zone import ServedZone
from registry.dns.server import DnsServer, UdpLimits
from registry.errors import ConfigurationError
from registry.rates import Networks

KNOWN = "known.iso6523-actorid-upis.sml.test."
Running = Callable[..., Any]


def udp(address: tuple[str, int], query: dns.message.Message) -> dns.message.Message:
    return dns.query.udp(query, address[0], port=address[1], timeout=5)


def test_it_answers_over_udp_and_tcp_on_one_port(running: Running, zone: ServedZone) -> None:
    server = DnsServer([zone])
    query = dns.message.make_query(KNOWN, "NAPTR")
    with running(server) as it:
        over_udp = udp(it.address, query)
        over_tcp = dns.query.tcp(query, it.address[0], port=it.address[1], timeout=5)
        counters = server.counters
    assert over_udp.answer == over_tcp.answer
    assert "https://smp.example/a" in over_udp.to_text()
    assert (counters.udp_queries, counters.tcp_queries, counters.rcodes[0]) == (1, 1, 2)


def test_it_answers_on_ipv6(running: Running, zone: ServedZone) -> None:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("no IPv6 on this machine")
    with running(DnsServer([zone]), "::1") as it:
        assert it.address[0] == "::1"
        assert udp(it.address, dns.message.make_query(KNOWN, "NAPTR")).rcode() == dns.rcode.NOERROR


def test_it_serves_several_addresses(running: Running, zone: ServedZone) -> None:
    server = DnsServer([zone])
    with running(server) as it:
        second = it.call(server.start, "127.0.0.1", 0)
        assert second != it.address
        for address in (it.address, second):
            assert udp(address, dns.message.make_query(KNOWN, "NAPTR")).rcode() == dns.rcode.NOERROR


def test_a_stub_resolver_finds_a_participant(running: Running, zone: ServedZone) -> None:
    with running(DnsServer([zone])) as it:
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = [it.address[0]], it.address[1]
        (record,) = resolver.resolve(KNOWN, "NAPTR")
        assert (record.order, record.preference, record.flags, record.service) == (100, 10, b"U", b"Meta:SMP")
        assert record.regexp == b"!.*!https://smp.example/a!"
        with pytest.raises(dns.resolver.NXDOMAIN):
            resolver.resolve("unknown.sml.test", "NAPTR")
        with pytest.raises(dns.resolver.NoAnswer):
            resolver.resolve(KNOWN, "A")
        assert len(resolver.resolve("big.sml.test", "TXT")) == 40  # truncated first, then over TCP


def test_a_version_applied_in_the_loop_is_served_at_once(running: Running, zone: ServedZone) -> None:
    query = dns.message.make_query("new.sml.test", "NAPTR")
    with running(DnsServer([zone])) as it:
        assert udp(it.address, query).rcode() == dns.rcode.NXDOMAIN
        rrset = naptr_rrset("new", "https://new.example", ["Meta:SMP"], 60)
        it.call(zone.apply, 2, [("new", "NAPTR", rrset)])
        assert "https://new.example" in udp(it.address, query).to_text()


def test_zones_come_and_go_while_it_runs(running: Running, zone: ServedZone, records: list[RRset]) -> None:
    server = DnsServer()
    query = dns.message.make_query(KNOWN, "NAPTR")
    with running(server) as it:
        assert udp(it.address, query).rcode() == dns.rcode.REFUSED
        it.call(server.add_zone, zone)
        assert udp(it.address, query).rcode() == dns.rcode.NOERROR
        it.call(server.add_zone, ServedZone("sml.test", records[:2], 2))
        assert udp(it.address, query).rcode() == dns.rcode.NXDOMAIN
        it.call(server.remove_zone, zone.name)
        assert udp(it.address, query).rcode() == dns.rcode.REFUSED


def test_many_datagrams_at_once_are_all_answered(running: Running, zone: ServedZone) -> None:
    """More than it reads in one turn of the loop, among them some that deserve silence."""
    with running(DnsServer([zone])) as it, socket.socket(type=socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.connect(it.address)
        # As many as a socket's buffer holds for sure while the server gets no turn.
        for number in range(75):
            client.send(b"noise")
            client.send(dns.message.make_query(KNOWN, "NAPTR", id=number).to_wire())
        ids = {int.from_bytes(client.recv(512)[:2]) for _ in range(75)}
        assert ids == set(range(75))
        assert it.server.counters.dropped == 75


def test_an_answer_that_cannot_be_sent_does_no_harm(zone: ServedZone) -> None:
    class OnceFull:
        def __init__(self) -> None:
            self.waiting = [dns.message.make_query(KNOWN, "NAPTR").to_wire()] * 2
            self.sent = 0

        def recvfrom(self, size: int) -> tuple[bytes, tuple[str, int]]:
            if not self.waiting:
                raise BlockingIOError
            return self.waiting.pop(), ("192.0.2.1", 5353)

        def sendto(self, data: bytes, address: tuple[str, int]) -> None:
            self.sent += 1
            if self.sent == 1:
                raise BlockingIOError

    server, full = DnsServer([zone]), OnceFull()
    server._drain(EachByItself(full))  # type: ignore[arg-type]
    assert (full.sent, server.counters.send_errors) == (2, 1)


def test_a_taken_port_is_a_configuration_error(running: Running, zone: ServedZone) -> None:
    other = DnsServer([zone])
    with running(DnsServer([zone])) as it:
        host, port = it.address
        with pytest.raises(ConfigurationError, match=f"cannot serve DNS on {host} port {port}"):
            it.call(other.start, host, port)
        it.call(other.close)


def test_an_impossible_address_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="cannot serve DNS on"):
        asyncio.run(DnsServer().start("192.0.2.1", 0))


def test_port_zero_looks_for_one_that_is_free_for_both(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel picks a UDP port whose TCP twin may be taken."""
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    bind = socket.socket.bind
    tries = []

    class Unlucky(socket.socket):
        def bind(self, address: Any) -> None:
            if self.type == socket.SOCK_DGRAM:
                tries.append(address)
                if len(tries) == 1:
                    address = ("127.0.0.1", taken.getsockname()[1])
            bind(self, address)

    async def start_and_close() -> int:
        server = DnsServer()
        monkeypatch.setattr("registry.dns.server.socket.socket", Unlucky)
        _, port = await server.start("127.0.0.1", 0)
        await server.close()
        return port

    with taken:
        assert asyncio.run(start_and_close()) not in (0, taken.getsockname()[1])
    assert len(tries) >= 2, "the twin of the second one may be taken, too"


def test_it_can_be_closed_and_started_again_on_its_port(running: Running, zone: ServedZone) -> None:
    server = DnsServer([zone])
    query = dns.message.make_query(KNOWN, "NAPTR")
    with running(server) as it:
        dns.query.tcp(query, it.address[0], port=it.address[1], timeout=5)
        it.call(server.close)
        with pytest.raises(OSError, match="refused"):
            dns.query.tcp(query, it.address[0], port=it.address[1], timeout=5)
        assert it.call(server.start, *it.address) == it.address
        assert dns.query.tcp(query, it.address[0], port=it.address[1], timeout=5).rcode() == dns.rcode.NOERROR


def test_closing_what_never_started_is_harmless() -> None:
    asyncio.run(DnsServer().close())


def test_client_over_its_rate_is_dropped_and_sent_to_tcp_and_its_neighbour_is_answered(
    running: Running, zone: ServedZone
) -> None:
    query = dns.message.make_query(KNOWN, "NAPTR", use_edns=0)
    limits = UdpLimits(per_s=0.001, burst=3, slip=2)
    with running(DnsServer([zone], udp=limits)) as it, socket.socket(type=socket.SOCK_DGRAM) as client:
        client.connect(it.address)
        client.settimeout(5)
        for _ in range(9):
            client.send(query.to_wire())
        answers = [dns.message.from_wire(client.recv(4096)) for _ in range(6)]
        assert [bool(answer.flags & dns.flags.TC) for answer in answers] == [False] * 3 + [True] * 3
        assert all(query.is_response(answer) and answer.edns == 0 for answer in answers)
        assert answers[-1].answer == []
        whole = dns.query.tcp(query, it.address[0], port=it.address[1], timeout=5)
        assert "https://smp.example/a" in whole.to_text()
        with pytest.raises(dns.exception.Timeout):  # the same /24
            dns.query.udp(query, it.address[0], port=it.address[1], timeout=0.1, source="127.0.0.9")
        other = dns.query.udp(query, it.address[0], port=it.address[1], timeout=5, source="127.0.1.1")
        assert "https://smp.example/a" in other.to_text()
        assert it.server.counters.rate_limited == 7


@pytest.mark.parametrize("data", [b"", bytes(11), b"\xff" * 40, bytes(40), b"\x00\x01\x80\x00" + bytes(30)], ids=repr)
def test_what_is_no_query_gets_nothing_truncated(zone: ServedZone, data: bytes) -> None:
    assert Responder({zone.wire: zone}, Counters()).truncated(data) is None


def sent_until_silence(it: Any, query: dns.message.Message, number: int) -> list[dns.message.Message]:
    """Answers to so many equal queries, up to that of a name that has a rate of its own."""
    answers = []
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.connect(it.address)
        client.settimeout(0.3)
        for _ in range(number):
            client.send(query.to_wire())
        with contextlib.suppress(TimeoutError):
            while True:
                answers.append(dns.message.from_wire(client.recv(4096)))
    return answers


def test_flood_of_denials_or_errors_leaves_the_rate_of_those_who_ask_for_names(
    running: Running, zone: ServedZone
) -> None:
    limits = UdpLimits(per_s=0.001, burst=3, slip=0)
    denied = dns.message.make_query("no.sml.test.", "NAPTR")
    foreign = dns.message.make_query("example.com.", "NAPTR")
    known = dns.message.make_query(KNOWN, "NAPTR")
    with running(DnsServer([zone], udp=limits)) as it:
        for query, rcode in ((denied, 3), (foreign, 5), (known, 0)):
            answers = sent_until_silence(it, query, 10)
            assert [answer.rcode() for answer in answers] == [rcode] * 3
        counters = it.server.counters
        assert (counters.rate_limited, counters.udp_queries) == (21, 30)
        assert [counters.rcodes[code] for code in (0, 3, 5)] == [3, 3, 3], "only what was answered"


def test_malformed_packets_beyond_the_rate_are_dropped_and_nothing_is_truncated(
    running: Running, zone: ServedZone
) -> None:
    limits = UdpLimits(per_s=0.001, burst=1, slip=1)
    with running(DnsServer([zone], udp=limits)) as it, socket.socket(type=socket.SOCK_DGRAM) as client:
        client.connect(it.address)
        client.settimeout(5)
        for _ in range(5):
            client.send(bytes(40))
        client.send(dns.message.make_query(KNOWN, "NAPTR", id=7).to_wire())
        answers = [client.recv(4096), client.recv(4096)]
    assert [answer[3] & 0x0F for answer in answers] == [1, 0]


def test_rate_that_is_only_logged_drops_nothing(running: Running, zone: ServedZone) -> None:
    limits = UdpLimits(per_s=0.001, burst=1, log_only=True)
    with (
        running(DnsServer([zone], udp=limits)) as it,
        structlog.testing.capture_logs() as logs,
    ):
        answers = sent_until_silence(it, dns.message.make_query(KNOWN, "NAPTR"), 8)
        assert [len(answer.answer) for answer in answers] == [1] * 8
        assert (it.server.counters.rate_limited, it.server.counters.rcodes[0]) == (7, 8)
    (line,) = [line for line in logs if line["event"] == "dns_rate_limited"]
    assert (line["network"], line["rcode"], line["dropped"]) == ("127.0.0.0/24", 0, False)


def test_listed_networks_are_answered_beyond_the_rate(running: Running, zone: ServedZone) -> None:
    limits = UdpLimits(per_s=0.001, burst=1, slip=0, exempt=Networks(["127.0.0.0/8"]))
    with running(DnsServer([zone], udp=limits)) as it:
        assert len(sent_until_silence(it, dns.message.make_query(KNOWN, "NAPTR"), 8)) == 8


def test_what_breaks_an_answer_gets_servfail_and_the_others_their_answers(
    running: Running, zone: ServedZone, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = Responder.answer

    def broken(self: Responder, data: bytes, *, over_tcp: bool = False) -> bytes | None:
        if data[:2] == b"\x00\x01":
            raise ZeroDivisionError
        return answer(self, data, over_tcp=over_tcp)

    monkeypatch.setattr(Responder, "answer", broken)
    with (
        structlog.testing.capture_logs() as logs,
        running(DnsServer([zone])) as it,
        socket.socket(type=socket.SOCK_DGRAM) as client,
    ):
        client.connect(it.address)
        client.settimeout(5)
        for number in (1, 1, 2):
            client.send(dns.message.make_query(KNOWN, "NAPTR", id=number).to_wire())
        answers = [dns.message.from_wire(client.recv(4096)) for _ in range(3)]
        assert it.server.counters.rcodes[dns.rcode.SERVFAIL] == 2
    assert sorted((each.id, each.rcode()) for each in answers) == [(1, 2), (1, 2), (2, 0)]
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["dns_answer_failed"]
