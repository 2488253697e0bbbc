# SPDX-License-Identifier: Apache-2.0
"""Channels by which people are told of problems, and what each was told when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from registry.storage.tables import alert_channel, alert_delivery, problem
from registry.storage.unit_of_work import UnitOfWork
from registry.storage.upsert import insert_if_new

ENDED = "ended"
"""What is told of a problem that is no more; else it is the severity that it has come to."""
_CHUNK = 400


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """A channel. `kinds` and `domains` (names) are empty for all; `secret` is sealed, None for mail."""

    id: int
    name: str
    kind: str
    target: str
    least_severity: str
    kinds: Sequence[str]
    domains: Sequence[str]
    digest: str
    enabled: bool
    secret: bytes | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One thing that a channel is to be told, or was. Those with one `message` go out together.

    `due_at` is when it is tried next; None once it is told, or given up after so many `attempts`.
    """

    id: int
    channel_id: int
    problem_id: int
    what: str
    message: str | None
    asked_at: datetime
    due_at: datetime | None
    attempts: int
    told_at: datetime | None
    failure: str | None


_ch, _d = alert_channel.c, alert_delivery.c
_CHANNEL = [_ch[name] for name in ChannelRow.__dataclass_fields__]
_DELIVERY = [_d[name] for name in DeliveryRow.__dataclass_fields__]


def add_channel(work: UnitOfWork, values: Mapping[str, Any]) -> int | None:
    """Insert a channel and return its number; None where there is one of that name."""
    new = {**values, "created_at": work.now}
    statement = insert_if_new(work.connection, alert_channel).values(new).returning(_ch.id)
    added = work.connection.execute(statement).scalar()
    return None if added is None else int(added)


def change_channel(work: UnitOfWork, channel_id: int, values: Mapping[str, Any]) -> None:
    """Give a channel other values."""
    work.connection.execute(update(alert_channel).where(_ch.id == channel_id).values(values))


def remove_channel(work: UnitOfWork, channel_id: int) -> None:
    """Delete a channel, with all that it was told."""
    work.connection.execute(delete(alert_delivery).where(_d.channel_id == channel_id))
    work.connection.execute(delete(alert_channel).where(_ch.id == channel_id))


def channels(connection: Connection) -> list[ChannelRow]:
    """All of them, by name."""
    return [ChannelRow(*row) for row in connection.execute(select(*_CHANNEL).order_by(_ch.name))]


def find_channel(connection: Connection, name: str) -> ChannelRow | None:
    """One channel."""
    row = connection.execute(select(*_CHANNEL).where(_ch.name == name)).first()
    return None if row is None else ChannelRow(*row)


def said(connection: Connection, channel_id: int) -> list[tuple[DeliveryRow, bool]]:
    """What a channel was told, or is to be, of problems whose end it was not told; and whether they are open."""
    ended = alert_delivery.alias("ended")
    known = select(ended.c.id).where(
        ended.c.channel_id == channel_id, ended.c.problem_id == _d.problem_id, ended.c.what == ENDED
    )
    query = (
        select(*_DELIVERY, problem.c.ended_at.is_(None))
        .select_from(alert_delivery.join(problem))
        .where(_d.channel_id == channel_id, ~known.exists())
        .order_by(_d.id)
    )
    return [(DeliveryRow(*row[:-1]), bool(row[-1])) for row in connection.execute(query)]


def ask(work: UnitOfWork, channel_id: int, wanted: Sequence[tuple[int, str]], due_at: datetime) -> None:
    """Have a channel told of problems, each by its number and what of it; what was asked for already is left alone."""
    rows = [
        {
            "channel_id": channel_id,
            "problem_id": problem_id,
            "what": what,
            "asked_at": work.now,
            "due_at": due_at,
            "attempts": 0,
        }
        for problem_id, what in wanted
    ]
    if rows:
        work.connection.execute(insert_if_new(work.connection, alert_delivery), rows)


def forget(work: UnitOfWork, ids: Sequence[int]) -> None:
    """Take back what nobody was told."""
    for start in range(0, len(ids), _CHUNK):
        work.connection.execute(delete(alert_delivery).where(_d.id.in_(ids[start : start + _CHUNK])))


def due(work: UnitOfWork, channel_id: int, size: int) -> list[DeliveryRow]:
    """Up to `size` things that a channel is to be told now, what was tried before first; locked."""
    query = select(*_DELIVERY).where(_d.channel_id == channel_id, _d.due_at <= work.now)
    query = query.order_by(_d.message.is_(None), _d.id).limit(size).with_for_update()
    return [DeliveryRow(*row) for row in work.connection.execute(query)]


def of_message(work: UnitOfWork, message: str) -> list[DeliveryRow]:
    """What goes out in one message."""
    rows = work.connection.execute(select(*_DELIVERY).where(_d.message == message).order_by(_d.id))
    return [DeliveryRow(*row) for row in rows]


def put_into_message(work: UnitOfWork, ids: Sequence[int], message: str) -> None:
    """Let these go out together."""
    for start in range(0, len(ids), _CHUNK):
        part = _d.id.in_(ids[start : start + _CHUNK])
        work.connection.execute(update(alert_delivery).where(part).values(message=message))


def note_try(work: UnitOfWork, message: str, due_at: datetime | None) -> None:
    """Note that a message is being sent, and when it is tried next if nobody says what came of it."""
    values = {"attempts": _d.attempts + 1, "due_at": due_at}
    work.connection.execute(update(alert_delivery).where(_d.message == message).values(values))


def note_told(work: UnitOfWork, message: str) -> None:
    """Note that a message has arrived."""
    values = {"told_at": work.now, "due_at": None, "failure": None}
    work.connection.execute(update(alert_delivery).where(_d.message == message).values(values))


def note_failure(work: UnitOfWork, message: str, failure: str) -> None:
    """Note why a message has not arrived."""
    work.connection.execute(update(alert_delivery).where(_d.message == message).values(failure=failure))


def next_due(connection: Connection) -> datetime | None:
    """When something is to be told next by a channel that is in use."""
    query = select(func.min(_d.due_at)).select_from(alert_delivery.join(alert_channel)).where(_ch.enabled)
    found: datetime | None = connection.execute(query).scalar()
    return found


def failing(connection: Connection) -> list[tuple[str, str]]:
    """Channels in use of which the last message that was tried has not arrived, by name, and why."""
    last = select(_d.channel_id, func.max(_d.id).label("id")).where(_d.attempts > 0).group_by(_d.channel_id).subquery()
    query = (
        select(_ch.name, _d.failure)
        .select_from(alert_delivery.join(last, last.c.id == _d.id).join(alert_channel, _ch.id == _d.channel_id))
        .where(_ch.enabled, _d.failure.is_not(None), _d.told_at.is_(None))
        .order_by(_ch.name)
    )
    return [(name, failure) for name, failure in connection.execute(query)]


def page(connection: Connection, channel_id: int, before: int | None, size: int) -> list[tuple[DeliveryRow, str]]:
    """Up to `size` things that a channel was told or is to be, the newest first; each with the key of its problem."""
    query = (
        select(*_DELIVERY, problem.c.key).select_from(alert_delivery.join(problem)).where(_d.channel_id == channel_id)
    )
    if before is not None:
        query = query.where(_d.id < before)
    rows = connection.execute(query.order_by(_d.id.desc()).limit(size))
    return [(DeliveryRow(*row[:-1]), row[-1]) for row in rows]
