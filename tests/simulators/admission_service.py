# SPDX-License-Identifier: Apache-2.0
"""The service of a network that is asked who may register, on loopback."""

import contextlib
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Say = Callable[[str], bool | str]
"""What is said of a participant: yes, no, or why not."""


@dataclass
class AdmissionService:
    """Where it is, what it was asked, and what it says; `raw` is sent instead where it isn't empty."""

    say: Say = lambda _participant: True
    raw: bytes = b""
    status: int = 200
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)
    """Cleared: it answers no more until it is set."""

    def answer(self, question: dict[str, Any]) -> bytes:
        """Keeps a question, and gives the body of its answer."""
        self.asked.append(question)
        self.release.wait(20)
        rows = [{"participant": name} | self._row(name) for name in question["participants"]]
        return self.raw or json.dumps({"participants": rows}).encode()

    def _row(self, participant: str) -> dict[str, Any]:
        said = self.say(participant)
        return {"allowed": said} if isinstance(said, bool) else {"allowed": False, "reason": said}


@contextlib.contextmanager
def admission_service(tls: ssl.SSLContext | None = None) -> Iterator[AdmissionService]:
    """One that says yes, until it is told otherwise; with `tls` it speaks https."""
    service = AdmissionService()
    service.release.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["content-length"]))
            body = service.answer(json.loads(data))
            with contextlib.suppress(OSError):
                self.send_response(service.status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        scheme = "http" if tls is None else "https"
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        service.url = f"{scheme}://127.0.0.1:{server.server_port}/admission"
        try:
            yield service
        finally:
            service.release.set()
            server.shutdown()
            thread.join(20)
