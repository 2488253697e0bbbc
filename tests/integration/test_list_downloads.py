# SPDX-License-Identifier: Apache-2.0
"""Lists fetched over real connections: servers that cut off, stall, flood or show a wrong certificate; a killed run."""

import os
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.simulators.list_worlds import AT, DAY, LOTL_URL, OJ_URL, ListWorld, certificate, pointer, whole_world
from tests.simulators.server_certificates import ServerAuthority
from trust_lists.errors import SourceError
from trust_lists.sources.addresses import AddressPolicy
from trust_lists.sources.fetching import Limits, WebSource
from trust_lists.sources.refresh import How, RefreshReport, refresh
from trust_lists.sources.snapshots import load_snapshot
from trust_lists.sources.states import ListState

OWN = AddressPolicy.of(["127.0.0.0/8"])
ONE_TRY = Limits(tries=1, connect_seconds=5, read_seconds=0.3)


class Lists(ThreadingHTTPServer):
    """A server of documents by path, each in a way of its own; `asked` has what came."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.documents: dict[str, bytes] = {}
        self.asked: list[tuple[str, str]] = []
        self.closing = threading.Event()

    @property
    def port(self) -> int:
        return self.server_address[1]

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that leave are no news here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Lists

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("If-None-Match", "")))
        data = self.server.documents.get(self.path)
        if data is None:
            self.answer(404)
        elif self.path == "/cut-off.xml":
            self.answer(200, data[: len(data) // 2], len(data))
            self.close_connection = True
        elif self.path == "/stalled.xml":
            self.answer(200, data[:100], len(data))
            self.wfile.flush()
            self.server.closing.wait(30)
        elif self.path == "/endless.xml":
            self.answer(200, data, None)
            while not self.server.closing.is_set():
                self.wfile.write(b"%x\r\n%s\r\n" % (1 << 20, b" " * (1 << 20)))
        elif self.path == "/dripping.xml":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
            while not self.server.closing.wait(0.05):
                self.wfile.write(b"x")
        elif self.path == "/circle.xml":
            self.send_response(302)
            self.send_header("Location", "/circle.xml")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.headers.get("If-None-Match") == f'"{len(data)}"':
            self.answer(304)
        else:
            self.answer(200, data, len(data), f'"{len(data)}"')

    def answer(self, status: int, data: bytes = b"", length: int | None = 0, etag: str = "") -> None:
        self.send_response(status)
        if length is None:
            self.send_header("Transfer-Encoding", "chunked")
            data = b"%x\r\n%s\r\n" % (len(data), data)
        else:
            self.send_header("Content-Length", str(length))
        self.send_header("Content-Type", "application/vnd.etsi.tsl+xml")
        if etag:
            self.send_header("ETag", etag)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Lists]:
    server = Lists()
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join(10)


@pytest.fixture
def server() -> Iterator[Lists]:
    with serving() as running:
        yield running


@pytest.fixture(scope="module")
def authority() -> ServerAuthority:
    return ServerAuthority()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("cut-off.xml", "FETCH_CUT_OFF"),
        ("stalled.xml", "FETCH_TIMEOUT"),
        ("endless.xml", "FETCH_TOO_LARGE"),
        ("circle.xml", "FETCH_REDIRECT_LOOP"),
        ("missing.xml", "FETCH_NOT_FOUND"),
    ],
)
def test_a_server_that_does_wrong_is_called_by_name(server: Lists, name: str, reason: str) -> None:
    data = whole_world().get(LOTL_URL)
    server.documents = {f"/{each}.xml": data for each in ("cut-off", "stalled", "endless", "circle")}
    limits = Limits(max_bytes=5_000_000, tries=1, connect_seconds=5, read_seconds=0.5)
    with WebSource(limits, OWN) as source, pytest.raises(SourceError) as told:
        source.fetch(f"http://127.0.0.1:{server.port}/{name}")
    assert told.value.reason_id == reason


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_sends_a_byte_now_and_then_has_an_end_too(
    scheme: str, authority: ServerAuthority, tmp_path: Path
) -> None:
    limits = Limits(tries=1, read_seconds=10, total_seconds=0.4)
    trusted = ssl.create_default_context(cadata=authority.pem)
    with serving(_server_context(authority, tmp_path) if scheme == "https" else None) as server:
        server.documents = {"/dripping.xml": b""}
        with WebSource(limits, OWN, tls=trusted) as source, pytest.raises(SourceError) as told:
            source.fetch(f"{scheme}://127.0.0.1:{server.port}/dripping.xml")
    assert told.value.reason_id == "FETCH_TIMEOUT"


def test_a_server_that_is_gone_cannot_be_reached() -> None:
    with serving() as gone:
        port = gone.port
    with WebSource(ONE_TRY, OWN) as source, pytest.raises(SourceError) as told:
        source.fetch(f"http://127.0.0.1:{port}/lotl.xml")
    assert told.value.reason_id == "FETCH_CONNECTION"


# TLS


@pytest.fixture
def secure(authority: ServerAuthority, tmp_path: Path) -> Iterator[Lists]:
    with serving(_server_context(authority, tmp_path)) as running:
        yield running


def _server_context(authority: ServerAuthority, folder: Path) -> ssl.SSLContext:
    authority.write(folder, "server", "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.crt", folder / "server.key")
    return context


def world_of(server: Lists, scheme: str) -> tuple[ListWorld, str]:
    """A whole world on a server, and the location of its list of lists."""
    base = f"{scheme}://127.0.0.1:{server.port}"
    world = ListWorld()
    pointers = [pointer(each, each.lower(), location=f"{base}/{each}.xml") for each in ("BE", "EL")]
    server.documents = {
        "/lotl.xml": world.put_lotl(pointers=pointers, location=f"{base}/lotl.xml"),
        "/BE.xml": world.put_list("BE"),
        "/EL.xml": world.put_list("EL"),
    }
    return world, f"{base}/lotl.xml"


def test_a_server_that_nobody_vouches_for_gives_nothing(secure: Lists) -> None:
    _, url = world_of(secure, "https")
    with WebSource(ONE_TRY, OWN) as source, pytest.raises(SourceError) as told:
        source.fetch(url)
    assert told.value.reason_id == "FETCH_TLS"
    assert secure.asked == []


def test_failed_tls_can_be_accepted_with_a_warning(secure: Lists) -> None:
    _, url = world_of(secure, "https")
    with WebSource(ONE_TRY, OWN, accept_failed_tls=True) as source:
        found = source.fetch(url)
    assert found.data == secure.documents["/lotl.xml"]
    assert [each.code for each in found.doubts] == ["OWN_WARNING_HTTPS_NOT_VERIFIED"]


def test_a_refresh_over_https(secure: Lists, authority: ServerAuthority, tmp_path: Path) -> None:
    world, url = world_of(secure, "https")
    configuration = world.configuration(lotl_url=url)
    with WebSource(None, OWN, tls=ssl.create_default_context(cadata=authority.pem)) as source:
        first = refresh(configuration, source, tmp_path / "store", AT)
        second = refresh(configuration, source, tmp_path / "store", AT + DAY)
    assert first.healthy
    assert {each.how for each in first.lists} == {How.FETCHED}
    assert {each.how for each in (second.lotl, *second.lists)} == {How.UNCHANGED}
    assert second.downloaded == 0
    assert all(etag for _, etag in secure.asked[3:])


def test_accepted_failures_of_tls_are_a_sub_status_of_each_list(secure: Lists, tmp_path: Path) -> None:
    world, url = world_of(secure, "https")
    with WebSource(ONE_TRY, OWN, accept_failed_tls=True) as source:
        report = refresh(world.configuration(lotl_url=url), source, tmp_path / "store", AT)
    assert report.healthy
    for each in (report.lotl, *report.lists):
        assert each.entry.sub_status == ("OWN_WARNING_HTTPS_NOT_VERIFIED",)


def test_one_server_that_stalls_costs_one_list(server: Lists, tmp_path: Path) -> None:
    world, url = world_of(server, "http")
    server.documents["/stalled.xml"] = world.put_list("BE")
    base = url.removesuffix("/lotl.xml")
    stalled = pointer("BE", "be", location=f"{base}/stalled.xml")
    well = pointer("EL", "el", location=f"{base}/EL.xml")
    server.documents["/lotl.xml"] = world.put_lotl(pointers=[stalled, well], location=url)
    with WebSource(ONE_TRY, OWN) as source:
        report = refresh(world.configuration(lotl_url=url), source, tmp_path, AT)
    assert _states(report) == {"BE": (ListState.FAILED, "OWN_FETCH_TIMEOUT"), "EL": (ListState.FRESH, "")}
    assert report.lists[1].entry.sub_status == ("OWN_WARNING_NOT_HTTPS",)
    assert any("plain http" in warning for warning in report.lists[1].entry.warnings)


def _states(report: RefreshReport) -> dict[str, tuple[ListState, str]]:
    return {each.entry.territory: (each.entry.state, each.entry.reason) for each in report.lists}


def test_a_process_that_is_killed_leaves_the_last_snapshot_and_no_lock(server: Lists, tmp_path: Path) -> None:
    world, url = world_of(server, "http")
    store = tmp_path / "store"
    configuration = world.configuration(lotl_url=url)
    with WebSource(ONE_TRY, OWN) as source:
        before = refresh(configuration, source, store, AT).snapshot
    base = url.removesuffix("/lotl.xml")
    stalled = pointer("BE", "be", location=f"{base}/stalled.xml")
    server.documents["/stalled.xml"] = world.put_list("BE", sequence=4)
    server.documents["/lotl.xml"] = world.put_lotl(
        pointers=[stalled, pointer("EL", "el", location=f"{base}/EL.xml")], location=url, sequence=8
    )
    (tmp_path / "oj.der").write_bytes(certificate("lotl").der)
    command = ("refresh", "--lotl", url, "--oj-certs", str(tmp_path / "oj.der"), "--oj-url", OJ_URL)
    program = "from trust_lists.cli.main import main; main()"
    run = subprocess.Popen(
        [
            sys.executable,
            "-c",
            program,
            *command,
            "--at",
            AT.isoformat(),
            "--store",
            str(store),
            "--allow-network",
            "127.0.0.0/8",
        ],
        stderr=subprocess.DEVNULL,
        env={**os.environ, "NO_PROXY": "127.0.0.1"},
    )
    try:
        wait_until_asked(server, "/stalled.xml")
        with WebSource(ONE_TRY, OWN) as source, pytest.raises(SourceError) as told:
            refresh(configuration, source, store, AT + DAY)
        assert told.value.reason_id == "STORE_LOCKED"
    finally:
        run.send_signal(signal.SIGKILL)
        run.wait(20)
    assert load_snapshot(store).digest == before
    with WebSource(ONE_TRY, OWN) as source:
        assert refresh(configuration, source, store, AT + DAY).healthy


def wait_until_asked(server: Lists, path: str) -> None:
    """Waits for a request, at most half a minute."""
    never = threading.Event()
    for _ in range(600):
        if any(asked == path for asked, _ in server.asked):
            return
        never.wait(0.05)
    pytest.fail(f"{path} was never asked for")
