# SPDX-License-Identifier: Apache-2.0
"""Migrations: the open one of a registration, and what became of those that ended.

An open one is a row of `migration`. Whatever ends it, that row is deleted and one of `ended_migration` written, by the
same transaction; so each ends once, whoever races. One whose time has run out has ended already, as `EXPIRED`, even
where nobody has noted it yet: whatever comes across it afterwards notes that.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, exists, func, insert, or_, select, update

from registry.storage.tables import ended_migration, migration, publisher, registration
from registry.storage.unit_of_work import UnitOfWork

_CHUNK = 400
BY_TIME = "time"
"""Who ended those whose time ran out."""


class Outcome(StrEnum):
    """What became of a migration; two came in the way of what was meant: the operator moved or removed it."""

    COMPLETED = "completed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REPLACED = "replaced"
    TRANSFERRED = "transferred"
    UNREGISTERED = "unregistered"


@dataclass(frozen=True, slots=True)
class OpenMigration:
    """A participant that whoever has the key may take over from the SMP `smp_id`, until `expires_at`."""

    registration_id: int
    domain_id: int
    scheme: str
    value: str
    smp_id: str
    key_sha256: str
    prepared_at: datetime
    prepared_by: str | None
    """As the audit names it; None where it was prepared by a version that didn't note it."""
    expires_at: datetime | None

    def has_key(self, key: str) -> bool:
        """Whether this is its key."""
        return self.key_sha256 == key_hash(key)

    @property
    def story(self) -> str:
        """Who prepared it, since when it is open, until when: for whom it stands in the way."""
        by = f" by {self.prepared_by}" if self.prepared_by else ""
        until = f", open until {_minute(self.expires_at)}" if self.expires_at else ""
        return f"prepared{by} at {_minute(self.prepared_at)}{until}"


@dataclass(frozen=True, slots=True)
class EndedMigration:
    """What became of a migration; `to_smp_id` is who has the participant since, where that is somebody else."""

    id: int
    domain_id: int
    scheme: str
    value: str
    from_smp_id: str
    to_smp_id: str | None
    outcome: Outcome
    prepared_at: datetime
    prepared_by: str | None
    ended_at: datetime
    ended_by: str


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """Which ended migrations are wanted: of a participant, and from or to one of some SMPs, since a moment."""

    participant: tuple[str, str] | None = None
    """Scheme, and value as values compare."""
    smp_ids: Collection[str] | None = None
    since: datetime | None = None


_OPEN = (
    migration.c.registration_id,
    registration.c.domain_id,
    registration.c.scheme,
    registration.c.value,
    publisher.c.smp_id,
    migration.c.key_sha256,
    migration.c.prepared_at,
    migration.c.prepared_by,
    migration.c.expires_at,
)
_FIELDS = tuple(EndedMigration.__dataclass_fields__)
_ENDED = tuple(ended_migration.c[name] for name in _FIELDS)
_OUTCOME = _FIELDS.index("outcome")


def key_hash(key: str) -> str:
    """What is stored of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def is_open(at: datetime) -> ColumnElement[bool]:
    """Whether a row of `migration` is open at a moment."""
    return or_(migration.c.expires_at.is_(None), migration.c.expires_at > at)


def add(work: UnitOfWork, registration_id: int, key: str, expires_at: datetime) -> None:
    """Open the migration of a registration that has none."""
    values = {
        "registration_id": registration_id,
        "key_sha256": key_hash(key),
        "state": "prepared",
        "prepared_at": work.now,
        "prepared_by": work.actor,
        "expires_at": expires_at,
    }
    work.connection.execute(insert(migration).values(values))


def renew(work: UnitOfWork, registration_id: int, expires_at: datetime) -> bool:
    """Let a migration be open longer; False where there is none any more."""
    changed = update(migration).where(migration.c.registration_id == registration_id).values(expires_at=expires_at)
    return work.connection.execute(changed).rowcount == 1


def open_of(connection: Connection, registration_ids: Sequence[int], at: datetime) -> dict[int, OpenMigration]:
    """The migrations of these registrations that are open at that moment, by registration."""
    found: dict[int, OpenMigration] = {}
    for part in _chunks(registration_ids):
        query = _open(at).where(migration.c.registration_id.in_(part))
        found.update({row.registration_id: OpenMigration(*row) for row in connection.execute(query)})
    return found


def number_open(connection: Connection, publisher_id: int, at: datetime) -> int:
    """How many of a publisher's participants have an open migration."""
    query = (
        select(func.count())
        .select_from(migration.join(registration, registration.c.id == migration.c.registration_id))
        .where(_by_migration(registration.c.publisher_id) == publisher_id, is_open(at))
    )
    return int(connection.execute(query).scalar_one())


def page(
    connection: Connection,
    after: int,
    size: int,
    at: datetime,
    *,
    domain_id: int | None = None,
    publisher_ids: Collection[int] | None = None,
) -> list[OpenMigration]:
    """Up to `size` open migrations, of registrations with ids after `after`, in their order.

    Those of a domain, or of some publishers, or both.
    """
    query = _open(at).where(migration.c.registration_id > after)
    if domain_id is not None:
        query = query.where(_by_migration(registration.c.domain_id) == domain_id)
    if publisher_ids is not None:
        query = query.where(_by_migration(registration.c.publisher_id).in_(publisher_ids))
    return [OpenMigration(*row) for row in connection.execute(query.order_by(migration.c.registration_id).limit(size))]


