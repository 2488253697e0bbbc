# SPDX-License-Identifier: Apache-2.0
"""HTTP servers of old systems: threads that keep connections open, on a free loopback port."""

import contextlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol


@dataclass(frozen=True, slots=True)
class OldRequest:
    """What was asked; the path is raw, without the query."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class OldResponse:
    """What is answered."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/xml; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


class OldSystem(Protocol):
    """Whatever answers requests; several threads ask at once."""

    def answer(self, request: OldRequest) -> OldResponse: ...


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    system: OldSystem


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave together
    disable_nagle_algorithm = True
    server: _Server

    def _answer(self) -> None:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        said = self.server.system.answer(OldRequest(self.command, path, query, self.headers, body))
        self.send_response(said.status)
        for name, value in said.headers.items():
            self.send_header(name, value)
        if said.body:
            self.send_header("Content-Type", said.content_type)
        self.send_header("Content-Length", str(len(said.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(said.body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _answer  # noqa: N815 — as the base class finds them

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 — the name in the base class
        """Nothing is said of requests."""


@contextlib.contextmanager
def old_server(system: OldSystem, port: int = 0) -> Iterator[str]:
    """Serve while the block lasts; gives the base URL."""
    with _Server(("127.0.0.1", port), _Handler) as server:
        server.system = system
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="old-system")
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def serve_forever(system: OldSystem, port: int) -> None:
    """Serve until the process is ended."""
    with _Server(("127.0.0.1", port), _Handler) as server:
        server.system = system
        server.serve_forever()
