# SPDX-License-Identifier: Apache-2.0
"""Attackers at every listener: raw bytes from any loopback address, floods of connections, and clients that dawdle.

All of it stays on loopback, where 127.0.0.0/8 gives as many addresses as an attack wants.
"""

import asyncio
import contextlib
import errno
import re
import resource
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from registry.demo.content import demo_metadata
from registry.demo.pki import DemoPki
from registry.identifiers.url_form import participant_path
from tests.simulators.hostile import PARTICIPANTS, Manager, request
from tests.simulators.live import LiveInstance, live_instance
from tests.simulators.live_resolver import live_resolver

HTTP_LISTENERS = ("public", "https", "manage", "sml", "resolver")
NOT_EXEMPT: dict[str, Any] = {"rate_exempt_networks": ()}
_LAST_ANSWER = re.compile(rb"^connection: close\r$", re.IGNORECASE | re.MULTILINE)
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


@dataclass(frozen=True, slots=True)
class Target:
    """A listener, and a request line and headers that it answers with something else than a refusal of the protocol."""

    name: str
    host: str
    port: int
    context: ssl.SSLContext | None
    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()

    def connect(self, source: str = "127.0.0.1", timeout: float = 10, *, tls: bool = True) -> socket.socket:
        """A connection from an address; behind TLS shaken hands on, unless told otherwise."""
        connection = socket.create_connection((self.host, self.port), timeout, source_address=(source, 0))
        if self.context is None or not tls:
            return connection
        try:
            return self.context.wrap_socket(connection, server_hostname=self.host)
        except BaseException:
            connection.close()
            raise

    def exchange(self, *parts: bytes, source: str = "127.0.0.1", timeout: float = 10) -> bytes:
        """All that is answered until the listener closes or resets, or nothing comes for `timeout` seconds."""
        received = bytearray()
        with (
            contextlib.suppress(ConnectionError, ssl.SSLError, TimeoutError),
            self.connect(source, timeout) as connection,
        ):
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                for part in parts:
                    connection.sendall(part)
            while data := connection.recv(65_536):
                received += data
                if self.context is not None and _LAST_ANSWER.search(received):
                    # A listener can't say over TLS that it ends, and listens for a while: we end, and read on.
                    with contextlib.suppress(OSError):
                        socket.socket.shutdown(connection, socket.SHUT_WR)  # that of SSLSocket would end reading, too
        return bytes(received)

    def good(self) -> bytes:
        """A request that is answered, and asks to close."""
        return request("GET", "/nothing/here/now" if self.name != "resolver" else "/health")

    def is_answered(self, source: str, within_s: float = 5) -> bool:
        """Whether an honest client gets its answer in time."""
        begin = time.monotonic()
        while time.monotonic() - begin < within_s:
            raw = self.exchange(self.good(), source=source, timeout=within_s)
            if statuses(raw) in ([200], [404]):
                return time.monotonic() - begin < within_s
        return False


def statuses(raw: bytes) -> list[int]:
    """The status codes of all answers in what a listener sent."""
    return [int(code) for code in _STATUS.findall(raw)]


def heads(raw: bytes) -> list[list[bytes]]:
    """The header lines of all answers, without the status lines, in lower case."""
    found = []
    for start in _STATUS.finditer(raw):
        head = raw[start.start() :].partition(b"\r\n\r\n")[0]
        found.append(head.lower().split(b"\r\n")[1:])
    return found


@contextlib.contextmanager
def all_targets(folder: Path, pki: DemoPki, **settings: Any) -> Iterator[dict[str, Target]]:
    """Every HTTP listener of the product, running with these settings; two instances, since one speaks HTTPS."""
    files = pki.write(folder / "tls")
    certificate = {"tls_cert": files.tls_certificate, "tls_key": files.tls_key}
    https = {f"public_{name}": value for name, value in certificate.items()}
    with (
        live_instance(_made(folder / "plain"), pki, **settings) as plain,
        live_instance(_made(folder / "https"), pki, **settings, **https) as secure,
        live_resolver(plain, **settings) as resolver,
    ):
        assert plain.addresses.sml is not None
        trusting = ssl.create_default_context(cafile=str(files.root))
        path = participant_path(demo_metadata(pki.access_points)[0].participant)
        token = (("Authorization", f"Bearer {Manager(plain).token}"),)
        soap = (("Content-Type", "text/xml"),)
        yield {
            "public": _target("public", plain.addresses.public, None, "GET", path),
            "https": _target("https", secure.addresses.public, trusting, "GET", path),
            "manage": _target("manage", plain.addresses.manage, None, "PUT", path, token),
            "sml": _target(
                "sml", plain.addresses.sml, plain.client_context(plain.files.smp), "POST", PARTICIPANTS, soap
            ),
            "resolver": _target("resolver", resolver, None, "GET", "/resolve?participant=x"),
        }


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _target(
    name: str,
    url: str,
    context: ssl.SSLContext | None,
    method: str,
    path: str,
    headers: tuple[tuple[str, str], ...] = (),
) -> Target:
    address = urlsplit(url)
    assert address.hostname is not None
    assert address.port is not None
    return Target(name, address.hostname, address.port, context, method, path, headers)


# Floods and dawdlers


def addresses(number: int, network: int = 1) -> list[str]:
    """So many addresses of this machine."""
    return [f"127.{network}.{index // 250}.{index % 250 + 1}" for index in range(number)]


def room_for_files(wanted: int) -> int:
    """How many files this process may have open, after it has asked for as many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return max(soft, most)


@contextlib.contextmanager
def idle_connections(host: str, port: int, number: int, sources: Sequence[str]) -> Iterator[list[socket.socket]]:
    """So many connections that say nothing, begun at once; those that the listener doesn't take yet wait."""
    opened: list[socket.socket] = []
    try:
        for index in range(number):
            connection = socket.socket()
            opened.append(connection)
            connection.setblocking(False)
            connection.setsockopt(socket.SOL_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT: ports are chosen when connecting
            connection.bind((sources[index % len(sources)], 0))
            found = connection.connect_ex((host, port))
            assert found in {0, errno.EINPROGRESS, errno.ECONNREFUSED}, found
        yield opened
    finally:
        for connection in opened:
            connection.close()


async def dawdle(host: str, port: int, data: bytes, source: str, pause_s: float = 0.05) -> float:
    """Send data octet by octet, the last one again and again, until the other side ends; how long it took."""
    begin = time.monotonic()
    reader, writer = await asyncio.open_connection(host, port, local_addr=(source, 0))
    ended = asyncio.ensure_future(reader.read())
    position = 0
    try:
        while not (await asyncio.wait({ended}, timeout=pause_s))[0]:
            writer.write(data[position : position + 1] or data[-1:])
            position += 1
    finally:
        with contextlib.suppress(ConnectionError):
            ended.cancel() if not ended.done() else ended.exception()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
    return time.monotonic() - begin


def resident_bytes() -> int:
    """The memory of this process that is in use."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize()


def live_of(folder: Path, pki: DemoPki, **settings: Any) -> contextlib.AbstractContextManager[LiveInstance]:
    """One running instance, whose clients on this machine have limits."""
    return live_instance(_made(folder), pki, **(NOT_EXEMPT | settings))
