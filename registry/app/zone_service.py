# SPDX-License-Identifier: Apache-2.0
"""Brings what is committed into DNS: stamps serials, and serves the zones where this process does DNS."""

import asyncio
import contextlib
import socket
import time
from dataclasses import dataclass

import structlog

from registry.app.sockets import DNS_TCP, DNS_UDP, Sockets
from registry.dns.journal import ZonePublisher
from registry.dns.server import DnsServer
from registry.errors import RegistryError, ValidationError
from registry.storage.engine import Database
from registry.telemetry import DnsMetrics, new_request_id, zone_lag_seconds

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

    def __init__(self, database: Database, dns: DnsServer, sockets: Sockets, tick_s: float) -> None:
        self._dns = dns
        self._sockets = sockets
        self._tick_s = tick_s
        self._publisher = ZonePublisher(database, f"{socket.gethostname()[:27]}:{new_request_id()}")
        self._metrics = DnsMetrics()
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._turn = asyncio.Lock()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._refused: dict[str, str] = {}
        self.status = ZoneStatus(0.0, (), time.monotonic())
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
        self._task = self._loop.create_task(self._keep_publishing(), name="zones")

    async def stop(self) -> None:
        """Answer no more, and let another process stamp."""
        # Not cancelled: a look at the journal runs in a thread, which would go on with a database that is closed.
        self._stopping = True
        self._wake.set()
        if self._task is not None:
            await self._task
        await self._dns.close()
        with contextlib.suppress(RegistryError):  # the lease runs out by itself
            await asyncio.to_thread(self._publisher.release)

    def wake(self) -> None:
        """Look at the journal now; may be called from any thread."""
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody serves any more
            self._loop.call_soon_threadsafe(self._wake.set)

    async def wait_until_published(self) -> None:
        """Return once DNS serves everything that is committed now, even if another process has to stamp it."""
        while await self._publish() > 0:  # noqa: ASYNC110 — another process, not an event of this loop
            await asyncio.sleep(self._tick_s)  # the lease of a process that died has to run out

    async def _keep_publishing(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._tick_s)
            self._wake.clear()
            if self._stopping:
                return
            try:
                await self._publish()
            except Exception as error:  # whatever it was, the next change must get its chance
                expected = isinstance(error, RegistryError)
                log.error("zone_publishing_failed", reason=str(error), exc_info=not expected)  # noqa: TRY400

    async def _publish(self) -> float:
        """Bring the served zones up to date; returns the age in seconds of what still waits for its serial."""
        async with self._turn:
            news = await asyncio.to_thread(self._publisher.tick, serve=self._serves)
            for zone in news.begun:
                self._dns.add_zone(zone)
            for update in news.updates:
                try:
                    update.apply()
                    self._refused.pop(update.zone.name, None)
                except ValidationError as error:
                    # That zone stays as it was; the others go on.
                    self._refused[update.zone.name] = str(error)
                    log.error("zone_update_refused", zone=update.zone.name, reason=str(error))  # noqa: TRY400
        self._metrics.update(self._dns.counters.rcodes, self._dns.counters.rate_limited)
        zone_lag_seconds.set(news.lag_s)
        unreadable = tuple(sorted({*news.unreadable, *self._refused}))
        self.status = ZoneStatus(news.lag_s, unreadable, time.monotonic())
        return news.lag_s
