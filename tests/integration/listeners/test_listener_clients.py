# SPDX-License-Identifier: Apache-2.0
"""What one client may have of a listener: connections, requests, and what happens to those who wait only."""

import asyncio
import time
from typing import Any

import pytest

from registry import telemetry
from registry.listeners.clients import ClientLimits
from registry.listeners.headers import management_headers
from registry.listeners.protocol import Limits
from registry.listeners.server import Listener
from registry.rates import Networks

GET = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
LAST_GET = b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
SLOW_RATE = ClientLimits(per_s=0.01, burst=3)


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


async def get_from(address: str, port: int, request: bytes = LAST_GET) -> bytes:
    """What is answered to a client of this address; nothing where it is closed or reset at once."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    received = b""
    try:
        writer.write(request)
        async with asyncio.timeout(5):
            while chunk := await reader.read(65_536):
                received += chunk
        writer.close()
        await writer.wait_closed()
    except ConnectionError:
        pass
    return received


def refused(reason: str) -> float:
    labels = {"listener": "test", "reason": reason}
    return telemetry.METRICS.get_sample_value("registry_connections_refused_total", labels) or 0


def test_client_over_its_rate_is_429_and_another_address_is_served(run: Any, tools: Any, app: Any) -> None:
    async def main() -> None:
        async with tools.serving(app, Limits(clients=SLOW_RATE)) as listener:
            answers = [await get_from("127.0.0.1", listener.port) for _ in range(5)]
            assert [status(answer) for answer in answers] == [200, 200, 200, 429, 429]
            head = answers[-1].partition(b"\r\n\r\n")[0].lower()
            (wait,) = [line for line in head.split(b"\r\n") if line.startswith(b"retry-after: ")]
            assert 90 <= int(wait.split()[1]) <= 100
            assert b"connection: close" in head
            assert status(await get_from("127.0.0.2", listener.port)) == 200
        assert len(app.requests) == 4

    run(main())


def test_kept_connection_is_no_way_around_the_rate(run: Any, tools: Any, app: Any) -> None:
    async def main() -> None:
        async with tools.serving(app, Limits(clients=SLOW_RATE)) as listener:
            reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            statuses = []
            for _ in range(4):
                writer.write(GET)
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
                statuses.append(status(head))
                length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
                await reader.readexactly(int(length.split()[1]))
            assert statuses == [200, 200, 200, 429]
            assert await asyncio.wait_for(reader.read(), 5) == b""
            await tools.close(writer)

    run(main())


def test_connections_that_come_too_fast_are_closed_before_they_cost_anything(run: Any, tools: Any, app: Any) -> None:
    async def main() -> None:
        before = refused("rate")
        async with tools.serving(app, Limits(clients=SLOW_RATE)) as listener:
            answers = [await get_from("127.0.0.1", listener.port) for _ in range(10)]
            assert [answer[9:12] for answer in answers] == [b"200"] * 3 + [b"429"] * 3 + [b""] * 4
            assert status(await get_from("127.0.0.2", listener.port)) == 200
        assert refused("rate") == before + 4

    run(main())


def test_listed_network_has_no_rate(run: Any, tools: Any, app: Any) -> None:
    async def main() -> None:
        limits = ClientLimits(per_s=0.01, burst=1, connections=1, exempt=Networks(["127.0.0.1"]))
        async with tools.serving(app, Limits(clients=limits)) as listener:
            answers = await asyncio.gather(*(get_from("127.0.0.1", listener.port) for _ in range(20)))
            assert {status(answer) for answer in answers} == {200}

    run(main())


def test_connections_of_one_address_are_counted_down_again(run: Any, tools: Any, app: Any) -> None:
    async def main() -> None:
        before = refused("connections")
        async with tools.serving(app, Limits(clients=ClientLimits(connections=2))) as listener:
            idle = [await asyncio.open_connection("127.0.0.1", listener.port) for _ in range(2)]
            assert await get_from("127.0.0.1", listener.port) == b""
            assert status(await get_from("127.0.0.3", listener.port)) == 200
            for _, writer in idle:
                await tools.close(writer)
            assert status(await get_from("127.0.0.1", listener.port)) == 200
        assert refused("connections") == before + 1

    run(main())


def test_client_behind_a_proxy_has_the_rate_and_the_proxy_has_none(run: Any, tools: Any, app: Any) -> None:
    limits = ClientLimits(per_s=0.01, burst=1, connections=1, proxies=Networks(["127.0.0.9"]))

    def told(client: str) -> bytes:
        return LAST_GET.replace(b"Host: x", b"Host: x\r\nX-Forwarded-For: 203.0.113.99, " + client.encode())

    async def main() -> None:
        async with tools.serving(app, Limits(clients=limits)) as listener:
            for client, expected in (("192.0.2.1", 200), ("192.0.2.1", 429), ("192.0.2.2", 200), ("192.0.2.2", 429)):
                assert status(await get_from("127.0.0.9", listener.port, told(client))) == expected
            # Who is no proxy is not believed, however many addresses it makes up.
            assert status(await get_from("127.0.0.8", listener.port, told("192.0.2.3"))) == 200
            assert status(await get_from("127.0.0.8", listener.port, told("192.0.2.4"))) == 429
        assert [scope["client"][0] for scope in app.requests] == ["192.0.2.1", "192.0.2.2", "127.0.0.8"]

    run(main())


def test_requests_beyond_the_limit_in_work_are_503_and_probes_are_answered(run: Any, tools: Any, app: Any) -> None:
    async def main() -> None:
        app.release = asyncio.Event()
        async with tools.serving(app, Limits(max_requests=2)) as listener:
            running = [asyncio.create_task(get_from("127.0.0.1", listener.port)) for _ in range(2)]
            while len(app.requests) < 2:  # noqa: ASYNC110 — the application counts, and tells nobody
                await asyncio.sleep(0.01)
            answer = await get_from("127.0.0.1", listener.port)
            assert status(answer) == 503
            assert b"\r\nretry-after: 1\r\n" in answer.lower()
            probe = asyncio.create_task(get_from("127.0.0.1", listener.port, LAST_GET.replace(b"/a", b"/livez")))
            while len(app.requests) < 3:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            app.release.set()
            assert [status(answer) for answer in await asyncio.gather(*running, probe)] == [200] * 3
            assert status(await get_from("127.0.0.1", listener.port)) == 200

    run(main())


def test_full_listener_closes_those_that_have_been_idle_longest(run: Any, tools: Any, app: Any) -> None:
    async def main() -> None:
        before = refused("idle")
        async with tools.serving(app, Limits(max_connections=3)) as listener:
            idle = [await asyncio.open_connection("127.0.0.1", listener.port) for _ in range(2)]
            reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            begin = time.monotonic()
            while time.monotonic() - begin < 1.2:  # this one works all the time
                writer.write(GET)
                await asyncio.wait_for(reader.readuntil(b"}"), 5)
                await asyncio.sleep(0.05)
            assert status(await get_from("127.0.0.1", listener.port)) == 200
            assert time.monotonic() - begin < 30
            assert await asyncio.wait_for(idle[0][0].read(), 5) == b""
            writer.write(GET)
            assert (await asyncio.wait_for(reader.readline(), 5)).startswith(b"HTTP/1.1 200 ")
            for _, other in [*idle, (reader, writer)]:
                await tools.close(other)
        assert refused("idle") >= before + 1

    run(main())


def test_management_headers_go_with_every_answer_that_has_none_itself(run: Any) -> None:
    async def page(scope: dict[str, Any], _receive: Any, send: Any) -> None:
        headers = [(b"content-length", b"0"), (b"Cache-Control", b"max-age=9")] if scope["path"] == "/own" else []
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async def main() -> None:
        headers = management_headers(tls=True)
        listener = Listener("test", page, ("127.0.0.1", 0), Limits(), headers=headers)
        task = asyncio.create_task(listener.serve())
        plain = (await get_from("127.0.0.1", listener.port)).lower()
        own = (await get_from("127.0.0.1", listener.port, LAST_GET.replace(b"/a", b"/own"))).lower()
        await listener.stop(1)
        await task
        for name, value in (*headers, (b"x-content-type-options", b"nosniff")):
            assert plain.count(name + b": " + value.lower()) == 1
        assert b"default-src 'none'" in plain
        assert b"frame-ancestors 'none'" in plain
        assert own.count(b"cache-control:") == 1
        assert b"cache-control: max-age=9" in own

    run(main())


@pytest.mark.parametrize("tls", [False, True])
def test_strict_transport_security_is_told_behind_tls_only(tls: bool) -> None:
    assert any(name == b"strict-transport-security" for name, _ in management_headers(tls=tls)) == tls
