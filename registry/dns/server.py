# SPDX-License-Identifier: Apache-2.0
"""The embedded authoritative DNS server: UDP and TCP on one port, for any number of zones.

It serves development and small networks by itself, on asyncio or uvloop. It is one thread: whoever changes a zone
does so in the event loop's. Give it an address per interface rather than the wildcard address, since answers over
UDP leave from whatever address the routing table picks.
"""

import asyncio
import errno
import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from time import monotonic

import structlog

from registry.dns.datagrams import EachByItself, ManyAtOnce, datagrams
from registry.dns.responder import Counters, Responder
from registry.dns.served_zone import NOERROR, NXDOMAIN, ServedZone
from registry.dns.signed_queries import SignedQueries
from registry.dns.tcp import TcpConnections, TcpLimits
from registry.dns.transfer.requests import TransferDesk
from registry.dns.wire import name_to_wire
from registry.errors import ConfigurationError
from registry.rates import NO_NETWORKS, Networks, Rates

_TRIES_FOR_A_PORT = 32
_BACKLOG = 256
_LOG_REST_S = 60.0
_PREFIX_6 = 64
_PREFIX_4 = 24
"""Bits: whoever forges addresses of a network to flood it gets the answers of one client (as BIND, Knot and NSD)."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class UdpLimits:
    """Answers over UDP for each client: a /24 of IPv4, a /64 of IPv6; without `per_s` as many as it likes.

    UDP tells nothing about who really asks, so a flood of answers may be meant for somebody else. Of what is over the
    rate, all is dropped but each `slip`th query, whose truncated answer sends a real resolver to TCP; 0 drops all.
    Answers with data, denials of names and errors are counted apart: whoever makes up names, also through a resolver
    that others use, doesn't take the rate of those that exist. With `log_only` nothing is dropped, but logged.
    """

    per_s: float = 0.0
    burst: float = 1.0
    slip: int = 2
    exempt: Networks = NO_NETWORKS
    log_only: bool = False


class DnsServer:
    """Answers for `zones` on the addresses that it was started on; `counters` tell what it did.

    Who asks for one of the zones named `private` has to sign.
    """

    def __init__(
        self,
        zones: Iterable[ServedZone] = (),
        *,
        udp: UdpLimits | None = None,
        tcp: TcpLimits | None = None,
        signed: SignedQueries | None = None,
        desk: TransferDesk | None = None,
        private: Iterable[str] = (),
    ) -> None:
        self.counters = Counters()
        self._zones = {zone.wire: zone for zone in zones}
        self._responder = Responder(
            self._zones, self.counters, signed, desk, [name_to_wire(name) + b"\x00" for name in private]
        )
        self._connections = TcpConnections(self._responder, tcp or TcpLimits(), desk)
        limits = udp or UdpLimits()
        self._limits = limits
        self._rates = _rates_by_code(limits) if limits.per_s else None
        self._log_at = 0.0
        self._udp: list[socket.socket] = []
        self._tcp: list[asyncio.Server] = []

    def add_zone(self, zone: ServedZone) -> None:
        """Serve a zone from now on, instead of one of the same name."""
        self._zones[zone.wire] = zone

    def remove_zone(self, name: str) -> None:
        """Stop serving the zone of this name; queries for it are refused."""
        self._zones.pop(name_to_wire(name) + b"\x00", None)

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listen on `host`, an address or a name for one; port 0 takes one that is free for UDP and TCP.

        Returns the bound address and port; may be called once per address. Raises `ConfigurationError`.
        """
        return await self.start_on(*await asyncio.to_thread(dns_sockets, host, port))

    async def start_on(self, udp: socket.socket, tcp: socket.socket) -> tuple[str, int]:
        """Answer on sockets of `dns_sockets`, which other processes may share; returns as `start`."""
        loop = asyncio.get_running_loop()
        self._connections.accepting = True
        self._tcp.append(await loop.create_server(self._connections.connect, sock=tcp, backlog=_BACKLOG))
        self._udp.append(udp)
        loop.add_reader(udp, self._drain, datagrams(udp))
        bound = udp.getsockname()
        return bound[0], bound[1]

    async def close(self) -> None:
        """Stop listening and drop all connections; it may be started again."""
        loop = asyncio.get_running_loop()
        while self._udp:
            udp = self._udp.pop()
            loop.remove_reader(udp)
            udp.close()
        for server in self._tcp:
            server.close()
        await self._connections.drop_all()
        while self._tcp:
            await self._tcp.pop().wait_closed()

    def _drain(self, waiting: EachByItself | ManyAtOnce) -> None:
        """Answer the datagrams that wait: a few per turn cost half of what one per turn does (dns.md §5.1)."""
        answer = self._responder.answer
        rates = self._rates
        now = monotonic()

        def respond(data: bytes, host: str) -> bytes | None:
            try:
                response = answer(data)
            except Exception as error:  # noqa: BLE001 — whatever it was, the others of this turn get their answers
                response = self._responder.unanswerable(data, error)
            if response is not None and rates is not None and rates[response[3] & 0x0F].take(host, now):
                return self._limited(data, host, response, now)
            return response

        received, errors = waiting.answer(respond)
        self.counters.udp_queries += received
        self.counters.send_errors += errors

    def _limited(self, data: bytes, host: str, response: bytes, now: float) -> bytes | None:
        """What a client gets whose rate is used up."""
        counters, limits, code = self.counters, self._limits, response[3] & 0x0F
        counters.rate_limited += 1
        if now >= self._log_at:
            self._log_at = now + _LOG_REST_S
            prefix = _PREFIX_6 if ":" in host else _PREFIX_4
            network = ipaddress.ip_network((host.partition("%")[0], prefix), strict=False)
            log.warning("dns_rate_limited", network=str(network), rcode=code, dropped=not limits.log_only)
        if limits.log_only or self._rates is None:
            return response
        counters.rcodes[code] -= 1
        if limits.slip and self._rates[code].refused(host) % limits.slip == 0:
            return self._responder.truncated(data)
        return None


def _rates_by_code(limits: UdpLimits) -> list[Rates]:
    """The rates of answers by their RCODE."""
    data, denials, errors = (Rates(limits.per_s, limits.burst, limits.exempt, prefix_4=_PREFIX_4) for _ in range(3))
    return [{NOERROR: data, NXDOMAIN: denials}.get(code, errors) for code in range(16)]


def dns_sockets(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """A UDP socket and a listening TCP socket on one port, as `DnsServer.start`. Raises `ConfigurationError`."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM, flags=socket.AI_PASSIVE)
        family, *_, address = found[0]
        return _bind(family, address)
    except OSError as error:
        raise ConfigurationError(f"cannot serve DNS on {host} port {port}: {error}") from error


def _bind(family: int, address: tuple[object, ...]) -> tuple[socket.socket, socket.socket]:
    """A UDP socket and a listening TCP socket on one port; raises OSError."""
    host, port, *rest = address
    attempt = 0
    while True:
        attempt += 1
        udp, tcp = socket.socket(family, socket.SOCK_DGRAM), socket.socket(family, socket.SOCK_STREAM)
        try:
            for bound in (udp, tcp):
                bound.settimeout(0)
                if family == socket.AF_INET6:
                    bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            udp.bind((host, port, *rest))
            tcp.bind((host, udp.getsockname()[1], *rest))
            tcp.listen(_BACKLOG)
        except OSError as error:
            udp.close()
            tcp.close()
            if port != 0 or error.errno != errno.EADDRINUSE or attempt == _TRIES_FOR_A_PORT:
                raise
        else:
            return udp, tcp
