# SPDX-License-Identifier: Apache-2.0
"""Loading certificates; handshakes are in tests/integration/listeners."""

import asyncio
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from registry.errors import ConfigurationError
from registry.listeners.tls import TlsFailure, TlsPolicy, _Handshake, _handshake, server_context


def write_pair(folder: Path, name: str, password: bytes | None = None) -> tuple[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    protection = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    (folder / f"{name}.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection)
    )
    return str(folder / f"{name}.crt"), str(folder / f"{name}.key")


def test_missing_file_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.crt .* No such file or directory"):
        server_context(str(tmp_path / "nowhere.crt"), str(tmp_path / "nowhere.key"))


def test_key_of_another_certificate_is_a_configuration_error(tmp_path: Path) -> None:
    certificate, _ = write_pair(tmp_path, "one")
    _, key = write_pair(tmp_path, "two")
    with pytest.raises(ConfigurationError, match="key values mismatch"):
        server_context(certificate, key)


def test_protected_key_is_a_configuration_error_and_nobody_is_asked(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="can't be used"):
        server_context(*write_pair(tmp_path, "one", b"secret"))


@pytest.mark.parametrize("anchors", ["no certificate", "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----"])
def test_unusable_anchors_are_a_configuration_error(tmp_path: Path, anchors: str) -> None:
    with pytest.raises(ConfigurationError, match="client anchors can't be used"):
        server_context(*write_pair(tmp_path, "one"), client_anchors_pem=anchors)


def test_clients_are_asked_for_certificates_only_with_anchors(tmp_path: Path) -> None:
    pair = write_pair(tmp_path, "one")
    assert server_context(*pair)._context.verify_mode is ssl.CERT_NONE
    anchors = Path(pair[0]).read_text()
    assert server_context(*pair, client_anchors_pem=anchors)._context.verify_mode is ssl.CERT_OPTIONAL


def test_tls_1_2_is_limited_to_forward_secrecy_and_authenticated_encryption(tmp_path: Path) -> None:
    context = server_context(*write_pair(tmp_path, "one"))._context
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    for cipher in context.get_ciphers():
        if cipher["protocol"] == "TLSv1.2":
            assert cipher["name"].startswith("ECDHE-")
            assert cipher["aead"]


def loopback_pair() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        return server.accept()[0], client


def test_failed_handshake_leaves_an_alert_is_reported_once_and_drops_what_follows(tmp_path: Path) -> None:
    failures: list[TlsFailure] = []
    context = server_context(*write_pair(tmp_path, "one"))._context

    async def main() -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        ours, theirs = loopback_pair()
        with ours, theirs:
            _handshake.set(_Handshake(ours, ("192.0.2.1", 1), failures.append))
            connection = context.wrap_bio(incoming, outgoing, server_side=True)
            incoming.write(b"\x16\x03\x01\x00\x05hello")
            with pytest.raises(ssl.SSLWantReadError):
                connection.do_handshake()
            assert outgoing.read()[0] == 21  # an alert record
            incoming.write(b"x" * 100_000)
            with pytest.raises(ssl.SSLWantReadError):
                connection.do_handshake()
            assert incoming.pending == 0
            await asyncio.sleep(0)
            assert theirs.recv(1) == b""  # our sending side was closed behind the alert

    asyncio.run(main())
    assert [failure.peer for failure in failures] == ["192.0.2.1:1"]


def test_policy_sets_version_and_suites_and_forbids_renegotiation_and_compression(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    TlsPolicy("1.3", "ECDHE-ECDSA-AES256-GCM-SHA384").apply(context)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_3
    assert context.options & ssl.OP_NO_RENEGOTIATION
    assert context.options & ssl.OP_NO_COMPRESSION
    suites = {suite["name"] for suite in context.get_ciphers() if suite["protocol"] == "TLSv1.2"}
    assert suites == {"ECDHE-ECDSA-AES256-GCM-SHA384"}


@pytest.mark.parametrize("ciphers", ["", "NONSENSE", "!ALL"])
def test_unknown_suites_are_a_configuration_error(ciphers: str) -> None:
    with pytest.raises(ConfigurationError, match="knows no cipher suites"):
        TlsPolicy(ciphers=ciphers)


@pytest.mark.parametrize(
    "ciphers", ["AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA256", "ECDHE+AESGCM:AES256-SHA", "DEFAULT"]
)
def test_suites_without_forward_secrecy_or_authenticated_encryption_are_refused(ciphers: str) -> None:
    with pytest.raises(ConfigurationError, match="forward secrecy"):
        TlsPolicy(ciphers=ciphers)
