# SPDX-License-Identifier: Apache-2.0
"""A directory of participants on loopback, with the interface of phoss-directory: it indexes what an SMP tells it of.

TLS asks for a client certificate and verifies it. Like the real one it fetches the business card back from the SMP
when it is told of a participant, and lists whom it has. It can be told to be away, to answer something else, or to lie.
"""

import contextlib
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from registry.demo.pki import DemoPki, certificates_pem, identity_pem, write_secret
from registry.domains.directory_profile import DirectoryProfile
from tests.simulators.asgi import call
from tests.simulators.server_certificates import ServerAuthority

INDEXER, EXPORT = "/indexer/1.0/", "/export/participants-csv"
FetchCard = Callable[[str], bytes | None]
"""Gets the business card of a participant from our SMP; None where there is none."""


@dataclass
class Directory:
    """`held` is what it has indexed, by participant; `calls` who was told what of whom, and by which certificate."""

    fetch: FetchCard
    url: str = ""
    held: dict[str, bytes] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    clients: set[str] = field(default_factory=set)
    statuses: deque[int] = field(default_factory=deque)
    """What it answers next, instead of what it should."""
    headers: dict[str, str] = field(default_factory=dict)
    away: bool = False
    """It closes connections without an answer; `loses` it does so after it has done what it was told."""
    loses: bool = False
    lies: bool = False
    """It says yes, and does nothing."""
    before_answer: Callable[[], object] = lambda: None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def index(self, participant: str) -> None:
        """As when it is told of one: have the card, or forget who has none."""
        card = self.fetch(participant)
        with self.lock:
            if card is None:
                self.held.pop(participant, None)
            else:
                self.held[participant] = card

    def export(self) -> bytes:
        """All that it has, as CSV."""
        lines = ['"Participant ID"', *(f'"{participant}"' for participant in sorted(self.held))]
        return "\n".join(lines).encode() + b"\n"


def cards_of(read_app: object, base: str = "/base") -> FetchCard:
    """Asks the application of a public listener for cards, as the directory asks an SMP over HTTP."""

    def fetch(participant: str) -> bytes | None:
        reply = call(read_app, "GET", f"{base}/businesscard/{quote(participant, safe='')}".encode())
        return reply.body if reply.status == 200 else None

    return fetch


def write_keys(folder: Path, pki: DemoPki, authority: ServerAuthority) -> None:
    """`smp.pem` and `tls.pem`: our key, and whom we believe."""
    folder.mkdir(parents=True, exist_ok=True)
    write_secret(folder / "smp.pem", identity_pem(pki.smp))
    (folder / "tls.pem").write_text(authority.pem)


def settings_for(directory: Directory) -> dict[str, object]:
    """The section `directory` of a domain that has this one."""
    return {"enabled": True, "url": directory.url, "key": "smp", "authorities": "tls"}


def profile_for(directory: Directory) -> DirectoryProfile:
    """The same as a profile."""
    return DirectoryProfile(enabled=True, url=directory.url, key="smp", authorities="tls")


class _Handler(BaseHTTPRequestHandler):
    @property
    def directory(self) -> Directory:
        assert isinstance(self.server, _Server)
        return self.server.directory

    def do_PUT(self) -> None:
        self._told("PUT", self.rfile.read(int(self.headers["content-length"])).decode())

    def do_DELETE(self) -> None:
        self._told("DELETE", unquote(self.path.removeprefix(INDEXER)))

    def do_GET(self) -> None:
        body = self.directory.export() if self.path == EXPORT else b""
        self._answer(200 if body else 404, body)

    def _told(self, method: str, participant: str) -> None:
        assert isinstance(self.connection, ssl.SSLSocket)
        directory = self.directory
        certificate = self.connection.getpeercert()
        if not certificate:
            self._answer(403, b"")
            return
        subject: Any = certificate["subject"]
        with directory.lock:
            directory.clients.add(dict(pair for part in subject for pair in part)["commonName"])
            directory.calls.append((method, participant))
            status = directory.statuses.popleft() if directory.statuses else 204
        directory.before_answer()
        if directory.away:
            self.close_connection = True
            return
        if status == 204 and not directory.lies:
            if method == "PUT":
                directory.index(participant)
            else:
                directory.held.pop(participant, None)
        if directory.loses:
            self.close_connection = True
            return
        self._answer(status, b"")

    def _answer(self, status: int, body: bytes) -> None:
        with contextlib.suppress(OSError):
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            for name, value in self.directory.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    def __init__(self, directory: Directory) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.directory = directory

    def handle_error(self, *_: object) -> None:
        """Clients that aren't let in are no error of ours."""


@contextlib.contextmanager
def running_directory(folder: Path, pki: DemoPki, authority: ServerAuthority, fetch: FetchCard) -> Iterator[Directory]:
    """One that takes everybody whose certificate is from the authority of the SMPs."""
    directory = Directory(fetch)
    folder.mkdir(parents=True, exist_ok=True)
    authority.write(folder, "directory", "127.0.0.1")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "directory.crt", folder / "directory.key")
    tls.verify_mode = ssl.CERT_OPTIONAL  # as the export is for everybody
    tls.load_verify_locations(cadata=certificates_pem(pki.root.certificate, pki.smp_ca.certificate).decode())

    with _Server(directory) as server:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        directory.url = f"https://127.0.0.1:{server.server_port}"
        try:
            yield directory
        finally:
            server.shutdown()
            thread.join(20)
