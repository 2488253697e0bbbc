# SPDX-License-Identifier: Apache-2.0
"""Zones: what every name holds, and the journal of changes."""

import contextlib
from collections.abc import Collection, Generator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.exc import IntegrityError

from registry.serials import SERIALS, distance
from registry.storage.statements import array_text, insert_rows, rows_among, run
from registry.storage.tables import zone, zone_change, zone_rrset
from registry.storage.types import to_microseconds
from registry.storage.unit_of_work import UnitOfWork

FEW_CHANGED = 20_000
"""So many names of which an older state is wanted are held in memory, a few megabytes."""
_JOURNAL = ("sequence", "zone_id", "owner", "rdtype", "before", "after", "changed_at")
_STATE = ("zone_id", "owner", "rdtype", "content", "changed")
_LAST_CHANGE = "SELECT seq FROM sqlite_sequence WHERE name = 'zone_change'"
_ADD_NAMES = """
WITH journal AS (
    INSERT INTO zone_change (zone_id, changed_at, owner, rdtype, after)
    SELECT ?, ?, * FROM unnest(?::text[], ?::text[], ?::text[])
    WHERE NOT EXISTS (
        SELECT FROM unnest(?::text[]) AS wanted (owner), LATERAL (
            SELECT FROM zone_rrset WHERE zone_id = ? AND zone_rrset.owner = wanted.owner OFFSET 0
        ) AS held
    )
    RETURNING sequence, owner, rdtype, after
), state AS (
    INSERT INTO zone_rrset (zone_id, owner, rdtype, content, changed)
    SELECT ?, owner, rdtype, after, sequence FROM journal
    RETURNING 1
)
SELECT 1 FROM state LIMIT 1
"""
_WRITE = """
WITH journal AS (
    INSERT INTO zone_change (zone_id, changed_at, owner, rdtype, before, after)
    SELECT ?, ?, * FROM unnest(?::text[], ?::text[], ?::text[], ?::text[])
    RETURNING sequence, owner, rdtype, after
)
INSERT INTO zone_rrset (zone_id, owner, rdtype, content, changed)
SELECT ?, owner, rdtype, after, sequence FROM journal WHERE after IS NOT NULL
"""
_HELD = "SELECT owner, rdtype, content FROM zone_rrset WHERE zone_id = ? AND owner"


@dataclass(frozen=True, slots=True)
class ZoneRow:
    """A zone and the serial that its newest stamped changes carry."""

    id: int
    domain_id: int | None
    """None for a zone that no domain has."""
    name: str
    serial: int
    history_from: int
    """The oldest serial from which the journal leads to the present one; what was published before is not all in it."""
    alias_of: int | None = None
    """The zone of which this one is another name."""

    def has_history_since(self, serial: int) -> bool:
        """Whether `changes_after` leads from a serial to the present one; else only the whole state does (RFC 1995 §2).

        The distances back from the present serial are compared, so a serial that the zone hasn't reached is none.
        """
        return distance(serial, self.serial) <= distance(self.history_from, self.serial)


class Change(NamedTuple):
    """One record set before and after; texts as stored (``TTL RDATA`` lines), None where there is no record set."""

    owner: str
    rdtype: str
    before: str | None
    after: str | None


class StampedChange(NamedTuple):
    """A change that has its serial."""

    serial: int
    owner: str
    rdtype: str
    after: str | None


_ZONE = (zone.c.id, zone.c.domain_id, zone.c.name, zone.c.serial, zone.c.history_from, zone.c.alias_of)


def all_zones(connection: Connection) -> list[ZoneRow]:
    """Every zone, by name."""
    return [ZoneRow(*row) for row in connection.execute(select(*_ZONE).order_by(zone.c.name))]


def of_domain(connection: Connection, domain_id: int) -> ZoneRow | None:
    """The zone of a domain."""
    row = connection.execute(select(*_ZONE).where(zone.c.domain_id == domain_id)).first()
    return None if row is None else ZoneRow(*row)


def by_id(connection: Connection, zone_id: int) -> ZoneRow:
    """One zone."""
    return ZoneRow(*connection.execute(select(*_ZONE).where(zone.c.id == zone_id)).one())


