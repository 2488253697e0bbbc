# SPDX-License-Identifier: Apache-2.0
"""Zones: what every name holds, and the journal of changes."""

import contextlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, func, insert, or_, select, update

from registry.storage.statements import insert_rows
from registry.storage.tables import zone, zone_change, zone_rrset
from registry.storage.types import to_microseconds
from registry.storage.unit_of_work import UnitOfWork

_SERIALS = 2**32
_JOURNAL = ("zone_id", "owner", "rdtype", "before", "after", "changed_at")
_CHUNK = 400  # owners per statement, below every database's limit on bound values


@dataclass(frozen=True, slots=True)
class ZoneRow:
    """A zone and the serial that its newest stamped changes carry."""

    id: int
    domain_id: int
    name: str
    serial: int
    history_from: int
    """The oldest serial from which the journal leads to the present one; what was published before is not all in it."""

    def has_history_since(self, serial: int) -> bool:
        """Whether `changes_after` leads from a serial to the present one; else only the whole state does (RFC 1995 §2).

        The distances back from the present serial are compared, so a serial that the zone hasn't reached is none.
        """
        return (self.serial - serial) % _SERIALS <= (self.serial - self.history_from) % _SERIALS


@dataclass(frozen=True, slots=True)
class Change:
    """One record set before and after; texts as stored (``TTL RDATA`` lines), None where there is no record set."""

    owner: str
    rdtype: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class StampedChange:
    """A change that has its serial."""

    serial: int
    owner: str
    rdtype: str
    after: str | None
    changed_at: datetime


_ZONE = (zone.c.id, zone.c.domain_id, zone.c.name, zone.c.serial, zone.c.history_from)


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


def add(work: UnitOfWork, domain_id: int, name: str, serial: int) -> int:
    """Insert a zone; returns its id."""
    values = {"domain_id": domain_id, "name": name, "serial": serial, "modified_at": work.now}
    return int(work.connection.execute(insert(zone).values(values).returning(zone.c.id)).scalar_one())


_HELD = select(zone_rrset.c.owner, zone_rrset.c.rdtype, zone_rrset.c.content).where(
    zone_rrset.c.zone_id == bindparam("zone"), zone_rrset.c.owner.in_(bindparam("owners", expanding=True))
)


def rrset_texts(connection: Connection, zone_id: int, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """What the (owner, rdtype) pairs hold now; pairs without records are absent."""
    wanted = set(keys)
    owners = sorted({owner for owner, _ in keys})
    found: dict[tuple[str, str], str] = {}
    for start in range(0, len(owners), _CHUNK):
        parameters = {"zone": zone_id, "owners": owners[start : start + _CHUNK]}
        found.update({(o, t): text for o, t, text in connection.execute(_HELD, parameters) if (o, t) in wanted})
    return found


def write_changes(work: UnitOfWork, zone_id: int, changes: Sequence[Change]) -> None:
    """Apply changes to the zone's state and append them to its journal, not stamped yet."""
    if not changes:
        return
    c_state = zone_rrset.c
    gone = [{"b_owner": c.owner, "b_rdtype": c.rdtype} for c in changes if c.before is not None]
    come = [(zone_id, c.owner, c.rdtype, c.after) for c in changes if c.after is not None]
    if gone:
        matches = and_(c_state.zone_id == zone_id, c_state.owner == bindparam("b_owner"))
        work.connection.execute(delete(zone_rrset).where(matches, c_state.rdtype == bindparam("b_rdtype")), gone)
    insert_rows(work.connection, zone_rrset.name, ("zone_id", "owner", "rdtype", "content"), come)
    at = to_microseconds(work.now)
    journal = [(zone_id, c.owner, c.rdtype, c.before, c.after, at) for c in changes]
    insert_rows(work.connection, zone_change.name, _JOURNAL, journal)


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
    return (serial + 1) % _SERIALS or 1


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
    query = select(c.serial, c.owner, c.rdtype, c.after, c.changed_at).where(*history_window(zone_id, serial, upto))
    changes = [StampedChange(*row) for row in connection.execute(query.order_by(c.sequence))]
    # PostgreSQL numbers a change when it is written. What is committed later may have an earlier number.
    return sorted(changes, key=lambda change: (change.serial - serial) % _SERIALS)


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


def unstamped(connection: Connection, zone_id: int) -> int:
    """How many changes wait for their serial."""
    waiting = and_(zone_change.c.zone_id == zone_id, zone_change.c.serial.is_(None))
    return int(connection.execute(select(func.count()).select_from(zone_change).where(waiting)).scalar_one())


def oldest_unstamped(connection: Connection) -> datetime | None:
    """When the oldest change was made that waits for its serial, in any zone."""
    return connection.execute(select(func.min(zone_change.c.changed_at)).where(zone_change.c.serial.is_(None))).scalar()


def zones_with_unstamped(connection: Connection) -> list[int]:
    """The ids of the zones in which changes wait for their serial."""
    return list(
        connection.execute(select(zone_change.c.zone_id).where(zone_change.c.serial.is_(None)).distinct()).scalars()
    )


def _is_most(connection: Connection, zone_id: int) -> bool:
    """Whether most record sets there are belong to this zone."""
    count = select(func.count()).select_from(zone_rrset)
    own = connection.execute(count.where(zone_rrset.c.zone_id == zone_id)).scalar_one()
    return 2 * int(own) > int(connection.execute(count).scalar_one())


def newest_state(
    connection: Connection, zone_id: int, *, owner: str | None = None
) -> Generator[tuple[str, str, str], None, None]:
    """Every (owner, rdtype, text) that the zone, or one owner in it, holds after all committed changes; streamed."""
    held = zone_rrset.c
    rows = select(held.owner, held.rdtype, held.content)
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
    c = zone_change.c
    changes = select(c.owner, c.rdtype, c.before).where(c.zone_id == zone_id, c.serial.is_(None))
    # The oldest unstamped change of a name comes last here, and has what was there at the serial.
    newest_first = connection.execute(changes.order_by(c.sequence.desc()))
    pending = {(name, rdtype): before for name, rdtype, before in newest_first}
    if not pending:
        yield from newest_state(connection, zone_id)
        return
    with contextlib.closing(newest_state(connection, zone_id)) as held:
        for name, rdtype, content in held:
            if (name, rdtype) not in pending:
                yield name, rdtype, content
    for (name, rdtype), before in pending.items():
        if before is not None:
            yield name, rdtype, before
