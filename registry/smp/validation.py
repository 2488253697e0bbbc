# SPDX-License-Identifier: Apache-2.0
"""What a domain asks of metadata before it is published: every reason at once, each with its id and clause."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from cryptography import x509

from registry.domains.base_url import check_https_443
from registry.domains.domain import Domain
from registry.errors import Reason
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.text import shorten
from registry.metadata import CustomProperty, Endpoint, ProcessMetadata, Redirect, ServiceMetadata
from registry.trust import TrustDecision
from trust_lists.certificates.parsing import load_certificate
from trust_lists.errors import CertificateError
from trust_lists.evaluation.trust_configuration.model import Context

_MAX_URL = 2000
_MAX_PROPERTY = 256
_MAX_PROPERTIES = 1_000
_PROPERTY_NAME = re.compile(rf"[A-Za-z0-9._-]{{1,{_MAX_PROPERTY}}}")
_PEPPOL = "Peppol SMP 1.4.0 §2"


class Trust(Protocol):
    """What decides about certificates; `registry.trust.TrustModel` above all."""

    def decide(
        self,
        role: str,
        certificate: x509.Certificate,
        at: datetime,
        *,
        context: Mapping[Context, str],
        asserted: frozenset[str] | None,
    ) -> TrustDecision: ...


def check_metadata(
    metadata: ServiceMetadata, domain: Domain, trust: Trust, at: datetime
) -> tuple[list[Reason], list[str]]:
    """Why the metadata can't be published in the domain (empty when it can), and warnings that stop nothing."""
    rules = domain.identifiers
    reasons = [
        *participant_reasons(domain, metadata.participant),
        *rules.validate_document_type(metadata.document_type),
    ]
    warnings = [str(reason) for reason in rules.participant_warnings(metadata.participant)]
    for group in metadata.process_metadata:
        for process in group.processes:
            reasons += rules.validate_process(process.identifier)
        reasons += _check_group(group, domain.smp.endpoints_per_process)
        if group.redirect is not None:
            reasons += _check_redirect(group.redirect, domain)
        for endpoint in group.endpoints:
            refused, warned = check_endpoint(endpoint, domain, trust, at)
            reasons += refused
            warnings += warned
    if not metadata.process_metadata:
        reasons.append(Reason("SMP-EMPTY", "the metadata names neither a process nor a redirect", _PEPPOL))
    return _once(reasons), list(dict.fromkeys(warnings))


def check_endpoint(endpoint: Endpoint, domain: Domain, trust: Trust, at: datetime) -> tuple[list[Reason], list[str]]:
    """Why an endpoint can't be published in the domain, and warnings that stop nothing."""
    reasons = list(_check_endpoint(endpoint, domain))
    refused, warnings = _check_certificates(endpoint, domain, trust, at)
    if endpoint.activation and endpoint.expiration and endpoint.expiration <= endpoint.activation:
        # Legal, and real networks have such documents; it only means that nobody will use the endpoint.
        warnings.append(str(Reason("SMP-DATES", "an endpoint expires before it becomes active", _PEPPOL)))
    return [*reasons, *refused], warnings


def participant_reasons(domain: Domain, participant: ParticipantIdentifier) -> tuple[Reason, ...]:
    """Why a participant can't be published in the domain; `*` can, where our SMP may register it."""
    owners = domain.sml.wildcard_owners.get(participant.scheme, ())
    ours = (domain.smp.smp_id or "").lower() in {owner.lower() for owner in owners}
    return domain.identifiers.validate_participant(participant, allow_wildcard_participant=ours)


def property_reasons(properties: Sequence[CustomProperty]) -> Iterator[Reason]:
    """Why a participant can't have these custom properties."""
    if len(properties) > _MAX_PROPERTIES:
        message = f"a participant has {len(properties)} properties; {_MAX_PROPERTIES} is the most"
        yield Reason("SMP-PROPERTIES-MANY", message)
    names = Counter(item.name for item in properties)
    for name in sorted(name for name, times in names.items() if times > 1):
        yield Reason("SMP-PROPERTY-TWICE", f"a participant has the property {shorten(name)} twice")
    for item in properties:
        if not _PROPERTY_NAME.fullmatch(item.name):
            message = f"{shorten(item.name)} is no name of a property: letters, digits, dot, minus, underscore"
            yield Reason("SMP-PROPERTY-NAME", f"{message}; {_MAX_PROPERTY} at most")
        if len(item.value) > _MAX_PROPERTY or "\0" in item.value:
            message = f"the value of the property {shorten(item.name)} has more than {_MAX_PROPERTY} characters, or NUL"
            yield Reason("SMP-PROPERTY-VALUE", message)


