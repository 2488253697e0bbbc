# SPDX-License-Identifier: Apache-2.0
"""TLS of the public listener as the settings want it, and whether it has a certificate for a domain."""

from datetime import datetime

from registry.app.limits import tls_policy_of
from registry.clock import Clock
from registry.domains.base_url import parse_base_url
from registry.domains.domain import Domain
from registry.listeners.tls import ReloadingContext, folder_context, server_context
from registry.settings import Settings


def open_public_tls(settings: Settings, clock: Clock) -> ReloadingContext | None:
    """None for plain HTTP. Raises ConfigurationError."""
    policy = tls_policy_of(settings)
    if settings.public_tls is not None:
        return folder_context(settings.public_tls, policy=policy, listener="public", clock=clock)
    if settings.public_tls_cert is None or settings.public_tls_key is None:
        return None
    certificate, key = str(settings.public_tls_cert), str(settings.public_tls_key)
    return server_context(certificate, key, policy=policy, listener="public", clock=clock)


def lacks_certificate(settings: Settings, tls: ReloadingContext | None, domain: Domain, at: datetime) -> list[str]:
    """What is wrong with the certificate of a domain's SMP; nothing where a single one, or a proxy, serves them all."""
    if settings.public_tls is None or tls is None or not domain.smp.base_url.startswith("https:"):
        return []
    host = parse_base_url(domain.smp.base_url).host.strip("[]")
    certificate = tls.certificate_for(host)
    if certificate is None:
        return [f"no certificate in {settings.public_tls} is for {host}"]
    if certificate.not_after <= at:
        return [f"the certificate for {host} has expired"]
    return []
