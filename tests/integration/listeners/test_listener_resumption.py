# SPDX-License-Identifier: Apache-2.0
"""TLS sessions that are resumed: never for a name or a client that would not get in with a whole handshake.

A ticket is a client's property: it may show it with another name, after the certificates or the accepted clients have
changed, or at another listener. What a resumed session must not do is stand for something that was not decided anew.
"""

import asyncio
import contextlib
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from registry.demo.pki import DemoPki, certificates_pem
from registry.listeners.protocol import Limits
from registry.listeners.tls import TlsFailure, folder_context, server_context
from tests.simulators.server_certificates import ServerAuthority

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
LIMITS = Limits(linger_s=0.2)


@pytest.fixture(scope="module")
def authority() -> ServerAuthority:
    return ServerAuthority()


@pytest.fixture(params=VERSIONS, ids=["1.2", "1.3"])
def version(request: pytest.FixtureRequest) -> ssl.TLSVersion:
    found: ssl.TLSVersion = request.param
    return found


@dataclass(frozen=True, slots=True)
class Visit:
    """How it was: was the session resumed, the certificate that counts, what was answered, and the session made."""

    reused: bool | None
    names: tuple[str, ...]
    answer: bytes
    session: ssl.SSLSession | None


def visit(client: ssl.SSLContext, port: int, name: str | None, session: ssl.SSLSession | None = None) -> Visit:
    with (
        socket.create_connection(("127.0.0.1", port), 10) as plain,
        client.wrap_socket(plain, server_hostname=name, session=session) as connection,
    ):
        connection.sendall(b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = b""
        while chunk := connection.recv(65_536):  # tickets of TLS 1.3 come behind the handshake
            answer += chunk
        shown = connection.getpeercert() or {}
        names = tuple(str(value) for _, value in shown.get("subjectAltName", ()))
        return Visit(connection.session_reused, names, answer, connection.session)


def client_of(pem: str, version: ssl.TLSVersion) -> ssl.SSLContext:
    client = ssl.create_default_context(cadata=pem)
    client.check_hostname = False  # an attacker's client doesn't look
    client.minimum_version = client.maximum_version = version
    return client


def test_session_shown_with_a_name_that_is_refused_is_none_for_that_name(
    run: Any, tools: Any, app: Any, tmp_path: Path, authority: ServerAuthority, version: ssl.TLSVersion
) -> None:
    """Before TLS 1.3 OpenSSL goes by the name in the session and doesn't hear the other one; with it, it is refused."""
    authority.write(tmp_path, "one", "smp.one.example")
    failures: list[TlsFailure] = []

    async def main() -> None:
        context = folder_context(tmp_path, on_failure=failures.append)
        async with tools.serving(app, LIMITS, context) as listener:
            client = client_of(authority.pem, version)
            first = await asyncio.to_thread(visit, client, listener.port, "smp.one.example")
            assert first.session is not None
            again = asyncio.to_thread(visit, client, listener.port, "smp.evil.example", first.session)
            if version is ssl.TLSVersion.TLSv1_3:
                with pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"):
                    await again
                assert [failure.reason for failure in failures] == ["unrecognized name"]
            else:
                assert (await again).names == ("smp.one.example",)

    run(main())


def test_session_shown_with_another_name_still_stands_for_its_own_certificate(
    run: Any, tools: Any, app: Any, tmp_path: Path, authority: ServerAuthority, version: ssl.TLSVersion
) -> None:
    """What is served is decided by the request (tests/integration/test_attacks_tls.py), not by the session."""
    authority.write(tmp_path, "one", "smp.one.example")
    authority.write(tmp_path, "two", "smp.two.example")

    async def main() -> None:
        async with tools.serving(app, LIMITS, folder_context(tmp_path)) as listener:
            client = client_of(authority.pem, version)
            first = await asyncio.to_thread(visit, client, listener.port, "smp.one.example")
            other = await asyncio.to_thread(visit, client, listener.port, "smp.two.example", first.session)
            assert other.names == (("smp.one.example",) if other.reused else ("smp.two.example",))
        assert {dict(scope["headers"])[b"host"] for scope in app.requests} == {b"x"}

    run(main())


def test_session_dies_with_the_certificates_that_it_was_made_with(
    run: Any, tools: Any, app: Any, tmp_path: Path, authority: ServerAuthority, version: ssl.TLSVersion
) -> None:
    authority.write(tmp_path, "one", "smp.one.example")

    async def main() -> None:
        context = folder_context(tmp_path)
        async with tools.serving(app, LIMITS, context) as listener:
            client = client_of(authority.pem, version)
            first = await asyncio.to_thread(visit, client, listener.port, "smp.one.example")
            context.reload()
            again = await asyncio.to_thread(visit, client, listener.port, "smp.one.example", first.session)
            assert not again.reused

    run(main())


def test_client_whose_anchor_is_gone_does_not_come_in_by_its_session(
    run: Any, tools: Any, app: Any, tmp_path: Path, pki: DemoPki, version: ssl.TLSVersion
) -> None:
    files = pki.write(tmp_path / "pki")
    root = certificates_pem(pki.root.certificate).decode()
    smp_ca = certificates_pem(pki.smp_ca.certificate).decode()
    anchors = [smp_ca]

    async def main() -> None:
        context = server_context(
            str(files.tls_certificate),
            str(files.tls_key),
            client_anchors_pem=lambda: anchors[0],
            on_failure=lambda _: None,
        )
        async with tools.serving(app, LIMITS, context) as listener:
            client = client_of(root, version)
            client.load_cert_chain(files.smp)
            first = await asyncio.to_thread(visit, client, listener.port, "localhost")
            assert b"BEGIN CERTIFICATE" in first.answer
            resumed = await asyncio.to_thread(visit, client, listener.port, "localhost", first.session)
            assert b"BEGIN CERTIFICATE" in resumed.answer  # the application knows the client also then
            anchors[0] = certificates_pem(pki.ap_ca.certificate).decode()
            context.reload()
            with contextlib.suppress(ssl.SSLError, ConnectionError):
                late = await asyncio.to_thread(visit, client, listener.port, "localhost", first.session)
                assert late.answer == b""
        assert len(app.requests) == 2

    run(main())


def test_session_of_one_listener_is_unknown_to_another(
    run: Any, tools: Any, app: Any, tmp_path: Path, authority: ServerAuthority, version: ssl.TLSVersion
) -> None:
    authority.write(tmp_path, "one", "smp.one.example")

    async def main() -> None:
        async with (
            tools.serving(app, LIMITS, folder_context(tmp_path)) as one,
            tools.serving(app, LIMITS, folder_context(tmp_path)) as other,
        ):
            client = client_of(authority.pem, version)
            first = await asyncio.to_thread(visit, client, one.port, "smp.one.example")
            assert not (await asyncio.to_thread(visit, client, other.port, "smp.one.example", first.session)).reused

    run(main())
