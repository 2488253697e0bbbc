# SPDX-License-Identifier: Apache-2.0
"""Pushes zones to the primaries of others that domains name: a thread for each target, so that none waits for another.

Any number of processes may do so; at a target one is at work at a time.
"""

import contextlib
import threading
import time
from dataclasses import dataclass
from typing import Final

import structlog

from registry.dns.push.pusher import PushedZone, Pusher
from registry.dns.tsig_keys import TsigKeys
from registry.domains.zone_servers import PushTarget
from registry.errors import NotFoundError, RegistryError
from registry.storage.domain_directory import DomainDirectory, StoredDomain
from registry.storage.engine import Database
from registry.storage.queries import zone_pushes, zones
from registry.storage.queries.zone_pushes import ZonePushRow

_LOOK_S: Final = 0.2
"""Seconds between two looks at the serial of a zone, or at whether a target was taken over: nobody tells of these."""
_FIRST_WAIT_S: Final = 1.0
_LONGEST_WAIT_S: Final = 60.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PushView:
    """How a target is: our serial and the one of ours that it has, and what went wrong last."""

    domain: str
    server: str
    zone: str
    only_writer: bool
    serial: int
    row: ZonePushRow


def pushed_zone(stored: StoredDomain, target: PushTarget) -> PushedZone:
    """A target of a domain. Raises NotFoundError where the domain has no zone here."""
    if stored.zone_id is None:
        raise NotFoundError(f"the domain {stored.domain.name} has no zone here")
    return PushedZone(stored.zone_id, stored.domain.dns.zone, stored.id, target)


def push_views(database: Database, stored: StoredDomain) -> list[PushView]:
    """Every target of a domain, in the order of its settings."""
    views = []
    with database.read() as connection:
        for target in stored.domain.dns.push_to:
            pushed = pushed_zone(stored, target)
            serial = zones.by_id(connection, pushed.zone_id).serial
            row = zone_pushes.find(connection, pushed.zone_id, target.server, pushed.name)
            views.append(PushView(stored.domain.name, target.server, pushed.name, target.only_writer, serial, row))
    return views


class Pushes:
    """Has a thread for every target that a domain names. `tick` looks whether these have changed."""

    def __init__(self, database: Database, directory: DomainDirectory, keys: TsigKeys) -> None:
        self._database = database
        self._directory = directory
        self._keys = keys
        self._threads: dict[PushedZone, _PushThread] = {}

    def tick(self) -> bool:
        """Begin with new targets, and leave those that aren't wanted any more; False: there is no more to do."""
        wanted = {
            pushed_zone(stored, target)
            for stored in self._directory.all()
            if stored.zone_id is not None
            for target in stored.domain.dns.push_to
        }
        for pushed in self._threads.keys() - wanted:
            self._threads.pop(pushed).stop()
        for pushed in wanted - self._threads.keys():
            thread = self._threads[pushed] = _PushThread(Pusher(self._database, pushed, self._keys), pushed)
            thread.start()
        return False

    def stop(self) -> None:
        """Tell all threads to end after the part that they are at."""
        for thread in self._threads.values():
            thread.stop()

    def join(self, timeout_s: float) -> None:
        """Wait for them; those that wait for an answer are left behind."""
        for thread in self._threads.values():
            thread.join(timeout_s)


class _PushThread(threading.Thread):
    def __init__(self, pusher: Pusher, pushed: PushedZone) -> None:
        super().__init__(name=f"push-{pushed.target.server}", daemon=True)  # whatever hangs must not keep the process
        self._pusher = pusher
        self._pushed = pushed
        self._stopping = threading.Event()

    def stop(self) -> None:
        """End soon."""
        self._stopping.set()

    def run(self) -> None:
        wait_s, failure = _FIRST_WAIT_S, ""
        while not self._stopping.is_set():
            try:
                self._pusher.push(self._stopping.is_set)
            except Exception as error:  # whatever it was, there is a next time
                if str(error) != failure:  # once, and not every minute for as long as a server is gone
                    failure = str(error)
                    where = {"zone": self._pushed.name, "server": self._pushed.target.server}
                    log.error("push_failed", **where, reason=failure, exc_info=not isinstance(error, RegistryError))  # noqa: TRY400
                self._wait(wait_s)
                wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
            else:
                wait_s, failure = _FIRST_WAIT_S, ""
                self._stopping.wait(_LOOK_S)
        self._pusher.close()

    def _wait(self, seconds: float) -> None:
        """Wait, but no longer than until somebody has taken the target over, or has brought it on."""
        until, left = time.monotonic() + seconds, self._state()
        while time.monotonic() < until and self._state() == left:
            if self._stopping.wait(_LOOK_S):
                return

    def _state(self) -> object:
        """What changes where it is worth to try again; not when somebody tried in vain."""
        with contextlib.suppress(Exception):  # a database that is away is no reason to end
            known = self._pusher.known()
            return known.serial, known.soa, known.failure, known.position
        return None
