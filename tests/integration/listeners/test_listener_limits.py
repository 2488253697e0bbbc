# SPDX-License-Identifier: Apache-2.0
"""What one connection may cost: sizes, deadlines, and requests that are no HTTP."""

import asyncio
import contextlib
import time
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import pytest

from registry.listeners.protocol import Limits

SHORT = Limits(head_timeout_s=0.2, body_timeout_s=0.2, keep_alive_s=0.2, write_timeout_s=0.2, linger_s=0.5)
GET = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
LAST_GET = b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


async def trickle(tools: Any, port: int, start: bytes, drop: bytes) -> tuple[bytes, float]:
    """Send `start`, then `drop` whenever nothing came for 20 ms; the answer, and how long it took."""
    begin = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(start)
    received = asyncio.ensure_future(reader.read())
    while not (await asyncio.wait({received}, timeout=0.02))[0]:
        writer.write(drop)
    await tools.close(writer)
    try:
        return received.result(), time.monotonic() - begin
    except ConnectionError:
        return b"", time.monotonic() - begin


def test_silent_connection_is_closed_without_a_word(run: Any, tools: Any, app: Any) -> None:
    async def main() -> None:
        async with tools.serving(app, SHORT) as listener:
            begin = time.monotonic()
            assert await tools.exchange(listener.port) == b""
            assert 0.15 < time.monotonic() - begin < 8

    run(main())


@pytest.mark.parametrize("start", [b"GET /a HTTP/1.1\r\nHost: x\r\nX-A: ", b"\r\n"])
def test_head_deadline_is_not_prolonged_by_trickling(run: Any, tools: Any, app: Any, start: bytes) -> None:
    async def main() -> None:
        async with tools.serving(app, SHORT) as listener:
            answer, seconds = await trickle(tools, listener.port, start, b"\r\n" if start == b"\r\n" else b"a")
            assert status(answer) == 408
            assert 0.15 < seconds < 2
        assert app.requests == []

    run(main())


def test_body_deadline_is_not_prolonged_by_trickling(run: Any, tools: Any, app: Any) -> None:
    async def main() -> None:
        async with tools.serving(app, SHORT) as listener:
            start = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"
            answer, seconds = await trickle(tools, listener.port, start, b"a")
            assert status(answer) == 408
            assert 0.15 < seconds < 2
        assert app.disconnects == 1

    run(main())


def test_second_request_has_deadlines_too(run: Any, tools: Any, app: Any) -> None:
    async def main() -> None:
        async with tools.serving(app, Limits(head_timeout_s=0.3, keep_alive_s=0.1)) as listener:
            answer = await tools.exchange(listener.port, GET + b"GET /b HT")
            assert answer.startswith(b"HTTP/1.1 200 ")
            assert answer.count(b"HTTP/1.1 408 ") == 1

    run(main())


def test_idle_connection_is_closed(run: Any, tools: Any, app: Any) -> None:
    async def main() -> None:
        async with tools.serving(app, SHORT) as listener:
            begin = time.monotonic()
            answer = await tools.exchange(listener.port, GET)
            assert answer.count(b"HTTP/1.1 ") == 1
            assert 0.15 < time.monotonic() - begin < 8

    run(main())


def test_deadlines_do_not_count_the_time_of_the_application(run: Any, tools: Any, app: Any) -> None:
    async def main() -> None:
        app.release = asyncio.Event()
        async with tools.serving(app, SHORT) as listener:
            answer = asyncio.create_task(tools.exchange(listener.port, LAST_GET))
            done, _ = await asyncio.wait({answer}, timeout=0.6)  # three times every deadline
            assert not done
            app.release.set()
            assert status(await answer) == 200

    run(main())


def test_body_that_the_application_does_not_take_is_not_late(run: Any, tools: Any) -> None:
    go_on = asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await go_on.wait()
        size, more = 0, True
        while more:
            message = await receive()
            size, more = size + len(message["body"]), message["more_body"]
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-size", b"%d" % size)]})
        await send({"type": "http.response.body"})

    async def main() -> None:
        async with tools.serving(slow, SHORT) as listener:
            post = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1500000\r\n\r\n"
            answer = asyncio.create_task(tools.exchange(listener.port, post + b"a" * 1_500_000))
            done, _ = await asyncio.wait({answer}, timeout=0.6)
            assert not done
            go_on.set()
            assert b"x-size: 1500000\r\n" in await answer

    run(main())