def modified_at(connection: Connection, zone_id: int) -> datetime:
    """When a zone got its present serial."""
    at: datetime = connection.execute(select(zone.c.modified_at).where(zone.c.id == zone_id)).scalar_one()
    return at


def add(work: UnitOfWork, domain_id: int | None, name: str, serial: int, *, alias_of: int | None = None) -> int:
    """Insert a zone; returns its id."""
    values = {"domain_id": domain_id, "name": name, "serial": serial, "alias_of": alias_of, "modified_at": work.now}
    return int(work.connection.execute(insert(zone).values(values).returning(zone.c.id)).scalar_one())


def rrset_texts(connection: Connection, zone_id: int, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """What the (owner, rdtype) pairs hold now; pairs without records are absent."""
    wanted = set(keys)
    held = rows_among(connection, _HELD, sorted({owner for owner, _ in keys}), zone_id)
    return {(owner, rdtype): text for owner, rdtype, text in held if (owner, rdtype) in wanted}


def add_names(work: UnitOfWork, zone_id: int, states: Sequence[tuple[str, str, str]]) -> bool:
    """Give names what they shall hold, as (owner, rdtype, text), where none of them holds anything yet.

    False where one does; then nothing is written. To look first would cost as much as to write.
    """
    connection, at = work.connection, to_microseconds(work.now)
    if connection.dialect.name != "sqlite":
        owners, rdtypes, texts = map(array_text, zip(*states, strict=True))
        return bool(run(connection, _ADD_NAMES, (zone_id, at, owners, rdtypes, texts, owners, zone_id, zone_id)))
    numbered = list(enumerate(states, _next_change(connection)))
    held = [(zone_id, owner, rdtype, text, number) for number, (owner, rdtype, text) in numbered]
    try:
        insert_rows(connection, zone_rrset.name, _STATE, sorted(held))
    except IntegrityError:  # which takes back the statement, and no more
        return False
    journal = [(number, zone_id, owner, rdtype, None, text, at) for number, (owner, rdtype, text) in numbered]
    insert_rows(connection, zone_change.name, _JOURNAL, journal)
    return True


def _next_change(connection: Connection) -> int:
    """The number of the next change on SQLite, where whoever writes is alone."""
    ((last,),) = run(connection, _LAST_CHANGE, ()) or [(0,)]
    return int(last) + 1


def write_changes(work: UnitOfWork, zone_id: int, changes: Sequence[Change]) -> None:
    """Apply changes to the zone's state and append them to its journal, not stamped yet."""
    if not changes:
        return
    c_state = zone_rrset.c
    gone = [{"b_owner": c.owner, "b_rdtype": c.rdtype} for c in changes if c.before is not None]
    if gone:
        matches = and_(c_state.zone_id == zone_id, c_state.owner == bindparam("b_owner"))
        work.connection.execute(delete(zone_rrset).where(matches, c_state.rdtype == bindparam("b_rdtype")), gone)
    connection, at = work.connection, to_microseconds(work.now)
    if connection.dialect.name != "sqlite":
        run(connection, _WRITE, (zone_id, at, *map(array_text, zip(*changes, strict=True)), zone_id))
        return
    numbered = list(enumerate(changes, _next_change(connection)))
    come = [(zone_id, c.owner, c.rdtype, c.after, number) for number, c in numbered if c.after is not None]
    insert_rows(connection, zone_rrset.name, _STATE, come)
    journal = [(number, zone_id, c.owner, c.rdtype, c.before, c.after, at) for number, c in numbered]
    insert_rows(connection, zone_change.name, _JOURNAL, journal)


def acquire_lease(work: UnitOfWork, zone_id: int, publisher: str, lasts: timedelta) -> bool:
    """Become, or stay, the zone's one publisher until the lease runs out."""
    free: ColumnElement[bool] = or_(
        zone.c.publisher.is_(None), zone.c.publisher == publisher, zone.c.lease_until < work.now
    )
    statement = (
        update(zone)
        .where(zone.c.id == zone_id, free)
        .values(publisher=publisher, lease_until=work.now + lasts)
        .returning(zone.c.id)
    )
    return work.connection.execute(statement).first() is not None


def release_leases(work: UnitOfWork, publisher: str) -> None:
    """Give back every lease that a publisher holds."""
    work.connection.execute(update(zone).where(zone.c.publisher == publisher).values(publisher=None, lease_until=None))


def stamp(work: UnitOfWork, zone_id: int) -> int | None:
    """Give every unstamped change of the zone the next serial; returns it, or None when nothing waits."""
    waiting = and_(zone_change.c.zone_id == zone_id, zone_change.c.serial.is_(None))
    if work.connection.execute(select(zone_change.c.sequence).where(waiting).limit(1)).first() is None:
        return None
    old = int(work.connection.execute(select(zone.c.serial).where(zone.c.id == zone_id)).scalar_one())
    serial = next_serial(old)
    work.connection.execute(update(zone).where(zone.c.id == zone_id).values(serial=serial, modified_at=work.now))
    work.connection.execute(update(zone_change).where(waiting).values(serial=serial))
    return serial


def next_serial(serial: int) -> int:
    """The serial after this one (RFC 1982 §3.1); 0 is left out, since some servers read it as "none"."""
    return (serial + 1) % SERIALS or 1


def begin_history(work: UnitOfWork, zone_id: int, serial: int, mark: Change) -> None:
    """Let the zone go on with a serial to which no differences lead from an earlier one, and with no publisher.

    `mark`, which changes nothing, stands in the journal where it begins anew: what is before it counts no more, though
    serials may come again. What had no serial gets this one. Nobody else may write to the zone meanwhile.
    """
    write_changes(work, zone_id, [mark])
    values = {"serial": serial, "history_from": serial, "publisher": None, "lease_until": None}
    work.connection.execute(update(zone).where(zone.c.id == zone_id).values(**values, modified_at=work.now))
    waiting = and_(zone_change.c.zone_id == zone_id, zone_change.c.serial.is_(None))
    work.connection.execute(update(zone_change).where(waiting).values(serial=serial))


def changes_after(connection: Connection, zone_id: int, serial: int, upto: int) -> list[StampedChange]:
    """The stamped changes with serials after `serial` up to `upto`, in order.

    They are all there are only where `ZoneRow.has_history_since(serial)`. Serials are compared as RFC 1982 wants,
    relative to `upto`; what the journal holds since its last beginning is short beside 2^31 serials.
    """
    c = zone_change.c
    query = select(c.serial, c.owner, c.rdtype, c.after).where(*history_window(zone_id, serial, upto))
    changes = map(StampedChange._make, connection.execute(query.order_by(c.sequence)))
    # PostgreSQL numbers a change when it is written. What is committed later may have an earlier number.
    return sorted(changes, key=lambda change: distance(serial, change.serial))


def history_window(zone_id: int, serial: int, upto: int) -> list[ColumnElement[bool]]:
    """Which changes `changes_after` means."""
    c = zone_change.c
    begun = select(func.max(c.sequence)).where(
        c.zone_id == zone_id,
        c.serial == select(zone.c.history_from).where(zone.c.id == zone_id).scalar_subquery(),
        c.before == c.after,  # the mark of `begin_history`
    )
    inside = [c.zone_id == zone_id, c.sequence > func.coalesce(begun.scalar_subquery(), 0)]
    if serial <= upto:
        return [*inside, c.serial > serial, c.serial <= upto]
    return [*inside, or_(c.serial > serial, c.serial <= upto)]  # the serial has wrapped around since


def newest_changes(zone_id: int, owners: Collection[str]) -> CompoundSelect[tuple[int | None]]:
    """The numbers of the changes that made these names what they are, and of their last removals before.

    No other change of a name is newer. Nothing tells of one that the journal has lost, nor, of a name that holds
    something, of one that an older program wrote.
    """
    c, held = zone_change.c, zone_rrset.c
    made = select(held.changed).where(held.zone_id == zone_id, held.owner.in_(owners))
    gone = select(func.max(c.sequence)).where(c.zone_id == zone_id, c.owner.in_(owners), c.after.is_(None))
    return union_all(made, gone.group_by(c.owner))


def unstamped(connection: Connection, zone_id: int) -> int:
    """How many changes wait for their serial."""
    waiting = and_(zone_change.c.zone_id == zone_id, zone_change.c.serial.is_(None))
    return int(connection.execute(select(func.count()).select_from(zone_change).where(waiting)).scalar_one())


# By zone, since the index begins with it: a look through the whole journal at each tick would cost as much as it holds.
_WAITING = and_(zone_change.c.zone_id == zone.c.id, zone_change.c.serial.is_(None))
_FIRST_WAITING = (
    select(zone_change.c.changed_at)
    .where(_WAITING)
    .order_by(zone_change.c.sequence)
    .limit(1)
    .correlate(zone)
    .scalar_subquery()
)
_OLDEST = select(_FIRST_WAITING).select_from(zone)
_WITH_WAITING = select(zone.c.id).where(select(zone_change.c.sequence).where(_WAITING).correlate(zone).exists())


def oldest_unstamped(connection: Connection) -> datetime | None:
    """When the first change was made that waits for its serial, in any zone."""
    return min((at for at in connection.execute(_OLDEST).scalars() if at is not None), default=None)


def zones_with_unstamped(connection: Connection) -> list[int]:
    """The ids of the zones in which changes wait for their serial."""
    return list(connection.execute(_WITH_WAITING).scalars())


def _is_most(connection: Connection, zone_id: int) -> bool:
    """Whether most record sets there are belong to this zone."""
    count = select(func.count()).select_from(zone_rrset)
    own = connection.execute(count.where(zone_rrset.c.zone_id == zone_id)).scalar_one()
    return 2 * int(own) > int(connection.execute(count).scalar_one())


def newest_state(
    connection: Connection, zone_id: int, *, owner: str | None = None, without: Select[tuple[str, str]] | None = None
) -> Generator[tuple[str, str, str], None, None]:
    """Every (owner, rdtype, text) that the zone, or one owner in it, holds after all committed changes; streamed.

    `without` selects those (owner, rdtype) that are left out.
    """
    held = zone_rrset.c
    rows = select(held.owner, held.rdtype, held.content)
    if without is not None:
        left_out = without.subquery()
        same = and_(left_out.c.owner == held.owner, left_out.c.rdtype == held.rdtype)
        rows = rows.outerjoin_from(zone_rrset, left_out, same).where(left_out.c.owner.is_(None))
    if owner is not None:
        rows = rows.where(held.zone_id == zone_id, held.owner == owner)
    elif connection.dialect.name == "sqlite" and _is_most(connection, zone_id):
        rows = rows.where(held.zone_id + 0 == zone_id)  # in the order of the table: by the index takes thrice as long
    else:
        rows = rows.where(held.zone_id == zone_id)
    with connection.execute(rows, execution_options={"yield_per": 10_000}) as result:  # who gives up closes its cursor
        for row in result:
            yield row[0], row[1], row[2]


def state(connection: Connection, zone_id: int) -> Generator[tuple[str, str, str], None, None]:
    """Every (owner, rdtype, text) that the zone holds at its present serial; streamed.

    Changes without a serial are left out: whoever serves a zone serves what its serial says.
    """
    return state_before(connection, zone_id, zone_change.c.serial.is_(None))


def state_before(
    connection: Connection, zone_id: int, later: ColumnElement[bool]
) -> Generator[tuple[str, str, str], None, None]:
    """Every (owner, rdtype, text) that the zone held before the changes `later`, which are its newest; streamed.

    Where these have changed few names, they are looked up in memory, else by the database, which takes longer.
    """
    c = zone_change.c
    changed = select(c.owner, c.rdtype).where(c.zone_id == zone_id, later).distinct()
    names = {(owner, rdtype) for owner, rdtype in connection.execute(changed.limit(FEW_CHANGED + 1))}
    are_few = len(names) <= FEW_CHANGED
    with contextlib.closing(newest_state(connection, zone_id, without=None if are_few else changed)) as held:
        for name, rdtype, content in held:
            if (name, rdtype) not in names:
                yield name, rdtype, content
    if not names:
        return
    # The changes of one name have their numbers in order, and the first has what was there before.
    number = func.row_number().over(partition_by=(c.owner, c.rdtype), order_by=c.sequence).label("number")
    numbered = select(c.owner, c.rdtype, c.before, number).where(c.zone_id == zone_id, later).subquery()
    first = select(numbered.c.owner, numbered.c.rdtype, numbered.c.before).where(
        numbered.c.number == 1, numbered.c.before.is_not(None)
    )
    with connection.execute(first, execution_options={"yield_per": 10_000}) as result:
        for row in result:
            yield row[0], row[1], row[2]
