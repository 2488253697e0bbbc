# SPDX-License-Identifier: Apache-2.0
"""Moves from other registries into domains of this one: how far each is, and what of its source is here.

The ledger (`moved_record`) is written in the transaction that loads what it tells of.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from registry.errors import ConflictError, NotFoundError
from registry.storage.statements import chunks, insert_rows
from registry.storage.tables import domain, move_in, move_in_domain, moved_part, moved_record
from registry.storage.types import to_json
from registry.storage.unit_of_work import UnitOfWork

_REFUSED = "refused"
_LEDGER = ("move_in_id", "kind", "part", "key", "digest", "verdict", "reasons", "notes")


@dataclass(frozen=True, slots=True)
class MoveInRow:
    """A move as stored. `state` is one of `registry.move_in.states.State`; `domain_ids` are the domains it fills."""

    id: int
    source_kind: str
    source: str
    state: str
    actor: str
    created_at: datetime
    modified_at: datetime
    counts: Mapping[str, Any]
    steps: Mapping[str, Any]
    event_at_cutover: int | None
    back_until: datetime | None
    domain_ids: tuple[int, ...]


class Held(NamedTuple):
    """What the ledger has of a record; the digest is that of what is here, empty where nothing is."""

    part: int
    digest: str
    verdict: str


class Moved(NamedTuple):
    """A record as the ledger shall have it; reasons and notes are JSON values, None for none."""

    part: int
    key: str
    digest: str
    verdict: str
    reasons: Any
    notes: Any


class Refusal(NamedTuple):
    """A record that was refused, with all reasons as [id, message, clause]."""

    kind: str
    part: int
    key: str
    reasons: Any


_COLUMNS = [move_in.c[name] for name in list(MoveInRow.__dataclass_fields__)[:-1]]


# Moves


def add(work: UnitOfWork, source_kind: str, source: str, state: str, domain_ids: Collection[int]) -> MoveInRow:
    """Begin a move into these domains. Raises ConflictError where another one into one of them is under way."""
    values = {
        "source_kind": source_kind,
        "source": source,
        "state": state,
        "actor": work.actor,
        "created_at": work.now,
        "modified_at": work.now,
    }
    number = int(work.connection.execute(insert(move_in).values(values).returning(move_in.c.id)).scalar_one())
    for domain_id in sorted(domain_ids):
        add_domain(work, number, domain_id)
    return by_id(work.connection, number)


def add_domain(work: UnitOfWork, number: int, domain_id: int) -> None:
    """Let a move fill another domain, or do nothing if it does. Raises ConflictError as `add`."""
    c = move_in_domain.c
    if work.connection.execute(select(c.active).where(c.move_in_id == number, c.domain_id == domain_id)).first():
        return
    values = {"move_in_id": number, "domain_id": domain_id, "active": True}
    try:
        work.connection.execute(insert(move_in_domain).values(values))
    except IntegrityError as error:
        raise ConflictError("another move into this domain is under way") from error


def by_id(connection: Connection, number: int) -> MoveInRow:
    """One move. Raises NotFoundError."""
    found = list(_moves(connection, move_in.c.id == number))
    if not found:
        raise NotFoundError(f"there is no move with the number {number}")
    return found[0]


def lock(work: UnitOfWork, number: int) -> MoveInRow:
    """One move, which nobody else changes before the end of this transaction. Raises NotFoundError."""
    work.connection.execute(select(move_in.c.id).where(move_in.c.id == number).with_for_update())
    return by_id(work.connection, number)


def newest(connection: Connection, size: int = 100) -> list[MoveInRow]:
    """The newest moves, whatever their state."""
    numbers = connection.execute(select(move_in.c.id).order_by(move_in.c.id.desc()).limit(size)).scalars().all()
    return list(_moves(connection, move_in.c.id.in_(numbers)))[::-1]


def active_in(connection: Connection, domain_id: int) -> MoveInRow | None:
    """The move into a domain that has not ended."""
    c = move_in_domain.c
    number = connection.execute(select(c.move_in_id).where(c.domain_id == domain_id, c.active)).scalar()
    return None if number is None else by_id(connection, number)


def newest_of_kind(connection: Connection, source_kind: str, without: Collection[str]) -> MoveInRow | None:
    """The newest move from a kind of source whose state isn't one of these."""
    c = move_in.c
    query = select(c.id).where(c.source_kind == source_kind, c.state.not_in(without)).order_by(c.id.desc()).limit(1)
    number = connection.execute(query).scalar()
    return None if number is None else by_id(connection, number)


def change(work: UnitOfWork, number: int, **values: Any) -> None:
    """Set columns of a move."""
    work.connection.execute(update(move_in).where(move_in.c.id == number).values(modified_at=work.now, **values))


def let_go(work: UnitOfWork, number: int) -> None:
    """Let other moves fill the domains of this one."""
    c = move_in_domain.c
    work.connection.execute(update(move_in_domain).where(c.move_in_id == number).values(active=False))


def join_standby(work: UnitOfWork, number: int) -> None:
    """Let a move fill every domain that is in standby and that no other move fills."""
    c = move_in_domain.c
    filled = select(c.domain_id).where(c.active)
    query = select(domain.c.id).where(domain.c.standby, domain.c.id.not_in(filled)).order_by(domain.c.id)
    for domain_id in work.connection.execute(query).scalars().all():
        add_domain(work, number, domain_id)


