# SPDX-License-Identifier: Apache-2.0
"""Registrations at the SML, and their open migrations."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from registry.errors import AlreadyExistsError
from registry.storage.statements import insert_rows
from registry.storage.tables import migration, registration
from registry.storage.types import to_microseconds
from registry.storage.unit_of_work import UnitOfWork

_CHUNK = 400


@dataclass(frozen=True, slots=True)
class RegistrationRow:
    """A registered participant; `value` as spelled, `value_key` as compared, `label` its owner name in the zone."""

    id: int
    domain_id: int
    scheme: str
    value: str
    value_key: str
    naptr_service: str
    publisher_id: int
    label: str


@dataclass(frozen=True, slots=True)
class NewRegistration:
    """What is needed to register a participant."""

    scheme: str
    value: str
    value_key: str
    naptr_service: str
    label: str


_NEW = (
    "domain_id",
    "publisher_id",
    "scheme",
    "value",
    "value_key",
    "naptr_service",
    "label",
    "suspended",
    "modified_at",
)
_COLUMNS = [registration.c[name] for name in RegistrationRow.__dataclass_fields__]
# Made once: to put these together takes longer than to run them, and each new participant needs all of them.
_IN_DOMAIN = select(*_COLUMNS).where(registration.c.domain_id == bindparam("domain"))
_WITH_VALUE = _IN_DOMAIN.where(registration.c.value_key == bindparam("value"))
_WITH_VALUES = _IN_DOMAIN.where(registration.c.value_key.in_(bindparam("values", expanding=True)))
# One after the other by id, so that two lists with the same participants don't wait for each other.
_LOCK_VALUE = _WITH_VALUE.order_by(registration.c.id).with_for_update()
_LOCK_VALUES = _WITH_VALUES.order_by(registration.c.id).with_for_update()


def find(
    connection: Connection, domain_id: int, keys: Sequence[tuple[str, str]], *, lock: bool = False
) -> list[RegistrationRow]:
    """The registrations of the (scheme, value key) pairs in a domain, for every service.

    With `lock` nobody else changes them before the end of this transaction; SQLite has one writer anyway.
    """
    one, several = (_LOCK_VALUE, _LOCK_VALUES) if lock else (_WITH_VALUE, _WITH_VALUES)
    wanted = set(keys)
    values = sorted({value for _, value in keys})
    found: list[RegistrationRow] = []
    for start in range(0, len(values), _CHUNK):
        part = values[start : start + _CHUNK]
        if len(part) == 1:
            result = connection.execute(one, {"domain": domain_id, "value": part[0]})
        else:
            result = connection.execute(several, {"domain": domain_id, "values": part})
        rows = (RegistrationRow(*row) for row in result)
        found.extend(row for row in rows if (row.scheme, row.value_key) in wanted)
    return found


def lock(connection: Connection, domain_id: int, scheme: str, value_key: str) -> None:
    """Let nobody else change the registrations of a participant until the transaction ends."""
    c = registration.c
    query = select(c.id).where(c.domain_id == domain_id, c.scheme == scheme, c.value_key == value_key)
    connection.execute(query.with_for_update())


def add(work: UnitOfWork, domain_id: int, publisher_id: int, new: Sequence[NewRegistration]) -> None:
    """Register participants for a publisher.

    Raises AlreadyExistsError when another transaction registered one of them first: the database has the last word on
    who owns a participant.
    """
    at = to_microseconds(work.now)
    rows = [(domain_id, publisher_id, n.scheme, n.value, n.value_key, n.naptr_service, n.label, False, at) for n in new]
    try:
        insert_rows(work.connection, registration.name, _NEW, rows)
    except IntegrityError as error:
        raise AlreadyExistsError("one of the participants was registered meanwhile") from error


def remove(work: UnitOfWork, ids: Sequence[int]) -> None:
    """Delete registrations."""
    for start in range(0, len(ids), _CHUNK):
        work.connection.execute(delete(registration).where(registration.c.id.in_(ids[start : start + _CHUNK])))


def move(work: UnitOfWork, ids: Sequence[int], publisher_id: int) -> None:
    """Give registrations to another publisher; their open migrations end."""
    work.connection.execute(delete(migration).where(migration.c.registration_id.in_(ids)))
    work.connection.execute(
        update(registration).where(registration.c.id.in_(ids)).values(publisher_id=publisher_id, modified_at=work.now)
    )


def name_service(work: UnitOfWork, domain_id: int, naptr_service: str) -> None:
    """Let all registrations of a domain be for this NAPTR service."""
    work.connection.execute(
        update(registration).where(registration.c.domain_id == domain_id).values(naptr_service=naptr_service)
    )


def page(connection: Connection, publisher_id: int, after_id: int, size: int) -> list[RegistrationRow]:
    """Up to `size` registrations of a publisher with ids after `after_id`, in order of registration."""
    query = (
        select(*_COLUMNS)
        .where(registration.c.publisher_id == publisher_id, registration.c.id > after_id)
        .order_by(registration.c.id)
        .limit(size)
    )
    return [RegistrationRow(*row) for row in connection.execute(query)]


def prepare_migration(
    work: UnitOfWork, registration_ids: Sequence[int], key_sha256: str, expires_at: datetime | None
) -> None:
    """Open a migration, or replace the key of the open one."""
    work.connection.execute(delete(migration).where(migration.c.registration_id.in_(registration_ids)))
    rows = [
        {
            "registration_id": registration_id,
            "key_sha256": key_sha256,
            "state": "prepared",
            "prepared_at": work.now,
            "expires_at": expires_at,
        }
        for registration_id in registration_ids
    ]
    work.connection.execute(insert(migration), rows)


def cancel_migration(work: UnitOfWork, registration_id: int) -> None:
    """Let the key of a migration mean nothing any more."""
    work.connection.execute(delete(migration).where(migration.c.registration_id == registration_id))


def open_migrations(connection: Connection, registration_ids: Sequence[int], at: datetime) -> dict[int, str]:
    """The key hashes of the migrations of these registrations that are open at that moment."""
    found: dict[int, str] = {}
    for start in range(0, len(registration_ids), _CHUNK):
        query = select(migration.c.registration_id, migration.c.key_sha256).where(
            migration.c.registration_id.in_(registration_ids[start : start + _CHUNK]),
            or_(migration.c.expires_at.is_(None), migration.c.expires_at > at),
        )
        found.update({int(row[0]): str(row[1]) for row in connection.execute(query)})
    return found


def open_migrations_of_publisher(connection: Connection, publisher_id: int, at: datetime) -> int:
    """How many of a publisher's participants have an open migration."""
    query = (
        select(func.count())
        .select_from(migration.join(registration, registration.c.id == migration.c.registration_id))
        .where(
            registration.c.publisher_id == publisher_id,
            or_(migration.c.expires_at.is_(None), migration.c.expires_at > at),
        )
    )
    return int(connection.execute(query).scalar_one())
