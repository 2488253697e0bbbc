# SPDX-License-Identifier: Apache-2.0
"""Events about many subjects at once: adding, opening, and finding those that a subject is in.

There is no index by subject: a registration has the sequence of such an event that tells of it, and the event of its
end, which is found by subject, takes that along.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update

from registry.storage.queries.audit import overwriting
from registry.storage.queries.events import ChainedRow, EventRow
from registry.storage.statements import placeholders
from registry.storage.tables import domain, event, event_batch, registration
from registry.storage.unit_of_work import UnitOfWork

_NAMES = ", ".join(f'"{name}"' for name in ChainedRow._fields[1:])
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class BatchRow:
    """The entries of an event about many, and what the event says; `salt` and `sealed` are None where they are gone."""

    sequence: int
    before: Any
    after: Any
    salt: bytes | None
    sealed: bytes | None


_COLUMNS = (event.c.sequence, event.c.before, event.c.after, event_batch.c.salt, event_batch.c.sealed)
_JOINED = select(*_COLUMNS).select_from(event.outerjoin(event_batch, event_batch.c.sequence == event.c.sequence))
_LOCKED = select(*_COLUMNS).join_from(event, event_batch).with_for_update(of=event_batch).order_by(event.c.sequence)
_SHOWN = [event.c[name] for name in EventRow.__dataclass_fields__]


def add(connection: Connection, row: tuple[Any, ...], salt: bytes, sealed: bytes) -> int:
    """Add an event, whose row has the values of `ChainedRow` but the sequence, and its entries; gives the sequence."""
    marks = placeholders(connection, len(row))
    added = f"INSERT INTO event ({_NAMES}) VALUES {marks} RETURNING sequence"  # noqa: S608 — names of ours
    into = "INSERT INTO event_batch (sequence, salt, sealed)"
    if connection.dialect.name == "sqlite":
        sequence = int(connection.exec_driver_sql(added, row).scalar_one())
        connection.exec_driver_sql(f"{into} VALUES (?, ?, ?)", (sequence, salt, sealed))
        return sequence
    # In one statement, since the way to the server costs more than the rows.
    both = f"WITH added AS ({added}) {into} SELECT sequence, %s, %s FROM added RETURNING sequence"  # noqa: S608
    return int(connection.exec_driver_sql(both, (*row, salt, sealed)).scalar_one())


def find(connection: Connection, sequences: Collection[int], *, lock: bool = False) -> list[BatchRow]:
    """These events with their entries; with `lock` only those that have any, which nobody else changes meanwhile."""
    wanted, found = sorted(sequences), list[BatchRow]()
    query = _LOCKED if lock else _JOINED
    for start in range(0, len(wanted), _CHUNK):
        rows = connection.execute(query.where(event.c.sequence.in_(wanted[start : start + _CHUNK])))
        found += (BatchRow(*row) for row in rows)
    return found


def replace(work: UnitOfWork, sequence: int, salt: bytes, sealed: bytes) -> None:
    """Put other entries in the place of an event's; on SQLite the bytes of those before are overwritten."""
    with overwriting(work.connection):
        work.connection.execute(
            update(event_batch).where(event_batch.c.sequence == sequence).values(salt=salt, sealed=sealed)
        )


def of_registrations(connection: Connection, schemes: Collection[str], value_keys: Collection[str]) -> set[int]:
    """The sequences of events about many that tell of registrations with these schemes and values, in any domain."""
    c = registration.c
    # By all columns of the index, the first of which is the domain: without it every registration is looked through.
    every = list(connection.execute(select(domain.c.id)).scalars())
    query = select(c.event).where(c.domain_id.in_(every), c.scheme.in_(schemes), c.value_key.in_(value_keys))
    return set(connection.execute(query.where(c.event.is_not(None))).scalars())


def tagged(connection: Connection, subject_id: int, tag: str) -> list[EventRow]:
    """The sealed events about a subject that have a tag."""
    c = event.c
    query = select(*_SHOWN).where(c.subject_id == subject_id, c.tag == tag).order_by(c.sequence)
    return [EventRow(*row) for row in connection.execute(query)]
