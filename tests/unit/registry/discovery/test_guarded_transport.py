# SPDX-License-Identifier: Apache-2.0
"""The address that was judged is the one that is asked, and errors are those of any other transport."""

import http.server
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from registry.demo.pki import DemoPki
from registry.discovery.addresses import AddressPolicy
from registry.discovery.errors import TechnicalFailureError
from registry.discovery.fetcher import HttpFetcher

LOCAL = AddressPolicy.of(["127.0.0.0/8"])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = self.headers["Host"].encode()
        self.send_response(302 if self.path == "/redirect" else 200)
        if self.path == "/redirect":
            self.send_header("Location", "http://169.254.169.254/")
        self.send_header("Content-Length", str(len(body) + (self.path == "/short")))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = self.path == "/short"

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What names resolve to, in turn; the last one stays. Numbers are themselves."""
    known: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if host in known:
            host = known[host].pop(0) if len(known[host]) > 1 else known[host][0]
        return real(host, port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    # The default of a parameter was bound before.
    monkeypatch.setattr(AddressPolicy.addresses, "__defaults__", (getaddrinfo,))
    return known


def reason(fetcher: HttpFetcher, url: str) -> str:
    with pytest.raises(TechnicalFailureError) as caught:
        fetcher.fetch(url)
    return caught.value.reason_id


def test_an_allowed_network_is_asked_and_told_the_name(names: dict[str, list[str]]) -> None:
    names["smp.test"] = ["127.0.0.1"]
    with serving() as port, HttpFetcher(addresses=LOCAL) as fetcher:
        document = fetcher.fetch(f"http://smp.test:{port}/x")
    assert (document.status, document.body) == (200, f"smp.test:{port}".encode())


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost", "2130706433", "[::ffff:127.0.0.1]"])
def test_private_addresses_are_refused_and_not_connected_to(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*args: object, **kwargs: object) -> None:
        raise AssertionError("a connection was made")

    monkeypatch.setattr(socket, "create_connection", never)
    with HttpFetcher(addresses=AddressPolicy()) as fetcher:
        assert reason(fetcher, f"http://{host}/") == "address-refused"
        assert reason(fetcher, f"https://{host}/") == "address-refused"


def test_a_name_that_changes_between_judgement_and_connection_gains_nothing(names: dict[str, list[str]]) -> None:
    names["rebinding.test"] = ["127.0.0.1", "10.0.0.1"]
    policy = AddressPolicy.of(["127.0.0.1/32"])
    with serving() as port, HttpFetcher(addresses=policy) as fetcher:
        assert fetcher.fetch(f"http://rebinding.test:{port}/").status == 200  # what was judged is what was asked
        assert names["rebinding.test"] == ["10.0.0.1"]
    with HttpFetcher(addresses=policy) as fetcher:
        assert reason(fetcher, f"http://rebinding.test:{port}/") == "address-refused"


def test_an_address_that_does_not_answer_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as port:
        both = [(2, 1, 6, "", (address, port)) for address in ("::1", "127.0.0.1")]
        monkeypatch.setattr(AddressPolicy.addresses, "__defaults__", (lambda *_, **__: both,))
        with HttpFetcher(addresses=AddressPolicy.of(["127.0.0.1", "::1"])) as fetcher:
            assert fetcher.fetch(f"http://smp.test:{port}/").status == 200


def test_tls_checks_the_name_and_not_the_address(names: dict[str, list[str]], pki: DemoPki, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    server = pki.root.issue(
        "smp.test",
        not_before=now - timedelta(1),
        not_after=now + timedelta(1),
        host_names=["smp.test"],
        extended_key_usage=[ExtendedKeyUsageOID.SERVER_AUTH],
    )
    pem = tmp_path / "server.pem"
    pem.write_bytes(
        server.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + server.certificate.public_bytes(Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    client = ssl.create_default_context(cadata=pki.root.certificate.public_bytes(Encoding.PEM).decode())
    names["smp.test"] = names["other.test"] = ["127.0.0.1"]
    with serving(context) as port, HttpFetcher(addresses=LOCAL, ssl_context=client) as fetcher:
        assert fetcher.fetch(f"https://smp.test:{port}/").status == 200
        assert reason(fetcher, f"https://other.test:{port}/") == "http-failure"


def test_errors_are_technical_failures() -> None:
    with serving() as port, HttpFetcher(addresses=LOCAL) as fetcher:
        assert reason(fetcher, f"http://127.0.0.1:{port}/short") == "http-failure"
        assert fetcher.fetch(f"http://127.0.0.1:{port}/redirect").location == "http://169.254.169.254/"
    with HttpFetcher(addresses=LOCAL) as fetcher:
        assert reason(fetcher, f"http://127.0.0.1:{port}/") == "http-failure"
        assert reason(fetcher, "http://no-such-host.invalid/") == "http-failure"
