# SPDX-License-Identifier: Apache-2.0
"""The ends of certificates in use as a calendar, for the calendars of the people who have to replace them."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta

from registry.alerts.icalendar import Event, write_calendar
from registry.errors import ValidationError
from registry.storage.queries import certificate_views
from registry.storage.queries.certificate_views import CertificateFilter, CertificateView
from registry.storage.types import to_microseconds
from registry.storage.unit_of_work import Connection

MAX_EVENTS = 2_000
MAX_DAYS = 3_650
_USES = 10
_NAMES: Mapping[str, str] = {
    "access-point": "access point",
    "publisher": "SMP",
    "redirect": "redirect of",
    "signing-key": "signing key:",
}


def certificate_calendar(
    connection: Connection, domains: Mapping[int, str], only: Collection[int] | None, days: int, now: datetime
) -> bytes:
    """A calendar of the certificates that end between now and `days` days later.

    `domains` are the names of all domains by id; `only` those in which a certificate has to be used, None for any.
    Raises ValidationError where they are too many for a calendar.
    """
    wanted = CertificateFilter(expires_before=now + timedelta(days=days), domain_ids=only)
    found = certificate_views.page(connection, wanted, (to_microseconds(now), ""), MAX_EVENTS + 1)
    if len(found) > MAX_EVENTS:
        message = f"more than {MAX_EVENTS} certificates end within {days} days: ask for fewer days, or one domain"
        raise ValidationError.of("CALENDAR-TOO-LARGE", message)
    return write_calendar("Certificates that end", _events(connection, found, domains, only), now)


def _events(
    connection: Connection,
    found: Collection[CertificateView],
    domains: Mapping[int, str],
    only: Collection[int] | None,
) -> Iterator[Event]:
    for each in found:
        if each.not_after is None:
            continue  # sorted behind all others, and so behind the end that was asked for
        used = certificate_views.uses(connection, each.sha256, only, None, _USES + 1)
        lines = [f"{_NAMES[use.role]} {use.name} ({domains[use.domain_id]})" for use in used[:_USES]]
        if len(used) > _USES:
            lines.append("and others")
        about = [f"Issuer: {each.issuer}", f"Serial number: {each.serial}", f"SHA-256: {each.sha256}"]
        yield Event(
            uid=f"certificate-{each.sha256}@edelivery-registry",
            at=each.not_after,
            summary=f"Certificate ends: {each.subject or each.sha256}",
            description="\n".join([*about, "Used by:", *(lines or ["nobody"])]),
        )
