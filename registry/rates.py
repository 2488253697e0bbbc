# SPDX-License-Identifier: Apache-2.0
"""How often a client may ask: networks, what counts as one client, and rates in bounded memory.

The algorithm is GCRA (ITU-T I.371), a token bucket that is one number for each client: the time at which its bucket
will be full again. Tables have two generations: when the younger one is full it becomes the older one, and what is not
asked for until the next change is forgotten. So memory is bounded, nothing has to be swept, and whoever forges
addresses fills a table of others that are forged, not the buckets of real clients.
"""

import ipaddress
import math
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_GENERATION: Final = 16_384
_PREFIX_6: Final = 64
"""Bits: what one subscriber has at least (RFC 6177), so that nobody is many clients."""


class Networks:
    """A set of IPv4 and IPv6 networks; `"192.0.2.1" in networks`. Raises ValueError for what is no network."""

    def __init__(self, networks: Iterable[str] = ()) -> None:
        found = [ipaddress.ip_network(network) for network in networks]
        self._masks: dict[int, list[tuple[int, int]]] = {4: [], 6: []}
        for network in found:
            self._masks[network.version].append((int(network.netmask), int(network.network_address)))

    def __contains__(self, host: str) -> bool:
        version, number = parse_address(host)
        return any(number & mask == network for mask, network in self._masks.get(version, ()))

    def __bool__(self) -> bool:
        return any(self._masks.values())


NO_NETWORKS: Final = Networks()


def parse_address(host: str) -> tuple[int, int]:
    """The version of an IP address and its number: IPv4 also where it is one in IPv6; (0, 0) for anything else.

    A zone is left out. By the system's parser, at a tenth of what `ipaddress` takes.
    """
    try:
        if ":" not in host:
            return 4, int.from_bytes(socket.inet_pton(socket.AF_INET, host))
        number = int.from_bytes(socket.inet_pton(socket.AF_INET6, host.partition("%")[0]))
    except (OSError, ValueError):  # ValueError: a NUL, or letters beyond ASCII
        return 0, 0
    return (4, number & 0xFFFF_FFFF) if number >> 32 == 0xFFFF else (6, number)


def client_of(host: str, prefix_4: int = 32, prefix_6: int = _PREFIX_6) -> tuple[int, int]:
    """What counts as one client: `prefix_4` bits of an IPv4 address, and `prefix_6` of an IPv6 one."""
    version, number = parse_address(host)
    return version, number >> (32 - prefix_4 if version == 4 else 128 - prefix_6)


@dataclass(slots=True, eq=False)
class Budget:
    """What one client may still do: the bucket is full again at `full_at`; `refused` counts its refusals."""

    full_at: float = -math.inf
    refused: int = 0


_UNLIMITED: Final = Budget()


class Rates:
    """A rate for each client: `per_s` on average, and `burst` at once after a pause.

    Clients in `exempt` have none. An IPv4 client is a network of `prefix_4` bits. For one thread.
    """

    def __init__(
        self,
        per_s: float,
        burst: float,
        exempt: Networks = NO_NETWORKS,
        *,
        prefix_4: int = 32,
        generation: int = _GENERATION,
    ) -> None:
        self._interval = 1 / per_s
        self._tolerance = burst / per_s
        self._exempt = exempt
        self._prefix_4 = prefix_4
        self._generation = generation
        self._hosts: dict[str, Budget] = {}
        self._older_hosts: dict[str, Budget] = {}
        self._clients: dict[tuple[int, int], Budget] = {}
        self._older_clients: dict[tuple[int, int], Budget] = {}

    def take(self, host: str, now: float) -> float:
        """Count one request from `host`, an address in its usual form, at `now`, in seconds of a monotonic clock.

        Returns 0 where it is granted, else the seconds until the next one will be; a refusal costs nothing.
        """
        budget = self._hosts.get(host) or self._budget(host)
        if budget is _UNLIMITED:
            return 0.0
        full_at = budget.full_at
        full_at = (full_at if full_at > now else now) + self._interval  # noqa: FURB136 — a call for each packet
        wait = full_at - now - self._tolerance
        if wait > 1e-9:
            budget.refused += 1
            return wait
        budget.full_at = full_at
        return 0.0

    def refused(self, host: str) -> int:
        """How many requests of this client were refused, as far as it is remembered."""
        return self._budget(host).refused

    def __len__(self) -> int:
        return len(self._hosts) + len(self._older_hosts)

    def _budget(self, host: str) -> Budget:
        budget = self._hosts.get(host) or self._older_hosts.get(host)
        if budget is None:
            budget = _UNLIMITED if host in self._exempt else self._shared(client_of(host, self._prefix_4))
        if len(self._hosts) >= self._generation:
            self._hosts, self._older_hosts = {}, self._hosts
        self._hosts[host] = budget
        return budget

    def _shared(self, client: tuple[int, int]) -> Budget:
        budget = self._clients.get(client) or self._older_clients.get(client) or Budget()
        if len(self._clients) >= self._generation:
            self._clients, self._older_clients = {}, self._clients
        self._clients[client] = budget
        return budget
