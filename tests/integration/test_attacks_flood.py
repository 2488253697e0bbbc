# SPDX-License-Identifier: Apache-2.0
"""Floods at every listener: clients that ask too fast, have too many connections, or ten thousand that say nothing.

Whoever floods is refused, everybody else is served, and memory stays bounded.
"""

import contextlib
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dns.flags
import dns.message
import dns.query
import pytest

from registry.demo.pki import DemoPki
from tests.simulators.attacker import (
    HTTP_LISTENERS,
    NOT_EXEMPT,
    Target,
    addresses,
    all_targets,
    idle_connections,
    live_of,
    resident_bytes,
    room_for_files,
    statuses,
)
from tests.simulators.hostile import request

pytestmark = pytest.mark.any_database

RATE = {f"{name}_rate_per_s": 2.0 for name in ("public", "manage", "sml", "resolver")}
MANY = 10_000


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[dict[str, Target]]:
    """Listeners where a client may ask ten times at once, and then twice a second."""
    with all_targets(tmp_path_factory.mktemp("limited"), pki, **NOT_EXEMPT, **RATE, client_connections=20) as running:
        yield running


@pytest.mark.parametrize("name", HTTP_LISTENERS)
def test_fast_client_gets_429_and_another_address_is_served(limited: dict[str, Target], name: str) -> None:
    target = limited[name]
    kept = request("GET", "/nothing/here/now", (("Connection", "keep-alive"),))
    raw = target.exchange(kept * 9 + target.good(), source="127.0.2.1")
    assert 429 not in statuses(raw)
    answers = [target.exchange(target.good(), source="127.0.2.1") for _ in range(5)]
    refused = [raw for raw in answers if statuses(raw) == [429]]
    assert refused, answers
    assert all(b"\r\nretry-after: 1\r\n" in raw.lower() for raw in refused)
    assert target.is_answered("127.0.2.2")


@pytest.mark.parametrize("name", HTTP_LISTENERS)
def test_flood_of_new_connections_is_closed_unanswered_and_does_not_keep_others_out(
    limited: dict[str, Target], name: str
) -> None:
    target = limited[name]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: target.exchange(target.good(), source="127.0.3.1"), range(60)))
    found = [tuple(statuses(raw)) for raw in answers]
    assert set(found) <= {(200,), (404,), (429,), ()}
    assert found.count(()) > 20  # closed before a handshake or a request cost anything
    begin = time.monotonic()
    assert target.is_answered("127.0.3.2")
    assert time.monotonic() - begin < 30


@pytest.mark.parametrize("name", HTTP_LISTENERS)
def test_one_address_has_so_many_connections_and_no_more(limited: dict[str, Target], name: str) -> None:
    target = limited[name]
    with idle_connections(target.host, target.port, 60, ["127.0.4.1"]) as opened:
        assert target.is_answered("127.0.4.2")
        time.sleep(0.2)
        assert sum(is_open(connection) for connection in opened) <= 20


def is_open(connection: socket.socket) -> bool:
    try:
        return bool(connection.recv(1))
    except BlockingIOError:
        return True
    except OSError:
        return False


# DNS


def test_fast_dns_client_is_dropped_or_sent_to_tcp_and_another_network_is_answered(
    tmp_path: Path, pki: DemoPki
) -> None:
    query = dns.message.make_query("sml.test", "SOA", use_edns=0)
    with live_of(tmp_path / "dns", pki, dns_rate_per_s=2.0, dns_slip=3) as live:
        host, port = live.addresses.dns.split(":")
        with socket.socket(type=socket.SOCK_DGRAM) as flooding:
            flooding.bind(("127.0.5.1", 0))
            flooding.connect((host, int(port)))
            flooding.settimeout(0.5)
            for _ in range(400):
                flooding.send(query.to_wire())
            received = []
            with contextlib.suppress(TimeoutError):
                while True:
                    received.append(dns.message.from_wire(flooding.recv(4096)))
        whole = [answer for answer in received if not answer.flags & dns.flags.TC]
        assert 10 <= len(whole) <= 14
        assert 100 <= len(received) - len(whole) <= 135
        assert all(len(answer.to_wire()) <= len(query.to_wire()) + 11 for answer in received if answer not in whole)
        over_tcp = dns.query.tcp(query, host, port=int(port), timeout=5, source="127.0.5.1")
        assert over_tcp.answer
        assert dns.query.udp(query, host, port=int(port), timeout=5, source="127.0.6.1").answer
        assert live.serving.dns.counters.rate_limited > 300


def test_listed_network_may_ask_dns_without_limit(tmp_path: Path, pki: DemoPki) -> None:
    query = dns.message.make_query("sml.test", "SOA")
    settings = {"dns_rate_per_s": 1.0, "rate_exempt_networks": ("127.0.7.0/24",)}
    with live_of(tmp_path / "dns", pki, **settings) as live:
        host, port = live.addresses.dns.split(":")
        for _ in range(50):
            assert dns.query.udp(query, host, port=int(port), timeout=5, source="127.0.7.9").answer


# Ten thousand


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("sources", [1, 500], ids=["one-address", "many-addresses"])
def test_ten_thousand_idle_connections_keep_nobody_out(tmp_path: Path, pki: DemoPki, sources: int) -> None:
    number = min(MANY, room_for_files(2 * MANY) - 3_000)
    assert number > 2_000, "the limit of open files is too low for this test"
    with all_targets(tmp_path, pki, **NOT_EXEMPT, max_connections=500) as targets:
        before = resident_bytes()
        for network, target in enumerate(targets.values(), start=20):
            begin = time.monotonic()
            count = number if target.name == "public" else number // 15
            with idle_connections(target.host, target.port, count, addresses(sources, network)):
                assert target.is_answered("127.0.8.1", within_s=20), target.name
                if target.name == "public":  # asyncio has a buffer of 256 kB for each connection behind TLS
                    assert resident_bytes() - before < 100_000_000
            assert time.monotonic() - begin < 30


@pytest.mark.slow
@pytest.mark.parametrize("sources", [1, 500], ids=["one-address", "many-addresses"])
def test_ten_thousand_idle_dns_connections_keep_nobody_out(tmp_path: Path, pki: DemoPki, sources: int) -> None:
    number = min(MANY, room_for_files(2 * MANY) - 3_000)
    query = dns.message.make_query("sml.test", "SOA")
    with live_of(tmp_path / "dns", pki) as live:
        host, port = live.addresses.dns.split(":")
        before = resident_bytes()
        with idle_connections(host, int(port), number, addresses(sources, 30)):
            assert dns.query.udp(query, host, port=int(port), timeout=20, source="127.0.8.1").answer
            assert dns.query.tcp(query, host, port=int(port), timeout=20, source="127.0.8.1").answer
            assert live.serving.dns.counters.tcp_connections <= 512 + 64
        assert resident_bytes() - before < 200_000_000
