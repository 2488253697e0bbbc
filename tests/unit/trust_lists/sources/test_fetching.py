# SPDX-License-Identifier: Apache-2.0
"""Downloads within bounds: every way in which a server can answer wrongly has a name."""

import base64
import gzip
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trust_lists.errors import SourceError
from trust_lists.sources.fetching import Limits, WebSource
from trust_lists.sources.ports import Known, refuse_no_list

URL = "https://lists.example/tl.xml"
LIST = b'<?xml version="1.0"?><TrustServiceStatusList xmlns="http://uri.etsi.org/02231/v2#"/>'
DIGEST = sha256(LIST).hexdigest()
Answer = Callable[[httpx2.Request], httpx2.Response]


class Server:
    """Answers by location; remembers what it was asked."""

    def __init__(self, *answers: Answer | httpx2.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx2.Request] = []
        self.pauses: list[float] = []
        self.now = 0.0

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer

    def source(self, limits: Limits | None = None) -> WebSource:
        transport = httpx2.MockTransport(self)
        return WebSource(limits, transport=transport, wait=self.pauses.append, clock=lambda: self.now)

    @property
    def urls(self) -> list[str]:
        return [str(request.url) for request in self.requests]


def ok(content: bytes = LIST, **headers: str) -> Answer:
    given = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    told = {"content-type": "application/xml", "content-length": str(len(content))} | given
    return lambda _: httpx2.Response(200, content=iter([content]), headers=told)


def moved(to: str, status: int = 302) -> Answer:
    return lambda _: httpx2.Response(status, headers={"location": to})


def status(code: int) -> Answer:
    return lambda _: httpx2.Response(code)


def refused(server: Server, url: str = URL, limits: Limits | None = None) -> str:
    with server.source(limits) as source, pytest.raises(SourceError) as told:
        source.fetch(url)
    assert str(told.value)
    return told.value.reason_id


def test_a_list_comes_with_what_the_server_says_of_it() -> None:
    server = Server(ok(ETag='"7"', Last_Modified="Mon, 02 Nov 2026 08:00:00 GMT"))
    with server.source() as source:
        found = source.fetch(URL)
    assert (found.data, found.location, found.doubts) == (LIST, URL, ())
    assert (found.etag, found.last_modified) == ('"7"', "Mon, 02 Nov 2026 08:00:00 GMT")


def test_plain_http_is_a_warning() -> None:
    with Server(ok()).source() as source:
        [doubt] = source.fetch("http://lists.example/tl.xml").doubts
    assert doubt.code == "OWN_WARNING_NOT_HTTPS"


# What hasn't changed


def test_what_a_server_said_of_a_document_is_asked_again() -> None:
    server = Server(status(304))
    known = Known(DIGEST, '"7"', "Mon, 02 Nov 2026 08:00:00 GMT", digest_file=True)
    with server.source() as source:
        assert source.fetch(URL, known=known).data is None
    [request] = server.requests
    assert request.headers["if-none-match"] == '"7"'
    assert request.headers["if-modified-since"] == "Mon, 02 Nov 2026 08:00:00 GMT"


@pytest.mark.parametrize(
    "content",
    [
        DIGEST.encode(),
        DIGEST.upper().encode() + b"  tl.xml\n",
        bytes.fromhex(DIGEST),
        base64.b64encode(bytes.fromhex(DIGEST)) + b"\n",
    ],
)
def test_a_digest_file_saves_the_download(content: bytes) -> None:
    server = Server(ok(content))
    with server.source() as source:
        assert source.fetch(URL, known=Known(DIGEST, digest_file=True)).data is None
    assert server.urls == ["https://lists.example/tl.sha2"]


@pytest.mark.parametrize(
    "answer",
    [ok(b"0" * 64), ok(b"nonsense"), ok(b""), ok(b"0" * 5000), status(404), moved("/x"), httpx2.ConnectError("no")],
)
def test_a_digest_file_that_says_anything_else_saves_nothing(answer: Answer | Exception) -> None:
    server = Server(answer, ok())
    with server.source() as source:
        assert source.fetch(URL, known=Known(DIGEST, digest_file=True)).data == LIST


