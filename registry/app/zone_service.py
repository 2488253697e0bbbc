# SPDX-License-Identifier: Apache-2.0
"""Brings what is committed into DNS: stamps serials, and serves the zones where this process does DNS."""

import asyncio
import contextlib
import gc
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import structlog

from registry.app.sockets import DNS_TCP, DNS_UDP, Sockets
from registry.dns.journal import ZonePublisher
from registry.dns.served_zone import ServedZone
from registry.dns.server import DnsServer
from registry.dns.snapshot import WORTH_NAMES, Snapshots
from registry.errors import RegistryError
from registry.storage.engine import Database
from registry.storage.queries.zones import ZoneRow
from registry.telemetry import DnsMetrics, new_request_id, zone_lag_seconds
from registry.waiting import wait_within

_REST_S = 0.1
"""Between two rounds, so that what many write in this time is stamped, read and taken over together."""
_LARGE = 100_000  # names of a zone

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ZoneStatus:
    """How far this process is: the age in seconds of the oldest change without a serial, and zones that it can't serve.

    `seen_at` is when it looked last with success, by `time.monotonic`.
    """

    lag_s: float
    unreadable: tuple[str, ...]
    seen_at: float


class ZoneService:
    """Publishes zones until it is stopped; `dns` answers from them where there are sockets for it.

    Without those it only stamps, as a process that writes to the journal can't know whether one with DNS runs.
    """

    def __init__(
        self,
        database: Database,
        dns: DnsServer,
        sockets: Sockets,
        tick_s: float,
        *,
        snapshots: Snapshots | None = None,
        stamped: Callable[[], None] = lambda: None,
        publish_interval_s: Callable[[int], float] = lambda _: 0.0,
        serves: Callable[[ZoneRow], bool] = lambda _: True,
    ) -> None:
        self._database = database
        self._dns = dns
        self._sockets = sockets
        self._tick_s = tick_s
        self._snapshots = snapshots
        self.name = f"{socket.gethostname()[:27]}:{new_request_id()}"
        """Of the publisher that stamps."""
        self._publisher = ZonePublisher(
            database,
            self.name,
            snapshots=snapshots,
            stamped=self._note,
            publish_interval_s=publish_interval_s,
            serves=serves,
        )
        self._metrics = DnsMetrics()
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self.publishing = asyncio.Lock()
        """Held from the stamp of a serial until it is served here."""
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.status = ZoneStatus(0.0, (), time.monotonic())
        self._stamped = stamped
        self._has_stamped = False
        self.address = ""

    @property
    def _serves(self) -> bool:
        return DNS_UDP in self._sockets

    @property
    def silent_s(self) -> float:
        """Seconds since it looked last with success."""
        return time.monotonic() - self.status.seen_at

    async def start(self) -> None:
        """Answer queries for what is committed now; returns when it does."""
        await self._publish()
        if self._serves:
            host, port = await self._dns.start_on(self._sockets[DNS_UDP], self._sockets[DNS_TCP])
            self.address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            if self._snapshots is not None:
                self._tasks.append(self._loop.create_task(self._keep_snapshots(self._snapshots), name="zone-snapshots"))
        self._tasks.append(self._loop.create_task(self._keep_publishing(), name="zones"))

    async def stop(self) -> None:
        """Answer no more, and let another process stamp."""
        # Not cancelled: a look at the journal runs in a thread, which would go on with a database that is closed.
        self._stopping.set()
        self._wake.set()
        for task in self._tasks:
            await task
        await self._dns.close()
        with contextlib.suppress(RegistryError):  # the lease runs out by itself
            await asyncio.to_thread(self._publisher.release)

    def wake(self) -> None:
        """Look at the journal now; may be called from any thread."""
        if self._wake.is_set():  # each commit calls this
            return
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody serves any more
            self._loop.call_soon_threadsafe(self._wake.set)

    def _note(self) -> None:
        self._has_stamped = True

    async def wait_until_published(self) -> None:
        """Return once DNS serves everything that is committed now, even if another process has to stamp it."""
        while await self._publish() > 0:  # noqa: ASYNC110 — another process, not an event of this loop
            await asyncio.sleep(self._tick_s)  # the lease of a process that died has to run out

    async def _keep_publishing(self) -> None:
        while True:
            await wait_within(self._tick_s, self._wake)
            self._wake.clear()
            if self._stopping.is_set():
                return
            try:
                await self._publish()
            except Exception as error:  # whatever it was, the next change must get its chance
                expected = isinstance(error, RegistryError)
                log.error("zone_publishing_failed", reason=str(error), exc_info=not expected)  # noqa: TRY400
            await wait_within(_REST_S, self._stopping)

    async def _keep_snapshots(self, snapshots: Snapshots) -> None:
        while not self._stopping.is_set():
            try:
                for zone_id in (zone_id for zone_id, size in self._publisher.served().items() if size >= WORTH_NAMES):
                    await asyncio.to_thread(snapshots.write, self._database, zone_id, self._stopping.is_set)
            except Exception as error:  # a start from the database is slower, and as good
                expected = isinstance(error, RegistryError)
                log.error("zone_snapshot_failed", reason=str(error), exc_info=not expected)  # noqa: TRY400
            await wait_within(snapshots.every_s, self._stopping)

    async def _publish(self) -> float:
        """Bring the served zones up to date; returns the age in seconds of what still waits for its serial."""
        async with self.publishing:
            news = await asyncio.to_thread(self._publisher.tick, serve=self._serves)
            for zone in news.begun:
                self._dns.add_zone(zone)
            for name in news.ended:
                self._dns.remove_zone(name)
            _spare_collector(news.begun)
            for update in news.updates:
                update.zone.show(update.version)
                while update.zone.settle():  # noqa: ASYNC110 — it isn't waited for but worked for, in parts
                    await asyncio.sleep(0)
        if self._has_stamped:
            self._has_stamped = False
            self._stamped()  # now, since who is told of a serial asks for it at once, and isn't to get the one before
        self._metrics.update(self._dns.counters.rcodes, self._dns.counters.rate_limited)
        zone_lag_seconds.set(news.lag_s)
        self.status = ZoneStatus(news.lag_s, tuple(sorted(news.unreadable)), time.monotonic())
        return news.lag_s


def _spare_collector(begun: Iterable[ServedZone]) -> None:
    """Let Python search for garbage without large zones: 30 ms a million names each time, in which nobody answers."""
    if any(zone.size >= _LARGE for zone in begun):
        gc.collect()
        gc.freeze()