def test_client_that_takes_no_answer_is_cut_off(run: Any, tools: Any) -> None:
    sent = asyncio.Event()

    async def flood(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(1_000):
            await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        sent.set()

    async def main() -> None:
        async with tools.serving(flood, SHORT) as listener:
            _, writer = await asyncio.open_connection("127.0.0.1", listener.port, limit=1_024)
            writer.write(GET)
            await asyncio.wait_for(sent.wait(), 10)  # what is sent after the cut is dropped
            await tools.close(writer)

    run(main())


def test_head_of_26_megabytes_is_refused_early(run: Any, tools: Any, app: Any) -> None:
    async def main() -> None:
        async with tools.serving(app) as listener:
            reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            answer = asyncio.ensure_future(reader.read())
            sent = 0
            writer.write(b"GET /a HTTP/1.1\r\nHost: x\r\nX-A: ")
            while not answer.done() and sent < 26_000_000:
                writer.write(b"a" * 65_536)
                sent += 65_536
                await writer.drain()
            assert status(await answer) == 431
            assert sent < 5_000_000
            await tools.close(writer)
        assert app.requests == []

    run(main())


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: %s\r\n" % (i, b"a" * 4_000) for i in range(10)) + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: a\r\n" % i for i in range(101)) + b"\r\n",
    ],
    ids=["long target", "long headers", "many headers"],
)
def test_head_beyond_the_limits_is_431(run: Any, tools: Any, app: Any, head: bytes) -> None:
    async def main() -> None:
        async with tools.serving(app) as listener:
            assert status(await tools.exchange(listener.port, head)) == 431
        assert app.requests == []

    run(main())


def test_long_body_in_the_first_packet_does_not_count_as_head(run: Any, tools: Any, app: Any) -> None:
    async def main() -> None:
        async with tools.serving(app) as listener:
            post = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 60000\r\n\r\n" + b"a" * 60_000
            answer = await tools.exchange(listener.port, post)
            assert status(answer) == 200
            assert b'"body_bytes": 60000' in answer

    run(main())


def test_body_of_3_megabytes_is_413_by_its_length_and_the_client_can_read_that(run: Any, tools: Any, app: Any) -> None:
    async def main() -> None:
        async with tools.serving(app) as listener:
            head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n"
            answer = await tools.exchange(listener.port, head, b"a" * 3_000_000)
            assert status(answer) == 413
            assert answer.endswith(HTTPStatus.REQUEST_ENTITY_TOO_LARGE.phrase.encode() + b"\n")
            assert b"server:" not in answer.lower()
        assert app.requests == []
        assert not app.entered.is_set()

    run(main())


def test_body_of_3_megabytes_in_chunks_is_413_in_the_stream(run: Any, tools: Any, app: Any) -> None:
    async def main() -> None:
        async with tools.serving(app) as listener:
            head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            chunk = b"10000\r\n" + b"a" * 65_536 + b"\r\n"
            assert status(await tools.exchange(listener.port, head, *[chunk] * 46, b"0\r\n\r\n")) == 413
        assert app.requests == []
        assert app.disconnects == 1

    run(main())


def test_chunk_framing_and_trailers_are_limited(run: Any, tools: Any, app: Any) -> None:
    async def main() -> None:
        async with tools.serving(app) as listener:
            head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Trailer: "
            assert status(await tools.exchange(listener.port, head, b"a" * 5_000_000)) == 413

    run(main())


def test_trailers_do_not_become_headers(run: Any, tools: Any, app: Any) -> None:
    async def main() -> None:
        async with tools.serving(app) as listener:
            head = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
            answer = await tools.exchange(listener.port, head + b"1\r\na\r\n0\r\nAuthorization: evil\r\n\r\n")
            assert status(answer) == 200
        assert b"authorization" not in dict(app.requests[0]["headers"])

    run(main())


def test_answer_that_has_begun_is_broken_off_and_not_mixed_with_a_refusal(run: Any, tools: Any) -> None:
    async def early(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"hello", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass

    async def main() -> None:
        async with tools.serving(early, Limits(max_body_bytes=100_000)) as listener:
            reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
            answer = await reader.readuntil(b"hello\r\n")
            writer.write(b"30000\r\n" + b"a" * 0x30000 + b"\r\n")
            with contextlib.suppress(ConnectionError):
                answer += await reader.read()
            assert answer.count(b"HTTP/1.1 ") == 1
            await tools.close(writer)

    run(main())


def test_answer_that_was_given_stands_when_the_rest_of_the_body_is_refused(run: Any, tools: Any) -> None:
    async def early(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 401, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})

    async def main() -> None:
        async with tools.serving(early, Limits(max_body_bytes=100_000)) as listener:
            head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            chunk = b"10000\r\n" + b"a" * 65_536 + b"\r\n"
            reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            writer.write(head)
            # Not before it is given: a client that is faster than the application is refused with 413.
            answer = await reader.readuntil(b"\r\n\r\n")
            with contextlib.suppress(OSError):
                for _ in range(46):
                    writer.write(chunk)
                    await writer.drain()
                answer += await reader.read()
            writer.close()
            assert status(answer) == 401
            assert answer.count(b"HTTP/1.1 ") == 1

    run(main())


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        b"GET /\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://x HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /a HTTP/1.1\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET /a HTTP/1.1\nHost: x\n\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=[
        "length and chunked",
        "chunked and length",
        "two lengths",
        "not ASCII",
        "no path",
        "CONNECT",
        "no host",
        "two hosts",
        "space before colon",
        "bare line feeds",
        "HTTP/2",
        "TLS",
    ],
)
def test_what_is_not_good_http_is_400(run: Any, tools: Any, app: Any, request_bytes: bytes) -> None:
    async def main() -> None:
        async with tools.serving(app) as listener:
            answer = await tools.exchange(listener.port, request_bytes)
            assert status(answer) == 400
            assert b"connection: close" in answer
        assert app.requests == []

    run(main())


