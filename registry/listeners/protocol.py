# SPDX-License-Identifier: Apache-2.0
"""The HTTP/1.1 protocol of every listener: uvicorn's, with the limits and deadlines that it lacks.

uvicorn 0.54 waits for ever for a head or a body, takes heads of any size, and doesn't tell the application about the
TLS client (performance.md §4 and §6). Deadlines count the client's time only: none runs while reading is paused because
the application hasn't taken what was sent. A refusal is a few bytes of text; then the rest of the request is read and
dropped for a moment, because closing a socket with unread bytes resets the connection and may destroy the refusal.
"""

import asyncio
import math
import re
import ssl
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import unquote_to_bytes

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from registry.listeners.clients import ClientLimits, Clients

_OVERLOAD_RETRY_S = 1
_PROBES = frozenset({b"/livez", b"/readyz"})
"""Asked by whoever would restart a process that doesn't answer, which helps nobody in an overload."""
_ABSOLUTE_FORM = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#]*)")
_TLS_VERSIONS = {"TLSv1.2": 0x0303, "TLSv1.3": 0x0304}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one connection may cost; `max_connections` and `max_requests` are per listener, `clients` per client."""

    max_header_bytes: int = 32_768
    """Request line and headers together."""
    max_headers: int = 100
    max_body_bytes: int = 2_000_000
    head_timeout_s: float = 10.0
    """From the first byte (of a new connection: from the start) to the end of the headers; also the TLS handshake."""
    body_timeout_s: float = 30.0
    """From the end of the headers to the end of the body."""
    write_timeout_s: float = 30.0
    """How long a client may leave answered bytes untaken."""
    keep_alive_s: float = 15.0
    """How long a connection may be idle between two requests."""
    linger_s: float = 2.0
    """How long the rest of a refused request is read and dropped."""
    max_connections: int = 1_000
    max_requests: int = 1_000
    """Requests in work at a time; further ones are refused with 503."""
    clients: ClientLimits = field(default_factory=ClientLimits)


class _Reading(Enum):
    IDLE = auto()
    HEAD = auto()
    BODY = auto()


_IDLE, _HEAD, _BODY = _Reading

DRAIN_S = 0.5
"""Seconds that a connection without a request stays open when the listener stops, for one that is under way."""


class _RefusedError(Exception):
    """Stops the parser from inside a callback; the status is in `EdgeProtocol._refusal`."""


class EdgeProtocol(HttpToolsProtocol):
    """One connection. Made by a subclass from `edge_protocol`, which knows the limits."""

    limits: ClassVar[Limits]
    clients: ClassVar[Clients]
    on_refusal: ClassVar[Callable[[int], None]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.timeout_keep_alive = self.limits.keep_alive_s  # type: ignore[assignment]  # call_later takes fractions
        self.connected = False
        self.accepted_at = self.loop.time()
        self.closed = asyncio.Event()
        self._tls: dict[str, Any] | None = None
        self._reading = _HEAD
        self._message = 0
        self._timed = (self._reading, self._message)
        self._received = 0
        self._body_received = 0
        self._body_framing: bytes | None = None
        self._refusal = HTTPStatus.BAD_REQUEST
        self._retry_after_s = 0.0
        self._behind_proxy = False
        self._deaf = False
        self._last = False
        self._excused = False
        self._read_deadline: asyncio.TimerHandle | None = None
        self._write_deadline: asyncio.TimerHandle | None = None

    # Connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.connected = True
        self._tls = _tls_extension(transport.get_extra_info("ssl_object"))
        self._behind_proxy = self.client is not None and self.clients.is_proxy(self.client[0])
        self._read_deadline = self.loop.call_later(self.limits.head_timeout_s, self._read_expired)

    def connection_lost(self, exc: Exception | None) -> None:
        self._unset_keepalive_if_required()
        self._cancel_read_deadline()
        self._cancel_write_deadline()
        super().connection_lost(exc)
        self.closed.set()

    def data_received(self, data: bytes) -> None:
        if self._deaf or self.transport.is_closing():
            return
        self._unset_keepalive_if_required()
        if self._reading is _IDLE:
            self._reading = _HEAD
        self._received += len(data)
        try:
            self._feed(data)
        except httptools.HttpParserError:
            self._refuse(self._refusal)
            return
        if self._reading is _HEAD and self._received > self.limits.max_header_bytes:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif self._reading is _BODY and self._received > self._max_wire_bytes:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            self._time_reading()

    @property
    def _max_wire_bytes(self) -> int:
        # Chunk framing and trailers never reach on_body, but the parser keeps a trailer until it is whole.
        return self.limits.max_header_bytes + 2 * self.limits.max_body_bytes

    def _feed(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._body_framing is None:
                self._deaf = True
                return
            # The parser believes that another protocol begins after the head and would take the body for a new
            # request. No upgrade is offered here, so the body is read by a parser that never heard of one.
            self.parser = httptools.HttpRequestParser(_BodyOnly(self))
            self.parser.feed_data(b"POST / HTTP/1.1\r\n" + self._body_framing + b"\r\n\r\n")
            self._reading = _BODY
            self.parser.feed_data(data[upgrade.args[0] :])

    # Parser callbacks

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._reading = _HEAD
        self._received = self._received or 1  # behind another request in one packet, only this much is known
        if self._tls is not None:
            self.scope["extensions"] = {"tls": self._tls}  # type: ignore[dict-item]  # uvicorn expects object keys

    def on_headers_complete(self) -> None:
        self._check_head()
        self._check_client()
        target = self.url
        if plain := target.startswith(b"/") and target.isascii():
            # uvicorn would cut the path at "#", which document type identifiers contain and not every client encodes;
            # and it decodes so slowly that this was a quarter of what a listener costs.
            self.url = b"/"
        super().on_headers_complete()
        if plain:
            raw_path, _, self.scope["query_string"] = target.partition(b"?")
            self.scope["raw_path"] = raw_path
            self.scope["path"] = unquote_to_bytes(raw_path.replace(b"%3A", b":")).decode(errors="replace")
        self.headers = []  # trailers go here, not into the request that the application is answering
        self._reading = _BODY
        self._body_received = 0
        if self._last or self.parser.should_upgrade():
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        self._body_received += len(body)
        if self._body_received > self.limits.max_body_bytes:
            self._stop(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self._body_framing is not None and self.parser.should_upgrade():
            return  # see _feed
        super().on_message_complete()
        self._reading = _IDLE
        self._message += 1
        self._received = 0

    def _check_head(self) -> None:
        limits = self.limits
        if len(self.headers) > limits.max_headers or (
            self._received > limits.max_header_bytes  # or else the head can't be too long
            and len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            > limits.max_header_bytes
        ):
            self._stop(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        hosts, host = 0, b""
        self._body_framing = None
        for name, value in self.headers:
            if name == b"host":
                hosts, host = hosts + 1, value
            elif name == b"content-length":
                if int(value) > limits.max_body_bytes:
                    self._stop(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
                self._body_framing = b"content-length: " + value if int(value) else None
            elif name == b"transfer-encoding":
                if value.lower() != b"chunked":
                    self._stop(HTTPStatus.NOT_IMPLEMENTED)  # RFC 9112 §6.1: a transfer coding we don't understand
                self._body_framing = b"transfer-encoding: chunked"
        if hosts > 1 or (not hosts and self.parser.get_http_version() == "1.1"):
            self._stop(HTTPStatus.BAD_REQUEST)  # RFC 9112 §3.2
        if hosts and not self.url.startswith(b"/"):
            # One of the two decides which domain is meant, and who is in front of us may go by the other (§3.2.2).
            named = _ABSOLUTE_FORM.match(self.url)
            if named and named[1].lower() != host.lower():
                self._stop(HTTPStatus.BAD_REQUEST)

    def _check_client(self) -> None:
        client = self.client[0] if self.client is not None else ""
        if self._behind_proxy:
            proxy, client = client, self.clients.behind(client, self.headers)
            self.scope["client"] = (client, 0)
            # what a proxy says of itself or of others counts by its own address
            self.scope["extensions"] = {**(self.scope.get("extensions") or {}), "peer": proxy}  # type: ignore[dict-item]
        if (wait_s := self.clients.wait_s(client)) > 0:
            self._retry_after_s = wait_s
            self._stop(HTTPStatus.TOO_MANY_REQUESTS)
        if len(self.tasks) >= self.limits.max_requests and self.url not in _PROBES:
            self._retry_after_s = _OVERLOAD_RETRY_S
            self._stop(HTTPStatus.SERVICE_UNAVAILABLE)

    def _stop(self, status: HTTPStatus) -> None:
        self._refusal = status
        raise _RefusedError

    # Deadlines of the client as sender

    def _time_reading(self) -> None:
        part = (self._reading, self._message)
        if part == self._timed:
            return
        self._timed = part
        self._cancel_read_deadline()
        if self._reading is not _IDLE:
            seconds = self.limits.head_timeout_s if self._reading is _HEAD else self.limits.body_timeout_s
            self._read_deadline = self.loop.call_later(seconds, self._read_expired)

    def _read_expired(self) -> None:
        application_is_late = self.flow.read_paused or (self._answering and self._reading is _HEAD)
        if application_is_late or self._excused:
            # Once the application goes on, the client has a whole period again.
            self._excused = application_is_late
            self._read_deadline = self.loop.call_later(self.limits.body_timeout_s, self._read_expired)
        elif self._received:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self.transport.close()
            self._limit_writing()

    def _cancel_read_deadline(self) -> None:
        if self._read_deadline is not None:
            self._read_deadline.cancel()
            self._read_deadline = None

    # Deadlines of the client as receiver

    def pause_writing(self) -> None:
        super().pause_writing()
        self._limit_writing()

    def resume_writing(self) -> None:
        super().resume_writing()
        if not self.transport.is_closing():
            self._cancel_write_deadline()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            self._limit_writing()
        elif self._reading is not _IDLE:
            self._unset_keepalive_if_required()  # the next request has begun, and has a deadline of its own

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._limit_writing()

    def shutdown(self) -> None:
        """Take no request after the present one, or after one that is on its way: a client can't know that we end."""
        self._last = True
        if self._answering:
            self.cycle.keep_alive = False
        elif self._received == 0:
            self.loop.call_later(DRAIN_S, self._close_if_silent)

    def _close_if_silent(self) -> None:
        if not self._answering and self._received == 0 and not self.transport.is_closing():
            self._unset_keepalive_if_required()
            self.transport.close()
            self._limit_writing()

    def _limit_writing(self) -> None:
        """A transport, even a closed one, waits until its last byte was taken; not for longer than the time-out."""
        if self._write_deadline is None:
            self._write_deadline = self.loop.call_later(self.limits.write_timeout_s, self.transport.abort)

    def _cancel_write_deadline(self) -> None:
        if self._write_deadline is not None:
            self._write_deadline.cancel()
            self._write_deadline = None

    # Making room

    def idle_since(self) -> float | None:
        """Since when, in the loop's time, the client owes a request; None while one is in work, or the end is near."""
        if not self.connected:
            return self.accepted_at
        if self._answering or self._deaf or self._reading is _BODY or self.transport.is_closing():
            return None
        if self.timeout_keep_alive_task is not None:
            return self.timeout_keep_alive_task.when() - self.limits.keep_alive_s
        if self._read_deadline is not None:
            return self._read_deadline.when() - self.limits.head_timeout_s
        return self.accepted_at

    # Refusals

    def _refuse(self, status: HTTPStatus) -> None:
        """Answer with `status` if an answer to this request is still possible, and take no more requests."""
        self._deaf = True
        self._unset_keepalive_if_required()
        self._cancel_read_deadline()
        type(self).on_refusal(status)
        in_body = self._reading is _BODY
        answered = in_body and self.cycle.response_complete
        if self._answering:
            broken_off = not in_body or self.pipeline or self.cycle.response_started
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            self.pipeline.clear()
            if broken_off:
                self.transport.abort()
                return
        self.flow.resume_reading()
        if not answered:
            self.transport.write(_refusal(status, self.server_state.default_headers, self._retry_after_s))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._read_deadline = self.loop.call_later(self.limits.linger_s, self.transport.abort)

    @property
    def _answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # uvicorn declares it as never None, and begins with None
        return cycle is not None and not cycle.response_complete


