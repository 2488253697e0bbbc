# SPDX-License-Identifier: Apache-2.0
"""A resolver before a simulated network, with a clock that a test moves."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from registry.app.trust_models import TrustModels
from registry.discovery.locator import DnsLocator
from registry.resolver.app import ResolverApp
from registry.resolver.breaker import BreakingFetcher
from registry.resolver.cache import AnswerCache
from registry.resolver.dns_over_https import DnsForwarder
from registry.resolver.lookups import Lookups, Times
from tests.simulators.asgi import Reply, call
from tests.simulators.authorities import NOW
from tests.simulators.network import INVOICE, PARTICIPANT, Network
from tests.simulators.offline import MovableClock


@dataclass
class SimulatedResolver:
    """The application, what is behind it, and how to ask it."""

    network: Network
    clock: MovableClock
    cache: AnswerCache
    lookups: Lookups
    app: ResolverApp

    def get(self, path: str, headers: Iterable[tuple[bytes, bytes]] = (), method: str = "GET", **query: str) -> Reply:
        """One request; `query` becomes the query string."""
        target = f"{path}?{urlencode(query)}" if query else path
        return call(self.app, method, target.encode(), headers=headers)

    def resolve(self, **query: Any) -> Reply:
        """The usual question, or another."""
        return self.get("/resolve", **{"participant": str(PARTICIPANT), "document_type": str(INVOICE), **query})


def resolver_for(network: Network, times: Times | None = None, **limits: int) -> SimulatedResolver:
    """A resolver for the network's domain."""
    clock = MovableClock(NOW)
    cache = AnswerCache(limits.pop("max_entries", 100), limits.pop("max_bytes", 10_000_000))
    fetcher = BreakingFetcher(network, timer=lambda: clock().timestamp())
    locator = DnsLocator(network.name_server, lifetime=0.2)
    lookups = Lookups(locator, fetcher, cache, times or Times(), clock, TrustModels().of, **limits)
    app = ResolverApp(lookups, DnsForwarder(network.name_server), fetcher)
    app.use([network.domain])
    return SimulatedResolver(network, clock, cache, lookups, app)