def test_unknown_transfer_coding_is_501(run: Any, tools: Any, app: Any) -> None:
    async def main() -> None:
        async with tools.serving(app) as listener:
            head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
            assert status(await tools.exchange(listener.port, head)) == 501

    run(main())


def test_refusal_waits_for_no_earlier_answer_but_cuts_it_off(run: Any, tools: Any, app: Any) -> None:
    async def main() -> None:
        app.release = asyncio.Event()
        async with tools.serving(app) as listener:
            assert await tools.exchange(listener.port, GET + b"nonsense\r\n\r\n") == b""
            app.release.set()

    run(main())


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 5\r\n\r\nhello", b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"]
)
@pytest.mark.parametrize("split", [False, True])
def test_offer_to_upgrade_is_ignored_and_the_body_is_read(
    run: Any, tools: Any, app: Any, framing: bytes, split: bool
) -> None:
    async def main() -> None:
        async with tools.serving(app) as listener:
            message = (
                b"POST /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n" + framing
            )
            reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            head, _, body = message.partition(b"\r\n\r\n")
            if split:
                writer.write(head + b"\r\n\r\n")
                await app.entered.wait()
                writer.write(body)
            else:
                writer.write(message)
            writer.write(GET)  # belongs to nobody: the connection ends with the answer
            answer = await asyncio.wait_for(reader.read(), 5)
            assert answer.count(b"HTTP/1.1 200 ") == 1
            assert b'"body_bytes": 5' in answer
            await tools.close(writer)
        assert len(app.requests) == 1

    run(main())


def test_request_without_body_that_offers_an_upgrade_is_answered_and_the_last(run: Any, tools: Any, app: Any) -> None:
    async def main() -> None:
        async with tools.serving(app) as listener:
            get = GET[:-2] + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
            answer = await tools.exchange(listener.port, get, GET)
            assert answer.count(b"HTTP/1.1 200 ") == 1
            assert b"connection: close\r\n" in answer
        assert len(app.requests) == 1

    run(main())


def test_body_of_an_upgrade_request_is_limited(run: Any, tools: Any, app: Any) -> None:
    async def main() -> None:
        async with tools.serving(app) as listener:
            head = (
                b"POST /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n"
            )
            chunk = b"10000\r\n" + b"a" * 65_536 + b"\r\n"
            assert status(await tools.exchange(listener.port, head, *[chunk] * 46)) == 413

    run(main())


@pytest.mark.parametrize(
    "target",
    [b"/a%3A%3Ab/services/c%23%23d", b"/a::b/services/c##d::2.1", b"/a%2Fb/c", b"//double", b"/a%ZZ"],
)
def test_raw_path_reaches_the_application_as_it_was_sent(run: Any, tools: Any, app: Any, target: bytes) -> None:
    async def main() -> None:
        async with tools.serving(app) as listener:
            get = b"GET " + target + b"?q=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            assert status(await tools.exchange(listener.port, get)) == 200
        assert app.requests[0]["raw_path"] == target
        assert app.requests[0]["query_string"] == b"q=1"
        assert app.requests[0]["path"] == unquote(target)

    run(main())


def test_connections_beyond_the_limit_wait_for_their_turn(run: Any, tools: Any, app: Any) -> None:
    async def main() -> None:
        app.release = asyncio.Event()
        async with tools.serving(app, Limits(max_connections=2)) as listener:
            answers = [asyncio.create_task(tools.exchange(listener.port, LAST_GET)) for _ in range(5)]
            await app.entered.wait()
            await asyncio.wait(answers, timeout=0.1)
            assert len(app.requests) == 2
            app.release.set()
            assert [status(answer) for answer in await asyncio.gather(*answers)] == [200] * 5

    run(main())
