# SPDX-License-Identifier: Apache-2.0
"""Server side TLS: a certificate for each name, and refusals that arrive as alerts and are reported with their reason.

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
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Literal

import structlog

from registry import telemetry
from registry.clock import Clock, system_clock
from registry.errors import ConfigurationError
from registry.identifiers.text import ascii_lower
from registry.listeners.pairs import PairFiles, ServerCertificate, find_pairs, wildcard_of
from registry.rates import Rates

_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
_EPHEMERAL = frozenset({"kx-ecdhe", "kx-dhe", "kx-any"})

DEFAULT = "default"
"""The pair that serves clients for whose name there is no certificate."""

Admits = Callable[[bytes], bool]
"""Whether a certificate (DER) may be shown that leads to no anchor. Quick, without IO, and raises nothing."""

_HANDSHAKE, _CERTIFICATE, _MESSAGE_HEAD = 22, 11, 4
"""Type of the record, type of the message, and the bytes before its body (RFC 8446 §4)."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class TlsPolicy:
    """What a listener speaks: the oldest version, and the suites of TLS 1.2 in OpenSSL's notation.

    Raises `ConfigurationError` for suites that OpenSSL doesn't know, that no certificate authenticates, or that have
    no forward secrecy or no authenticated encryption (RFC 9325 §4.2); the suites of TLS 1.3 all have both.
    """

    min_version: Literal["1.2", "1.3"] = "1.2"
    ciphers: str = "ECDHE+AESGCM:ECDHE+CHACHA20"

    def __post_init__(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            self.apply(context)
        except ssl.SSLError as error:
            raise ConfigurationError(f"OpenSSL knows no cipher suites like {self.ciphers!r}") from error
        weak = [suite["name"] for suite in context.get_ciphers() if not _is_strong(suite)]
        if weak:
            raise ConfigurationError(
                "these cipher suites have no forward secrecy, no authenticated encryption, or no certificate: "
                + ", ".join(weak)
            )

    def apply(self, context: ssl.SSLContext) -> None:
        """Set up a server's context: also no renegotiation and no compression. Raises `ssl.SSLError`."""
        context.minimum_version = _VERSIONS[self.min_version]
        context.set_ciphers(self.ciphers)
        context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION


def _is_strong(suite: Mapping[str, Any]) -> bool:
    return (
        suite["aead"] and suite["kea"] in _EPHEMERAL and suite["auth"] != "auth-null" and suite["strength_bits"] >= 128
    )


_DEFAULT_POLICY = TlsPolicy()


@dataclass(frozen=True, slots=True)
class TlsFailure:
    """A handshake that failed: the peer as HOST:PORT, and OpenSSL's reason, such as "certificate has expired"."""

    peer: str
    reason: str


_logged = Rates(10, 200)  # a second, and at once: a flood of bad handshakes shall not become one of the log
_EVERYBODY = "0.0.0.0"  # noqa: S104 — the one client of this rate


def report_failure(failure: TlsFailure) -> None:
    """Count a failed handshake, and log it where there aren't too many."""
    telemetry.tls_failures_total.labels(failure.reason).inc()
    if not _logged.take(_EVERYBODY, monotonic()):
        log.warning("tls_handshake_failed", peer=failure.peer, reason=failure.reason)


@dataclass(frozen=True, slots=True)
class _Served:
    context: ssl.SSLContext
    certificate: ServerCertificate


class ReloadingContext:
    """The certificates of a listener, of which a client gets the one for the name that it asks for (SNI, RFC 6066 §3).

    An exact name goes before a wildcard, and of two certificates for one name the one that ends later is used. The
    pair `default` is for everybody else. Without a pair of that name, who asks for no name gets the first one, and who
    asks for a name that no certificate has is refused by an alert: that client would refuse any of them.
    What is loaded takes effect with the next connection; open ones keep what they have.
    """

    def __init__(
        self,
        find: Callable[[], Sequence[PairFiles]],
        open_pair: Callable[[PairFiles], ssl.SSLContext],
        on_failure: Callable[[TlsFailure], None],
        *,
        listener: str = "",
        clock: Clock = system_clock,
    ) -> None:
        """`listener` is for metrics. Bad pairs are logged; raises `ConfigurationError` where there is no good one."""
        self._find = find
        self._open_pair = open_pair
        self._on_failure = on_failure
        self._listener = listener
        self._clock = clock
        self._served: dict[PairFiles, _Served] = {}
        self._seen: dict[PairFiles, object] = {}
        self._by_name: dict[str, _Served] = {}
        self._answers_all: _Served | None = None
        self._context: ssl.SSLContext
        problems = self._load()
        if not self._served:
            raise ConfigurationError("; ".join(problems))
        for problem in problems:
            log.error("certificate_not_loaded", listener=listener, reason=problem)

    def reload(self) -> None:
        """Read the files again. Raises `ConfigurationError` with everything that is wrong, and then goes on, for each
        pair that is bad, with what was loaded before.
        """
        if problems := self._load():
            raise ConfigurationError("; ".join(problems))

    def reload_if_changed(self) -> bool:
        """`reload` if a file was written, added or removed since the last time, and whether that was so."""
        try:
            now = {pair: pair.state() for pair in self._find()}
        except ConfigurationError:
            now = {}
        if now == self._seen:
            return False
        self.reload()
        return True

    def certificate_for(self, host: str) -> ServerCertificate | None:
        """The certificate that a client gets who asks for `host` (in lower case), if it is for that name."""
        served = self._by_name.get(host) or self._by_name.get(wildcard_of(host))
        return served.certificate if served else None

    def _load(self) -> list[str]:
        """Take over every good pair, and return what is wrong with the others."""
        try:
            pairs = self._find()
        except ConfigurationError as error:
            self._seen = {}
            return [str(error)]
        # Before the files are read: what changes from now on is seen by the next look.
        self._seen = {pair: pair.state() for pair in pairs}
        served, problems = {}, []
        for pair in pairs:
            try:
                served[pair] = _Served(self._open_pair(pair), ServerCertificate.read(pair.certificate))
            except ConfigurationError as error:
                problems.append(str(error))
                telemetry.tls_load_failures_total.labels(self._listener, pair.name).inc()
                if pair in self._served:
                    served[pair] = self._served[pair]
        if served:
            self._serve(served)
        return problems

    def _serve(self, served: dict[PairFiles, _Served]) -> None:
        for pair in self._served.keys() - served.keys():
            telemetry.tls_certificate_not_after_seconds.remove(self._listener, pair.name)
        for pair, item in served.items():
            item.context.sni_callback = self._choose
            ends = item.certificate.not_after
            telemetry.tls_certificate_not_after_seconds.labels(self._listener, pair.name).set(ends.timestamp())
            if ends <= self._clock():
                log.warning("certificate_expired", listener=self._listener, name=pair.name, not_after=ends.isoformat())
        by_end = sorted(served.values(), key=lambda item: item.certificate.not_after)
        self._by_name = {name: item for item in by_end for name in item.certificate.names}
        self._answers_all = next((item for pair, item in served.items() if pair.name == DEFAULT), None)
        self._context = (self._answers_all or next(iter(served.values()))).context
        self._served = served

    def _choose(self, connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> int | None:
        """OpenSSL asks for the context of the name in the client's first message; returns None or an alert."""
        assert isinstance(connection, _ReportingObject)  # noqa: S101  # by sslobject_class
        if name is None:
            return None
        host = ascii_lower(name)
        chosen = self._by_name.get(host) or self._by_name.get(wildcard_of(host)) or self._answers_all
        if chosen is None:
            connection.handshake.fail("unrecognized name")
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        if chosen.context is not connection.context:
            connection.context = chosen.context
        return None

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
    admits: Admits | None = None,
    policy: TlsPolicy = _DEFAULT_POLICY,
    on_failure: Callable[[TlsFailure], None] = report_failure,
    listener: str = "",
    clock: Clock = system_clock,
) -> ReloadingContext:
    """TLS as `policy` says with this certificate (chain) and key, whatever name a client asks for.

    With `client_anchors_pem` a client is asked for a certificate but may come without one; what it presents must be
    valid now and lead to one of these anchors, which needn't be self-signed; without any, all are refused. A function
    is asked again at each reload. A certificate that `admits` knows needs no anchor. Raises `ConfigurationError`.
    """
    pair = PairFiles(DEFAULT, Path(cert_file), Path(key_file))
    open_pair = functools.partial(_server_context, policy, client_anchors_pem=client_anchors_pem, admits=admits)
    return ReloadingContext(lambda: [pair], open_pair, on_failure, listener=listener, clock=clock)


def folder_context(
    folder: Path,
    *,
    policy: TlsPolicy = _DEFAULT_POLICY,
    on_failure: Callable[[TlsFailure], None] = report_failure,
    listener: str = "",
    clock: Clock = system_clock,
) -> ReloadingContext:
    """TLS as `policy` says with the certificates of a folder, see `find_pairs`. Raises `ConfigurationError`."""
    find = functools.partial(find_pairs, folder)
    open_pair = functools.partial(_server_context, policy)
    return ReloadingContext(find, open_pair, on_failure, listener=listener, clock=clock)


def _server_context(
    policy: TlsPolicy,
    pair: PairFiles,
    client_anchors_pem: str | Callable[[], str] | None = None,
    admits: Admits | None = None,
) -> ssl.SSLContext:
    context = _ReportingContext(ssl.PROTOCOL_TLS_SERVER)
    policy.apply(context)
    context.set_alpn_protocols(["http/1.1"])
    try:
        # Without a password function OpenSSL would ask for one on the terminal.
        context.load_cert_chain(pair.certificate, pair.key, password=lambda: b"")
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise ConfigurationError(
            f"the TLS certificate {pair.certificate} with the key {pair.key} can't be used: {_reason(error)}"
        ) from error
    if client_anchors_pem is not None:
        context.verify_mode = ssl.CERT_OPTIONAL
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        _load_anchors(context, client_anchors_pem() if callable(client_anchors_pem) else client_anchors_pem)
        if admits is not None:
            context.admit(admits)
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
    _msg_callback: Callable[..., None]

    def admit(self, admits: Admits) -> None:
        """Ask about certificates of clients while they come.

        Python has no callback for the verification of a certificate, but one for each message of a handshake, before
        OpenSSL acts on it: a certificate that is admitted becomes an anchor then, so that OpenSSL goes on to verify
        that it is valid now, and that the client has its key. A Python without it would admit nobody.
        """
        admitted: set[bytes] = set()

        def look(_connection: object, direction: str, _version: object, kind: int, message: int, data: bytes) -> None:
            if direction != "read" or kind != _HANDSHAKE or message != _CERTIFICATE:
                return
            shown = _leaf(data)
            if shown and shown not in admitted and admits(shown):
                with contextlib.suppress(ssl.SSLError):  # what it can't load it doesn't accept either
                    self.load_verify_locations(cadata=shown)
                    admitted.add(shown)

        self._msg_callback = look

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


def _leaf(message: bytes) -> bytes:
    """The first certificate of a Certificate message, in DER (RFC 5246 §7.4.2, RFC 8446 §4.4.2); b"" without one."""
    body = message[_MESSAGE_HEAD:]
    if int.from_bytes(body[:3]) != len(body) - 3:  # in TLS 1.3 a context goes before the length of the list
        body = body[1 + (body[0] if body else 0) :]
        if int.from_bytes(body[:3]) != len(body) - 3:
            return b""
    size = int.from_bytes(body[3:6])
    leaf = body[6 : 6 + size]
    return leaf if len(leaf) == size else b""


def _reason(error: Exception) -> str:
    """OpenSSL's words without its file names and line numbers."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError):
        return (error.reason or "protocol error").replace("_", " ").lower()
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return str(error)
