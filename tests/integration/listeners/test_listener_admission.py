# SPDX-License-Identifier: Apache-2.0
"""Client certificates that lead to no anchor: whoever is admitted gets in, with the key, while it is valid."""

import asyncio
import json
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.demo.pki import Authority, new_root
from registry.listeners.protocol import Limits
from registry.listeners.tls import ReloadingContext, TlsFailure, _leaf, server_context
from tests.interop.identities import NOW, write_identity
from tests.simulators.server_certificates import ServerAuthority, write_pair

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def server() -> ServerAuthority:
    return ServerAuthority()


@pytest.fixture(scope="module")
def unknown() -> Authority:
    """An authority that is nobody's anchor."""
    return new_root(datetime.now(UTC), "Nobody's CA")


@pytest.fixture(params=VERSIONS, ids=["1.2", "1.3"])
def version(request: pytest.FixtureRequest) -> ssl.TLSVersion:
    found: ssl.TLSVersion = request.param
    return found


class Door:
    """A listener's TLS, which admits these certificates, and notes which it was asked about."""

    def __init__(self, server: ServerAuthority, folder: Path, *identities: Path) -> None:
        self.admitted = {der_of(each) for each in identities}
        self.asked: list[bytes] = []
        self.failures: list[TlsFailure] = []
        pair = folder / "server.crt", folder / "server.key"
        write_pair(server.issue("localhost"), *pair)
        self.context: ReloadingContext = server_context(
            *map(str, pair), client_anchors_pem="", admits=self._admits, on_failure=self.failures.append
        )

    def _admits(self, der: bytes) -> bool:
        self.asked.append(der)
        return der in self.admitted


def der_of(identity: Path) -> bytes:
    text = identity.read_text()
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    return ssl.PEM_cert_to_DER_cert(begin + text.split(begin)[1].split(end)[0] + end + "\n")


def client(server: ServerAuthority, version: ssl.TLSVersion, identity: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=server.pem)
    context.minimum_version = context.maximum_version = version
    if identity is not None:
        context.load_cert_chain(identity)
    return context


def visit(context: ssl.SSLContext, port: int) -> list[str]:
    """The certificates that the application was told; raises what the client saw."""
    with (
        socket.create_connection(("127.0.0.1", port), 10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(b"GET /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = b""
        while chunk := connection.recv(65_536):
            answer += chunk
    chain: list[str] = json.loads(answer.partition(b"\r\n\r\n")[2])["tls"]["client_cert_chain"]
    return chain


@pytest.fixture
def visits(run: Any, tools: Any, app: Any) -> Callable[..., list[list[str]]]:
    """Lets clients come to a door, one after the other."""

    def come(door: Door, *clients: ssl.SSLContext) -> list[list[str]]:
        seen = []

        async def main() -> None:
            async with tools.serving(app, Limits(linger_s=0.2), door.context) as listener:
                seen.extend([await asyncio.to_thread(visit, each, listener.port) for each in clients])

        run(main())
        return seen

    return come


def test_an_admitted_certificate_gets_in_without_an_anchor(
    visits: Any, server: ServerAuthority, unknown: Authority, version: ssl.TLSVersion, tmp_path: Path
) -> None:
    identity = write_identity(tmp_path, unknown, "SMP_1")
    door = Door(server, tmp_path, identity)
    seen = visits(door, *[client(server, version, identity)] * 2)
    assert [list(map(ssl.PEM_cert_to_DER_cert, chain)) for chain in seen] == [[der_of(identity)]] * 2
    assert door.asked == [der_of(identity)], "what was admitted once is not asked again"
    assert door.failures == []


def test_another_certificate_of_the_same_issuer_does_not(
    visits: Any, server: ServerAuthority, unknown: Authority, version: ssl.TLSVersion, tmp_path: Path
) -> None:
    identity, other = (write_identity(tmp_path, unknown, name) for name in ("SMP_1", "SMP_2"))
    door = Door(server, tmp_path, identity)
    with pytest.raises(ssl.SSLError):
        visits(door, client(server, version, identity), client(server, version, other))
    assert len(door.failures) == 1


@pytest.mark.parametrize(
    ("window", "reason"),
    [((-2 * DAY, -DAY), "certificate has expired"), ((DAY, 2 * DAY), "certificate is not yet valid")],
    ids=["expired", "not yet valid"],
)
def test_who_is_admitted_has_to_be_valid_all_the_same(
    visits: Any,
    server: ServerAuthority,
    unknown: Authority,
    version: ssl.TLSVersion,
    tmp_path: Path,
    window: tuple[timedelta, timedelta],
    reason: str,
) -> None:
    begin, end = (NOW + each for each in window)
    identity = write_identity(tmp_path, unknown, "SMP_1", not_before=begin, not_after=end)
    door = Door(server, tmp_path, identity)
    with pytest.raises(ssl.SSLError):
        visits(door, client(server, version, identity))
    assert [failure.reason for failure in door.failures] == [reason]


def test_a_client_may_still_come_without_one(
    visits: Any, server: ServerAuthority, version: ssl.TLSVersion, tmp_path: Path
) -> None:
    door = Door(server, tmp_path)
    assert visits(door, client(server, version, None)) == [[]]
    assert door.asked == []


def test_who_comes_after_a_reload_is_asked_about_anew(
    visits: Any, server: ServerAuthority, unknown: Authority, version: ssl.TLSVersion, tmp_path: Path
) -> None:
    identity = write_identity(tmp_path, unknown, "SMP_1")
    door = Door(server, tmp_path, identity)
    visits(door, client(server, version, identity))
    door.admitted.clear()
    door.context.reload()
    with pytest.raises(ssl.SSLError):
        visits(door, client(server, version, identity))


@given(st.binary(max_size=300))
def test_no_message_breaks_the_reader(data: bytes) -> None:
    leaf = _leaf(data)
    assert leaf == b"" or leaf in data


@given(st.binary(min_size=1, max_size=100), st.binary(max_size=100), st.binary(max_size=20))
def test_the_leaf_is_the_first_certificate(leaf: bytes, other: bytes, context: bytes) -> None:
    def sized(data: bytes, octets: int = 3) -> bytes:
        return len(data).to_bytes(octets, "big") + data

    old = sized(sized(leaf) + sized(other))
    assert _leaf(b"head" + old) == leaf
    new = sized(context, 1) + sized(sized(leaf) + sized(b"", 2) + sized(other) + sized(b"", 2))
    assert _leaf(b"head" + new) == leaf
