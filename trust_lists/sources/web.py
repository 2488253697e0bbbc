# SPDX-License-Identifier: Apache-2.0
"""Requests to strangers' servers, within bounds of size, time, redirections and addresses.

- Servers answer with errors, endless bodies and redirections in a circle: each has a reason of its own.
- A redirection from https to http is not followed, and none of what was posted.
- TLS is verified. Where that fails nothing is fetched, unless whoever asks accepts it, and is told so.
- Every address is judged before it is connected to, also after a redirection (`addresses`).

Proxies and certificate stores are taken from the environment (`HTTPS_PROXY`, `NO_PROXY`, `SSL_CERT_FILE`). A proxy
resolves names by itself, so that it is the one to keep its own network from being asked.
"""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import httpx2

from trust_lists.errors import SourceError
from trust_lists.sources.addresses import REFUSED, AddressPolicy
from trust_lists.sources.guarded_transport import GuardedTransport, proxies
from trust_lists.xml import MAX_LIST_BYTES

USER_AGENT = "trust-lists"
HEAD = 4096
"""How many bytes of an answer are looked at while the rest is still to come."""
_WEB_PORTS = {"http": 80, "https": 443}
_ENCODINGS = frozenset({"", "identity", "gzip"})
"""What is decompressed: others, and several at once, make too much of too little before it can be counted."""
_REDIRECTIONS = frozenset({301, 302, 303, 307, 308})
_TEMPORARY = frozenset({408, 425, 429, 500, 502, 503, 504})
_GONE = frozenset({404, 410})


@dataclass(frozen=True, slots=True)
class Limits:
    """What a download may cost: bytes after decoding, redirections, seconds, tries in all."""

    max_bytes: int = MAX_LIST_BYTES
    redirections: int = 5
    connect_seconds: float = 10
    read_seconds: float = 30
    total_seconds: float = 180
    tries: int = 3


