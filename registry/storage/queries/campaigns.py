# SPDX-License-Identifier: Apache-2.0
"""Campaigns, their members and progress, and who was reminded of whom."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select, tuple_, update

from registry.storage.tables import campaign, campaign_member, campaign_progress, campaign_reminder
from registry.storage.unit_of_work import UnitOfWork
from registry.storage.upsert import insert_if_new, upsert

_CHUNK = 400


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """A campaign as it is stored. `counts` are those of `ProgressRow` but the day; None before it was counted."""

    id: int
    domain_id: int
    name: str
    kind: str
    target: Mapping[str, Any]
    state: str
    starts_at: datetime
    deadline: datetime
    days: Sequence[int]
    owners: bool
    channel: str | None
    automatic: bool
    counts: Mapping[str, int] | None
    expected_at: datetime | None
    counted_at: datetime | None
    actor: str
    created_at: datetime
    modified_at: datetime
    closed_by: str | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class MemberRow:
    """Somebody who has to move. Of `participants` behind it `late` are late; `reason` has check, clause and message."""

    kind: str
    key: str
    name: str
    address: str
    participants: int
    late: int
    done: bool
    reason: Mapping[str, str] | None
    changed_at: datetime

    @property
    def id(self) -> tuple[str, str]:
        """Unique in its campaign."""
        return self.kind, self.key


@dataclass(frozen=True, slots=True)
class ProgressRow:
    """How far a campaign was when it was counted last on a day."""

    day: datetime
    members: int
    members_done: int
    participants: int
    participants_done: int


@dataclass(frozen=True, slots=True)
class ReminderRow:
    """That somebody is to be reminded of a member, or was."""

    kind: str
    key: str
    days: int
    recipient: str
    message: str
    asked_at: datetime
    told_at: datetime | None
    failure: str | None


_c, _m, _p, _r = campaign.c, campaign_member.c, campaign_progress.c, campaign_reminder.c
_CAMPAIGN = [_c[name] for name in CampaignRow.__dataclass_fields__]
_MEMBER = [_m[name] for name in MemberRow.__dataclass_fields__]
_PROGRESS = [_p[name] for name in ProgressRow.__dataclass_fields__]
_REMINDER = [_r[name] for name in ReminderRow.__dataclass_fields__]


def add(work: UnitOfWork, values: Mapping[str, Any]) -> int | None:
    """Insert a campaign and return its number; None where its domain has one of that name."""
    every = {**values, "actor": work.actor, "created_at": work.now, "modified_at": work.now}
    added = work.connection.execute(insert_if_new(work.connection, campaign).values(every).returning(_c.id)).scalar()
    return None if added is None else int(added)


def find(connection: Connection, domain_id: int, name: str) -> CampaignRow | None:
    """The campaign of a domain with this name."""
    return _one(connection, and_(_c.domain_id == domain_id, _c.name == name))


def by_id(connection: Connection, campaign_id: int, *, lock: bool = False) -> CampaignRow | None:
    """One campaign; with `lock` nobody else changes it before the end of the transaction."""
    return _one(connection, _c.id == campaign_id, lock=lock)


def _one(connection: Connection, wanted: ColumnElement[bool], *, lock: bool = False) -> CampaignRow | None:
    query = select(*_CAMPAIGN).where(wanted)
    row = connection.execute(query.with_for_update() if lock else query).first()
    return None if row is None else CampaignRow(*row)


def page(
    connection: Connection, domain_ids: Collection[int] | None, state: str | None, before: int | None, size: int
) -> list[CampaignRow]:
    """Campaigns, newest first, those before the number `before`; of all domains, and states, where those are None."""
    query = select(*_CAMPAIGN).order_by(_c.id.desc()).limit(size)
    if domain_ids is not None:
        query = query.where(_c.domain_id.in_(domain_ids))
    if state is not None:
        query = query.where(_c.state == state)
    if before is not None:
        query = query.where(_c.id < before)
    return [CampaignRow(*row) for row in connection.execute(query)]


def change(work: UnitOfWork, campaign_id: int, **values: Any) -> None:
    """Change a campaign's columns."""
    work.connection.execute(update(campaign).where(_c.id == campaign_id).values(**values, modified_at=work.now))


def members(connection: Connection, campaign_id: int) -> dict[tuple[str, str], MemberRow]:
    """All members of a campaign."""
    rows = connection.execute(select(*_MEMBER).where(_m.campaign_id == campaign_id))
    return {row.id: row for row in (MemberRow(*each) for each in rows)}


