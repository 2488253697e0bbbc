# SPDX-License-Identifier: Apache-2.0
"""Runs an instance: public, management and SML listeners, the DNS server, and the zone publisher, in one event loop."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from registry.api.app import DomainHealth, management_app
from registry.api.publishing import PublishingApp
from registry.app.health import health_of
from registry.app.instance import Instance
from registry.app.limits import limits_of
from registry.app.public_tls import lacks_certificate, open_public_tls
from registry.clock import Clock, system_clock
from registry.dns.journal import ZonePublisher
from registry.dns.server import DnsServer
from registry.errors import ConfigurationError, RegistryError, ValidationError
from registry.listeners.server import Listener
from registry.listeners.tls import ReloadingContext, server_context
from registry.settings import Settings
from registry.sml.soap import SmlSoapApp
from registry.smp.http import SmpReadApp
from registry.storage.document_reader import open_document_reader
from registry.telemetry import DnsMetrics, new_request_id, zone_lag_seconds

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a running instance listens; `sml` is None where it has no TLS certificate for that listener."""

    public: str
    manage: str
    sml: str | None
    dns: str


class Serving:
    """A running instance. `ready` runs once everything listens, with the instance and its addresses."""

    def __init__(self, settings: Settings, clock: Clock = system_clock) -> None:
        self._settings = settings
        self._clock = clock
        self._wake = asyncio.Event()
        self._stopping = False
        self._publishing = asyncio.Lock()
        self._listeners: list[Listener] = []
        self._public_tls: ReloadingContext | None = None
        self._sml_app: SmlSoapApp
        self._loop = asyncio.get_running_loop()
        self.instance = Instance.open(settings, clock, self._wake_publisher)
        self._generation = self.instance.directory.generation
        self.dns = DnsServer()
        self._dns_metrics = DnsMetrics()
        self._publisher = ZonePublisher(self.instance.database, f"{socket.gethostname()[:27]}:{new_request_id()}")
        self._reader = open_document_reader(self.instance.database)
        instance = self.instance
        self._read_app = SmpReadApp(instance.directory, self._reader, instance.signer, instance.business_cards, clock)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Addresses]:
        """Listen on every address; inside the block everything answers. Stops in order at its end.

        Raises ConfigurationError when an address can't be had; then nothing stays open.
        """
        settings = self._settings
        listeners = self._listeners
        tasks: list[asyncio.Task[None]] = []
        try:
            await self._publish_zones()
            dns_host, dns_port = await self.dns.start(settings.dns_bind.host, settings.dns_bind.port)
            self._public_tls = open_public_tls(settings, self._clock)
            public = self._listener("public", self._read_app, settings.public_bind, self._public_tls)
            listeners.append(public)
            manage = self._listener(
                "manage",
                self._management_app(),
                settings.manage_bind,
                _tls("manage", settings.manage_tls_cert, settings.manage_tls_key),
            )
            listeners.append(manage)
            sml = self._sml_listener()
            if sml is not None:
                listeners.append(sml)
            tasks = [asyncio.create_task(listener.serve(), name=listener.name) for listener in listeners]
            tasks.append(asyncio.create_task(self._keep_publishing(), name="zones"))
            self._warn_of_certificates()
            watching = self._loop.create_task(self._watch_certificates(), name="certificates")
            dns = f"[{dns_host}]:{dns_port}" if ":" in dns_host else f"{dns_host}:{dns_port}"
            try:
                yield Addresses(public.url, manage.url, sml.url if sml else None, dns)
            finally:
                watching.cancel()
        finally:
            await asyncio.gather(*(listener.stop(settings.shutdown_grace_s) for listener in listeners))
            # Not cancelled: a look at the journal runs in a thread, which would go on with a database that is closed.
            self._stopping = True
            self._wake.set()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.dns.close()
            await asyncio.to_thread(self._publisher.release)
            self._reader.close()
            self.instance.close()

    def _listener(self, name: str, app: object, bind: tuple[str, int], tls: ReloadingContext | None) -> Listener:
        return Listener(name, app, bind, limits_of(self._settings), tls)

    def _management_app(self) -> object:
        instance = self.instance
        publishing = PublishingApp(
            instance.database,
            instance.directory,
            instance.publishing,
            instance.signer,
            instance.business_cards,
            self._read_app,
        )
        return management_app(publishing, self._health)

    def _health(self) -> list[DomainHealth]:
        return [
            health.model_copy(update={"lacks": [*health.lacks, *self._lacks_certificate(health.name)]})
            for health in health_of(self.instance)
        ]

    def _lacks_certificate(self, name: str) -> list[str]:
        domain = self.instance.directory.get(name).domain
        return lacks_certificate(self._settings, self._public_tls, domain, self._clock())

    def _warn_of_certificates(self) -> None:
        for stored in self.instance.directory.all():
            for reason in self._lacks_certificate(stored.domain.name):
                log.warning("certificate_lacking", domain=stored.domain.name, reason=reason)

    def _sml_listener(self) -> Listener | None:
        settings = self._settings
        if settings.sml_tls_cert is None or settings.sml_tls_key is None:
            if self.instance.directory.with_sml():
                log.warning("sml_not_served", reason="REGISTRY_SML_TLS_CERT and _KEY are not set")
            return None
        tls = server_context(
            str(settings.sml_tls_cert),
            str(settings.sml_tls_key),
            client_anchors_pem=self._client_anchors,
            listener="sml",
            clock=self._clock,
        )
        listener = self._listener("sml", self._answer_sml, settings.sml_bind, tls)
        # Its WSDL tells the address, which is known only now where the system chose the port.
        self._sml_app = SmlSoapApp(
            self.instance.sml,
            public_url=settings.sml_public_url or f"{listener.url}/edelivery-sml",
            icd_status_codes=settings.sml_icd_status_codes,
        )
        return listener

    async def _answer_sml(self, scope: Any, receive: Any, send: Any) -> None:
        await self._sml_app(scope, receive, send)

    def _client_anchors(self) -> str:
        """Every anchor that some domain accepts for SML clients; which domain accepts whom is decided per call."""
        models = (self.instance.trust_models.of(stored.domain) for stored in self.instance.directory.with_sml())
        return "".join(dict.fromkeys(model.client_anchors_pem() for model in models))

    async def refresh(self) -> None:
        """Take over domains that were added or changed."""
        directory = self.instance.directory
        await asyncio.to_thread(directory.refresh)
        if directory.generation != self._generation:
            self._generation = directory.generation
            self._read_app.refresh_domains()
            self.reload_certificates()  # the anchors of the SML's clients are the domains'
            self._warn_of_certificates()

    def reload_certificates(self) -> None:
        """Read the TLS certificates and keys again; a listener whose files are bad goes on with what it has."""
        self._reload(Listener.reload_certificates)

    async def _watch_certificates(self) -> None:
        while True:
            await asyncio.sleep(self._settings.tls_check_s)
            try:
                self._reload(Listener.reload_changed_certificates)
            except Exception:  # whatever it was, the next renewal must get its chance
                log.exception("certificates_not_reloaded")

    def _reload(self, how: Callable[[Listener], None]) -> None:
        for listener in self._listeners:
            try:
                how(listener)
            except ConfigurationError as error:
                log.error("certificates_not_reloaded", listener=listener.name, reason=str(error))  # noqa: TRY400

    async def wait_until_published(self) -> None:
        """Return once DNS serves everything that is committed now, even if another process has to stamp it."""
        while await self._publish_zones() > 0:  # noqa: ASYNC110 — another process, not an event of this loop
            await asyncio.sleep(self._settings.dns_tick_s)  # the lease of a process that died has to run out

    def _wake_publisher(self) -> None:
        # Called from worker threads after a commit.
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody serves any more
            self._loop.call_soon_threadsafe(self._wake.set)

    async def _keep_publishing(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._settings.dns_tick_s)
            self._wake.clear()
            if self._stopping:
                return
            try:
                await self._publish_zones()
                await self.refresh()
            except Exception as error:  # whatever it was, the next change must get its chance
                expected = isinstance(error, RegistryError)
                log.error("zone_publishing_failed", reason=str(error), exc_info=not expected)  # noqa: TRY400

    async def _publish_zones(self) -> float:
        """Bring the served zones up to date; returns the age in seconds of what still waits for its serial."""
        async with self._publishing:
            news = await asyncio.to_thread(self._publisher.tick)
            for zone in news.begun:
                self.dns.add_zone(zone)
            for update in news.updates:
                try:
                    update.apply()
                except ValidationError as error:
                    # That zone stays as it was; the others go on.
                    log.error("zone_update_refused", zone=update.zone.name, reason=str(error))  # noqa: TRY400
        self._dns_metrics.update(self.dns.counters.rcodes)
        zone_lag_seconds.set(news.lag_s)
        return news.lag_s


def _tls(listener: str, certificate: Path | None, key: Path | None) -> ReloadingContext | None:
    return server_context(str(certificate), str(key), listener=listener) if certificate and key else None
