# SPDX-License-Identifier: Apache-2.0
"""TLS with optional client certificates: who gets in, what the application learns, and what the operator reads.

Clients are blocking sockets in a thread: what they see is what any OpenSSL client sees.
"""

import asyncio
import json
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from registry import telemetry
from registry.errors import ConfigurationError
from registry.listeners.protocol import Limits
from registry.listeners.tls import TlsFailure, server_context

NOW = datetime.now(UTC)
GET = b"GET /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@dataclass
class Issued:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def write(self, folder: Path, name: str) -> tuple[str, str]:
        """The paths of certificate and key as PEM files."""
        key = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (folder / f"{name}.crt").write_text(self.pem)
        (folder / f"{name}.key").write_bytes(key)
        return str(folder / f"{name}.crt"), str(folder / f"{name}.key")


def issue(name: str, issuer: Issued | None = None, *, ca: bool = False, ends: timedelta = timedelta(days=1)) -> Issued:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=2))
        .not_valid_after(NOW + ends)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(issuer.key if issuer else key, hashes.SHA256())
    )
    return Issued(certificate, key)


@dataclass
class Pki:
    folder: Path
    root: Issued
    client_ca: Issued
    server: tuple[str, str]

    def client(self, version: ssl.TLSVersion, identity: Issued | None = None) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=self.root.pem)
        context.minimum_version = context.maximum_version = version
        if identity is not None:
            context.load_cert_chain(*identity.write(self.folder, "client"))
        return context


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    folder = tmp_path_factory.mktemp("pki")
    root = issue("Root", ca=True)
    return Pki(folder, root, issue("Client CA", root, ca=True), issue("localhost", root).write(folder, "server"))


