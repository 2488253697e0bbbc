# SPDX-License-Identifier: Apache-2.0
"""`registry serve --workers N`: a supervisor, and the processes that do its work on sockets that it has bound.

The supervisor serves nothing. It starts a process again that dies, passes SIGHUP on, and lets all end in order when it
is told to. A worker watches a pipe that only the supervisor holds open, so it ends with it, however that came about.
"""

import asyncio
import contextlib
import gc
import json
import os
import signal
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass

import structlog

from registry.app.instance import Instance
from registry.app.privileges import drop_privileges
from registry.app.roles import Role
from registry.app.serving import Addresses, Serving
from registry.app.signals import signals
from registry.app.sockets import Sockets, close_sockets, inherited_sockets, open_sockets, told_to_child
from registry.settings import Settings
from registry.telemetry import METRICS_FOLDER, forget_process
from registry.waiting import wait_within

_FIRST_RESTART_S = 0.2
_LAST_RESTART_S = 30.0
_STEADY_S = 60.0
"""A process that ran for so long died of something new."""
_KILL_AFTER_S = 5.0
"""How long after the grace for running requests a worker may take to end."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Orders:
    """What a worker is told: its sockets, and two inherited descriptors: one ends with the supervisor, one reports."""

    sockets: str
    lifeline: int
    report: int

    def to_text(self) -> str:
        """For the command line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> "Orders":
        """The reverse of `to_text`."""
        return cls(**json.loads(text))


async def run_worker(settings: Settings, roles: Collection[Role], orders: str) -> None:
    """Serve as a supervisor ordered, until it says so or is gone. Raises as `Serving`."""
    told = Orders.from_text(orders)
    loop = asyncio.get_running_loop()
    serving = Serving(settings, roles=roles, sockets=inherited_sockets(told.sockets))
    with signals(serving.reload_certificates) as stop:

        def supervisor_is_gone() -> None:  # nothing is ever written there: it is readable when it has ended
            loop.remove_reader(told.lifeline)
            stop.set()

        loop.add_reader(told.lifeline, supervisor_is_gone)
        async with serving.running() as addresses:
            gc.freeze()  # disabled by the command until here
            gc.enable()
            with contextlib.suppress(BrokenPipeError):
                os.write(told.report, json.dumps(asdict(addresses)).encode() + b"\n")
            os.close(told.report)
            await stop.wait()
        loop.remove_reader(told.lifeline)


class Supervisor:
    """Runs workers until it gets SIGTERM or SIGINT; calls `ready` once when all of them serve."""

    def __init__(
        self, settings: Settings, roles: Collection[Role], workers: int, ready: Callable[[Addresses], None]
    ) -> None:
        self._settings = settings
        self._roles = roles
        self._number = workers
        self._ready = ready
        self._running: dict[int, _Worker] = {}
        self._stop = asyncio.Event()
        self._sockets: Sockets
        self._lifeline = -1
        self._folder = ""

    async def run(self) -> int:
        """The exit code: 0, or that of the first worker where it can't even begin. Raises ConfigurationError."""
        self._sockets = open_sockets(self._settings, self._roles)
        drop_privileges(self._settings.run_as)
        # Once for all, and before them: so that they don't all try to migrate, or make the key, at the same time.
        Instance.open(self._settings).close()
        self._lifeline, held_open = os.pipe()
        with (
            tempfile.TemporaryDirectory(prefix="registry-metrics-") as self._folder,
            signals(self._reload) as self._stop,
        ):
            try:
                return await self._run_workers()
            finally:
                os.close(held_open)
                os.close(self._lifeline)
                close_sockets(self._sockets)

    async def _run_workers(self) -> int:
        first = await self._start(0)
        addresses = await first.ready
        if addresses is None and not self._stop.is_set():
            return await first.process.wait() or 1
        rest = [] if self._stop.is_set() else [await self._start(number) for number in range(1, self._number)]
        keeping = [asyncio.create_task(self._keep(number, worker)) for number, worker in enumerate([first, *rest])]
        await asyncio.gather(*(worker.ready for worker in rest))
        gc.enable()
        if addresses is not None and not self._stop.is_set():
            self._ready(addresses)
        await self._stop.wait()
        for worker in self._running.values():
            _send(worker.process, signal.SIGTERM)
        _, late = await asyncio.wait(keeping, timeout=self._settings.shutdown_grace_s + _KILL_AFTER_S)
        for worker in self._running.values() if late else ():
            log.error("worker_killed", pid=worker.process.pid)
            _send(worker.process, signal.SIGKILL)
        await asyncio.gather(*keeping)
        return 0

    async def _keep(self, number: int, worker: "_Worker") -> None:
        """Start a worker again whenever it ends, until all shall."""
        wait_s = _FIRST_RESTART_S
        while True:
            code = await worker.process.wait()
            del self._running[number]
            forget_process(self._folder, worker.process.pid)
            if self._stop.is_set():
                return
            ran_s = time.monotonic() - worker.started
            wait_s = _FIRST_RESTART_S if ran_s >= _STEADY_S else min(2 * wait_s, _LAST_RESTART_S)
            log.error("worker_died", worker=number, pid=worker.process.pid, code=code, restart_s=wait_s)
            await wait_within(wait_s, self._stop)
            if self._stop.is_set():
                return
            worker = await self._start(number)

    async def _start(self, number: int) -> "_Worker":
        reading, report = os.pipe()
        orders = Orders(told_to_child(self._sockets), self._lifeline, report)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "registry", "serve", "--only", ",".join(sorted(self._roles))),
            *("--worker", orders.to_text()),
            stdin=DEVNULL,
            stdout=DEVNULL,
            pass_fds=[self._lifeline, report, *(item.fileno() for item in self._sockets.values())],
            env=os.environ | {METRICS_FOLDER: self._folder},
        )
        os.close(report)
        worker = _Worker(process, time.monotonic(), asyncio.create_task(_addresses(reading)))
        self._running[number] = worker
        return worker

    def _reload(self) -> None:
        for worker in self._running.values():
            if worker.ready.done():  # before that it would die of the signal, and it reads them anyway
                _send(worker.process, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class _Worker:
    process: Process
    started: float
    ready: "asyncio.Task[Addresses | None]"
    """Where it listens, once it does; None where it ended before."""


async def _addresses(reading: int) -> Addresses | None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(reading, "rb", closefd=True)
    )
    line = await reader.readline()
    transport.close()
    return Addresses(**json.loads(line)) if line else None


def _send(process: Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(number)