def history(
    connection: Connection, domain_ids: Sequence[int], wanted: HistoryFilter, before: int | None, size: int
) -> list[EndedMigration]:
    """Up to `size` ended migrations of these domains with ids below `before`, the last ended first."""
    c = ended_migration.c
    query = select(*_ENDED).where(c.domain_id.in_(domain_ids))
    if wanted.participant is not None:
        scheme, value_key = wanted.participant
        query = query.where(c.scheme == scheme, c.value_key == value_key)
    if wanted.smp_ids is not None:
        query = query.where(or_(c.from_smp_id.in_(wanted.smp_ids), c.to_smp_id.in_(wanted.smp_ids)))
    if wanted.since is not None:
        query = query.where(c.ended_at >= wanted.since)
    if before is not None:
        query = query.where(c.id < before)
    return [_ended(row) for row in connection.execute(query.order_by(c.id.desc()).limit(size))]


def end(
    work: UnitOfWork,
    registration_ids: Sequence[int],
    outcome: Outcome,
    ended_by: str,
    to_smp_id: str | None = None,
) -> list[EndedMigration]:
    """End the migrations of registrations, before these change; returns those that there were, each once.

    Those whose time had run out come back as `EXPIRED`: `registry.sml.migration_ends` makes events of them.
    """
    ended = []
    for part in _chunks(registration_ids):
        ended += _end(work, migration.c.registration_id.in_(part), outcome, ended_by, to_smp_id)
    return ended


def end_range(
    work: UnitOfWork,
    publisher_id: int,
    after_id: int,
    upto_id: int,
    outcome: Outcome,
    ended_by: str,
    to_smp_id: str | None = None,
) -> list[EndedMigration]:
    """As `end`, for the registrations of a publisher with ids above `after_id`, up to and with `upto_id`."""
    c = migration.c
    owned = exists().where(registration.c.id == c.registration_id, registration.c.publisher_id == publisher_id)
    which = (c.registration_id > after_id) & (c.registration_id <= upto_id) & owned
    return _end(work, which, outcome, ended_by, to_smp_id)


def end_due(work: UnitOfWork, limit: int) -> list[EndedMigration]:
    """End up to `limit` migrations whose time has run out."""
    c = migration.c
    due = select(c.registration_id).where(c.expires_at <= work.now).order_by(c.expires_at).limit(limit)
    return _end(work, c.registration_id.in_(due), Outcome.EXPIRED, BY_TIME, None)


def _end(
    work: UnitOfWork, which: ColumnElement[bool], outcome: Outcome, ended_by: str, to_smp_id: str | None
) -> list[EndedMigration]:
    c = migration.c
    deleted = delete(migration).where(which)
    gone = work.connection.execute(
        deleted.returning(c.registration_id, c.prepared_at, c.prepared_by, c.expires_at)
    ).all()
    if not gone:
        return []
    whose = _registrations(work.connection, [row.registration_id for row in gone])
    values = []
    for row in gone:
        about = whose[row.registration_id]
        in_time = row.expires_at is None or row.expires_at > work.now
        values.append(
            {
                "domain_id": about.domain_id,
                "scheme": about.scheme,
                "value": about.value,
                "value_key": about.value_key,
                "from_smp_id": about.smp_id,
                "to_smp_id": to_smp_id if in_time else None,
                "outcome": outcome if in_time else Outcome.EXPIRED,
                "prepared_at": row.prepared_at,
                "prepared_by": row.prepared_by,
                "ended_at": work.now if in_time else row.expires_at,
                "ended_by": ended_by if in_time else BY_TIME,
            }
        )
    inserted = insert(ended_migration).returning(*_ENDED)
    return [_ended(row) for row in work.connection.execute(inserted, values)]


def _registrations(connection: Connection, ids: Sequence[int]) -> dict[int, Row[Any]]:
    c = registration.c
    found: dict[int, Row[Any]] = {}
    for part in _chunks(ids):
        query = (
            select(c.id, c.domain_id, c.scheme, c.value, c.value_key, publisher.c.smp_id)
            .select_from(registration.join(publisher, publisher.c.id == c.publisher_id))
            .where(c.id.in_(part))
        )
        found.update({row.id: row for row in connection.execute(query)})
    return found


def _by_migration(column: ColumnElement[int]) -> ColumnElement[int]:
    """A column of registrations that no index leads to: few have a migration, and a publisher has a million."""
    return column + 0


def _open(at: datetime) -> Select[Any]:
    joined = migration.join(registration, registration.c.id == migration.c.registration_id).join(
        publisher, publisher.c.id == registration.c.publisher_id
    )
    return select(*_OPEN).select_from(joined).where(is_open(at))


def _ended(row: Row[Any]) -> EndedMigration:
    values = [*row]
    values[_OUTCOME] = Outcome(row.outcome)
    return EndedMigration(*values)


def _minute(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%MZ}"


def _chunks(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    for start in range(0, len(ids), _CHUNK):
        yield ids[start : start + _CHUNK]