def members_page(
    connection: Connection,
    campaign_id: int,
    done: bool | None,
    behind: tuple[int, int, str, str] | None,
    size: int,
) -> list[MemberRow]:
    """Up to `size` members behind a place, those with most late participants first; of both sorts if `done` is None.

    A place is the number of late ones, of all behind it, kind and key.
    """
    query = select(*_MEMBER).where(_m.campaign_id == campaign_id)
    if done is not None:
        query = query.where(_m.done.is_(done))
    if behind is not None:
        late, participants, kind, key = behind
        fewer = or_(_m.late < late, and_(_m.late == late, _m.participants < participants))
        same = and_(_m.late == late, _m.participants == participants)
        query = query.where(or_(fewer, and_(same, tuple_(_m.kind, _m.key) > (kind, key))))
    query = query.order_by(_m.late.desc(), _m.participants.desc(), _m.kind, _m.key).limit(size)
    return [MemberRow(*row) for row in connection.execute(query)]


def all_members(connection: Connection, campaign_id: int, done: bool | None) -> Iterator[MemberRow]:
    """As `members_page`, all of them, a page at a time."""
    behind = None
    while rows := members_page(connection, campaign_id, done, behind, _CHUNK):
        yield from rows
        behind = place(rows[-1])


def place(row: MemberRow) -> tuple[int, int, str, str]:
    """Where a member stands in the order of `members_page`."""
    return row.late, row.participants, row.kind, row.key


def put_members(work: UnitOfWork, campaign_id: int, rows: Sequence[MemberRow]) -> None:
    """Insert members, or write them anew."""
    if rows:
        names = MemberRow.__dataclass_fields__
        values = [{"campaign_id": campaign_id} | {name: getattr(row, name) for name in names} for row in rows]
        statement = upsert(work.connection, campaign_member)
        key = list(campaign_member.primary_key.columns)
        changed = {name: statement.excluded[name] for name in names if name not in {"kind", "key"}}
        work.connection.execute(statement.on_conflict_do_update(index_elements=key, set_=changed), values)


def remove_members(work: UnitOfWork, campaign_id: int, ids: Sequence[tuple[str, str]]) -> None:
    """Delete members by kind and key."""
    for start in range(0, len(ids), _CHUNK):
        some = tuple_(_m.kind, _m.key).in_(ids[start : start + _CHUNK])
        work.connection.execute(delete(campaign_member).where(_m.campaign_id == campaign_id, some))


def count_members(connection: Connection, campaign_id: int) -> tuple[int, int]:
    """How many members there are, and how many of them are done."""
    query = select(func.count(), func.count().filter(_m.done)).where(_m.campaign_id == campaign_id)
    total, done = connection.execute(query).one()
    return int(total), int(done)


def put_progress(work: UnitOfWork, campaign_id: int, row: ProgressRow) -> None:
    """Write how far a campaign is on a day, instead of what was written of that day."""
    values = {name: getattr(row, name) for name in ProgressRow.__dataclass_fields__}
    statement = upsert(work.connection, campaign_progress).values(campaign_id=campaign_id, **values)
    key = list(campaign_progress.primary_key.columns)
    work.connection.execute(statement.on_conflict_do_update(index_elements=key, set_=values))


def progress(connection: Connection, campaign_id: int) -> list[ProgressRow]:
    """How far a campaign was, day by day."""
    query = select(*_PROGRESS).where(_p.campaign_id == campaign_id).order_by(_p.day)
    return [ProgressRow(*row) for row in connection.execute(query)]


def reminders(connection: Connection, campaign_id: int, days: int) -> list[ReminderRow]:
    """Who was reminded of whom so many days before the deadline, or is to be."""
    query = select(*_REMINDER).where(_r.campaign_id == campaign_id, _r.days == days)
    return [ReminderRow(*row) for row in connection.execute(query.order_by(_r.recipient, _r.kind, _r.key))]


def count_told(connection: Connection, campaign_id: int) -> dict[int, tuple[int, datetime]]:
    """Of how many members somebody was reminded, and when last, by the number of days."""
    query = (
        select(_r.days, func.count(func.distinct(_r.kind + ":" + _r.key)), func.max(_r.told_at))
        .where(_r.campaign_id == campaign_id, _r.told_at.is_not(None))
        .group_by(_r.days)
    )
    return {int(days): (int(count), last) for days, count, last in connection.execute(query)}


def ask(
    work: UnitOfWork, campaign_id: int, ids: Sequence[tuple[str, str]], days: int, recipient: str, message: str
) -> None:
    """Note before it is sent that somebody is reminded of these members; what is noted already is left alone."""
    common = {"campaign_id": campaign_id, "days": days, "recipient": recipient, "message": message}
    rows = [{**common, "kind": kind, "key": key, "asked_at": work.now} for kind, key in ids]
    work.connection.execute(insert_if_new(work.connection, campaign_reminder), rows)


def note(work: UnitOfWork, message: str, failure: str) -> int:
    """Note that a message has arrived, or why it hasn't; returns of how many members it told."""
    values = {"failure": failure} if failure else {"told_at": work.now, "failure": None}
    changed = work.connection.execute(update(campaign_reminder).where(_r.message == message).values(values))
    return int(changed.rowcount)