def _anything(head: bytes, media_type: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: a GET, or with a `body` a POST, where no `method` is said. Only GETs follow redirections."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    look: Callable[[bytes, str], object] = _anything
    """Called with the beginning of an answer and its media type while the rest is still to come; may refuse it by
    raising SourceError."""
    accepts: frozenset[int] = frozenset()
    """Further statuses that are good answers; what comes with them isn't read."""
    method: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with status 200, one that the request accepts besides, or 304 where the request was conditional;
    `location` is where it came from at last."""

    status: int
    headers: Mapping[str, str]
    """By lower-case name."""
    data: bytes
    location: str
    tls_problem: str = ""
    """Why TLS could not be verified, where that was accepted."""


class _TemporaryError(Exception):
    """Worth another try; `error` is what it is if there is none left."""

    def __init__(self, reason_id: str, message: str) -> None:
        self.error = SourceError(reason_id, message)
        super().__init__(message)


class Web:
    """HTTP for any number of threads; close it, or use it with `with`."""

    def __init__(
        self,
        limits: Limits | None = None,
        addresses: AddressPolicy | None = None,
        *,
        accept_failed_tls: bool = False,
        tls: ssl.SSLContext | None = None,
        transport: httpx2.BaseTransport | None = None,
        wait: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`transport` takes the place of the network, for tests."""
        self.limits = limits or Limits()
        self._addresses = addresses or AddressPolicy()
        self._transport = transport
        self._wait = wait
        self.clock = clock
        self._verifying = self._client(tls or httpx2.create_ssl_context())
        self._trusting = self._client(_trusting()) if accept_failed_tls else None

    def ask(self, asked: Asked, limits: Limits | None = None) -> Answer:
        """What the server answers.

        Raises SourceError: FETCH_URL, FETCH_ADDRESS, FETCH_CONNECTION, FETCH_TLS, FETCH_TIMEOUT, FETCH_NOT_FOUND,
        FETCH_STATUS, FETCH_CUT_OFF, FETCH_TOO_LARGE, FETCH_REDIRECT_LOOP, FETCH_TOO_MANY_REDIRECTS, FETCH_DOWNGRADE,
        FETCH_ENCODING.
        """
        limits = limits or self.limits
        end = self.clock() + limits.total_seconds
        try:
            return self._with_tries(self._verifying, asked, limits, end)
        except SourceError as error:
            if error.reason_id != "FETCH_TLS" or self._trusting is None:
                raise
            return replace(self._with_tries(self._trusting, asked, limits, end), tls_problem=str(error))

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
        # a connection of its own for each request, which `_Deadline` can end; a host has one list
        limits = httpx2.Limits(max_keepalive_connections=0)
        return httpx2.Client(
            transport=self._transport or GuardedTransport(self._addresses, tls, limits),
            mounts={} if self._transport else proxies(tls, limits),
            timeout=httpx2.Timeout(self.limits.read_seconds, connect=self.limits.connect_seconds),
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"},
        )

    def _with_tries(self, client: httpx2.Client, asked: Asked, limits: Limits, end: float) -> Answer:
        for number in range(1, limits.tries + 1):
            try:
                return self._once(client, asked, limits, end)
            except _TemporaryError as failure:
                pause = 2.0 ** (number - 2)
                if number == limits.tries or self.clock() + pause >= end:
                    raise failure.error from None
                self._wait(pause)
        raise AssertionError  # the last try has returned or raised

    def _once(self, client: httpx2.Client, asked: Asked, limits: Limits, end: float) -> Answer:
        seen = [asked.url]
        while True:
            try:
                answer = self._answer(client, replace(asked, url=seen[-1]), limits, end)
            except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError, ValueError) as error:
                raise _named(error, seen[-1]) from None
            if answer.status in _REDIRECTIONS and _method(asked) == "GET":
                seen.append(_redirected(seen, answer.headers.get("location", ""), limits))
                continue
            return answer if answer.status in asked.accepts else _judged(answer)

    def _answer(self, client: httpx2.Client, asked: Asked, limits: Limits, end: float) -> Answer:
        url = asked.url
        parts = urlsplit(url)
        if parts.scheme not in {"https", "http"}:
            raise SourceError("FETCH_URL", f"{url!r} is no location in the web")
        self._refuse_address(parts.hostname or "", _WEB_PORTS[parts.scheme])
        with self._stream(client, asked, limits, end) as response:
            headers = {name.lower(): value for name, value in response.headers.items()}
            if response.status_code != 200:
                return Answer(response.status_code, headers, b"", url)
            length = _number(headers.get("content-length", ""))
            if length is not None and length > limits.max_bytes:
                text = f"the server announces {length} bytes; {limits.max_bytes} are allowed"
                raise SourceError("FETCH_TOO_LARGE", text)
            data = bytearray()
            for part in response.iter_bytes():
                data += part
                if len(data) - len(part) < HEAD <= len(data):
                    asked.look(bytes(data[:HEAD]), headers.get("content-type", ""))
                if len(data) > limits.max_bytes:
                    raise SourceError("FETCH_TOO_LARGE", f"the server sends more than {limits.max_bytes} bytes")
                if self.clock() > end:
                    raise SourceError("FETCH_TIMEOUT", f"{url} took more than {limits.total_seconds:g} s")
            if length is not None and response.num_bytes_downloaded != length:
                got = response.num_bytes_downloaded
                raise _TemporaryError("FETCH_CUT_OFF", f"{url} ended after {got} of {length} bytes")
            return Answer(200, headers, bytes(data), url)

    def _refuse_address(self, host: str, port: int) -> None:
        """Addresses that are written out are refused also where a proxy would ask them."""
        try:
            refusal = self._addresses.refusal(ip_address(host), port)
        except ValueError:
            return
        if refusal and self._transport is None:
            raise SourceError(REFUSED, f"{host} may not be asked: it {refusal}")

    @contextmanager
    def _stream(self, client: httpx2.Client, asked: Asked, limits: Limits, end: float) -> Iterator[httpx2.Response]:
        deadline = _Deadline(end - self.clock())
        try:
            with (
                deadline,
                client.stream(
                    _method(asked),
                    asked.url,
                    headers=dict(asked.headers),
                    content=asked.body,
                    follow_redirects=False,
                    extensions={"trace": deadline.trace},
                ) as response,
            ):
                encoding = response.headers.get("content-encoding", "")
                if encoding.strip().lower() not in _ENCODINGS:
                    text = f"the server of {asked.url} sends what it wasn't asked for: {encoding}"
                    raise SourceError("FETCH_ENCODING", text)
                yield response
        except httpx2.HTTPError:
            if deadline.over:
                text = f"{asked.url} took more than {limits.total_seconds:g} s"
                raise SourceError("FETCH_TIMEOUT", text) from None
            raise


def _method(asked: Asked) -> str:
    return asked.method or ("GET" if asked.body is None else "POST")


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


def _redirected(seen: list[str], to: str, limits: Limits) -> str:
    try:
        target = urljoin(seen[-1], to)
        scheme = urlsplit(target).scheme
    except ValueError:
        raise SourceError("FETCH_URL", f"{seen[-1]} redirects to {to!r}, which is no location") from None
    if not to or target in seen:
        raise SourceError("FETCH_REDIRECT_LOOP", f"{seen[0]} redirects in a circle")
    if len(seen) > limits.redirections:
        text = f"{seen[0]} redirects more than {limits.redirections} times"
        raise SourceError("FETCH_TOO_MANY_REDIRECTS", text)
    if scheme != "https" and urlsplit(seen[-1]).scheme == "https":
        raise SourceError("FETCH_DOWNGRADE", f"{seen[-1]} redirects from https to {target}")
    return target


def _judged(answer: Answer) -> Answer:
    url = answer.location
    if answer.status in {200, 304}:
        return answer
    if answer.status in _GONE:
        raise SourceError("FETCH_NOT_FOUND", f"the server of {url} has no such document ({answer.status})")
    if answer.status in _TEMPORARY:
        raise _TemporaryError("FETCH_STATUS", f"the server of {url} answers with status {answer.status}")
    raise SourceError("FETCH_STATUS", f"the server of {url} answers with status {answer.status}")


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