def _check_group(group: ProcessMetadata, most_endpoints: int) -> Iterator[Reason]:
    if most_endpoints and len(group.endpoints) > most_endpoints:
        message = f"a process has {len(group.endpoints)} endpoints; in this domain {most_endpoints} is the most"
        yield Reason("SMP-ENDPOINTS-PER-PROCESS", message)
    profiles = Counter(endpoint.transport_profile for endpoint in group.endpoints)
    for profile in sorted(profile for profile, times in profiles.items() if times > 1):
        yield Reason("SMP-TRANSPORT-TWICE", f"two endpoints of a process have the transport profile {profile}", "TA08")
    if group.endpoints and group.redirect is not None:
        yield Reason("SMP-ENDPOINT-AND-REDIRECT", "endpoints and a redirect exclude each other", "SMP 2.0 §2.4")
    if not group.endpoints and group.redirect is None:
        yield Reason("SMP-NO-ENDPOINT", "a process has no endpoint", _PEPPOL)


def _check_redirect(redirect: Redirect, domain: Domain) -> Iterator[Reason]:
    yield from _check_url(redirect.href, "the redirect", "SMP-REDIRECT-URL")
    if not redirect.href.lower().startswith(("https://", "http://")):
        yield Reason("SMP-REDIRECT-SCHEME", "a redirect leads to another SMP, by https or http", "BDX-SMP 1.0 §2.3.2.4")
    elif domain.smp.https_443_only and (reason := check_https_443(redirect.href)):
        yield reason
    own = domain.smp.base_url
    if own and redirect.href.startswith(own + "/"):
        message = "the redirect leads back to this SMP; a client follows one redirect only"
        yield Reason("SMP-REDIRECT-SELF", message, "BDX-SMP 1.0 §2.3.2.4, TAB1")
    # In SMP 2.0 the certificate may be absent.
    if not redirect.certificate_uid and set(domain.smp.dialects) != {"bdxr2"}:
        message = "the redirect does not name the certificate of the other SMP (CertificateUID)"
        yield Reason("SMP-REDIRECT-UID", message, _PEPPOL)


def _check_endpoint(endpoint: Endpoint, domain: Domain) -> Iterator[Reason]:
    yield from domain.identifiers.validate_transport_profile(endpoint.transport_profile)
    allowed = domain.transport_profiles
    if allowed and endpoint.transport_profile not in allowed:
        message = f"the domain does not use the transport profile {endpoint.transport_profile}"
        yield Reason("SMP-TRANSPORT-UNKNOWN", message, "PFUOI 4.4.0 §6")
    yield from _check_url(endpoint.address, "the endpoint", "SMP-ENDPOINT-URL")
    if not endpoint.certificates:
        yield Reason("SMP-NO-CERTIFICATE", "an endpoint has no certificate", _PEPPOL)


def _check_certificates(
    endpoint: Endpoint, domain: Domain, trust: Trust, at: datetime
) -> tuple[list[Reason], list[str]]:
    refused: list[Reason] = []
    warned: list[str] = []
    # What is being published is what signed metadata will say of this endpoint.
    asserted = frozenset(hashlib.sha256(item.der).hexdigest() for item in endpoint.certificates)
    context = {Context.SMP_ID: domain.smp.smp_id} if domain.smp.smp_id else {}
    for item in endpoint.certificates:
        try:
            certificate = load_certificate(item.der)
        except CertificateError as error:
            problem = Reason("SMP-CERTIFICATE-UNREADABLE", f"the endpoint's certificate: {error}", _PEPPOL)
        else:
            # SMP 2.0 has certificates that are to be used from a later day on.
            used_at = at if item.activation is None else max(at, item.activation)
            decision = trust.decide("ap-encrypt", certificate, used_at, context=context, asserted=asserted)
            if decision.accepted:
                continue
            problem = Reason("SMP-CERTIFICATE-UNTRUSTED", f"the endpoint's certificate: {decision.reason}", _PEPPOL)
        if domain.endpoint_certificates == "warn":
            warned.append(str(problem))
        else:
            refused.append(problem)
    return refused, warned


def _check_url(url: str, what: str, reason_id: str) -> Iterator[Reason]:
    try:
        parts = urlsplit(url)
        good = bool(parts.scheme and (parts.hostname or parts.scheme not in {"http", "https"})) and len(url) <= _MAX_URL
    except ValueError:
        good = False
    if not good or any(c.isspace() or ord(c) < 0x20 for c in url):
        yield Reason(reason_id, f"{what} has no absolute URL: {url[:80]!r}", _PEPPOL)


def _once(reasons: list[Reason]) -> list[Reason]:
    return list(dict.fromkeys(reasons))
