# SPDX-License-Identifier: Apache-2.0
"""A proxy for TCP that ends connections in the middle of what the server says, as often as it is told to."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

_CHUNK = 4096
_POLL_S = 0.2


class CuttingProxy:
    """Forwards connections to a port of this machine. `cut` says how the next ones end."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(_POLL_S)
        self.port: int = self._listening.getsockname()[1]
        self._cuts: list[tuple[int, Callable[[], None]]] = []
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._accept, name="cutting-proxy")]
        self.was_cut = 0

    def cut(self, after: int, then: Callable[[], None] = lambda: None) -> None:
        """Let one connection end, the next that gets so far, after so many octets from the server; then do that."""
        with self._lock:
            self._cuts.append((after, then))

    @contextlib.contextmanager
    def running(self) -> Iterator["CuttingProxy"]:
        """Forward while the block lasts."""
        self._threads[0].start()
        try:
            yield self
        finally:
            self._ended.set()
            for thread in self._threads:
                thread.join()
            self._listening.close()

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                client, _ = self._listening.accept()
            except TimeoutError:
                continue
            thread = threading.Thread(target=self._forward, args=(client,), name="cutting-proxy-connection")
            self._threads.append(thread)
            thread.start()

    def _forward(self, client: socket.socket) -> None:
        with client:
            server = socket.socket()
            server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 14)  # what it holds back is not sent
            with server, contextlib.suppress(OSError):
                server.connect(("127.0.0.1", self._target))
                back = threading.Thread(target=self._copy, args=(client, server), name="cutting-proxy-back")
                back.start()
                try:
                    self._answer(server, client)
                finally:
                    for each in (server, client):
                        with contextlib.suppress(OSError):
                            each.shutdown(socket.SHUT_RDWR)
                    back.join()

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        sent = 0
        server.settimeout(_POLL_S)
        while not self._ended.is_set():
            try:
                data = server.recv(_CHUNK)
            except TimeoutError:
                continue
            if not data:
                return
            client.sendall(data)
            sent += len(data)
            with self._lock:
                due = next((each for each in self._cuts if each[0] <= sent), None)
                if due is not None:
                    self._cuts.remove(due)
            if due is not None:
                self.was_cut += 1
                due[1]()
                return

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        source.settimeout(_POLL_S)
        with contextlib.suppress(OSError):
            while not self._ended.is_set():
                try:
                    data = source.recv(_CHUNK)
                except TimeoutError:
                    continue
                if not data:
                    target.shutdown(socket.SHUT_WR)
                    return
                target.sendall(data)
