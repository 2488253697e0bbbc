# SPDX-License-Identifier: Apache-2.0
"""The domains: what each lacks to do its work, and what of its certificates ends before long."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from registry.app.doctor.findings import Finding, error, hint, warning
from registry.app.health import health_of
from registry.app.instance import Instance
from registry.app.public_tls import lacks_certificate, open_public_tls
from registry.domains.domain import Domain
from registry.errors import ConfigurationError
from registry.settings import Settings
from registry.storage.queries import certificates, domains
from registry.trust import Role, TrustModel
from registry.trust.decision import begin_of, end_of
from registry.trust.describing import needs_evidence

SOON = timedelta(days=90)
EVIDENCE_IS_OLD = timedelta(days=3)


def check_domains(settings: Settings, instance: Instance) -> Iterator[Finding]:
    """Every domain of the instance."""
    found = health_of(instance)
    if not found:
        yield hint("DOCTOR-NO-DOMAIN", "there is no domain yet", "registry domain add NAME --profile peppol-test")
    for health in found:
        for lack in health.lacks:
            remedy = f"registry domain show {health.name}; registry domain change {health.name} …"
            yield error("DOCTOR-DOMAIN", f"domain {health.name}: {lack}", remedy, lack, health.name)
    now = instance.database.now()
    try:
        tls = open_public_tls(settings, instance.database.now)
    except ConfigurationError:
        tls = None  # told with the files
    for stored in instance.directory.all():
        domain = stored.domain
        for lack in lacks_certificate(settings, tls, domain, now):
            remedy = f"Put a certificate and its key into {settings.public_tls}; it is taken over by itself."
            yield error("DOCTOR-DOMAIN-TLS", f"domain {domain.name}: {lack}", remedy, lack, domain.name)
        yield from _check_trust(instance, domain, now)
        with instance.database.read() as connection:
            key = domains.active_signing_key(connection, stored.id)
            ends = None if key is None else certificates.not_after(connection, key.certificate_sha256)
        if ends is not None and now < ends <= now + SOON:
            remedy = "Ask for a new certificate now; `registry domain change` takes it, and signs everything again."
            what = f"domain {domain.name}: the certificate of the signing key ends {ends:%Y-%m-%d}"
            yield warning("DOCTOR-DOMAIN-ENDS", what, remedy, domain=domain.name)


def _check_trust(instance: Instance, domain: Domain, now: datetime) -> Iterator[Finding]:
    try:
        trust = instance.trust_models.of(domain)
    except ConfigurationError as problem:
        yield error("DOCTOR-TRUST", str(problem), f"registry trust use … --domain {domain.name}", domain=domain.name)
        return
    yield from _check_anchors(trust, domain, now)
    if needs_evidence(trust.configuration):
        collected_at = instance.trust_models.collected_at(domain)
        if collected_at is None or now - collected_at > EVIDENCE_IS_OLD:
            since = f"since {collected_at:%Y-%m-%d}" if collected_at else "yet"
            what = f"domain {domain.name}: no evidence was collected {since}, and its trust model asks for some"
            remedy = f"registry trust collect --domain {domain.name}"
            yield warning("DOCTOR-EVIDENCE", what, remedy, domain=domain.name)


def _check_anchors(trust: TrustModel, domain: Domain, now: datetime) -> Iterator[Finding]:
    for role in Role:
        authorities = trust.authorities(role)
        for kind, found in (("anchor", authorities.anchors), ("intermediate", authorities.intermediates)):
            for certificate in found:
                begins, ends = begin_of(certificate), end_of(certificate)
                subject = certificate.subject_text
                if begins is not None and begins > now:
                    what = f"domain {domain.name}: the {kind} {subject} of the role {role} begins {begins:%Y-%m-%d}"
                    remedy = "Nobody below it is trusted until then: take it out, or set this machine's clock right."
                    yield warning("DOCTOR-ANCHOR-EARLY", what, remedy, f"{role} {kind} {subject}", domain.name)
                if ends is None or ends > now + SOON:
                    continue
                verb = "ended" if ends <= now else "ends"
                what = f"domain {domain.name}: the {kind} {subject} of the role {role} {verb} {ends:%Y-%m-%d}"
                remedy = "See what the network says of its successor, and add that one in time."
                found_as = error if ends <= now else warning
                yield found_as("DOCTOR-ANCHOR", what, remedy, f"{role} {kind} {subject}", domain.name)
