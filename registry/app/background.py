# SPDX-License-Identifier: Apache-2.0
"""The role `jobs`: threads that do jobs, ask for recurring ones, and seal the audit."""

import socket
import threading
import time
from collections.abc import Callable
from functools import partial

import structlog

from registry.app.directory_job import ask_for_jobs
from registry.app.instance import Instance
from registry.app.job_handlers import RECURRING, handlers
from registry.app.other_zones import other_zones
from registry.app.pushes import Pushes
from registry.audit.chain import seal
from registry.dns.observation import observe
from registry.dns.tsig_keys import TsigKeys
from registry.errors import RegistryError
from registry.jobs.schedule import Schedule
from registry.jobs.worker import Worker
from registry.settings import Settings
from registry.storage.unit_of_work import Topic

POLL_S = 1.0
"""Seconds between two looks for work where nobody tells of it."""
_SCHEDULE_S = 30.0
_SEAL_REST_S = 0.2
_OBSERVE_S = 60.0
_BEHIND_S = 2.0
"""Seconds between two looks at name servers of which one is behind."""
_AFTER_FAILURE_S = 5.0

log = structlog.get_logger(__name__)


class Background:
    """Works from `start` to `stop`. `changed` may be called from any thread."""

    def __init__(self, instance: Instance, settings: Settings, *, poll_s: float = POLL_S) -> None:
        host = socket.gethostname()
        known = handlers(instance, settings)
        numbers = range(settings.job_workers)
        self._workers = [Worker(instance.database, known, f"{host}:{number}") for number in numbers]
        self._jobs = [_Loop(f"worker-{number}", item.run_one, poll_s) for number, item in enumerate(self._workers)]
        self._sealer = _Loop("audit-seal", lambda: bool(seal(instance.database)), poll_s, rest_s=_SEAL_REST_S)
        schedule = Schedule(instance.database, RECURRING)
        self._pushes = Pushes(instance.database, instance.directory, TsigKeys(settings.dns_key_dir))
        self._loops = [
            *self._jobs,
            self._sealer,
            _Loop("schedule", lambda: bool(schedule.tick()), _SCHEDULE_S),
            _Loop("name-servers", partial(_observe, instance, settings), _OBSERVE_S, rest_s=_BEHIND_S),
            _Loop("pushes", self._pushes.tick, poll_s),
            _Loop("directories", partial(ask_for_jobs, instance), poll_s),
        ]

    def start(self) -> None:
        """Begin to work."""
        for loop in self._loops:
            loop.start()

    def changed(self, topics: frozenset[Topic]) -> None:
        """Look now, if it was about this that something has changed."""
        if Topic.JOBS in topics:
            for loop in self._jobs:
                loop.wake()
        if Topic.EVENTS in topics:
            self._sealer.wake()

    def stop(self, grace_s: float) -> None:
        """Give back the jobs that are at work, and wait for that for so long; who can't stop loses its job later."""
        for worker in self._workers:
            worker.stop()
        for loop in self._loops:
            loop.stop()
        self._pushes.stop()
        deadline = time.monotonic() + grace_s
        for loop in self._loops:
            loop.join(max(deadline - time.monotonic(), 0.1))
            if loop.is_alive():
                log.warning("background_not_stopped", thread=loop.name)
        self._pushes.join(max(deadline - time.monotonic(), 0.1))


def _observe(instance: Instance, settings: Settings) -> bool:
    """Not a job: once a minute would be more rows and events than all that it finds.

    As long as a server is behind, it is asked soon again: since when it shows a change is known as precisely.
    """
    others = other_zones(instance, settings)
    return any(each.behind for each in observe(instance.database, instance.directory.all(), others=others))


class _Loop(threading.Thread):
    """Calls `work` as long as that says there is more, then when it is woken, or a while has passed.

    `rest_s` is how long to wait after each call, so that what comes one by one is done together.
    """

    def __init__(self, name: str, work: Callable[[], bool], poll_s: float, *, rest_s: float = 0.0) -> None:
        super().__init__(name=name, daemon=True)  # whatever hangs must not keep the process
        self._work = work
        self._poll_s = poll_s
        self._rest_s = rest_s
        self._woken = threading.Event()
        self._stopping = threading.Event()

    def wake(self) -> None:
        """Look again, now."""
        self._woken.set()

    def stop(self) -> None:
        """End after the present call."""
        self._stopping.set()
        self._woken.set()

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                more = self._work()
            except Exception as error:  # whatever it was, there is a next time
                expected = isinstance(error, RegistryError)
                log.error("background_failed", thread=self.name, reason=str(error), exc_info=not expected)  # noqa: TRY400
                self._stopping.wait(_AFTER_FAILURE_S)
                continue
            self._stopping.wait(self._rest_s)
            if not more:
                self._woken.wait(self._poll_s)
                self._woken.clear()
