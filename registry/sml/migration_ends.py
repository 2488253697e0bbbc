# SPDX-License-Identifier: Apache-2.0
"""Ends migrations: whatever moves or removes a registration calls this first, in its own transaction.

Those whose time had run out before are announced here, each exactly once, whoever comes across them.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby

from registry.audit.events import record_many
from registry.identifiers.participant import ParticipantIdentifier
from registry.storage.queries import migrations
from registry.storage.queries.migrations import EndedMigration, Outcome
from registry.storage.unit_of_work import UnitOfWork


def end_migrations(
    work: UnitOfWork, registration_ids: Sequence[int], outcome: Outcome, to_smp_id: str | None = None
) -> list[EndedMigration]:
    """End the migrations of registrations; returns those that were open, so that a race is seen."""
    return _announced(work, migrations.end(work, registration_ids, outcome, work.actor, to_smp_id))


def end_migrations_in(
    work: UnitOfWork,
    publisher_id: int,
    after_id: int,
    upto_id: int,
    outcome: Outcome,
    to_smp_id: str | None = None,
) -> list[EndedMigration]:
    """As `end_migrations`, for the registrations of a publisher with ids above one, up to and with the other."""
    ended = migrations.end_range(work, publisher_id, after_id, upto_id, outcome, work.actor, to_smp_id)
    return _announced(work, ended)


def end_due_migrations(work: UnitOfWork, limit: int) -> int:
    """End and announce up to `limit` migrations whose time has run out; returns how many."""
    ended = migrations.end_due(work, limit)
    _announced(work, ended)
    return len(ended)


def _announced(work: UnitOfWork, ended: Iterable[EndedMigration]) -> list[EndedMigration]:
    ended = list(ended)
    expired = sorted((row for row in ended if row.outcome is Outcome.EXPIRED), key=lambda row: row.domain_id)
    for domain_id, rows in groupby(expired, key=lambda row: row.domain_id):
        told = [(str(ParticipantIdentifier(row.scheme, row.value)), _audited(row), None) for row in rows]
        record_many(work, "sml:migration:expire", told, domain_id=domain_id)
    return [row for row in ended if row.outcome is not Outcome.EXPIRED]


def _audited(row: EndedMigration) -> dict[str, str | None]:
    return {
        "smp_id": row.from_smp_id,
        "prepared_at": row.prepared_at.isoformat(),
        "prepared_by": row.prepared_by,
        "expires_at": row.ended_at.isoformat(),
    }