def test_a_digest_file_is_only_looked_at_when_asked_for() -> None:
    server = Server(ok())
    with server.source() as source:
        assert source.fetch(URL, known=Known(DIGEST)).data == LIST
    assert server.urls == [URL]


def test_not_modified_without_having_asked_is_an_error() -> None:
    assert refused(Server(status(304))) == "FETCH_STATUS"


# Redirections


def test_a_few_redirections_are_followed() -> None:
    server = Server(moved("/a", 301), moved("https://other.example/b", 308), ok())
    with server.source() as source:
        assert source.fetch(URL).location == "https://other.example/b"


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ([moved(URL)], "FETCH_REDIRECT_LOOP"),
        ([moved("/a"), moved("/b"), moved("/a")], "FETCH_REDIRECT_LOOP"),
        ([moved("")], "FETCH_REDIRECT_LOOP"),
        ([moved(f"/{number}") for number in range(9)], "FETCH_TOO_MANY_REDIRECTS"),
        ([moved("http://lists.example/tl.xml")], "FETCH_DOWNGRADE"),
        ([moved("file:///etc/passwd")], "FETCH_DOWNGRADE"),
        ([moved("https://[broken")], "FETCH_URL"),
    ],
)
def test_other_redirections_are_not(answers: list[Answer], reason: str) -> None:
    assert refused(Server(*answers)) == reason


# Sizes and kinds


def test_a_body_over_the_limit_is_not_read_on() -> None:
    read = 0

    def body() -> Iterator[bytes]:
        nonlocal read
        yield LIST
        while True:
            read += 1
            yield b" " * 1000

    server = Server(lambda _: httpx2.Response(200, content=body()))
    assert refused(server, limits=Limits(max_bytes=10_000)) == "FETCH_TOO_LARGE"
    assert read < 12


def test_an_announced_size_over_the_limit_is_not_read_at_all() -> None:
    server = Server(lambda _: httpx2.Response(200, content=iter([]), headers={"content-length": "100000000"}))
    assert refused(server) == "FETCH_TOO_LARGE"


def test_a_compressed_bomb_counts_by_what_comes_out() -> None:
    bomb = gzip.compress(LIST + b" " * 1_000_000)
    server = Server(ok(bomb, content_encoding="gzip"))
    assert refused(server, limits=Limits(max_bytes=100_000)) == "FETCH_TOO_LARGE"


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "deflate", "x"])
def test_compression_that_was_not_asked_for_is_refused(encoding: str) -> None:
    assert refused(Server(ok(content_encoding=encoding))) == "FETCH_ENCODING"


def test_a_list_is_decompressed() -> None:
    server = Server(ok(gzip.compress(LIST), content_encoding="gzip"))
    with server.source() as source:
        assert source.fetch(URL).data == LIST
    assert server.requests[0].headers["accept-encoding"] == "gzip"


def test_a_list_may_come_in_small_pieces() -> None:
    parts = [b"\xef\xbb\xbf", *(bytes([byte]) for byte in LIST)]
    server = Server(lambda _: httpx2.Response(200, content=iter(parts), headers={"content-type": "text/html"}))
    with server.source() as source:
        assert source.fetch(URL).data == b"".join(parts)


def test_a_long_web_page_is_refused_before_it_has_come() -> None:
    read = 0

    def body() -> Iterator[bytes]:
        nonlocal read
        yield b"<html>"
        while True:
            read += 1
            yield b"x" * 1000

    assert refused(Server(lambda _: httpx2.Response(200, content=body()))) == "FETCH_HTML"
    assert read < 6


def test_damaged_compression_is_a_cut_off_document() -> None:
    server = Server(ok(b"no gzip at all", content_encoding="gzip"))
    assert refused(server) == "FETCH_CUT_OFF"


