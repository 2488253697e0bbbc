# SPDX-License-Identifier: Apache-2.0
"""Requests of all kinds within bounds; what is true of lists is tested with these (`test_fetching`)."""

from collections.abc import Callable

import httpx2
import pytest

from trust_lists.errors import SourceError
from trust_lists.sources.evidence_fetching import WebFetcher
from trust_lists.sources.evidence_manifest import Kind
from trust_lists.sources.web import Answer, Asked, Limits, Web

URL = "http://pki.example/ocsp"


def web(answer: Callable[[httpx2.Request], httpx2.Response]) -> Web:
    return Web(Limits(tries=1), transport=httpx2.MockTransport(answer))


def test_what_is_posted_arrives_as_it_is() -> None:
    def echo(request: httpx2.Request) -> httpx2.Response:
        assert request.headers["content-type"] == "application/ocsp-request"
        return httpx2.Response(200, content=iter([request.method.encode() + request.read()]))

    with web(echo) as client:
        found = client.ask(Asked(URL, {"Content-Type": "application/ocsp-request"}, b"\x30\x00"))
    assert (found.data, found.location) == (b"POST\x30\x00", URL)


def test_what_was_posted_is_not_sent_on_to_somebody_else() -> None:
    asked: list[str] = []

    def elsewhere(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        return httpx2.Response(307, headers={"location": "http://other.example/"})

    with web(elsewhere) as client, pytest.raises(SourceError) as told:
        client.ask(Asked(URL, body=b"secret"))
    assert (told.value.reason_id, asked) == ("FETCH_STATUS", [URL])


def test_the_beginning_of_an_answer_can_refuse_the_rest() -> None:
    def look(head: bytes, media_type: str) -> None:
        raise SourceError("FETCH_HTML", f"{len(head)} bytes of {media_type}")

    def endless(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=(b" " * 4096 for _ in range(10**9)), headers={"content-type": "text/html"})

    with web(endless) as client, pytest.raises(SourceError, match="4096 bytes of text/html"):
        client.ask(Asked(URL, look=look))


# The fetcher of evidence


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Asked, Limits | None]]:
    """What the fetcher asks the web for, and within which limits."""
    found: list[tuple[Asked, Limits | None]] = []

    def ask(_: Web, each: Asked, limits: Limits | None = None) -> Answer:
        found.append((each, limits))
        return Answer(200, {}, b"" if each.url.endswith("empty") else b"data", each.url)

    monkeypatch.setattr(Web, "ask", ask)
    return found


@pytest.mark.parametrize("kind", [Kind.SAML_METADATA, Kind.STATEMENT])
def test_metadata_and_statements_come_by_https_unless_somebody_allows_http(
    asked: list[tuple[Asked, Limits | None]], kind: Kind
) -> None:
    with WebFetcher() as fetcher:
        assert fetcher.fetch(kind, "https://x.example/") == b"data"
        with pytest.raises(SourceError) as told:
            fetcher.fetch(kind, "HTTP://x.example/")
    assert (told.value.reason_id, len(asked)) == ("FETCH_PLAIN_HTTP", 1)
    with WebFetcher(plain_http=True) as fetcher:
        assert fetcher.fetch(kind, "http://x.example/") == b"data"


@pytest.mark.parametrize("kind", [Kind.CRL, Kind.OCSP, Kind.ISSUER])
def test_what_is_signed_and_meant_for_http_comes_by_http(asked: list[tuple[Asked, Limits | None]], kind: Kind) -> None:
    with WebFetcher() as fetcher:
        assert fetcher.fetch(kind, "http://x.example/") == b"data"


def test_each_kind_has_a_size_of_its_own(asked: list[tuple[Asked, Limits | None]]) -> None:
    kinds = [Kind.CRL, Kind.OCSP, Kind.ISSUER, Kind.SAML_METADATA, Kind.STATEMENT]
    with WebFetcher() as fetcher:
        for kind in kinds:
            fetcher.fetch(kind, "https://x.example/")
    sizes = {kind: limits.max_bytes for kind, (_, limits) in zip(kinds, asked, strict=True) if limits}
    assert sizes[Kind.OCSP] == sizes[Kind.STATEMENT] == 1_000_000
    assert sizes[Kind.CRL] == max(sizes.values()) == 64_000_000


def test_nothing_is_no_document(asked: list[tuple[Asked, Limits | None]]) -> None:
    with WebFetcher() as fetcher, pytest.raises(SourceError) as told:
        fetcher.fetch(Kind.CRL, "http://x.example/empty")
    assert (told.value.reason_id, len(asked)) == ("FETCH_EMPTY", 1)
