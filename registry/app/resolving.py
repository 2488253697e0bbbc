# SPDX-License-Identifier: Apache-2.0
"""Runs the resolver: one listener, its look-ups, and the domains that it answers for, in one event loop."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

import structlog

from registry.app.limits import limits_of, tls_policy_of
from registry.app.trust_models import TrustModels
from registry.clock import Clock, system_clock
from registry.discovery.addresses import AddressPolicy
from registry.discovery.fetcher import HttpFetcher
from registry.discovery.locator import DnsLocator
from registry.domains.domain import Domain
from registry.errors import ConfigurationError, RegistryError
from registry.listeners.server import Listener
from registry.listeners.tls import ReloadingContext, server_context
from registry.resolver.app import ResolverApp
from registry.resolver.breaker import BreakingFetcher
from registry.resolver.cache import AnswerCache
from registry.resolver.dns_over_https import DnsForwarder
from registry.resolver.lookups import Lookups, Times
from registry.settings import Settings

REFRESH_S = 5.0
log = structlog.get_logger(__name__)

DomainSource = Callable[[], Sequence[Domain] | None]
"""The domains, None while they are what they were; may block."""


def fixed(domains: Sequence[Domain]) -> DomainSource:
    """Domains that stay as they are."""
    news = iter([domains])
    return lambda: next(news, None)


class Resolving:
    """A resolver for the domains of `source`, which is asked again and again. Raises ConfigurationError.

    Without `listening`, a socket for it, the address of the settings is bound when it begins to run.
    """

    def __init__(
        self,
        settings: Settings,
        source: DomainSource,
        clock: Clock = system_clock,
        *,
        listening: socket.socket | None = None,
    ) -> None:
        self._bind = settings.resolver_bind if listening is None else listening
        self._settings = settings
        self._source = source
        self._clock = clock
        self._trust_models = TrustModels(settings.data_dir, clock)
        self._domains: Sequence[Domain] = ()
        self._evidence: Mapping[str, str] = {}
        self._listener: Listener
        self._app: ResolverApp

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """Listen; inside the block everything answers, at the URL that is yielded. Raises ConfigurationError."""
        settings = self._settings
        policy = AddressPolicy.of(settings.resolver_allowed_networks, settings.resolver_allowed_ports)
        name_server = settings.resolver_dns or None
        with HttpFetcher(addresses=policy) as http:
            fetcher = BreakingFetcher(http)
            lookups = Lookups(
                DnsLocator(name_server),
                fetcher,
                AnswerCache(settings.resolver_cache_entries, settings.resolver_cache_bytes),
                Times(settings.resolver_cache_s, settings.resolver_negative_s, settings.resolver_stale_s),
                self._clock,
                self._trust_models.of,
                workers=settings.resolver_workers,
                queue=settings.resolver_queue,
            )
            with contextlib.closing(lookups):
                self._app = ResolverApp(lookups, DnsForwarder(name_server), fetcher)
                await self._refresh()
                self._listener = Listener(
                    "resolver", self._app, self._bind, limits_of(settings, "resolver"), _tls(settings)
                )
                async with _served(self._listener, settings.shutdown_grace_s):
                    tasks = [
                        asyncio.create_task(self._keep_refreshing(), name="domains"),
                        asyncio.create_task(self._watch_certificate(), name="certificates"),
                    ]
                    try:
                        yield self._listener.url
                    finally:
                        for task in tasks:
                            task.cancel()
                        await asyncio.gather(*tasks, return_exceptions=True)

    def reload_certificates(self) -> None:
        """Read the TLS certificate and key again; goes on with what there is where the files are bad."""
        self._reload(Listener.reload_certificates)

    async def _watch_certificate(self) -> None:
        while True:
            await asyncio.sleep(self._settings.tls_check_s)
            self._reload(Listener.reload_changed_certificates)

    def _reload(self, how: Callable[[Listener], None]) -> None:
        try:
            how(self._listener)
        except ConfigurationError as error:
            log.error("certificates_not_reloaded", listener="resolver", reason=str(error))  # noqa: TRY400

    async def _refresh(self) -> None:
        if await asyncio.to_thread(self._is_new):
            self._app.use(self._domains)  # and forget what was answered before

    def _is_new(self) -> bool:
        """Whether domains have changed, or evidence about whom they trust; may block."""
        news = self._source()
        if news is not None:
            self._domains = news
        evidence = {each.name: self._trust_models.of(each).evidence.digest for each in self._domains}
        if news is None and evidence == self._evidence:
            return False
        self._evidence = evidence
        return True

    async def _keep_refreshing(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_S)
            try:
                await self._refresh()
            except RegistryError as error:  # a domain that can't be used: answers go on as before
                log.error("domains_not_refreshed", reason=str(error))  # noqa: TRY400
            except Exception:
                log.exception("domains_not_refreshed")


@contextlib.asynccontextmanager
async def _served(listener: Listener, grace_s: float) -> AsyncIterator[None]:
    task = asyncio.create_task(listener.serve(), name=listener.name)
    try:
        yield
    finally:
        await listener.stop(grace_s)
        await asyncio.gather(task, return_exceptions=True)


def _tls(settings: Settings) -> ReloadingContext | None:
    certificate, key = settings.resolver_tls_cert, settings.resolver_tls_key
    if certificate is None or key is None:
        return None
    return server_context(str(certificate), str(key), policy=tls_policy_of(settings), listener="resolver")