def _moves(connection: Connection, condition: Any) -> Iterator[MoveInRow]:
    c = move_in_domain.c
    rows = connection.execute(select(*_COLUMNS).where(condition).order_by(move_in.c.id)).mappings().all()
    numbers = [row["id"] for row in rows]
    query = select(c.move_in_id, c.domain_id).where(c.move_in_id.in_(numbers)).order_by(c.domain_id)
    domains: dict[int, list[int]] = {}
    for number, domain_id in connection.execute(query):
        domains.setdefault(number, []).append(domain_id)
    for row in rows:
        values = {**row, "counts": row["counts"] or {}, "steps": row["steps"] or {}}
        yield MoveInRow(**values, domain_ids=tuple(domains.get(row["id"], ())))


# The ledger


def held(connection: Connection, number: int, kind: str, parts: Collection[int]) -> dict[str, Held]:
    """What the ledger has in parts of a kind, by key."""
    c = moved_record.c
    query = select(c.key, c.part, c.digest, c.verdict).where(c.move_in_id == number, c.kind == kind, c.part.in_(parts))
    return {key: Held(part, digest, verdict) for key, part, digest, verdict in connection.execute(query)}


def add_records(work: UnitOfWork, number: int, kind: str, rows: Sequence[Moved]) -> None:
    """Let the ledger have these records, of which it has nothing."""
    values = [
        (number, kind, row.part, row.key, row.digest, row.verdict, _text(row.reasons), _text(row.notes))
        for row in sorted(rows, key=lambda row: row[:2])
    ]
    insert_rows(work.connection, "moved_record", _LEDGER, values)


def take_all_again(work: UnitOfWork, number: int) -> None:
    """Let the next load take everything anew; what is gone at the source is still known."""
    c = moved_record.c
    work.connection.execute(delete(moved_part).where(moved_part.c.move_in_id == number))
    work.connection.execute(update(moved_record).where(c.move_in_id == number, c.digest != "").values(digest="?"))


def remove_records(work: UnitOfWork, number: int, kind: str, keys: Sequence[tuple[int, str]]) -> None:
    """Let the ledger have these (part, key) no more."""
    c = moved_record.c
    by_part: dict[int, list[str]] = {}
    for part, key in keys:
        by_part.setdefault(part, []).append(key)
    for part, names in by_part.items():
        for some in chunks(names, 10):
            which = and_(c.move_in_id == number, c.kind == kind, c.part == part, c.key.in_(some))
            work.connection.execute(delete(moved_record).where(which))


def counts(connection: Connection, number: int) -> dict[str, dict[str, int]]:
    """How many records of each kind are in the ledger, by what became of them."""
    c = moved_record.c
    query = select(c.kind, c.verdict, func.count()).where(c.move_in_id == number).group_by(c.kind, c.verdict)
    found: dict[str, dict[str, int]] = {}
    for kind, verdict, count in connection.execute(query):
        found.setdefault(kind, {})[verdict] = count
    return found


def refusals(connection: Connection, number: int, size: int, after: Refusal | None = None) -> list[Refusal]:
    """The records that were refused, in order, at most `size`; `after` is the last one of the page before."""
    c = moved_record.c
    query = select(c.kind, c.part, c.key, c.reasons).where(c.move_in_id == number, c.verdict == _REFUSED)
    if after is not None:
        query = query.where(
            (c.kind > after.kind)
            | ((c.kind == after.kind) & ((c.part > after.part) | ((c.part == after.part) & (c.key > after.key))))
        )
    query = query.order_by(c.kind, c.part, c.key).limit(size)
    return [Refusal(*row) for row in connection.execute(query)]


def keys(connection: Connection, number: int, kind: str, part: int) -> list[str]:
    """The keys of what is here of a part."""
    c = moved_record.c
    which = (c.move_in_id == number, c.kind == kind, c.part == part, c.digest != "")
    return list(connection.execute(select(c.key).where(*which).order_by(c.key)).scalars())


def has(connection: Connection, domain_id: int, kind: str, part: int, key: str) -> bool:
    """Whether something of this key is here by the move into a domain that has not ended."""
    c, filled = moved_record.c, move_in_domain.c
    which = (c.kind == kind, c.part == part, c.key == key, c.digest != "")
    query = select(c.key).join(move_in_domain, filled.move_in_id == c.move_in_id)
    return connection.execute(query.where(filled.domain_id == domain_id, filled.active, *which)).first() is not None


# The parts


def part_digests(connection: Connection, number: int) -> dict[tuple[str, int], str]:
    """What the source said that each part amounted to when it was loaded."""
    c = moved_part.c
    query = select(c.kind, c.part, c.digest).where(c.move_in_id == number)
    return {(kind, part): digest for kind, part, digest in connection.execute(query)}


def put_parts(work: UnitOfWork, number: int, digests: Sequence[tuple[str, int, str | None]]) -> None:
    """Note what parts (kind, number) that are loaded amount to; None where one is empty, or the source can't tell."""
    c = moved_part.c
    for kind in sorted({kind for kind, _, _ in digests}):
        parts = [part for each, part, _ in digests if each == kind]
        which = and_(c.move_in_id == number, c.kind == kind, c.part.in_(parts))
        work.connection.execute(delete(moved_part).where(which))
    rows = sorted((number, kind, part, digest) for kind, part, digest in digests if digest is not None)
    insert_rows(work.connection, "moved_part", ("move_in_id", "kind", "part", "digest"), rows)


def held_parts(connection: Connection, number: int, *, refused: bool = False) -> set[tuple[str, int]]:
    """The parts of which the ledger has something, or something that was refused."""
    c = moved_record.c
    query = select(c.kind, c.part).distinct().where(c.move_in_id == number)
    if refused:
        query = query.where(c.verdict == _REFUSED)
    return {(kind, part) for kind, part in connection.execute(query)}


def _text(value: Any) -> str | None:
    return None if value is None else to_json(value)
