# SPDX-License-Identifier: Apache-2.0
"""A public name that leads to one of two systems, and clients that look up by it all the time.

The name is a port of this machine whose connections go to the port that a file has: a command can switch it, as an
operator's does. Old connections go on to where they went, as those of clients with an old answer of DNS do.
"""

import contextlib
import http.client
import select
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

_POLL_S = 0.1
# By another name first: whoever reads meanwhile must not find half of it.
_SWITCH = "import pathlib, sys; new = pathlib.Path(sys.argv[1] + sys.argv[2]); new.write_text(sys.argv[2]); "
_SWITCH += "new.replace(sys.argv[1])"


@dataclass(slots=True)
class PublicName:
    """The name: `port`, and the `file` that says where it leads."""

    port: int
    file: Path

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.port}"

    def lead_to(self, port: int) -> None:
        """Let new connections go there."""
        new = self.file.with_suffix(".new")
        new.write_text(str(port))
        new.replace(self.file)

    def command_to(self, port: int) -> str:
        """A command that does so."""
        return f"{sys.executable} -c '{_SWITCH}' {self.file} {port}"


@contextlib.contextmanager
def public_name(folder: Path, port: int) -> Iterator[PublicName]:
    """A name that leads to a port, while the block lasts."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        listening.settimeout(_POLL_S)
        name = PublicName(listening.getsockname()[1], folder / "public-name")
        name.lead_to(port)
        thread = threading.Thread(target=_accept, args=(listening, name.file, ended), name="public-name")
        thread.start()
        try:
            yield name
        finally:
            ended.set()
            thread.join()


def _accept(listening: socket.socket, file: Path, ended: threading.Event) -> None:
    threads: list[threading.Thread] = []
    while not ended.is_set():
        try:
            client, _ = listening.accept()
        except TimeoutError:
            continue
        client.settimeout(None)
        port = int(file.read_text())
        threads.append(threading.Thread(target=_forward, args=(client, port, ended), name="public-name-connection"))
        threads[-1].start()
        threads = [thread for thread in threads if thread.is_alive()]
    for thread in threads:
        thread.join()


def _forward(client: socket.socket, port: int, ended: threading.Event) -> None:
    with client, socket.create_connection(("127.0.0.1", port)) as server:
        back = threading.Thread(target=_copy, args=(server, client, ended), name="public-name-back")
        back.start()
        _copy(client, server, ended)
        back.join()


def _copy(source: socket.socket, target: socket.socket, ended: threading.Event) -> None:
    with contextlib.suppress(OSError):
        while not ended.is_set():
            if select.select([source], [], [], _POLL_S)[0]:
                data = source.recv(1 << 16)
                if not data:
                    break
                target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@dataclass(slots=True)
class Throughout:
    """Clients that look up throughout: how often they did, and what went wrong."""

    looked_up: int = 0
    wrong: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _ended: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def asking(self, ask: Callable[[int], str], threads: int = 2) -> Iterator["Throughout"]:
        """Call `ask` with 0, 1, … while the block lasts; it gives what is wrong, or nothing."""
        clients = [
            threading.Thread(target=self._ask, args=(ask, number, threads), name="client") for number in range(threads)
        ]
        for client in clients:
            client.start()
        try:
            yield self
        finally:
            self._ended.set()
            for client in clients:
                client.join()

    def _ask(self, ask: Callable[[int], str], number: int, step: int) -> None:
        while not self._ended.is_set():
            try:
                wrong = ask(number)
            except Exception as error:  # noqa: BLE001 — whatever a client meets is a failed look-up
                wrong = f"{type(error).__name__}: {error}"
            number += step
            with self._lock:
                self.looked_up += 1
                if wrong:
                    self.wrong.append(wrong)


def fetched(port: int, path: str) -> tuple[int, bytes]:
    """Status and body of a GET on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()
