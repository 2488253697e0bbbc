# SPDX-License-Identifier: Apache-2.0
"""Lists from the web, within bounds of size, time, redirections and kind.

- Servers answer with error pages, PDF files, endless bodies and redirections in a circle: each has a reason of its own.
- A list is protected by its signature, so locations over plain http, which the list of lists has some of, are fetched;
  a redirection from https to http is not followed.
- TLS is verified. Where that fails nothing is fetched, unless whoever asks accepts it: then a warning says so
  (TS 119 615 GPR-4.0-03).
- The `.sha2` file beside a list (TS 119 612 §6.1) saves a download and authenticates nothing.

Proxies and certificate stores are taken from the environment (`HTTPS_PROXY`, `NO_PROXY`, `SSL_CERT_FILE`).
"""

import base64
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import httpx2

from trust_lists.errors import SourceError
from trust_lists.sources.ports import HEAD, Doubt, Fetched, Known, refuse_no_list
from trust_lists.xml import MAX_LIST_BYTES

USER_AGENT = "trust-lists"
_ACCEPT = "application/vnd.etsi.tsl+xml, application/xml, text/xml, application/jose, application/json;q=0.9, */*;q=0.5"
_ENCODINGS = frozenset({"", "identity", "gzip"})
"""What is decompressed: others, and several at once, make too much of too little before it can be counted."""
_REDIRECTIONS = frozenset({301, 302, 303, 307, 308})
_TEMPORARY = frozenset({408, 425, 429, 500, 502, 503, 504})
_GONE = frozenset({404, 410})
_EXTENSION = re.compile(r"\.[^./]+$")
_HEXADECIMAL = re.compile(rb"[0-9A-Fa-f]{64}(?=\s|$)")
_DIGEST_FILE_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What a download may cost: bytes after decoding, redirections, seconds, tries in all."""

    max_bytes: int = MAX_LIST_BYTES
    redirections: int = 5
    connect_seconds: float = 10
    read_seconds: float = 30
    total_seconds: float = 180
    tries: int = 3


class _TemporaryError(Exception):
    """Worth another try; `error` is what it is if there is none left."""

    def __init__(self, reason_id: str, message: str) -> None:
        self.error = SourceError(reason_id, message)
        super().__init__(message)


class WebSource:
    """A `Source` over HTTP, for any number of threads; close it, or use it with `with`."""

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        accept_failed_tls: bool = False,
        tls: ssl.SSLContext | None = None,
        transport: httpx2.BaseTransport | None = None,
        wait: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits = limits or Limits()
        self._transport = transport
        self._wait = wait
        self._clock = clock
        self._verifying = self._client(tls or httpx2.create_ssl_context())
        self._trusting = self._client(_trusting()) if accept_failed_tls else None

    def fetch(self, url: str, *, territory: str = "", known: Known | None = None) -> Fetched:
        """See `Source`.

        Raises SourceError: FETCH_URL, FETCH_CONNECTION, FETCH_TLS, FETCH_TIMEOUT, FETCH_NOT_FOUND, FETCH_STATUS,
        FETCH_CUT_OFF, FETCH_TOO_LARGE, FETCH_REDIRECT_LOOP, FETCH_TOO_MANY_REDIRECTS, FETCH_DOWNGRADE, FETCH_EMPTY,
        FETCH_HTML, FETCH_PDF, FETCH_ENCODING.
        """
        end = self._clock() + self._limits.total_seconds
        # who sends an ETag needs no second request
        hint = known is not None and known.digest_file and not (known.etag or known.last_modified)
        if known is not None and hint and self._digest_told(url, end) == known.sha256:
            return Fetched(None, url, doubts=_of_scheme(url))
        try:
            return self._with_tries(self._verifying, url, known, end)
        except SourceError as error:
            if error.reason_id != "FETCH_TLS" or self._trusting is None:
                raise
            found = self._with_tries(self._trusting, url, known, end)
            doubt = Doubt("OWN_WARNING_HTTPS_NOT_VERIFIED", f"fetched although TLS could not be verified: {error}")
            return replace(found, doubts=(*found.doubts, doubt))

    def close(self) -> None:
        """Closes the connections."""
        self._verifying.close()
        if self._trusting is not None:
            self._trusting.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _client(self, tls: ssl.SSLContext) -> httpx2.Client:
        return httpx2.Client(
            verify=tls,
            transport=self._transport,
            # a connection of its own for each request, which `_Deadline` can end; a host has one list
            limits=httpx2.Limits(max_keepalive_connections=0),
            timeout=httpx2.Timeout(self._limits.read_seconds, connect=self._limits.connect_seconds),
            headers={"User-Agent": USER_AGENT, "Accept": _ACCEPT, "Accept-Encoding": "gzip"},
        )

    def _with_tries(self, client: httpx2.Client, url: str, known: Known | None, end: float) -> Fetched:
        for number in range(1, self._limits.tries + 1):
            try:
                return self._once(client, url, known, end)
            except _TemporaryError as failure:
                pause = 2.0 ** (number - 2)
                if number == self._limits.tries or self._clock() + pause >= end:
                    raise failure.error from None
                self._wait(pause)
        raise AssertionError  # the last try has returned or raised

    def _once(self, client: httpx2.Client, url: str, known: Known | None, end: float) -> Fetched:
        headers = {}
        if known and known.etag:
            headers["If-None-Match"] = known.etag
        if known and known.last_modified:
            headers["If-Modified-Since"] = known.last_modified
        seen = [url]
        while True:
            try:
                answer = self._ask(client, seen[-1], headers, end, self._limits.max_bytes)
            except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError, ValueError) as error:
                raise _named(error, seen[-1]) from None
            if answer.status in _REDIRECTIONS:
                seen.append(self._redirected(seen, answer.headers.get("location", "")))
                continue
            return _judged(answer, seen[-1], known)

    def _ask(self, client: httpx2.Client, url: str, headers: dict[str, str], end: float, max_bytes: int) -> "_Answer":
        if urlsplit(url).scheme not in {"https", "http"}:
            raise SourceError("FETCH_URL", f"{url!r} is no location in the web")
        with self._stream(client, url, headers, end) as response:
            if response.status_code != 200:
                return _Answer(response.status_code, response.headers, b"")
            length = _number(response.headers.get("content-length", ""))
            if length is not None and length > max_bytes:
                raise SourceError("FETCH_TOO_LARGE", f"the server announces {length} bytes; {max_bytes} are allowed")
            data = bytearray()
            for part in response.iter_bytes():
                data += part
                if len(data) - len(part) < HEAD <= len(data):
                    refuse_no_list(data, response.headers.get("content-type", ""))
                if len(data) > max_bytes:
                    raise SourceError("FETCH_TOO_LARGE", f"the server sends more than {max_bytes} bytes")
                if self._clock() > end:
                    raise SourceError("FETCH_TIMEOUT", f"{url} took more than {self._limits.total_seconds:g} s")
            if length is not None and response.num_bytes_downloaded != length:
                got = response.num_bytes_downloaded
                raise _TemporaryError("FETCH_CUT_OFF", f"{url} ended after {got} of {length} bytes")
            return _Answer(200, response.headers, bytes(data))

    @contextmanager
    def _stream(
        self, client: httpx2.Client, url: str, headers: dict[str, str], end: float
    ) -> Iterator[httpx2.Response]:
        deadline = _Deadline(end - self._clock())
        try:
            with (
                deadline,
                client.stream(
                    "GET", url, headers=headers, follow_redirects=False, extensions={"trace": deadline.trace}
                ) as response,
            ):
                encoding = response.headers.get("content-encoding", "")
                if encoding.strip().lower() not in _ENCODINGS:
                    raise SourceError(
                        "FETCH_ENCODING", f"the server of {url} sends what it wasn't asked for: {encoding}"
                    )
                yield response
        except httpx2.HTTPError:
            if deadline.over:
                raise SourceError("FETCH_TIMEOUT", f"{url} took more than {self._limits.total_seconds:g} s") from None
            raise

    def _redirected(self, seen: list[str], to: str) -> str:
        try:
            target = urljoin(seen[-1], to)
            scheme = urlsplit(target).scheme
        except ValueError:
            raise SourceError("FETCH_URL", f"{seen[-1]} redirects to {to!r}, which is no location") from None
        if not to or target in seen:
            raise SourceError("FETCH_REDIRECT_LOOP", f"{seen[0]} redirects in a circle")
        if len(seen) > self._limits.redirections:
            raise SourceError(
                "FETCH_TOO_MANY_REDIRECTS", f"{seen[0]} redirects more than {self._limits.redirections} times"
            )
        if scheme != "https" and urlsplit(seen[-1]).scheme == "https":
            raise SourceError("FETCH_DOWNGRADE", f"{seen[-1]} redirects from https to {target}")
        return target

    def _digest_told(self, url: str, end: float) -> str:
        """What the `.sha2` file says, as lower-case hexadecimal; "" where it says nothing that can be read."""
        try:
            parts = urlsplit(url)
            beside = parts._replace(path=_EXTENSION.sub("", parts.path) + ".sha2", query="", fragment="").geturl()
            with self._stream(self._verifying, beside, {}, end) as response:
                if response.status_code != 200:
                    return ""
                data = bytearray()
                for part in response.iter_bytes():
                    data += part
                    if len(data) > _DIGEST_FILE_BYTES:
                        return ""
        except (SourceError, httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError, ValueError):
            return ""
        return _digest(bytes(data))


class _Deadline:
    """Ends a connection at a time; a server that sends a byte now and then never runs into a timeout of reading."""

    def __init__(self, seconds: float) -> None:
        self.over = False
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(max(seconds, 0), self._end)
        self._timer.daemon = True

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Told by the HTTP library of what it does: takes note of the connection, first plain and then with TLS."""
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            self._socket = info["return_value"].get_extra_info("socket")
            if self.over:
                self._end()

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _end(self) -> None:
        self.over = True
        if self._socket is not None:
            with suppress(OSError):
                # that of SSLSocket would not end what another thread is reading
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: httpx2.Headers
    data: bytes


