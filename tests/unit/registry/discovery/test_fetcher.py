# SPDX-License-Identifier: Apache-2.0
"""Fetching is bounded, follows nothing, and lets no foreign error out."""

import http.server
import itertools
import socket
import threading
from collections.abc import Iterator

import httpx2
import pytest

from registry.discovery.errors import TechnicalFailureError
from registry.discovery.fetcher import HttpFetcher

URL = "https://smp.test/x"


class Chunks(httpx2.SyncByteStream):
    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        return self.chunks


def streamed(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> httpx2.Response:
    stream = Chunks(iter([body]))
    return httpx2.Response(status, stream=stream, headers={"content-type": "text/xml", **(headers or {})})


def answering(response: httpx2.Response | Exception, **options: float) -> HttpFetcher:
    def handler(request: httpx2.Request) -> httpx2.Response:
        if isinstance(response, Exception):
            raise response
        return response

    return HttpFetcher(transport=httpx2.MockTransport(handler), **options)  # type: ignore[arg-type]


def reason(fetcher: HttpFetcher, url: str = URL) -> str:
    with fetcher, pytest.raises(TechnicalFailureError) as caught:
        fetcher.fetch(url)
    return caught.value.reason_id


@pytest.mark.parametrize("status", [200, 404, 500])
def test_a_response_is_given_with_its_status(status: int) -> None:
    with answering(streamed(b"<x/>", status=status)) as fetcher:
        document = fetcher.fetch(URL)
    assert (document.status, document.content_type, document.body) == (status, "text/xml", b"<x/>")


def test_a_redirect_is_not_followed() -> None:
    asked = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        return streamed(b"", status=302, headers={"location": "https://other.test/"})

    with HttpFetcher(transport=httpx2.MockTransport(handler)) as fetcher:
        document = fetcher.fetch(URL)
    assert (document.status, document.location) == (302, "https://other.test/")
    assert asked == [URL]


def test_an_endless_body_is_cut_while_it_streams() -> None:
    endless = httpx2.Response(200, stream=Chunks(itertools.repeat(b"x" * 1000)))
    assert reason(answering(endless, max_bytes=5000)) == "http-too-large"


def test_a_body_of_exactly_the_bound_is_taken() -> None:
    with answering(streamed(b"x" * 5000), max_bytes=5000) as fetcher:
        assert len(fetcher.fetch(URL).body) == 5000


def test_a_body_that_drips_is_given_up_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = itertools.count()
    monkeypatch.setattr("registry.discovery.fetcher.time.monotonic", lambda: next(seconds))
    dripping = httpx2.Response(200, stream=Chunks(itertools.repeat(b"x")))
    assert reason(answering(dripping, deadline=5)) == "http-timeout"


def test_a_compressed_body_is_refused_unread() -> None:
    bomb = httpx2.Response(200, headers={"content-encoding": "gzip"}, stream=Chunks(iter([b"\x1f\x8b"])))
    assert reason(answering(bomb)) == "http-encoded"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (httpx2.ConnectError("refused"), "http-failure"),
        (httpx2.ConnectTimeout("slow"), "http-timeout"),
        (httpx2.ReadTimeout("slow"), "http-timeout"),
        (httpx2.RemoteProtocolError("peer closed connection without sending complete message body"), "http-failure"),
        (OSError("no route"), "http-failure"),
    ],
)
def test_errors_of_the_network_are_technical_failures(error: Exception, expected: str) -> None:
    assert reason(answering(error)) == expected


@pytest.mark.parametrize("url", ["file:///etc/passwd", "gopher://x.test/", "https://", "https://x.test:1:2/", "x"])
def test_nothing_but_http_is_fetched(url: str) -> None:
    with HttpFetcher() as fetcher, pytest.raises(TechnicalFailureError):
        fetcher.fetch(url)


def test_cookies_are_not_kept() -> None:
    sent = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        sent.append(request.headers.get("cookie"))
        return streamed(b"", headers={"set-cookie": "who=you"})

    with HttpFetcher(transport=httpx2.MockTransport(handler)) as fetcher:
        fetcher.fetch(URL)
        fetcher.fetch(URL)
    assert sent == [None, None]


@pytest.mark.parametrize("length", [10, 1000])
def test_a_body_shorter_than_announced_is_a_technical_failure(length: int) -> None:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(b"<x/>")
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            assert reason(HttpFetcher(), f"http://127.0.0.1:{server.server_address[1]}/x") == "http-failure"
        finally:
            server.shutdown()
            thread.join()


def test_a_server_that_isn_t_there_is_a_technical_failure() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert reason(HttpFetcher(), f"http://127.0.0.1:{port}/") == "http-failure"
