# SPDX-License-Identifier: Apache-2.0
"""One of both systems over HTTP, on a connection that is kept: a question costs some hundred microseconds of CPU.

Before and after a switch one public name stands for two systems, so a side may be asked at another address than its
URL's: what is sent, the `Host` and the name in TLS stay those of the URL. The operator has named both sides, and what
they answer is bounded in size and time; HTTP redirects aren't followed.
"""

import http.client
import socket
import ssl
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from registry import __version__
from registry.discovery.fetcher import MAX_BYTES
from registry.discovery.locator import parse_nameserver
from registry.discovery.urls import UrlError, check_url
from registry.errors import ConfigurationError, TechnicalError

_HEADERS: Final = {
    "Accept": "application/xml, text/xml",
    "Accept-Encoding": "identity",
    "User-Agent": f"edelivery-registry/{__version__}",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a side is asked: its base URL, and an address (`HOST:PORT`) where that isn't the one of the URL's host."""

    base_url: str
    address: str = ""

    def __post_init__(self) -> None:
        try:
            check_url(self.base_url, ("http", "https"))
            if self.address:
                parse_nameserver(self.address)
        except UrlError as error:
            raise ConfigurationError(f"{self.base_url!r} is no base URL of an SMP: {error}") from None


class HttpSide:
    """Asks one side; belongs to one thread. `timeout` is for each wait, in seconds.

    A question is sent first and its answer taken later, so that both sides work at the same time.
    """

    def __init__(self, place: Place, *, ssl_context: ssl.SSLContext | None = None, timeout: float = 10.0) -> None:
        parts = urlsplit(place.base_url)
        self._prefix = parts.path.rstrip("/")
        self._connection = _Connection(parts.scheme, parts.netloc, place.address, ssl_context, timeout)
        self._path = ""
        self._kept = False
        self._failure: Exception | None = None

    def send(self, path: str) -> None:
        """Ask for what is below the base URL. What goes wrong is told when the answer is taken."""
        self._path, self._failure = self._prefix + path, None
        self._kept = self._connection.sock is not None
        try:
            self._connection.request("GET", self._path, headers=_HEADERS)
        except (OSError, http.client.HTTPException) as error:
            self._failure = error

    def receive(self) -> tuple[int, bytes]:
        """The status and the document. Raises TechnicalError.

        Where a kept connection turns out to be closed, it is asked once more on a new one.
        """
        try:
            return self._received()
        except (OSError, http.client.HTTPException, TechnicalError) as error:
            self._connection.close()
            if self._kept and isinstance(error, ConnectionError | http.client.CannotSendRequest):
                self.send(self._path.removeprefix(self._prefix))
                return self.receive()
            if isinstance(error, TechnicalError):
                raise
            raise TechnicalError(str(error) or type(error).__name__) from error

    def _received(self) -> tuple[int, bytes]:
        if self._failure is not None:
            raise self._failure
        with self._connection.getresponse() as response:
            body = response.read(MAX_BYTES + 1)
            if len(body) > MAX_BYTES:
                raise TechnicalError(f"more than {MAX_BYTES} bytes")
            return response.status, body

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class _Connection(http.client.HTTPConnection):
    """A connection whose address need not be that of the host it is about."""

    def __init__(
        self, scheme: str, netloc: str, address: str, ssl_context: ssl.SSLContext | None, timeout: float
    ) -> None:
        if scheme == "https":
            self.default_port = http.client.HTTPS_PORT
        super().__init__(netloc, timeout=timeout)
        self._tls = (ssl_context or ssl.create_default_context()) if scheme == "https" else None
        self._address = parse_nameserver(address) if address else (self.host, self.port)

    def connect(self) -> None:
        sock = socket.create_connection(self._address, self.timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = sock if self._tls is None else self._tls.wrap_socket(sock, server_hostname=self.host)
