# SPDX-License-Identifier: Apache-2.0
"""Who the clients of a listener are, also behind proxies, and how many connections and requests each may have.

Behind a proxy the client's address is what the proxy says in a header. It is believed only when the connection comes
from a trusted proxy, and only from its right end: everything left of the entry that the outermost trusted proxy wrote
may be made up by the client. One header is read, never both: a proxy that sets one passes the other on as it came.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from time import monotonic
from typing import Final, Literal

from registry.rates import NO_NETWORKS, Networks, Rates, client_of, parse_address

ProxyHeader = Literal["X-Forwarded-For", "Forwarded"]

_MAX_ENTRIES: Final = 32
_NEW_CONNECTIONS: Final = 2
"""A client may open so many connections for each request of its rate: where each look-up has its own, one is normal."""
_FORWARDED_FOR: Final = re.compile(
    r'(?:^|;)\s*for\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))', re.IGNORECASE
)  # RFC 7239 §4
_WITH_PORT: Final = re.compile(r"\[([^\]]*)\](?::[\w.-]*)?|([^:]*):[\w.-]*")


@dataclass(frozen=True, slots=True)
class ClientLimits:
    """What one client of a listener may have: an IPv4 address, or a /64 of IPv6. 0 stands for no limit."""

    connections: int = 0
    """At a time."""
    per_s: float = 0.0
    """Requests, on average."""
    burst: float = 1.0
    """Requests at once after a pause."""
    exempt: Networks = NO_NETWORKS
    """Clients without these limits."""
    proxies: Networks = NO_NETWORKS
    """Proxies whose word about the client is believed. They have no limits: their clients have."""
    proxy_header: ProxyHeader = "X-Forwarded-For"


class Clients:
    """The clients of one listener."""

    def __init__(self, limits: ClientLimits) -> None:
        self._limits = limits
        exempt = limits.exempt
        self._requests = Rates(limits.per_s, limits.burst, exempt) if limits.per_s else None
        self._new_connections = (
            Rates(limits.per_s * _NEW_CONNECTIONS, limits.burst * _NEW_CONNECTIONS, exempt) if limits.per_s else None
        )
        self._connections: Counter[tuple[int, int]] = Counter()
        self._header = limits.proxy_header.lower().encode()
        self._is_proxy = lru_cache(maxsize=256)(limits.proxies.__contains__)

    def may_connect(self, peer: str) -> str:
        """Why this peer may have no connection now ("connections", "rate"); an empty text where it may."""
        limits = self._limits
        if not (limits.connections or limits.per_s) or peer in limits.exempt or self._is_proxy(peer):
            return ""
        if limits.connections and self._connections[client_of(peer)] >= limits.connections:
            return "connections"
        if self._new_connections is not None and self._new_connections.take(peer, monotonic()):
            return "rate"
        return ""

    def connected(self, peer: str) -> None:
        """Count a connection; `disconnected` takes it back."""
        if self._limits.connections:
            self._connections[client_of(peer)] += 1

    def disconnected(self, peer: str) -> None:
        """The connection is gone."""
        if self._limits.connections:
            client = client_of(peer)
            self._connections[client] -= 1
            if self._connections[client] <= 0:
                del self._connections[client]

    def is_proxy(self, peer: str) -> bool:
        """Whether what this peer says about its client is believed."""
        return self._is_proxy(peer)

    def behind(self, proxy: str, headers: Iterable[tuple[bytes, bytes]]) -> str:
        """The client's address, from the headers that a trusted proxy sent; the proxy's own where they tell none."""
        value = b",".join(value for name, value in headers if name == self._header)
        found = proxy
        for entry in _entries(value.decode("latin-1"), forwarded=self._header == b"forwarded"):
            host = address_of(entry)
            if not host:
                break  # written by a proxy that we trust, and hidden by it (RFC 7239 §6.3)
            found = host
            if not self._is_proxy(host):
                break
        return found

    def wait_s(self, client: str) -> float:
        """Count a request of this client; 0 where it is granted, else the seconds until the next one will be."""
        if self._requests is None or self._is_proxy(client):
            return 0.0
        return self._requests.take(client, monotonic())


def address_of(entry: str) -> str:
    """The IP address of an entry, which may have a port, and brackets; an empty text for anything else."""
    entry = entry.strip()
    if parse_address(entry)[0]:
        return entry
    matched = _WITH_PORT.fullmatch(entry)
    host = (matched[1] or matched[2] or "") if matched else ""
    return host if parse_address(host)[0] else ""


def _entries(value: str, *, forwarded: bool) -> Iterator[str]:
    """The entries of the header from the right."""
    for entry in reversed(value.split(",")[-_MAX_ENTRIES:]):
        if not forwarded:
            yield entry
        elif matched := _FORWARDED_FOR.search(entry):
            yield matched[1] or matched[2] or ""
        else:
            yield ""
