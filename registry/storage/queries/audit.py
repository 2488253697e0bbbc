# SPDX-License-Identifier: Apache-2.0
"""The subjects of sealed events, and the chain that events are put into."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, exists, func, select, text, update

from registry.storage.statements import chunks, insert_new_rows, placeholders
from registry.storage.tables import account, audit_chain, event, event_subject, installation
from registry.storage.types import to_microseconds
from registry.storage.unit_of_work import UnitOfWork
from registry.storage.upsert import insert_if_new

_CHUNK = 500  # lookups per statement, below every database's limit on bound values
NO_HASH = "0" * 64
"""What stands for the hash before the first event."""


@dataclass(frozen=True, slots=True)
class SubjectRow:
    """A subject, and the salt of its key."""

    id: int
    salt: bytes


@dataclass(frozen=True, slots=True)
class ChainRow:
    """Where the chain ends, and where it begins: at the event after `begin_position`, whose hash is `begin_hash`."""

    position: int = 0
    hash: str = NO_HASH
    begin_position: int = 0
    begin_hash: str = NO_HASH


def find_subjects(connection: Connection, lookups: Collection[str]) -> dict[str, SubjectRow]:
    """Those of the subjects that are there, by their lookups."""
    found: dict[str, SubjectRow] = {}
    for part in chunks(list(lookups), 1):
        query = f"SELECT lookup, id, salt FROM event_subject WHERE lookup IN {placeholders(connection, len(part))}"  # noqa: S608
        rows = connection.exec_driver_sql(query, tuple(part))
        found.update({lookup: SubjectRow(key, bytes(salt)) for lookup, key, salt in rows})
    return found


def add_subjects(work: UnitOfWork, salts: Mapping[str, bytes]) -> dict[str, SubjectRow]:
    """Add subjects by lookup and salt; gives those that were not there, neither before nor from another transaction."""
    at = to_microseconds(work.now)
    rows = [(lookup, salt, at) for lookup, salt in salts.items()]
    columns = ("lookup", "salt", "created_at")
    added = insert_new_rows(work.connection, "event_subject", columns, rows, "lookup, id")
    return {lookup: SubjectRow(key, salts[lookup]) for lookup, key in added}


def salts(connection: Connection, subject_ids: Collection[int]) -> dict[int, bytes]:
    """The salts of subjects; those that were erased are absent."""
    c, wanted, found = event_subject.c, list(subject_ids), {}
    for start in range(0, len(wanted), _CHUNK):
        rows = connection.execute(
            select(c.id, c.salt).where(c.id.in_(wanted[start : start + _CHUNK]), c.salt.is_not(None))
        )
        found.update({key: bytes(salt) for key, salt in rows})
    return found


def forget_subject(work: UnitOfWork, subject_id: int) -> None:
    """Forget a subject's salt and name; on SQLite their bytes are overwritten, too."""
    values = {"lookup": None, "salt": None, "erased_at": work.now}
    with overwriting(work.connection):
        work.connection.execute(update(event_subject).where(event_subject.c.id == subject_id).values(values))


def events_of(connection: Connection, subject: str, subject_ids: Collection[int]) -> tuple[int, int]:
    """How many events name a subject in clear, and how many are sealed for it, under these ids."""
    plain = select(func.count()).select_from(event).where(event.c.subject == subject).scalar_subquery()
    sealed = select(func.count()).select_from(event).where(event.c.subject_id.in_(subject_ids)).scalar_subquery()
    return tuple(connection.execute(select(plain, sealed)).one())


def names_of_people(connection: Connection, account_ids: Collection[int]) -> dict[int, str]:
    """The names of accounts, for display: the full one, or else the one of the login; none for an erased account."""
    c = account.c
    rows = connection.execute(select(c.id, c.display_name, c.name).where(c.id.in_(account_ids), c.state != "erased"))
    return {key: display_name or name for key, display_name, name in rows}


@contextmanager
def overwriting(connection: Connection) -> Iterator[None]:
    """Let SQLite overwrite what is deleted inside the block; PostgreSQL drops it at its next vacuum."""
    if connection.dialect.name != "sqlite":
        yield
        return
    before = connection.exec_driver_sql("PRAGMA secure_delete").scalar_one()
    connection.exec_driver_sql("PRAGMA secure_delete = ON")
    try:
        yield
    finally:
        connection.exec_driver_sql(f"PRAGMA secure_delete = {int(before)}")


# The chain

