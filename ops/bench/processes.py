# SPDX-License-Identifier: Apache-2.0
"""Servers in processes of their own, each with a core of its own where there are two, and their CPU time.

CPU time of the server is the figure that counts: how long something took by the clock depends on who else is at work.
"""

import asyncio
import contextlib
import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[2]


def cores() -> tuple[int | None, int | None]:
    """The core of the server and that of the client; None where there is only one for both."""
    usable = sorted(os.sched_getaffinity(0))
    return (usable[-1], usable[0]) if len(usable) > 1 else (None, None)


@contextlib.contextmanager
def pinned(core: int | None) -> Iterator[None]:
    """Run the block on one core."""
    before = os.sched_getaffinity(0)
    if core is not None:
        os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class ServerProcess:
    """A running server of this folder's scripts, which said its port and tells what it used when asked."""

    def __init__(self, pid: int, stdin: IO[str], stdout: IO[str]) -> None:
        self.pid = pid
        self._stdin = stdin
        self._stdout = stdout
        self.port = int(stdout.readline())

    def usage(self) -> tuple[float, int]:
        """The CPU seconds of all its threads, and its answers, until now."""
        self._stdin.write("\n")
        self._stdin.flush()
        cpu, answers = json.loads(self._stdout.readline())
        return cpu, answers


@contextlib.contextmanager
def server_process(script: str, *arguments: str, core: int | None) -> Iterator[ServerProcess]:
    """Run a script that calls `serve_until_told`; it ends with the block."""
    path = os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))
    with subprocess.Popen(
        [sys.executable, script, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    ) as child:
        if core is not None:
            os.sched_setaffinity(child.pid, {core})
        assert child.stdin is not None  # noqa: S101 — asked for above
        assert child.stdout is not None  # noqa: S101
        yield ServerProcess(child.pid, child.stdin, child.stdout)
        child.stdin.close()


async def serve_until_told(port: int, answered: Callable[[], int] = int) -> None:
    """The other side: print the port, and `usage` for each line read; return when standard input ends.

    What the start has made is never looked through again for cycles, as in the command (`registry.cli.serve`).
    """
    gc.freeze()
    loop = asyncio.get_running_loop()
    ended = loop.create_future()

    def answer() -> None:
        if sys.stdin.readline():
            print(json.dumps([time.process_time(), answered()]), flush=True)
        else:
            loop.remove_reader(sys.stdin)
            ended.set_result(None)

    loop.add_reader(sys.stdin, answer)
    print(port, flush=True)
    await ended
