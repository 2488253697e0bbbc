# SPDX-License-Identifier: Apache-2.0
"""Reminds operators in time that certificates end: of publishers, signing keys and access points, each some times.

A reminder is an event, once for each number of days, and never where a successor is there already. Who comes late (a
certificate is added ten days before its end) is told at the next of these numbers, and not of those that have passed.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from typing import Final

from registry.audit.events import record
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor, Database, retried
from registry.storage.queries import certificate_ends
from registry.storage.queries.certificate_ends import EndingCertificate, EndingFilter
from registry.storage.unit_of_work import UnitOfWork

DAYS_AHEAD: Final = (1, 7, 30, 90)
"""How many days before its end somebody is reminded of a certificate, rising."""
_BATCH = 500


def known_by_name(domains: Iterable[StoredDomain]) -> frozenset[int]:
    """The domains whose SMPs renew their certificates without a call, so that none of theirs needs a successor here."""
    return frozenset(stored.id for stored in domains if stored.domain.sml.identity == "issuer+subject")


def remind(database: Database, actor: Actor, by_name: Collection[int] = ()) -> dict[str, int]:
    """Remind of every certificate in use for which it is time, batch by batch; how many that were."""
    told, passed = 0, 0
    for days in DAYS_AHEAD:
        while count := _remind_some(database, actor, by_name, days, passed):
            told += count
        passed = days
    return {"reminded": told}


@retried
def _remind_some(database: Database, actor: Actor, by_name: Collection[int], days: int, passed: int) -> int:
    with database.write(actor) as work:
        wanted = EndingFilter(
            after=work.now + timedelta(days=passed),
            until=work.now + timedelta(days=days),
            by_name=by_name,
            only_without_successor=True,
            not_told_of_days=days,
        )
        rows = certificate_ends.ending(work.connection, wanted, work.now, _BATCH)
        if rows:
            certificate_ends.remind(work, rows, days)
            _record(work, rows, days)
        return len(rows)


def _record(work: UnitOfWork, rows: Sequence[EndingCertificate], days: int) -> None:
    for row in rows:
        after = {
            "certificate": row.sha256,
            "subject": row.subject,
            "ends_at": row.ends_at.isoformat(),
            "days": days,
        }
        match row.kind:
            case "publisher":
                record(work, "sml:certificate:remind", row.name, domain_id=row.domain_id, after=after)
            case "access-point":
                subject = f"access-point:{row.name}"
                record(work, "smp:access-point:remind", subject, domain_id=row.domain_id, after=after)
            case "signing-key":
                subject = f"domain:{row.name}"
                record(work, "smp:signing-key:remind", subject, domain_id=row.domain_id, after=after)
