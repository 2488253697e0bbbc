# SPDX-License-Identifier: Apache-2.0
"""Runs an instance in this process: the parts that its roles want, in one event loop, and whom a change concerns."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import structlog

from registry.app.api_context import api_context
from registry.app.background import Background
from registry.app.certificates import Certificates, reload_certificates
from registry.app.health import Probes
from registry.app.instance import Instance
from registry.app.limits import ListenerName, limits_of, snapshots_of, tcp_limits_of, udp_limits_of
from registry.app.lookups import open_public
from registry.app.management import open_management
from registry.app.other_zones import other_zones
from registry.app.publisher_api import publisher_api
from registry.app.roles import ALL_ROLES, Role
from registry.app.sml_admin import sml_admin_app, sml_admin_tls
from registry.app.sml_clients import SmlClients, proxy_rules_of
from registry.app.sml_liveness import SmlLiveness
from registry.app.sockets import Sockets, close_sockets, open_sockets
from registry.app.transfers import Transfers
from registry.app.zone_service import ZoneService
from registry.clock import Clock, system_clock
from registry.dns.notify import Notifier
from registry.dns.server import DnsServer
from registry.dns.signed_queries import SignedQueries
from registry.dns.tsig_keys import TsigKeys
from registry.errors import RegistryError
from registry.listeners.headers import management_headers
from registry.listeners.server import Listener
from registry.listeners.tls import ReloadingContext
from registry.settings import Settings
from registry.sml.admin_soap import AdminSoapApp
from registry.sml.publisher_api import PREFIX, PublisherApi
from registry.sml.repeats import keyed
from registry.sml.soap import SmlSoapApp
from registry.smp.http import SmpReadApp
from registry.storage.changes import ChangeListener
from registry.storage.document_cache import CacheLimits
from registry.storage.document_reader import open_document_reader
from registry.storage.engine import Actor
from registry.storage.unit_of_work import Topic
from registry.waiting import wait_within

_STAMPING = frozenset({Role.DNS, Role.SML, Role.JOBS})
"""Roles of which some process runs wherever an instance is whole: each of them sees to it that zones get serials."""
_THREADS = 40
"""For what blocks, above all on the database: requests wait there rather than compute."""
_TOLD_REFRESH_S = 2.0
"""Seconds between two looks at the domains where changes are told."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where this process listens; empty for roles that it doesn't have.

    `sml` is None where it has that role, but no TLS certificate for the listener.
    """

    public: str
    manage: str
    sml: str | None
    dns: str
    sml_plain: str = ""
    """Where proxies of the SML come."""
    sml_admin: str = ""
    """Where the admin service of the SML is, if it is anywhere."""


class Serving:
    """A running instance. Binds its addresses at once, so that who may bind needn't be who serves.

    `sockets` are those that other processes share. Raises ConfigurationError when an address can't be had or the
    database can't be used; then nothing stays open.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock = system_clock,
        *,
        roles: Collection[Role] = ALL_ROLES,
        sockets: Sockets | None = None,
    ) -> None:
        self._settings = settings
        self._roles = frozenset(roles)
        self._loop = asyncio.get_running_loop()
        self._zones: ZoneService | None = None
        self._sockets = open_sockets(settings, self._roles) if sockets is None else sockets
        try:
            self.instance = Instance.open(settings, clock, self._wake_publisher)
        except BaseException:
            close_sockets(self._sockets)
            raise
        instance = self.instance
        self._clock = clock
        self._generation = instance.directory.generation
        self._refreshing = asyncio.Lock()
        cache = CacheLimits(settings.document_cache_entries, settings.document_cache_mib * 1024 * 1024)
        self._reader = open_document_reader(instance.database, cache, lambda: self._changes.connected)
        self._read_app = SmpReadApp(instance.directory, self._reader, instance.signer, instance.business_cards, clock)
        self._public_app = open_public(settings, instance, self._read_app)
        self._tls = Certificates(settings, instance, clock)
        self._changes = ChangeListener(instance.database, self._changed)
        self._domains_changed = asyncio.Event()
        self._stopping = False
        self._background: Background | None = None
        self._listeners: list[Listener] = []
        self._sml_app: SmlSoapApp
        self._sml_admin_app: AdminSoapApp
        self._publisher_api: PublisherApi
        self._sml_clients: SmlClients | None = None
        self._tsig_keys = TsigKeys(settings.dns_key_dir)
        signed = self._signed = SignedQueries(self._tsig_keys, lambda: clock().timestamp())
        self._notifier: Notifier | None = None
        self._transfers = Transfers(
            instance.database, instance.directory, settings, signed.now, others=other_zones(instance, settings)
        )
        self.dns = DnsServer(
            udp=udp_limits_of(settings),
            tcp=tcp_limits_of(settings),
            signed=signed,
            desk=self._transfers,
            private=filter(None, [instance.catalog.name]),
        )

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Addresses]:
        """Start all parts; inside the block everything answers. Stops in order at its end: first what takes requests.

        Raises ConfigurationError for TLS files that can't be used.
        """
        self._loop.set_default_executor(ThreadPoolExecutor(_THREADS, thread_name_prefix="work"))
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(self.instance.close)
            stack.callback(self._changes.stop)
            stack.callback(self._reader.close)
            stack.callback(close_sockets, self._sockets)
            stack.push_async_callback(asyncio.to_thread, self._transfers.stop)
            if self._roles & _STAMPING:
                await asyncio.to_thread(self.instance.catalog.keep, Actor("catalog"))  # its setting may be new
                snapshots = snapshots_of(self._settings)
                self._zones = ZoneService(
                    self.instance.database,
                    self.dns,
                    self._sockets,
                    self._settings.dns_tick_s,
                    snapshots=snapshots,
                    stamped=self._wake_notifier,
                    publish_interval_s=self._transfers.publish_interval_s,
                    serves=self.instance.catalog.serves,
                )
                stack.push_async_callback(self._zones.stop)
                await self._zones.start()
                self._start_notifier(self._zones, stack)
            stack.push_async_callback(self._stop_work)
            addresses = self._open_listeners()
            serving = [asyncio.create_task(listener.serve(), name=listener.name) for listener in self._listeners]
            if Role.JOBS in self._roles:
                self._background = Background(self.instance, self._settings)
                self._background.start()
            stack.push_async_callback(asyncio.to_thread, self._changes.stop)
            await asyncio.to_thread(self._changes.start)
            self._tls.warn()
            refreshing = self._loop.create_task(self._keep_refreshing(), name="domains")
            watching = self._loop.create_task(self._watch_certificates(), name="certificates")
            try:
                yield addresses
            finally:
                # Not cancelled: a look at the domains runs in a thread, which would go on with a closed database.
                self._stopping = True
                self._domains_changed.set()
                watching.cancel()
                await asyncio.gather(refreshing, watching, return_exceptions=True)
        await asyncio.gather(*serving, return_exceptions=True)

    async def _stop_work(self) -> None:
        grace_s = self._settings.shutdown_grace_s
        stopping = [listener.stop(grace_s) for listener in self._listeners]
        if self._background is not None:
            stopping.append(asyncio.to_thread(self._background.stop, grace_s))
        await asyncio.gather(*stopping)

    def _start_notifier(self, zones: ZoneService, stack: contextlib.AsyncExitStack) -> None:
        notifier = self._notifier = Notifier(
            self.instance.database,
            zones.name,
            self._transfers.notified,
            self._tsig_keys,
            self._signed.now,
            publishing=zones.publishing,
        )
        task = self._loop.create_task(notifier.run(), name="notify")

        async def stop() -> None:
            notifier.stop()
            await task

        stack.push_async_callback(stop)

    def _wake_notifier(self) -> None:
        # Called from the thread that stamps.
        if self._notifier is not None:
            self._notifier.wake()

    # Listeners

    def _open_listeners(self) -> Addresses:
        public = manage = sml = None
        if Role.SMP in self._roles:
            public = self._listen("public", self._public_app, self._tls.public())
        if Role.MANAGE in self._roles:
            probes = Probes(self.instance, self._settings, self._tls, self._changes, self._zones)
            context = api_context(self.instance, settings=self._settings)
            url = self._settings.manage_public_url
            app = open_management(self.instance, self._read_app, probes, context, public_url=url)
            manage = self._listen("manage", app, self._tls.manage())
            if self._settings.sml_admin_bind is not None:
                self._open_sml_admin()
        if Role.SML in self._roles:
            sml = self._open_sml()
        return Addresses(
            public.url if public else "",
            manage.url if manage else "",
            sml.url if sml else None if Role.SML in self._roles else "",
            self._zones.address if self._zones else "",
            next((listener.url for listener in self._listeners if listener.name == "sml-plain"), ""),
            next((listener.url for listener in self._listeners if listener.name == "sml-admin"), ""),
        )

    def _listen(self, name: ListenerName, app: object, tls: ReloadingContext | None) -> Listener:
        headers = management_headers(tls=tls is not None) if name == "manage" else ()
        listener = Listener(name, app, self._sockets[name], limits_of(self._settings, name), tls, headers)
        self._listeners.append(listener)
        return listener

    def _open_sml(self) -> Listener | None:
        settings, instance = self._settings, self.instance
        trust_models, rules = instance.trust_models, proxy_rules_of(settings)
        clients = SmlClients(instance.database, instance.directory, trust_models, self._clock, rules)
        clients.refresh()
        listener = self._listen("sml-plain", self._answer_sml, None) if settings.sml_plain_bind else None
        if settings.sml_tls_cert is not None and settings.sml_tls_key is not None:
            tls = self._tls.sml(settings.sml_tls_cert, settings.sml_tls_key, clients)
            listener = self._listen("sml", self._answer_sml, tls)
        if listener is None:
            if instance.directory.with_sml():
                log.warning("sml_not_served", reason="REGISTRY_SML_TLS_CERT and _KEY are not set")
            return None
        # Its WSDL tells the address, which is known only now where the system chose the port.
        self._sml_app = SmlSoapApp(
            instance.sml,
            public_url=settings.sml_public_url or f"{listener.url}/edelivery-sml",
            icd_status_codes=settings.sml_icd_status_codes,
            caller_of=keyed(clients.caller_of),
            alive=self._sml_alive,
        )
        self._publisher_api = publisher_api(instance, caller_of=clients.caller_of)
        self._sml_clients = clients
        return listener

    def _sml_alive(self) -> None:
        if self._zones is not None:
            SmlLiveness(self.instance.database, self._zones, self._settings.ready_zone_lag_s).check()

    def _open_sml_admin(self) -> None:
        tls = sml_admin_tls(self._settings, self._clock)
        listener = self._listen("sml-admin", self._answer_sml_admin, tls)
        self._sml_admin_app = sml_admin_app(self.instance, listener.url, self._settings)

    async def _answer_sml_admin(self, scope: Any, receive: Any, send: Any) -> None:
        await self._sml_admin_app(scope, receive, send)

    async def _answer_sml(self, scope: Any, receive: Any, send: Any) -> None:
        is_json = scope["type"] == "http" and scope["raw_path"].startswith(PREFIX.encode())
        await (self._publisher_api if is_json else self._sml_app)(scope, receive, send)

    def reload_certificates(self) -> None:
        """Read the TLS certificates and keys again; a listener whose files are bad goes on with what it has."""
        reload_certificates(self._listeners, Listener.reload_certificates)

    async def _watch_certificates(self) -> None:
        while True:
            await asyncio.sleep(self._settings.tls_check_s)
            try:
                reload_certificates(self._listeners, Listener.reload_changed_certificates)
            except Exception:  # whatever it was, the next renewal must get its chance
                log.exception("certificates_not_reloaded")

    # What others have changed

    def _changed(self, topics: frozenset[Topic]) -> None:
        """Called in the thread of the listener for changes."""
        self._reader.changed(topics)
        if self._zones is not None and Topic.ZONES in topics:
            self._zones.wake()
        if self._background is not None:
            self._background.changed(topics)
        if Topic.DOMAINS in topics:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._domains_changed.set)

    def _wake_publisher(self) -> None:
        # Called from worker threads after a commit of this process.
        if self._zones is not None:
            self._zones.wake()

    async def refresh(self) -> None:
        """Take over domains that were added or changed; when this returns, the listeners know them."""
        directory = self.instance.directory
        async with self._refreshing:
            await asyncio.to_thread(directory.refresh)
            await asyncio.to_thread(self._transfers.refresh)
            if self._sml_clients is not None:
                await asyncio.to_thread(self._sml_clients.refresh)
            generation = directory.generation
            if generation == self._generation:
                return
            domains = [stored.domain for stored in directory.all()]
            await asyncio.to_thread(self.instance.trust_models.prepare, domains)
            self._read_app.refresh_domains()
            self._public_app.refresh_domains()
            self.reload_certificates()  # the anchors of the SML's clients are the domains'
            self._tls.warn()
            self._generation = generation

    async def _keep_refreshing(self) -> None:
        while True:
            tick_s = self._settings.dns_tick_s
            rest_s = max(tick_s, _TOLD_REFRESH_S) if self._changes.connected else tick_s
            await wait_within(rest_s, self._domains_changed)
            self._domains_changed.clear()
            if self._stopping:
                return
            try:
                await self.refresh()
            except Exception as error:  # whatever it was, the next change must get its chance
                expected = isinstance(error, RegistryError)
                log.error("domains_not_refreshed", reason=str(error), exc_info=not expected)  # noqa: TRY400

    async def wait_until_published(self) -> None:
        """Return once DNS serves everything that is committed now, even if another process has to stamp it."""
        if self._zones is not None:
            await self._zones.wait_until_published()
