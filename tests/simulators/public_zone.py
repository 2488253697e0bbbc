# SPDX-License-Identifier: Apache-2.0
"""A resolver for tests: it sends each query to the name server whose port a file has, which a command can switch."""

import contextlib
import select
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.simulators.public_name import PublicName

_POLL_S = 0.1
_PATIENCE_S = 5.0
_QUERY = 4096


@contextlib.contextmanager
def public_zone(folder: Path, port: int) -> Iterator[PublicName]:
    """A port for queries over UDP, which go to a name server at `port` until that is switched, or the block ends."""
    ended = threading.Event()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(_POLL_S)
        name = PublicName(listening.getsockname()[1], folder / "public-zone")
        name.lead_to(port)
        thread = threading.Thread(target=_answer, args=(listening, name.file, ended), name="public-zone")
        thread.start()
        try:
            yield name
        finally:
            ended.set()
            thread.join()


def _answer(listening: socket.socket, file: Path, ended: threading.Event) -> None:
    while not ended.is_set():
        try:
            query, client = listening.recvfrom(_QUERY)
        except TimeoutError:
            continue
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.sendto(query, ("127.0.0.1", int(file.read_text())))
            if select.select([asking], [], [], _PATIENCE_S)[0]:
                listening.sendto(asking.recv(_QUERY), client)
