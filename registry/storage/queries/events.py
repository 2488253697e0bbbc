# SPDX-License-Identifier: Apache-2.0
"""The audit events: adding, finding, and reading them as they are stored, for the chain."""

from collections.abc import Collection, Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Connection, Text, and_, func, literal_column, or_, select, type_coerce

from registry.storage.statements import insert_rows
from registry.storage.tables import event

_STREAM = 5_000


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event as it is stored; subject, before and after are in `sealed` where that isn't None."""

    sequence: int
    position: int | None
    at: datetime
    actor: str
    request_id: str
    tag: str
    domain_id: int | None
    subject: str
    before: Any
    after: Any
    subject_id: int | None
    sealed: bytes | None


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events are meant: those that fulfil all that is given. In `tag` and `actor`, `*` stands for anything.

    `domain_ids` leaves out events that belong to no domain; `until` is the first moment that doesn't count.
    """

    subject: str | None = None
    tag: str | None = None
    actor: str | None = None
    request_id: str | None = None
    domain_ids: frozenset[int] | None = None
    since: datetime | None = None
    until: datetime | None = None


class ChainedRow(NamedTuple):
    """What the chain's hashes are made of: the columns as they are stored, `at` in microseconds since 1970."""

    sequence: int
    at: int
    actor: str
    request_id: str
    tag: str
    domain_id: int | None
    subject: str
    before: str | None
    after: str | None
    subject_id: int | None
    sealed: bytes | None


_SHOWN = [event.c[name] for name in EventRow.__dataclass_fields__]
_STORED = {"at": BigInteger, "before": Text, "after": Text}
_CHAINED = [
    type_coerce(event.c[name], _STORED[name]) if name in _STORED else event.c[name] for name in ChainedRow._fields
]


def append(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Add events; each row has the values of `ChainedRow` but the sequence, in the form in which they are stored."""
    insert_rows(connection, event.name, ChainedRow._fields[1:], rows)


def page(
    connection: Connection,
    wanted: EventFilter,
    subject_ids: Collection[int],
    after: int | None,
    size: int,
    sequences: Collection[int] = (),
) -> list[EventRow]:
    """Events, newest first, those before the sequence `after`.

    A subject's may be sealed, for `subject_ids`, or be about many, `sequences`.
    """
    query = (
        select(*_SHOWN)
        .where(*_conditions(wanted, subject_ids, sequences))
        .order_by(event.c.sequence.desc())
        .limit(size)
    )
    if after is not None:
        query = query.where(event.c.sequence < after)
    return [EventRow(*row) for row in connection.execute(query)]


def _conditions(
    wanted: EventFilter, subject_ids: Collection[int], sequences: Collection[int]
) -> Iterator[ColumnElement[bool]]:
    c = event.c
    if wanted.subject is not None:
        in_clear = and_(c.subject == wanted.subject, c.subject != literal_column("''"))  # the index has no empty ones
        elsewhere = [
            column.in_(found) for column, found in ((c.subject_id, subject_ids), (c.sequence, sequences)) if found
        ]
        yield or_(in_clear, *elsewhere)
        if not wanted.subject:
            yield c.sealed.is_(None)  # empty is what stands beside sealed ones
    for column, pattern in ((c.tag, wanted.tag), (c.actor, wanted.actor)):
        if pattern is not None:
            yield _matches(column, pattern)
    if wanted.request_id is not None:
        yield c.request_id == wanted.request_id
    if wanted.domain_ids is not None:
        yield c.domain_id.in_(wanted.domain_ids)
    if wanted.since is not None:
        yield c.at >= wanted.since
    if wanted.until is not None:
        yield c.at < wanted.until


def _matches(column: Any, pattern: str) -> ColumnElement[bool]:
    if "*" not in pattern:
        return column == pattern  # type: ignore[no-any-return]
    escaped = pattern.replace("/", "//").replace("%", "/%").replace("_", "/_")
    return column.ilike(escaped.replace("*", "%"), escape="/")  # type: ignore[no-any-return]


# For the chain


def unsealed(connection: Connection, limit: int) -> list[ChainedRow]:
    """The oldest events that have no place in the chain yet."""
    c = event.c
    rows = connection.execute(select(*_CHAINED).where(c.position.is_(None)).order_by(c.sequence).limit(limit))
    return [ChainedRow._make(row) for row in rows]


def count_unsealed(connection: Connection) -> int:
    """How many events have no place in the chain yet."""
    return int(
        connection.execute(select(func.count()).select_from(event).where(event.c.position.is_(None))).scalar_one()
    )


def chained(connection: Connection, after: int = -1) -> Generator[tuple[int, str, ChainedRow]]:
    """Position, hash and stored columns of every event in the chain after a position, in its order; streamed.

    Whoever stops before the end closes it.
    """
    c = event.c
    query = select(c.position, c.hash, *_CHAINED).where(c.position > after).order_by(c.position, c.sequence)
    with connection.execute(query, execution_options={"yield_per": _STREAM}) as rows:
        for position, hash_, *columns in rows:
            yield position, hash_, ChainedRow._make(columns)


def hashes(connection: Connection) -> Generator[tuple[int, str]]:
    """Position and hash of every event in the chain, in its order; streamed. Whoever stops before the end closes it."""
    c = event.c
    query = select(c.position, c.hash).where(c.position.is_not(None)).order_by(c.position, c.sequence)
    with connection.execute(query, execution_options={"yield_per": _STREAM}) as rows:
        yield from rows


def tagged_unsealed(connection: Connection, tag: str) -> list[str | None]:
    """What came after, as text, of the events with a tag that have no place in the chain yet."""
    c = event.c
    rows = connection.execute(select(type_coerce(c.after, Text)).where(c.position.is_(None), c.tag == tag))
    return list(rows.scalars())