def talk(context: ssl.SSLContext, port: int, request: bytes = GET) -> bytes:
    """One request over TLS; raises what the handshake or an alert raises."""
    with (
        socket.create_connection(("127.0.0.1", port), 10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(request)
        received = b""
        while chunk := connection.recv(65_536):
            received += chunk
        return received


def tls_seen(answer: bytes) -> dict[str, Any]:
    seen = json.loads(answer.partition(b"\r\n\r\n")[2])["tls"]
    assert isinstance(seen, dict)
    return seen


@pytest.fixture
def failures() -> list[TlsFailure]:
    return []


@pytest.fixture
def attempt(run: Any, tools: Any, app: Any, pki: Pki, failures: list[TlsFailure]) -> Callable[[ssl.SSLContext], bytes]:
    """Talks to a listener that takes certificates of the client CA; raises what the client saw."""

    def attempt_with(context: ssl.SSLContext) -> bytes:
        answers: list[bytes | Exception] = []

        async def main() -> None:
            server = server_context(*pki.server, client_anchors_pem=pki.client_ca.pem, on_failure=failures.append)
            async with tools.serving(app, Limits(linger_s=0.5), server) as listener:
                try:
                    answers.append(await asyncio.to_thread(talk, context, listener.port))
                except OSError as error:
                    answers.append(error)

        run(main())
        if isinstance(answers[0], Exception):
            raise answers[0]
        return answers[0]

    return attempt_with


@pytest.mark.parametrize("version", VERSIONS, ids=["1.2", "1.3"])
def test_client_without_certificate_gets_in_and_is_known_to_have_none(
    attempt: Any, pki: Pki, failures: list[TlsFailure], version: ssl.TLSVersion
) -> None:
    assert tls_seen(attempt(pki.client(version))) == {"tls_version": version.value, "client_cert_chain": []}
    assert failures == []


@pytest.mark.parametrize("version", VERSIONS, ids=["1.2", "1.3"])
def test_application_is_given_the_client_certificate(attempt: Any, pki: Pki, version: ssl.TLSVersion) -> None:
    client = issue("SMP", pki.client_ca)
    chain = tls_seen(attempt(pki.client(version, client)))["client_cert_chain"]
    assert x509.load_pem_x509_certificate(chain[0].encode()) == client.certificate


@pytest.mark.parametrize("version", VERSIONS, ids=["1.2", "1.3"])
@pytest.mark.parametrize(
    ("issuer", "ends", "alert", "reason"),
    [
        ("client", timedelta(days=-1), "ALERT_CERTIFICATE_EXPIRED", "certificate has expired"),
        ("other", timedelta(days=1), "ALERT_UNKNOWN_CA", "unable to get local issuer certificate"),
        (None, timedelta(days=1), "ALERT_UNKNOWN_CA", "self-signed certificate"),
    ],
    ids=["expired", "unknown CA", "self-signed"],
)
def test_bad_client_certificate_is_refused_by_an_alert_and_reported(
    attempt: Any,
    pki: Pki,
    failures: list[TlsFailure],
    app: Any,
    version: ssl.TLSVersion,
    issuer: str | None,
    ends: timedelta,
    alert: str,
    reason: str,
) -> None:
    issuers = {"client": pki.client_ca, "other": issue("Other CA", ca=True), None: None}
    client = issue("SMP", issuers[issuer], ends=ends)
    with pytest.raises(ssl.SSLError, match=alert):
        attempt(pki.client(version, client))
    assert [failure.reason for failure in failures] == [reason]
    assert failures[0].peer.startswith("127.0.0.1:")
    assert app.requests == []


def test_anchor_need_not_be_a_root_and_its_root_is_no_anchor(
    attempt: Any, pki: Pki, failures: list[TlsFailure]
) -> None:
    with pytest.raises(ssl.SSLError, match="ALERT_UNKNOWN_CA"):
        attempt(pki.client(ssl.TLSVersion.TLSv1_3, issue("SMP", pki.root)))
    assert [failure.reason for failure in failures] == ["self-signed certificate in certificate chain"]


def test_alert_reaches_a_client_that_is_still_sending(
    run: Any, tools: Any, app: Any, pki: Pki, failures: list[TlsFailure]
) -> None:
    """In TLS 1.3 the client may send its request before its certificate was looked at."""

    async def main() -> None:
        server = server_context(*pki.server, client_anchors_pem=pki.client_ca.pem, on_failure=failures.append)
        async with tools.serving(app, Limits(), server) as listener:
            post = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1500000\r\n\r\n" + b"a" * 1_500_000
            context = pki.client(ssl.TLSVersion.TLSv1_3, issue("SMP"))
            with pytest.raises(ssl.SSLError, match="ALERT_UNKNOWN_CA"):
                await asyncio.to_thread(talk, context, listener.port, post)

    run(main())


def test_old_tls_is_refused_by_an_alert(attempt: Any, pki: Pki, failures: list[TlsFailure]) -> None:
    context = pki.client(ssl.TLSVersion.TLSv1_2)
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = ssl.TLSVersion.TLSv1_1
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError, match="ALERT_PROTOCOL_VERSION"):
        attempt(context)
    assert [failure.reason for failure in failures] == ["unsupported protocol"]


def test_client_that_does_not_trust_the_server_is_reported(attempt: Any, pki: Pki, failures: list[TlsFailure]) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        attempt(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    assert [failure.reason for failure in failures] == ["tlsv1 alert unknown ca"]


def test_plain_http_is_closed_at_once_and_reported(
    run: Any, tools: Any, app: Any, pki: Pki, failures: list[TlsFailure]
) -> None:
    async def main() -> None:
        server = server_context(*pki.server, on_failure=failures.append)
        async with tools.serving(app, Limits(), server) as listener:
            await asyncio.wait_for(tools.exchange(listener.port, GET), 2)

    run(main())
    assert [failure.reason for failure in failures] == ["http request"]


@pytest.mark.parametrize("start", [b"", b"\x16\x03\x01"])
def test_handshake_has_a_deadline(
    run: Any, tools: Any, app: Any, pki: Pki, failures: list[TlsFailure], start: bytes
) -> None:
    async def main() -> None:
        server = server_context(*pki.server, on_failure=failures.append)
        async with tools.serving(app, Limits(head_timeout_s=0.2), server) as listener:
            assert await asyncio.wait_for(tools.exchange(listener.port, start), 2) == b""

    run(main())
    assert [failure.reason for failure in failures] == ["handshake timed out"]


def test_client_that_leaves_during_the_handshake_is_reported(run: Any, tools: Any, app: Any, pki: Pki) -> None:
    async def main() -> None:
        failures: asyncio.Queue[TlsFailure] = asyncio.Queue()
        server = server_context(*pki.server, on_failure=failures.put_nowait)
        async with tools.serving(app, Limits(), server) as listener:
            _, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            await tools.close(writer)
            assert (await asyncio.wait_for(failures.get(), 5)).reason == "connection lost"

    run(main())


def test_stop_does_not_wait_for_handshakes(run: Any, tools: Any, app: Any, pki: Pki) -> None:
    async def main() -> None:
        async with tools.serving(app, Limits(), server_context(*pki.server)) as listener:
            reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            # Connections are accepted in order: when the second was answered, the first is waiting for its handshake.
            await asyncio.to_thread(talk, pki.client(ssl.TLSVersion.TLSv1_3), listener.port)
            await asyncio.wait_for(listener.stop(10), 2)
            assert await reader.read() == b""
            await tools.close(writer)

    run(main())


def test_head_deadline_holds_behind_tls(run: Any, tools: Any, app: Any, pki: Pki) -> None:
    async def main() -> None:
        limits = Limits(head_timeout_s=0.3, linger_s=0.2)
        async with tools.serving(app, limits, server_context(*pki.server)) as listener:
            context = pki.client(ssl.TLSVersion.TLSv1_3)
            answer = await asyncio.to_thread(_talk_until_cut, context, listener.port, b"GET /a HT")
            assert answer.startswith(b"HTTP/1.1 408 ")

    run(main())


def test_body_over_the_limit_is_413_behind_tls(run: Any, tools: Any, app: Any, pki: Pki) -> None:
    async def main() -> None:
        async with tools.serving(app, Limits(linger_s=0.2), server_context(*pki.server)) as listener:
            post = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n"
            context = pki.client(ssl.TLSVersion.TLSv1_3)
            answer = await asyncio.to_thread(_talk_until_cut, context, listener.port, post)
            assert answer.startswith(b"HTTP/1.1 413 ")

    run(main())


def _talk_until_cut(context: ssl.SSLContext, port: int, request: bytes) -> bytes:
    with (
        socket.create_connection(("127.0.0.1", port), 10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(request)
        received = b""
        try:
            while chunk := connection.recv(65_536):
                received += chunk
        except OSError:
            pass
        return received


def test_reload_serves_the_new_certificate_without_a_restart(
    run: Any, tools: Any, app: Any, pki: Pki, tmp_path: Path
) -> None:
    def serial(port: int) -> int:
        der = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", port)))
        return x509.load_der_x509_certificate(der).serial_number

    async def main() -> None:
        old, new = issue("localhost", pki.root), issue("localhost", pki.root)
        server = server_context(*old.write(tmp_path, "server"))
        async with tools.serving(app, Limits(linger_s=0.2), server) as listener:
            assert await asyncio.to_thread(serial, listener.port) == old.certificate.serial_number
            new.write(tmp_path, "server")
            assert await asyncio.to_thread(serial, listener.port) == old.certificate.serial_number
            server.reload()
            assert await asyncio.to_thread(serial, listener.port) == new.certificate.serial_number
            (tmp_path / "server.key").write_text("no key")
            with pytest.raises(ConfigurationError, match=r"server\.key can't be used"):
                server.reload()
            assert await asyncio.to_thread(serial, listener.port) == new.certificate.serial_number

    run(main())


def test_failures_are_counted_and_logged_by_default(run: Any, tools: Any, app: Any, pki: Pki) -> None:
    reason = "certificate has expired"
    before = telemetry.METRICS.get_sample_value("registry_tls_failures_total", {"reason": reason}) or 0

    async def main() -> None:
        server = server_context(*pki.server, client_anchors_pem=pki.client_ca.pem)
        async with tools.serving(app, Limits(), server) as listener:
            context = pki.client(ssl.TLSVersion.TLSv1_3, issue("SMP", pki.client_ca, ends=timedelta(days=-1)))
            with pytest.raises(ssl.SSLError):
                await asyncio.to_thread(talk, context, listener.port)

    with structlog.testing.capture_logs() as logs:
        run(main())
    assert telemetry.METRICS.get_sample_value("registry_tls_failures_total", {"reason": reason}) == before + 1
    assert [(entry["event"], entry["reason"]) for entry in logs] == [("tls_handshake_failed", reason)]
    assert logs[0]["peer"].startswith("127.0.0.1:")
