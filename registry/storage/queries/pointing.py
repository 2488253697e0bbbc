# SPDX-License-Identifier: Apache-2.0
"""Brings the names of many registrations to one content, by as many statements for a million as for one.

Names are looked at once: what has to change is written to the journal, and what was written there is done. What goes
stands before what comes, so that no name ever holds an alias beside other records.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import (
    CompoundSelect,
    FromClause,
    Insert,
    and_,
    case,
    delete,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    text,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.sql.dml import UpdateBase

from registry.storage.tables import registration, zone_change, zone_rrset
from registry.storage.types import Instant
from registry.storage.unit_of_work import UnitOfWork

_CHANGE = ("zone_id", "owner", "rdtype", "before", "after")
_WRITTEN = ("sequence", *_CHANGE)
_STATE = ("zone_id", "owner", "rdtype", "content", "changed")
_r, _z, _c = registration.c, zone_rrset.c, zone_change.c


@dataclass(frozen=True, slots=True)
class Part:
    """Registrations of a publisher, one after the other: the last id, how many, how many with services of their own."""

    last_id: int
    count: int = 0
    with_services: int = 0


def next_part(work: UnitOfWork, publisher_id: int, after_id: int, size: int) -> Part:
    """The next registrations of a publisher with ids after `after_id`; `last_id` is that where there are none.

    Nobody else changes or removes them before the end of this transaction.
    """
    if work.connection.dialect.name == "postgresql":
        # Before it knows how many they are, it would sort all that are left to find the first ones.
        work.connection.execute(text("SET LOCAL enable_bitmapscan = off"))
    query = select(_r.id, _r.services).where(_r.publisher_id == publisher_id, _r.id > after_id)
    some = query.order_by(_r.id).limit(size).with_for_update().subquery()
    last, count, own = work.connection.execute(
        select(func.max(some.c.id), func.count(), func.count(some.c.services))
    ).one()
    return Part(int(last or after_id), int(count), int(own))


def point(
    work: UnitOfWork,
    zone_id: int,
    publisher_id: int,
    after_id: int,
    upto_id: int,
    types: Sequence[str],
    content: tuple[str, str] | None,
) -> int:
    """Let the names of a publisher's registrations hold this (type, text) and nothing else of `types`.

    Meant are registrations with ids after `after_id`, up to `upto_id`, without services of their own; a suspended one's
    name holds nothing then, and with no `content` none does. Returns how many record sets changed.
    """
    mine = and_(_r.publisher_id == publisher_id, _r.id > after_id, _r.id <= upto_id, _r.services.is_(None))
    # Of all types: an index that is asked for several of them is gone through once for each.
    held = and_(_z.zone_id == zone_id, _z.owner == _r.label)
    looked = select(_r.label, _r.suspended, _z.rdtype, _z.content).outerjoin_from(registration, zone_rrset, held)
    changes = _changes(zone_id, looked.where(mine).cte("held"), types, content).subquery()
    rows = select(changes, literal(work.now, Instant()))
    journal = insert(zone_change).from_select((*_CHANGE, "changed_at"), rows)
    if work.connection.dialect.name == "postgresql":
        written = journal.returning(*(_c[name] for name in _WRITTEN)).cte("written")
        steps = [step.cte(f"step_{number}") for number, step in enumerate(_steps(written))]
        return int(work.connection.execute(select(func.count()).select_from(written).add_cte(*steps)).scalar_one())
    return _one_by_one(work, journal)


def _changes(
    zone_id: int, held: FromClause, types: Sequence[str], content: tuple[str, str] | None
) -> CompoundSelect[tuple[int, str, str, str | None, str | None]]:
    """What has to change, in this order, of names of which `held` tells all record sets, or that there are none."""
    rdtype, wanted = content or ("", "")
    active = ~held.c.suspended if content else literal(value=False)
    is_it = held.c.rdtype == rdtype
    there = literal(zone_id).label("zone_id"), held.c.label, held.c.rdtype, held.c.content
    goes = select(*there, null()).where(held.c.rdtype.in_(types), or_(~active, ~is_it))
    turns = select(*there, literal(wanted)).where(active, is_it, held.c.content != wanted)
    has_it = func.max(case((is_it, 1), else_=0))
    new = literal(zone_id), held.c.label, literal(rdtype), null(), literal(wanted)
    comes = select(*new).where(active).group_by(held.c.label).having(has_it == 0)
    return union_all(goes, turns, comes)


def _steps(written: FromClause) -> list[UpdateBase]:
    """Let names hold what was written to the journal."""
    c = written.c
    key = _z.zone_id == c.zone_id, _z.owner == c.owner, _z.rdtype == c.rdtype
    gone = select(c.zone_id, c.owner, c.rdtype).where(c.after.is_(None))
    come = select(c.zone_id, c.owner, c.rdtype, c.after, c.sequence).where(c.before.is_(None))
    return [
        delete(zone_rrset).where(tuple_(_z.zone_id, _z.owner, _z.rdtype).in_(gone)),
        update(zone_rrset)
        .where(*key, c.before.is_not(None), c.after.is_not(None))
        .values(content=c.after, changed=c.sequence),
        insert(zone_rrset).from_select(_STATE, come),
    ]


def _one_by_one(work: UnitOfWork, journal: Insert) -> int:
    """As one statement does it that goes on with what it has written, which SQLite has none for, but one writer."""
    last = work.connection.execute(select(func.coalesce(func.max(_c.sequence), 0))).scalar_one()
    work.connection.execute(journal)
    count = int(work.connection.execute(select(func.changes())).scalar_one())  # of a WITH the driver doesn't tell it
    if count:
        written = select(*(_c[name] for name in _WRITTEN)).where(_c.sequence > last).subquery("written")
        for step in _steps(written):
            work.connection.execute(step)
    return count
