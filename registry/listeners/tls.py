# SPDX-License-Identifier: Apache-2.0
"""Server side TLS whose refusals arrive as alerts and are reported with their reason and peer, under any event loop.

Neither uvloop nor the asyncio of most Pythons sends the alert of a failed handshake, and both swallow the error
(python/cpython#98078): the client sees a bare reset and the operator nothing. `ssl.SSLContext.wrap_bio` is the seam
that both loops go through, so the handshake is wrapped there: a failure is reported, and the loop is told to wait for
more, which makes it send what OpenSSL left for the peer.
"""

import asyncio
import contextlib
import functools
import socket
import ssl
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import structlog

from registry import telemetry
from registry.errors import ConfigurationError

# TLS 1.2 with forward secrecy and authenticated encryption only; the suites of TLS 1.3 are all good.
_TLS_1_2_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class TlsFailure:
    """A handshake that failed: the peer as HOST:PORT, and OpenSSL's reason, such as "certificate has expired"."""

    peer: str
    reason: str


def report_failure(failure: TlsFailure) -> None:
    """Count and log a failed handshake."""
    telemetry.tls_failures_total.labels(failure.reason).inc()
    log.warning("tls_handshake_failed", peer=failure.peer, reason=failure.reason)


class ReloadingContext:
    """Certificates of a listener. `reload` takes effect with the next connection; open ones keep what they have."""

    def __init__(self, load: Callable[[], ssl.SSLContext], on_failure: Callable[[TlsFailure], None]) -> None:
        self._load = load
        self._on_failure = on_failure
        self._context = load()

    def reload(self) -> None:
        """Read the files again. Raises `ConfigurationError`, and then goes on with what was loaded before."""
        self._context = self._load()

    async def accept(
        self,
        connection: socket.socket,
        peer: tuple[Any, ...],
        protocol: asyncio.Protocol,
        *,
        handshake_timeout_s: float,
        shutdown_timeout_s: float,
    ) -> bool:
        """Shake hands on an accepted socket and connect `protocol` to it; False when that failed (and was reported).

        Takes over `connection`; `peer` is the address that came with it.
        """
        handshake = _Handshake(connection, peer, self._on_failure)
        _handshake.set(handshake)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: protocol,
                connection,
                ssl=self._context,
                ssl_handshake_timeout=handshake_timeout_s,
                ssl_shutdown_timeout=shutdown_timeout_s,
            )
        except ConnectionAbortedError:
            handshake.fail("handshake timed out")
        except OSError:
            handshake.fail("connection lost")
        return not handshake.failed


def server_context(
    cert_file: str,
    key_file: str,
    *,
    client_anchors_pem: str | Callable[[], str] | None = None,
    on_failure: Callable[[TlsFailure], None] = report_failure,
) -> ReloadingContext:
    """TLS 1.2 and later with this certificate (chain) and key.

    With `client_anchors_pem` a client is asked for a certificate but may come without one; what it presents must be
    valid now and lead to one of these anchors, which needn't be self-signed; without any, all are refused. A function
    is asked again at each reload. Raises `ConfigurationError`.
    """
    return ReloadingContext(functools.partial(_server_context, cert_file, key_file, client_anchors_pem), on_failure)


def _server_context(
    cert_file: str, key_file: str, client_anchors_pem: str | Callable[[], str] | None
) -> ssl.SSLContext:
    context = _ReportingContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_TLS_1_2_CIPHERS)
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    try:
        # Without a password function OpenSSL would ask for one on the terminal.
        context.load_cert_chain(cert_file, key_file, password=lambda: b"")
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise ConfigurationError(
            f"the TLS certificate {cert_file} with the key {key_file} can't be used: {_reason(error)}"
        ) from error
    if client_anchors_pem is not None:
        context.verify_mode = ssl.CERT_OPTIONAL
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        _load_anchors(context, client_anchors_pem() if callable(client_anchors_pem) else client_anchors_pem)
    return context


def _load_anchors(context: ssl.SSLContext, pem: str) -> None:
    if not pem:
        return  # nobody is accepted yet: every certificate that is shown is refused
    try:
        context.load_verify_locations(cadata=pem)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"the client anchors can't be used: {_reason(error)}") from error
    if not context.cert_store_stats()["x509"]:
        raise ConfigurationError("the client anchors can't be used: there are none in the text")


class _Handshake:
    """What is known of the connection whose handshake is under way."""

    def __init__(
        self, connection: socket.socket, peer: tuple[Any, ...], on_failure: Callable[[TlsFailure], None]
    ) -> None:
        self.failed = False
        self._connection = connection
        self._on_failure = on_failure
        host, port = peer[:2]
        self._peer = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def fail(self, reason: str) -> None:
        if not self.failed:
            self.failed = True
            self._on_failure(TlsFailure(self._peer, reason))

    def end_sending(self) -> None:
        """Tells the client, behind the alert, that nothing more will come; it closes, and so do we."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)


_handshake: ContextVar[_Handshake] = ContextVar("tls_handshake")


class _ReportingContext(ssl.SSLContext):
    def wrap_bio(
        self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *args: Any, **kwargs: Any
    ) -> "_ReportingObject":
        connection = super().wrap_bio(incoming, outgoing, *args, **kwargs)
        assert isinstance(connection, _ReportingObject)  # noqa: S101  # by sslobject_class
        connection.incoming = incoming
        connection.handshake = _handshake.get()
        return connection


class _ReportingObject(ssl.SSLObject):
    incoming: ssl.MemoryBIO
    handshake: _Handshake

    def do_handshake(self) -> None:
        if self.handshake.failed:
            self.incoming.read()  # dropped: the client may send on until it sees the alert
            raise ssl.SSLWantReadError
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            self.handshake.fail(_reason(error))
            # Not at once: the loop sends the alert when it sees the error below.
            asyncio.get_running_loop().call_soon(self.handshake.end_sending)
            raise ssl.SSLWantReadError from error


_ReportingContext.sslobject_class = _ReportingObject


def _reason(error: Exception) -> str:
    """OpenSSL's words without its file names and line numbers."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError):
        return (error.reason or "protocol error").replace("_", " ").lower()
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return str(error)
