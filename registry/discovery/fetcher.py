# SPDX-License-Identifier: Apache-2.0
"""Fetching documents over HTTP: bounded in size and time, no redirects, nothing decoded.

SMPs should not answer with HTTP redirects (Peppol SMP 1.4.0), in SMP 2.0 they must not; following one would
let a server choose what is asked next. Compressed answers are refused: nobody asked for them, and they may
unpack to any size.
"""

import http.cookiejar
import ssl
import time
from contextlib import closing
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Protocol, Self

import httpx2

from registry import __version__
from registry.discovery.addresses import AddressPolicy
from registry.discovery.errors import TechnicalFailureError
from trust_lists.sources.guarded_transport import GuardedTransport

MAX_BYTES: Final = 2_000_000
LIMITS: Final = httpx2.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=5.0)

_NO_COOKIES: Final = http.cookiejar.DefaultCookiePolicy(allowed_domains=[])


@dataclass(frozen=True, slots=True)
class FetchedDocument:
    """An HTTP response, whatever its status; `location` is where a redirect would have led."""

    status: int
    content_type: str
    body: bytes
    location: str = ""


class Fetcher(Protocol):
    """Where documents come from."""

    def fetch(self, url: str) -> FetchedDocument:
        """GET the URL, following no redirect. Raises TechnicalFailureError, and nothing else."""
        ...


class HttpFetcher:
    """Fetches by http and https, and checks server certificates against the system's roots or `ssl_context`.

    `timeout` bounds the connection and each wait for data, `deadline` the whole body, both in seconds;
    `max_bytes` bounds the body. With `addresses` only what that policy allows is asked, and no proxy; without it any
    address (then something else has to keep strangers' URLs out of your network).
    Close it, or use it as a context manager. Several threads may use it at once.
    """

    def __init__(
        self,
        *,
        ssl_context: ssl.SSLContext | None = None,
        timeout: float = 10.0,
        deadline: float = 30.0,
        max_bytes: int = MAX_BYTES,
        addresses: AddressPolicy | None = None,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self._deadline = deadline
        self._max_bytes = max_bytes
        if addresses is not None and transport is None:
            transport = GuardedTransport(addresses, ssl_context or httpx2.create_ssl_context(), LIMITS)
        self._headers = {
            "Accept": "application/xml, text/xml",
            "Accept-Encoding": "identity",
            "User-Agent": f"edelivery-registry/{__version__}",
        }
        self._extensions = {"timeout": httpx2.Timeout(timeout).as_dict()}
        self._client = httpx2.Client(
            verify=True if ssl_context is None else ssl_context,
            follow_redirects=False,
            transport=transport,
            cookies=http.cookiejar.CookieJar(_NO_COOKIES),
        )

    def fetch(self, url: str) -> FetchedDocument:
        """See `Fetcher`."""
        give_up_at = time.monotonic() + self._deadline
        try:
            # Made here: the client would parse the URL three times, for its base URL and its cookies.
            request = httpx2.Request("GET", url, headers=self._headers, extensions=self._extensions)
            with closing(self._client.send(request, stream=True)) as response:
                return FetchedDocument(
                    status=response.status_code,
                    content_type=response.headers.get("content-type", ""),
                    body=self._body(response, url, give_up_at),
                    location=response.headers.get("location", ""),
                )
        except httpx2.TimeoutException as error:
            raise TechnicalFailureError("http-timeout", f"no answer in time from {url}") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError) as error:
            raise TechnicalFailureError(
                "http-failure", f"{url} could not be fetched: {str(error) or type(error).__name__}"
            ) from error

    def _body(self, response: httpx2.Response, url: str, give_up_at: float) -> bytes:
        encoding = response.headers.get("content-encoding", "identity")
        if encoding.lower() != "identity":
            raise TechnicalFailureError("http-encoded", f"{url} answered in the encoding {encoding}, unasked")
        body = bytearray()
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > self._max_bytes:
                raise TechnicalFailureError("http-too-large", f"{url} answered more than {self._max_bytes} bytes")
            if time.monotonic() > give_up_at:
                raise TechnicalFailureError("http-timeout", f"{url} took more than {self._deadline:g} s to answer")
        return bytes(body)

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