class _BodyOnly:
    """Passes on what belongs to the body of one message, and hears nothing after it."""

    def __init__(self, protocol: EdgeProtocol) -> None:
        self._protocol = protocol

    def on_body(self, body: bytes) -> None:
        if not self._protocol._deaf:  # noqa: SLF001  # two halves of one thing
            self._protocol.on_body(body)

    def on_message_complete(self) -> None:
        if not self._protocol._deaf:  # noqa: SLF001
            self._protocol.on_message_complete()
            self._protocol._deaf = True  # noqa: SLF001


def edge_protocol(
    limits: Limits, on_refusal: Callable[[int], None], clients: Clients | None = None
) -> type[EdgeProtocol]:
    """The protocol class with these limits, since uvicorn takes a class; `on_refusal` is told each refusal's status."""
    members = {
        "limits": limits,
        "clients": clients or Clients(limits.clients),
        "on_refusal": staticmethod(on_refusal),
    }
    return type("LimitedEdgeProtocol", (EdgeProtocol,), members)


def _refusal(status: HTTPStatus, headers: list[tuple[bytes, bytes]], retry_after_s: float = 0.0) -> bytes:
    text = f"{status.phrase}\n".encode()
    lines = [b"HTTP/1.1 %d %s" % (status, status.phrase.encode())]
    lines += [name + b": " + value for name, value in headers]
    if retry_after_s:
        lines.append(b"retry-after: %d" % math.ceil(retry_after_s))
    lines += [b"content-type: text/plain", b"content-length: %d" % len(text), b"connection: close", b"", text]
    return b"\r\n".join(lines)


def _tls_extension(connection: ssl.SSLObject | None) -> dict[str, Any] | None:
    """The ASGI TLS extension: `tls_version` as on the wire, `client_cert_chain` in PEM, leaf first.

    The chain has the leaf only where Python can't tell more (before 3.13), and is empty without a client certificate.
    """
    if connection is None:
        return None
    if sys.version_info >= (3, 13):
        chain = connection.get_verified_chain()
    else:
        leaf = connection.getpeercert(binary_form=True)
        chain = [leaf] if leaf else []
    return {
        "tls_version": _TLS_VERSIONS.get(connection.version() or ""),
        "client_cert_chain": [ssl.DER_cert_to_PEM_cert(der) for der in chain],
    }