_CHAIN = (audit_chain.c.position, audit_chain.c.hash, audit_chain.c.begin_position, audit_chain.c.begin_hash)
_PLACE_SQLITE = "UPDATE event SET position = ?, hash = ? WHERE sequence = ?"
_PLACE_POSTGRESQL = text(
    "UPDATE event SET position = placed.position, hash = placed.hash "
    "FROM unnest(CAST(:sequences AS bigint[]), CAST(:positions AS bigint[]), CAST(:hashes AS text[])) "
    "AS placed (sequence, position, hash) WHERE event.sequence = placed.sequence"
)


def chain(connection: Connection) -> ChainRow:
    """The ends of the chain; those of an empty one where nothing was sealed yet."""
    row = connection.execute(select(*_CHAIN)).first()
    return ChainRow() if row is None else ChainRow(*row)


def hash_at(connection: Connection, position: int) -> str | None:
    """The hash of the event at a position; None where there is none."""
    return connection.execute(select(event.c.hash).where(event.c.position == position)).scalar()


def instance_id(connection: Connection) -> str:
    """Which installation this is."""
    return str(connection.execute(select(installation.c.instance_id)).scalar_one())


def lock_chain(work: UnitOfWork) -> ChainRow:
    """The ends of the chain, which nobody else can move until this transaction ends; made where they are missing."""
    found = work.connection.execute(select(*_CHAIN).with_for_update()).first()
    if found is None:
        empty = ChainRow()
        values = {
            "id": 1,
            "position": empty.position,
            "hash": empty.hash,
            "begin_position": empty.begin_position,
            "begin_hash": empty.begin_hash,
            "modified_at": work.now,
        }
        work.connection.execute(insert_if_new(work.connection, audit_chain), values)
        found = work.connection.execute(select(*_CHAIN).with_for_update()).one()
    return ChainRow(*found)


def place(work: UnitOfWork, sequences: Sequence[int], begin: int, hashes: Sequence[str]) -> None:
    """Give events their places, from position `begin` on, and move the end of the chain there."""
    positions = range(begin, begin + len(sequences))
    if work.connection.dialect.name == "postgresql":
        arrays = {"sequences": list(sequences), "positions": list(positions), "hashes": list(hashes)}
        work.connection.execute(_PLACE_POSTGRESQL, arrays)
    else:
        # Past SQLAlchemy, which takes longer for each row than SQLite.
        work.connection.exec_driver_sql(_PLACE_SQLITE, list(zip(positions, hashes, sequences, strict=True)))
    end = {"position": positions[-1], "hash": hashes[-1], "modified_at": work.now}
    work.connection.execute(update(audit_chain).values(end))


def prunable(connection: Connection, before: datetime, limit: int | None = None) -> ChainRow:
    """The chain as it would be without its events older than a moment, at most `limit` of them.

    An event stays, however old it is, where a younger one precedes it.
    """
    held, c = chain(connection), event.c
    kept = select(c.position).where(c.position > held.begin_position, c.at >= before).order_by(c.position).limit(1)
    first_kept = connection.execute(kept).scalar()
    last = held.position if first_kept is None else first_kept - 1
    if limit is not None:
        last = min(last, held.begin_position + limit)
    hash_ = connection.execute(select(c.hash).where(c.position == last)).scalar()
    if hash_ is None:  # nothing is that old
        return held
    return ChainRow(held.position, held.hash, last, hash_)


def prune(work: UnitOfWork, to: ChainRow) -> int:
    """Delete the events before the beginning that the chain is to have; gives how many were deleted."""
    with _append_only_lifted(work.connection), overwriting(work.connection):
        gone = work.connection.execute(delete(event).where(event.c.position <= to.begin_position)).rowcount
    work.connection.execute(
        update(audit_chain).values(begin_position=to.begin_position, begin_hash=to.begin_hash, modified_at=work.now)
    )
    return gone


def drop_subjects_without_events(work: UnitOfWork, before: datetime, limit: int) -> int:
    """Delete subjects from before a moment that no event is about any more; gives how many."""
    c = event_subject.c
    unused = and_(c.created_at < before, ~exists().where(event.c.subject_id == c.id))
    going = select(c.id).where(unused).order_by(c.id).limit(limit)
    with overwriting(work.connection):
        return work.connection.execute(delete(event_subject).where(c.id.in_(going))).rowcount


@contextmanager
def _append_only_lifted(connection: Connection) -> Iterator[None]:
    """Without the triggers that refuse to delete events; when the transaction ends they are there, however it ends."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("ALTER TABLE event DISABLE TRIGGER event_append_only")
        yield
        connection.exec_driver_sql("ALTER TABLE event ENABLE TRIGGER event_append_only")
        return
    listed = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'event'")
    triggers: Iterable[Any] = connection.execute(listed).all()
    for name, _ in triggers:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
    yield
    for _, definition in triggers:
        connection.exec_driver_sql(definition)
