# SPDX-License-Identifier: Apache-2.0
"""The services of a participant's NAPTR records, where its SMP names them (ICD 1.30, CreateParticipantIdentifier).

A wrong one is stored by others without a word, and nobody resolves the participant; the usual mistake is the URL of
the SMP in its place.
"""

from collections.abc import Iterable

from registry.domains.domain import Domain
from registry.errors import ValidationError
from registry.identifiers.text import shorten
from registry.sml.errors import SmlError, bad_request


def allowed_services(domain: Domain) -> tuple[str, ...]:
    """Those that a participant of the domain may have: the domain's own first."""
    return (*domain.dns.naptr_services, *domain.dns.optional_services)


def check_services(domain: Domain, services: Iterable[str]) -> tuple[str, ...]:
    """The services as the domain spells them; they compare without case (RFC 3403 §4.1).

    Raises SmlError (ERR-106) that names those allowed for the first one that isn't.
    """
    spelled = {service.lower(): service for service in allowed_services(domain)}
    wanted = [service.strip() for service in services]
    for service in wanted:
        if service.lower() not in spelled:
            raise _not_allowed(domain, service)
    return tuple(dict.fromkeys(spelled[service.lower()] for service in wanted))


def _not_allowed(domain: Domain, service: str) -> SmlError:
    hint = "; the address of an SMP is its LogicalAddress" if "://" in service else ""
    text = (
        f"The service {shorten(service)} is none that the domain {domain.name} allows: "
        f"{', '.join(allowed_services(domain))}{hint}"
    )
    return bad_request(text, ValidationError.of("SML-SERVICE", text))
