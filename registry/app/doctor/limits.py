# SPDX-License-Identifier: Apache-2.0
"""Listeners that others can reach: TLS, and limits that are off."""

from collections.abc import Iterator

from registry.app.doctor.findings import Finding, hint, warning
from registry.settings import Settings

_LISTENERS = ("public", "manage", "sml", "resolver")


def check_listeners(settings: Settings) -> Iterator[Finding]:
    """What the addresses of the settings mean for who can reach them."""
    for text in settings.warnings():
        remedy = "Set REGISTRY_PUBLIC_TLS to a folder of certificates, or put a proxy there."
        yield warning("DOCTOR-NO-TLS", text, remedy, text)
    for name in _LISTENERS:
        bind = getattr(settings, f"{name}_bind")
        if not bind.is_loopback and not getattr(settings, f"{name}_rate_per_s"):
            yield _off(f"{name}_rate_per_s", f"one client may ask the {name} listener at {bind} without limit")
    reachable = [name for name in _LISTENERS if not getattr(settings, f"{name}_bind").is_loopback]
    if reachable and not settings.client_connections:
        yield _off("client_connections", "one client may have every connection of a listener")
    if not settings.dns_bind.is_loopback and not settings.dns_rate_per_s:
        yield _off("dns_rate_per_s", f"DNS at {settings.dns_bind} can be used to flood others with answers")
    if not settings.dns_bind.is_loopback and not settings.dns_tcp_client_connections:
        yield _off("dns_tcp_client_connections", "one client may have every TCP connection of DNS")
    yield from _check_proxies(settings)


def _off(setting: str, what: str) -> Finding:
    default = _default(setting)
    remedy = f"Leave REGISTRY_{setting.upper()} out (then it is {default}), or set it."
    return warning("DOCTOR-LIMIT-OFF", what, remedy, setting)


def _default(setting: str) -> object:
    return Settings.model_fields[setting].default


def _check_proxies(settings: Settings) -> Iterator[Finding]:
    if settings.public_bind.is_loopback and not settings.trusted_proxies and settings.rate_exempt_networks:
        yield hint(
            "DOCTOR-PROXY",
            f"the public listener is at {settings.public_bind} only; behind a proxy all clients are this machine, "
            "which has no limits",
            "If there is a proxy, set REGISTRY_TRUSTED_PROXIES to its address, so that each client has its own limits.",
        )
