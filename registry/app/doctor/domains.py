# SPDX-License-Identifier: Apache-2.0
"""The domains: what each lacks to do its work, and what of its certificates ends before long."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from cryptography import x509

from registry.app.doctor.findings import Finding, error, hint, warning
from registry.app.health import health_of
from registry.app.instance import Instance
from registry.app.public_tls import lacks_certificate, open_public_tls
from registry.domains.domain import Domain
from registry.domains.trust_settings import ROLES
from registry.errors import ConfigurationError
from registry.settings import Settings
from registry.storage.queries import certificates, domains

SOON = timedelta(days=90)


def check_domains(settings: Settings, instance: Instance) -> Iterator[Finding]:
    """Every domain of the instance."""
    found = health_of(instance)
    if not found:
        yield hint("DOCTOR-NO-DOMAIN", "there is no domain yet", "registry domain add NAME --profile peppol-test")
    for health in found:
        for lack in health.lacks:
            remedy = f"registry domain show {health.name}; registry domain change {health.name} …"
            yield error("DOCTOR-DOMAIN", f"domain {health.name}: {lack}", remedy)
    now = instance.database.now()
    try:
        tls = open_public_tls(settings, instance.database.now)
    except ConfigurationError:
        tls = None  # told with the files
    for stored in instance.directory.all():
        domain = stored.domain
        for lack in lacks_certificate(settings, tls, domain, now):
            remedy = f"Put a certificate and its key into {settings.public_tls}; it is taken over by itself."
            yield error("DOCTOR-DOMAIN-TLS", f"domain {domain.name}: {lack}", remedy)
        yield from _check_anchors(domain, now)
        with instance.database.read() as connection:
            key = domains.active_signing_key(connection, stored.id)
            ends = None if key is None else certificates.not_after(connection, key.certificate_sha256)
        if ends is not None and now < ends <= now + SOON:
            remedy = "Ask for a new certificate now; `registry domain change` takes it, and signs everything again."
            what = f"domain {domain.name}: the certificate of the signing key ends {ends:%Y-%m-%d}"
            yield warning("DOCTOR-DOMAIN-ENDS", what, remedy)


def _check_anchors(domain: Domain, now: datetime) -> Iterator[Finding]:
    for role in ROLES:
        settings = domain.trust.role(role)
        for kind, texts in (("anchor", settings.anchors), ("intermediate", settings.intermediates)):
            for text in texts:
                certificate = x509.load_pem_x509_certificate(text.encode())
                ends = certificate.not_valid_after_utc
                if ends > now + SOON:
                    continue
                verb = "ended" if ends <= now else "ends"
                subject = certificate.subject.rfc4514_string()
                what = f"domain {domain.name}: the {kind} {subject} of the role {role} {verb} {ends:%Y-%m-%d}"
                remedy = "See what the network says of its successor, and add that one in time."
                yield (error if ends <= now else warning)("DOCTOR-ANCHOR", what, remedy)