def test_a_body_shorter_than_announced_is_cut_off_and_tried_again() -> None:
    short = {"content-length": str(len(LIST) + 1)}
    server = Server(lambda _: httpx2.Response(200, content=iter([LIST]), headers=short), ok())
    with server.source() as source:
        assert source.fetch(URL).data == LIST
    assert len(server.requests) == 2
    server = Server(lambda _: httpx2.Response(200, content=iter([LIST]), headers=short))
    assert refused(server) == "FETCH_CUT_OFF"


@pytest.mark.parametrize(
    ("content", "media_type", "reason"),
    [
        (b"", "application/xml", "FETCH_EMPTY"),
        (b" \r\n\t", "application/xml", "FETCH_EMPTY"),
        (b"%PDF-1.7 ...", "application/vnd.etsi.tsl+xml", "FETCH_PDF"),
        (b"anything", "application/pdf", "FETCH_PDF"),
        (b"<!DOCTYPE HTML><title>Error</title>", "application/xml", "FETCH_HTML"),
        (b"\xef\xbb\xbf\n<html lang='en'>", "", "FETCH_HTML"),
        (b'<?xml version="1.0"?><!-- x --><html xmlns="http://www.w3.org/1999/xhtml">', "text/xml", "FETCH_HTML"),
        (b"Please sign in", "text/html; charset=utf-8", "FETCH_HTML"),
    ],
)
def test_what_is_no_list_is_refused_by_its_kind(content: bytes, media_type: str, reason: str) -> None:
    assert refused(Server(ok(content, content_type=media_type))) == reason


def test_a_list_that_the_server_calls_html_is_read_with_a_warning() -> None:
    with Server(ok(content_type="text/html")).source() as source:
        found = source.fetch(URL)
    assert found.data == LIST
    [doubt] = found.doubts
    assert doubt.code == "OWN_WARNING_MEDIA_TYPE"
    assert "text/html" in doubt.text


@settings(deadline=None)
@given(st.binary(max_size=300), st.text(max_size=40))
def test_whatever_bytes_come_only_a_source_error_comes_out(data: bytes, media_type: str) -> None:
    with suppress(SourceError):
        assert all(each.code.startswith("OWN_WARNING_") for each in refuse_no_list(data, media_type))


# Servers that fail


@pytest.mark.parametrize(
    ("answer", "reason", "tries"),
    [
        (status(404), "FETCH_NOT_FOUND", 1),
        (status(410), "FETCH_NOT_FOUND", 1),
        (status(403), "FETCH_STATUS", 1),
        (status(204), "FETCH_STATUS", 1),
        (status(503), "FETCH_STATUS", 3),
        (httpx2.ConnectError("refused"), "FETCH_CONNECTION", 3),
        (httpx2.ReadTimeout("slow"), "FETCH_TIMEOUT", 3),
        (httpx2.RemoteProtocolError("nonsense"), "FETCH_CONNECTION", 3),
    ],
)
def test_what_may_pass_is_tried_again_and_the_rest_is_not(answer: Answer | Exception, reason: str, tries: int) -> None:
    server = Server(answer)
    assert refused(server) == reason
    assert len(server.requests) == tries
    assert len(server.pauses) == tries - 1


def test_after_a_failure_that_passes_the_list_is_there() -> None:
    server = Server(status(503), httpx2.ConnectError("refused"), ok())
    with server.source() as source:
        assert source.fetch(URL).data == LIST
    assert server.pauses == [0.5, 1.0]


def test_the_whole_download_has_an_end() -> None:
    server = Server()

    def body() -> Iterator[bytes]:
        yield LIST
        while True:
            server.now += 100
            yield b" "

    server.answers = [lambda _: httpx2.Response(200, content=body())]
    assert refused(server) == "FETCH_TIMEOUT"


@pytest.mark.parametrize("url", ["ftp://lists.example/tl.xml", "tl.xml", "https://", "https://[x", "", "https://a b/"])
def test_a_location_that_is_none_is_named(url: str) -> None:
    with WebSource(Limits(tries=1)) as source, pytest.raises(SourceError) as told:
        source.fetch(url)
    assert told.value.reason_id in {"FETCH_URL", "FETCH_CONNECTION"}
