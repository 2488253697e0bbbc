# SPDX-License-Identifier: Apache-2.0
"""A receiver of webhooks on loopback, which checks signatures as the Standard Webhooks specification describes."""

import base64
import contextlib
import hashlib
import hmac
import json
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Received:
    """One request: its headers by lower-case name, and its body."""

    headers: dict[str, str]
    body: bytes

    @property
    def content(self) -> Any:
        """The JSON of the body."""
        return json.loads(self.body)

    def is_signed_with(self, secret: str) -> bool:
        """Whether the signature is right; `secret` as it was shown, `whsec_…`."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + self.body
        right = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        return self.headers["webhook-signature"] == f"v1,{right}"


@dataclass
class Receiver:
    """Where it is, what came, and which status it answers."""

    url: str = ""
    status: int = 204
    location: str = ""
    received: list[Received] = field(default_factory=list)


@contextlib.contextmanager
def webhook_receiver(tls: ssl.SSLContext) -> Iterator[Receiver]:
    """One that takes everything, until it is told otherwise."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.received.append(Received(headers, body))
            with contextlib.suppress(OSError):
                self.send_response(receiver.status)
                self.send_header("content-length", "0")
                if receiver.location:
                    self.send_header("location", receiver.location)
                self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        receiver.url = f"https://127.0.0.1:{server.server_port}/hook"
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join(20)
