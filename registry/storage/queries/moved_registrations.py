# SPDX-License-Identifier: Apache-2.0
"""Registrations of many publishers at once, and migrations whose key is known by its hash: what moves in."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, insert
from sqlalchemy.exc import IntegrityError

from registry.errors import AlreadyExistsError
from registry.storage.queries.publishers import PublisherRow
from registry.storage.queries.registrations import NewRegistration
from registry.storage.statements import insert_rows, rows_among
from registry.storage.tables import migration, registration
from registry.storage.types import to_microseconds
from registry.storage.unit_of_work import UnitOfWork

_PUBLISHERS = """
SELECT id, domain_id, smp_id, logical_address, physical_address, suspended, removing_at IS NOT NULL FROM publisher
WHERE domain_id = ? AND removing_at IS NULL AND smp_id_key
"""
_COLUMNS = ("domain_id", "modified_at", "publisher_id", "event", *NewRegistration._fields)


def publishers_named(connection: Connection, domain_id: int, smp_ids: Iterable[str]) -> dict[str, PublisherRow]:
    """The publishers of a domain with these ids, by their ids in lower case; not those that a job removes."""
    keys = sorted({smp_id.lower() for smp_id in smp_ids})
    rows = rows_among(connection, _PUBLISHERS, keys, domain_id)
    found = (PublisherRow(*row[:-2], *map(bool, row[-2:])) for row in rows)
    return {row.smp_id.lower(): row for row in found}


def add(work: UnitOfWork, domain_id: int, new: Sequence[tuple[int, int | None, NewRegistration]]) -> None:
    """Register participants, each with its publisher's id and the event that tells of it where that is about many.

    Raises AlreadyExistsError where one of them was registered meanwhile.
    """
    at = to_microseconds(work.now)
    try:
        rows = [(domain_id, at, publisher_id, event, *each) for publisher_id, event, each in new]
        insert_rows(work.connection, registration.name, _COLUMNS, rows)
    except IntegrityError as error:
        raise AlreadyExistsError("one of the participants was registered meanwhile") from error


def open_migration(work: UnitOfWork, registration_id: int, key_sha256: str, expires_at: datetime) -> None:
    """Open the migration of a registration that has none, for who has the key with this hash."""
    values = {
        "registration_id": registration_id,
        "key_sha256": key_sha256,
        "state": "prepared",
        "prepared_at": work.now,
        "prepared_by": work.actor,
        "expires_at": expires_at,
    }
    work.connection.execute(insert(migration).values(values))
