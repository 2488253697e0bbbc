# SPDX-License-Identifier: Apache-2.0
"""Servers that we did not write, as processes of a test: started, waited for, and ended with it."""

import contextlib
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_START_S = 20
_STOP_S = 10


def free_ports(number: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody uses; all at once, so that they differ."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(number)]
        return [opened.getsockname()[1] for opened in sockets]


@contextlib.contextmanager
def running(
    command: Sequence[str | Path], log: Path, ports: Sequence[int], environment: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Run a program while the block lasts, which begins when it accepts connections on all ports of 127.0.0.1.

    What it says goes to the file `log`, and into the error where it doesn't start.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
        try:
            deadline = time.monotonic() + _START_S
            for port in ports:
                while not _accepts(port):
                    assert process.poll() is None, f"{command[0]} ended:\n{log.read_text()}"
                    assert time.monotonic() < deadline, f"{command[0]} doesn't listen on {port}:\n{log.read_text()}"
                    threading.Event().wait(0.02)
            yield
        finally:
            process.terminate()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
