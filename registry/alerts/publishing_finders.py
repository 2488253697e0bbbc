# SPDX-License-Identifier: Apache-2.0
"""Finders of what keeps senders from what is published, though nothing is missing here: addresses, profiles, dates."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from registry.alerts.finders import NOW, bounded, rest, shown
from registry.alerts.problem import MAX_OF_KIND, Problem, ProblemKind, Severity
from registry.domains.base_url import parse_base_url
from registry.domains.domain import Domain
from registry.domains.host_name import is_loopback
from registry.identifiers.rules import stops_new_entries_only
from registry.storage.queries import problem_rows
from registry.storage.unit_of_work import Connection

_ENDS_SOON: Final = timedelta(days=30)
_MANY: Final = 10_000
"""Beyond so many certificates or profiles nobody counts the rest."""


def early_certificates(connection: Connection, now: datetime) -> Iterator[Problem]:
    """Certificates of publishers, signing keys and access points that are in use and not valid yet."""
    found = [
        Problem(
            ProblemKind.CERTIFICATE_EARLY,
            Severity.ERROR,
            row.name,
            row.domain_id,
            None,
            {
                "holder": row.kind,
                "certificate": row.sha256,
                "certificate_subject": row.subject,
                "begins_at": shown(row.begins_at),
            },
            f"{row.kind}:{row.holder_id} {row.sha256}",
        )
        for row in problem_rows.early_certificates(connection, now, _MANY)
    ]
    yield from bounded(found)


def ending_services(connection: Connection, domain_id: int, now: datetime) -> Iterator[Problem]:
    """Services whose last endpoint ends within a month."""
    until, kind = now + _ENDS_SOON, ProblemKind.SERVICE_ENDS
    ending = problem_rows.ending_services(connection, domain_id, now, until, MAX_OF_KIND)
    for participant, document_type, ends_at in ending:
        severity = Severity.WARNING if ends_at <= now + NOW else Severity.HINT
        told = {"document_type": document_type, "ends_at": shown(ends_at)}
        yield Problem(kind, severity, participant, domain_id, None, told, document_type)
    if len(ending) == MAX_OF_KIND:
        more = problem_rows.count_ending_services(connection, domain_id, now, until) - MAX_OF_KIND
        yield from rest(kind, Severity.HINT, domain_id, more)


def unreachable(connection: Connection, domain_id: int, domain: Domain) -> Iterator[Problem]:
    """That nobody finds what a domain publishes: it has no address, or one of this machine only, or no SML.

    And that an SMP publishes nobody.
    """
    if not problem_rows.publishes(connection, domain_id):
        if domain.smp.base_url:
            told = {"url": domain.smp.base_url}
            yield Problem(ProblemKind.NOTHING_PUBLISHED, Severity.HINT, domain.name, domain_id, None, told)
        return
    if not domain.smp.base_url:
        yield Problem(ProblemKind.PUBLIC_URL, Severity.ERROR, domain.name, domain_id)
    elif is_loopback(parse_base_url(domain.smp.base_url).host.strip("[]")):
        told = {"url": domain.smp.base_url}
        yield Problem(ProblemKind.PUBLIC_URL, Severity.HINT, domain.name, domain_id, None, told)
    if not domain.sml.enabled and not domain.smp.smp_id:
        yield Problem(ProblemKind.NO_SML, Severity.HINT, domain.name, domain_id)


def unknown_profiles(connection: Connection, domain_id: int, domain: Domain) -> Iterator[Problem]:
    """Transport profiles that endpoints have, and the domain doesn't know, or not any more."""
    found = []
    for row in problem_rows.used_profiles(connection, domain_id, _MANY):
        if reasons := domain.identifiers.validate_transport_profile(row.transport_profile):
            told = {
                "access_points": row.access_points,
                "first": row.first,
                "reason": "; ".join(reason.message for reason in reasons),
            }
            severity = Severity.HINT if all(map(stops_new_entries_only, reasons)) else Severity.WARNING
            kind, subject = ProblemKind.TRANSPORT_PROFILE, row.transport_profile
            found.append(Problem(kind, severity, subject, domain_id, None, told))
    yield from bounded(found)
