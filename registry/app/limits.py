# SPDX-License-Identifier: Apache-2.0
"""The limits of listeners and of DNS as the settings have them, and its snapshots."""

from typing import Literal

from registry.dns.server import UdpLimits
from registry.dns.snapshot import Snapshots
from registry.dns.tcp import TcpLimits
from registry.listeners.clients import ClientLimits
from registry.listeners.protocol import Limits
from registry.listeners.tls import TlsPolicy
from registry.rates import Networks, Rates
from registry.settings import Settings

ListenerName = Literal["public", "manage", "sml", "sml-plain", "sml-admin", "resolver"]
_LIMITED_AS = {"sml-plain": "sml", "sml-admin": "manage"}


def limits_of(settings: Settings, listener: ListenerName = "public") -> Limits:
    """The limits of one listener: what is named after it is its own, the rest is the same for all."""
    named = _LIMITED_AS.get(listener, listener)
    per_s: float = getattr(settings, f"{named}_rate_per_s")
    return Limits(
        max_header_bytes=settings.max_header_bytes,
        max_headers=settings.max_headers,
        max_body_bytes=settings.max_body_bytes,
        head_timeout_s=settings.head_timeout_s,
        body_timeout_s=settings.body_timeout_s,
        write_timeout_s=settings.write_timeout_s,
        keep_alive_s=settings.keep_alive_s,
        max_connections=settings.max_connections,
        max_requests=getattr(settings, f"{named}_max_requests"),
        clients=ClientLimits(
            connections=settings.client_connections,
            per_s=per_s,
            burst=_burst(per_s, settings),
            exempt=Networks(settings.rate_exempt_networks),
            proxies=Networks(settings.trusted_proxies),
            proxy_header=settings.proxy_header,
        ),
    )


def public_page_rates_of(settings: Settings) -> Rates | None:
    """How often each client may look something up on the public page; None where there is no limit."""
    per_s = settings.public_page_rate_per_s
    return Rates(per_s, _burst(per_s, settings), Networks(settings.rate_exempt_networks)) if per_s else None


def udp_limits_of(settings: Settings) -> UdpLimits:
    """The limits of DNS over UDP."""
    per_s = settings.dns_rate_per_s
    exempt = Networks(settings.rate_exempt_networks)
    return UdpLimits(per_s, _burst(per_s, settings), settings.dns_slip, exempt, settings.dns_rate_log_only)


def snapshots_of(settings: Settings) -> Snapshots | None:
    """Where snapshots of zones are, and how often they are made; None where they aren't."""
    return Snapshots(settings.data_dir / "zones", settings.dns_snapshot_s) if settings.dns_snapshot_s else None


def tcp_limits_of(settings: Settings) -> TcpLimits:
    """The limits of DNS over TCP."""
    return TcpLimits(
        connections=settings.dns_tcp_connections,
        client_connections=settings.dns_tcp_client_connections,
        idle_s=settings.dns_tcp_idle_s,
        queries=settings.dns_tcp_queries,
        transfer_idle_s=settings.dns_transfer_idle_s,
        exempt=Networks(settings.rate_exempt_networks),
    )


def tls_policy_of(settings: Settings) -> TlsPolicy:
    """Versions and cipher suites of every listener. Raises ConfigurationError where they can't be used."""
    return TlsPolicy(settings.tls_min_version, settings.tls_ciphers)


def _burst(per_s: float, settings: Settings) -> float:
    return max(1.0, per_s * settings.rate_burst_s)