def _judged(answer: _Answer, url: str, known: Known | None) -> Fetched:
    if answer.status == 304 and known is not None:
        return Fetched(None, url, known.etag, known.last_modified, _of_scheme(url))
    if answer.status in _GONE:
        raise SourceError("FETCH_NOT_FOUND", f"the server of {url} has no such document ({answer.status})")
    if answer.status in _TEMPORARY:
        raise _TemporaryError("FETCH_STATUS", f"the server of {url} answers with status {answer.status}")
    if answer.status != 200:
        raise SourceError("FETCH_STATUS", f"the server of {url} answers with status {answer.status}")
    doubts = refuse_no_list(answer.data, answer.headers.get("content-type", "")) + _of_scheme(url)
    etag, modified = answer.headers.get("etag", ""), answer.headers.get("last-modified", "")
    return Fetched(answer.data, url, etag, modified, doubts)


def _of_scheme(url: str) -> tuple[Doubt, ...]:
    if urlsplit(url).scheme == "https":
        return ()
    return (Doubt("OWN_WARNING_NOT_HTTPS", f"{url} is fetched over plain http"),)


def _named(error: Exception, url: str) -> Exception:
    """What went wrong on the way, by its name."""
    if _of_tls(error):
        return SourceError("FETCH_TLS", f"TLS with the server of {url} failed: {_told(error)}")
    if isinstance(error, httpx2.TimeoutException):
        return _TemporaryError("FETCH_TIMEOUT", f"the server of {url} didn't answer in time")
    if isinstance(error, httpx2.RemoteProtocolError) and "without sending complete" in str(error):
        return _TemporaryError("FETCH_CUT_OFF", f"{url} ended before it was complete")
    if isinstance(error, httpx2.DecodingError):
        return _TemporaryError("FETCH_CUT_OFF", f"{url} can't be decompressed: it is damaged or incomplete")
    if isinstance(error, (httpx2.InvalidURL, httpx2.UnsupportedProtocol, ValueError)):
        return SourceError("FETCH_URL", f"{url!r} is no location in the web")
    return _TemporaryError("FETCH_CONNECTION", f"the server of {url} can't be reached: {_told(error)}")


def _of_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _told(error: Exception) -> str:
    return str(error).replace("\n", " ")[:200] or "no reason is given"


def _trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def _digest(data: bytes) -> str:
    """The digest of a `.sha2` file, which are found as 32 bytes, as hexadecimal and as base64."""
    if len(data) == 32:
        return data.hex()
    if match := _HEXADECIMAL.match(data.strip()):
        return match[0].decode().lower()
    try:
        binary = base64.b64decode(data.strip(), validate=True)
    except ValueError:
        return ""
    return binary.hex() if len(binary) == 32 else ""
