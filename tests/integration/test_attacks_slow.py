# SPDX-License-Identifier: Apache-2.0
"""Clients that dawdle, at every listener: heads, bodies, TLS handshakes and DNS messages that come octet by octet.

Each is cut off in its time, however it drips, and nobody else waits for it.
"""

import asyncio
import contextlib
import ssl
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import dns.message
import dns.query
import pytest

from registry.demo.pki import DemoPki
from tests.simulators.attacker import HTTP_LISTENERS, NOT_EXEMPT, Target, addresses, all_targets, dawdle, live_of
from tests.simulators.hostile import request

pytestmark = pytest.mark.any_database

LIMIT_S = 1.0
LATE_S = 6.0  # other work may share the machine
NUMBER = 40


@pytest.fixture(scope="module")
def targets(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[dict[str, Target]]:
    times = {"head_timeout_s": LIMIT_S, "body_timeout_s": LIMIT_S, "keep_alive_s": LIMIT_S, "write_timeout_s": LIMIT_S}
    with all_targets(tmp_path_factory.mktemp("slow"), pki, **NOT_EXEMPT, **times) as running:
        yield running


@pytest.fixture(params=HTTP_LISTENERS)
def target(targets: dict[str, Target], request: pytest.FixtureRequest) -> Target:
    return targets[request.param]


def attack(target: Target, one: Callable[[str], Awaitable[float]]) -> list[float]:
    """Let many do it at once; how long each lasted. Meanwhile honest clients are answered."""

    async def main() -> list[float]:
        attackers = [asyncio.create_task(one(source)) for source in addresses(NUMBER)]  # type: ignore[arg-type]
        await asyncio.sleep(0.2)
        for _ in range(3):
            assert await asyncio.to_thread(target.is_answered, "127.0.0.5")
        async with asyncio.timeout(30):
            return await asyncio.gather(*attackers)

    return asyncio.run(main())


@pytest.mark.parametrize(
    "start", [b"GET /a HTTP/1.1\r\nHost: x\r\nX-Slow: aaaa", b"GET /aaaa", b"\r\n\r\n"], ids=["head", "line", "empty"]
)
@pytest.mark.parametrize("name", ["public", "manage", "resolver"])
def test_head_that_drips_is_cut_off(targets: dict[str, Target], name: str, start: bytes) -> None:
    target = targets[name]
    lasted = attack(target, lambda source: dawdle(target.host, target.port, start, source))
    assert max(lasted) < LIMIT_S + LATE_S


@pytest.mark.parametrize("name", ["public", "manage", "resolver"])
@pytest.mark.parametrize("framing", ["Content-Length: 100000", "Transfer-Encoding: chunked"])
def test_body_that_drips_is_cut_off(targets: dict[str, Target], name: str, framing: str) -> None:
    target = targets[name]
    head = request(target.method, target.path, (("Connection", "keep-alive"), *target.headers))
    head = head[:-2] + framing.encode() + b"\r\n\r\n" + (b"ffff\r\n" if "chunked" in framing else b"")

    async def one(source: str) -> float:
        begin = time.monotonic()
        reader, writer = await asyncio.open_connection(target.host, target.port, local_addr=(source, 0))
        writer.write(head)
        ended = asyncio.ensure_future(reader.read())
        while not (await asyncio.wait({ended}, timeout=0.05))[0]:
            writer.write(b"a")
        ended.exception()
        writer.close()
        return time.monotonic() - begin

    assert max(attack(target, one)) < LIMIT_S + LATE_S


@pytest.mark.parametrize("name", ["https", "sml"])
@pytest.mark.parametrize(
    "start", [b"\x16", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200)], ids=["octet", "hello"]
)
def test_handshake_that_drips_is_cut_off(targets: dict[str, Target], name: str, start: bytes) -> None:
    target = targets[name]
    lasted = attack(target, lambda source: dawdle(target.host, target.port, start, source))
    assert max(lasted) < LIMIT_S + LATE_S


@pytest.mark.parametrize("name", ["https", "sml"])
def test_head_that_drips_behind_tls_is_cut_off(targets: dict[str, Target], name: str) -> None:
    target = targets[name]

    async def one(source: str) -> float:
        begin = time.monotonic()
        reader, writer = await asyncio.open_connection(
            target.host, target.port, local_addr=(source, 0), ssl=target.context, server_hostname=target.host
        )
        ended = asyncio.ensure_future(reader.read())
        while not (await asyncio.wait({ended}, timeout=0.05))[0]:
            writer.write(b"G")
        ended.exception()
        writer.transport.abort()
        return time.monotonic() - begin

    # Behind the refusal a TLS client may linger for two seconds.
    assert max(attack(target, one)) < LIMIT_S + 2 + LATE_S


def test_renegotiation_is_not_offered(targets: dict[str, Target]) -> None:
    """In TLS 1.2 a client could have the dearest part of a handshake again and again (CVE-2011-1473)."""
    for name in ("https", "sml"):
        context = targets[name].context
        assert context is not None
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname = False
        old.verify_mode = ssl.CERT_NONE
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        plain = targets[name].connect(tls=False)
        with old.wrap_socket(plain) as connection:
            assert connection.version() == "TLSv1.2"
            assert connection.compression() is None


@pytest.mark.parametrize("over", ["octets", "length", "nothing", "queries-without-reading"])
def test_dns_over_tcp_that_drips_is_cut_off(tmp_path: Path, pki: DemoPki, over: str) -> None:
    query = dns.message.make_query("sml.test", "SOA").to_wire()
    framed = len(query).to_bytes(2) + query
    data = {"octets": framed[:-1], "length": b"\xff\xff", "nothing": b"", "queries-without-reading": framed * 3}[over]
    with live_of(tmp_path / "dns", pki, dns_tcp_idle_s=LIMIT_S, dns_tcp_queries=100) as live:
        host, port = live.addresses.dns.split(":")

        async def main() -> list[float]:
            if over == "octets":  # a message that never gets whole: its length says more than there is
                attackers = [dawdle(host, int(port), b"\xff\xff" + data, source) for source in addresses(NUMBER)]
            else:
                attackers = [silent(host, int(port), data, source) for source in addresses(NUMBER)]
            running = [asyncio.create_task(one) for one in attackers]
            await asyncio.sleep(0.2)
            answer = await asyncio.to_thread(
                dns.query.tcp,
                dns.message.make_query("sml.test", "SOA"),
                host,
                port=int(port),
                timeout=5,
                source="127.0.0.5",
            )
            assert answer.answer
            async with asyncio.timeout(30):
                return await asyncio.gather(*running)

        assert max(asyncio.run(main())) < LIMIT_S + LATE_S


async def silent(host: str, port: int, data: bytes, source: str) -> float:
    """Send this much, and wait for the end."""
    begin = time.monotonic()
    reader, writer = await asyncio.open_connection(host, port, local_addr=(source, 0))
    writer.write(data)
    with contextlib.suppress(ConnectionError):
        await reader.read()
    writer.close()
    return time.monotonic() - begin
