# SPDX-License-Identifier: Apache-2.0
"""A mail server on loopback that speaks what RFC 5321 asks for, with STARTTLS (RFC 3207), TLS, and AUTH PLAIN."""

import base64
import contextlib
import socketserver
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast


@dataclass
class MailBox:
    """Where the server is, what it took (with the user who came), and what it says instead of taking a mail."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    says: str = ""
    passwords: dict[str, str] = field(default_factory=dict)


class _Session(socketserver.StreamRequestHandler):
    server: "_Server"

    def handle(self) -> None:
        server, box = self.server, self.server.box
        if server.tls is not None and not server.starttls and not self._wrap(server.tls):
            return
        self._say("220 loopback")
        secured = server.tls is not None and not server.starttls
        while line := self.rfile.readline().decode("ascii", "replace").strip():
            verb = line.partition(" ")[0].upper()
            if verb in {"EHLO", "HELO"}:
                offers = ["STARTTLS"] if server.starttls and not secured else []
                offers += ["AUTH PLAIN"] if secured and box.passwords else []
                for number, text in enumerate(["loopback", *offers]):
                    self._say(f"250{' ' if number == len(offers) else '-'}{text}")
            elif verb == "STARTTLS" and server.tls is not None:
                self._say("220 go ahead")
                if not self._wrap(server.tls):
                    return
                secured = True
            elif verb == "AUTH":
                _, user, password = base64.b64decode(line.split()[2]).decode().split("\0")
                good = box.passwords.get(user) == password
                box.users += [user] if good else []
                self._say("235 known" if good else "535 unknown")
            elif verb == "DATA":
                self._say("354 go on")
                data = b""
                while (part := self.rfile.readline()) not in {b".\r\n", b""}:
                    data += part.removeprefix(b".")
                if box.says:
                    self._say(box.says)
                    continue
                box.mails.append(cast("EmailMessage", message_from_bytes(data, policy=policy.default)))
                self._say("250 taken")
            elif verb == "QUIT":
                self._say("221 bye")
                return
            else:
                box.recipients += [line] if verb == "RCPT" else []
                self._say("250 fine")

    def _wrap(self, tls: ssl.SSLContext) -> bool:
        try:
            self.request = tls.wrap_socket(self.request, server_side=True)
        except OSError:
            return False
        self.rfile = self.request.makefile("rb")
        self.wfile = self.request.makefile("wb", 0)
        return True

    def _say(self, line: str) -> None:
        with contextlib.suppress(OSError):
            self.wfile.write(f"{line}\r\n".encode())

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()
            self.request.close()


class _Server(socketserver.ThreadingTCPServer):
    box: MailBox
    tls: ssl.SSLContext | None
    starttls: bool

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away."""


@contextlib.contextmanager
def mail_server(tls: ssl.SSLContext | None = None, *, starttls: bool = False) -> Iterator[MailBox]:
    """One that takes everything; with `tls` from the start, or after STARTTLS."""
    box = MailBox()
    with _Server(("127.0.0.1", 0), _Session) as server:
        server.box, server.tls, server.starttls = box, tls, starttls
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield box
        finally:
            server.shutdown()
            thread.join(20)
