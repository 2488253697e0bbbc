# SPDX-License-Identifier: Apache-2.0
"""Zones: what every name holds, and the journal of changes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, func, insert, or_, select, update

from registry.storage.tables import zone, zone_change, zone_rrset
from registry.storage.unit_of_work import UnitOfWork

_CHUNK = 400  # owners per statement, below every database's limit on bound values


@dataclass(frozen=True, slots=True)
class ZoneRow:
    """A zone and the serial that its newest stamped changes carry."""

    id: int
    domain_id: int
    name: str
    serial: int


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


_ZONE = (zone.c.id, zone.c.domain_id, zone.c.name, zone.c.serial)


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


def rrset_texts(connection: Connection, zone_id: int, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """What the (owner, rdtype) pairs hold now; pairs without records are absent."""
    wanted = set(keys)
    owners = sorted({owner for owner, _ in keys})
    found: dict[tuple[str, str], str] = {}
    for start in range(0, len(owners), _CHUNK):
        query = select(zone_rrset.c.owner, zone_rrset.c.rdtype, zone_rrset.c.content).where(
            zone_rrset.c.zone_id == zone_id, zone_rrset.c.owner.in_(owners[start : start + _CHUNK])
        )
        found.update({(o, t): text for o, t, text in connection.execute(query) if (o, t) in wanted})
    return found


def write_changes(work: UnitOfWork, zone_id: int, changes: Sequence[Change]) -> None:
    """Apply changes to the zone's state and append them to its journal, not stamped yet."""
    if not changes:
        return
    c_state = zone_rrset.c
    gone = [{"b_owner": c.owner, "b_rdtype": c.rdtype} for c in changes if c.before is not None]
    come = [
        {"zone_id": zone_id, "owner": c.owner, "rdtype": c.rdtype, "content": c.after}
        for c in changes
        if c.after is not None
    ]
    if gone:
        matches = and_(c_state.zone_id == zone_id, c_state.owner == bindparam("b_owner"))
        work.connection.execute(delete(zone_rrset).where(matches, c_state.rdtype == bindparam("b_rdtype")), gone)
    if come:
        work.connection.execute(insert(zone_rrset), come)
    journal = [
        {
            "zone_id": zone_id,
            "owner": c.owner,
            "rdtype": c.rdtype,
            "before": c.before,
            "after": c.after,
            "changed_at": work.now,
        }
        for c in changes
    ]
    work.connection.execute(insert(zone_change), journal)


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
    return (serial + 1) % 2**32 or 1


def changes_after(connection: Connection, zone_id: int, serial: int, upto: int) -> list[StampedChange]:
    """The stamped changes with serials after `serial` up to `upto`, in order.

    Serials are compared as RFC 1982 wants, relative to `upto`; the journal is short beside 2^31 serials.
    """
    c = zone_change.c
    query = select(c.serial, c.owner, c.rdtype, c.after, c.changed_at).where(c.zone_id == zone_id)
    if serial <= upto:
        query = query.where(c.serial > serial, c.serial <= upto)
    else:  # the serial has wrapped around since
        query = query.where(or_(c.serial > serial, c.serial <= upto))
    rows = connection.execute(query.order_by(c.sequence))
    return [StampedChange(*row) for row in rows]


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


def newest_state(connection: Connection, zone_id: int, *, owner: str | None = None) -> Iterator[tuple[str, str, str]]:
    """Every (owner, rdtype, text) that the zone, or one owner in it, holds after all committed changes; streamed."""
    held = zone_rrset.c
    rows = select(held.owner, held.rdtype, held.content).where(held.zone_id == zone_id)
    if owner is not None:
        rows = rows.where(held.owner == owner)
    for row in connection.execute(rows, execution_options={"yield_per": 10_000}):
        yield row[0], row[1], row[2]


def state(connection: Connection, zone_id: int) -> Iterator[tuple[str, str, str]]:
    """Every (owner, rdtype, text) that the zone holds at its present serial; streamed.

    Changes without a serial are left out: whoever serves a zone serves what its serial says.
    """
    c = zone_change.c
    changes = select(c.owner, c.rdtype, c.before).where(c.zone_id == zone_id, c.serial.is_(None))
    # The oldest unstamped change of a name comes last here, and has what was there at the serial.
    newest_first = connection.execute(changes.order_by(c.sequence.desc()))
    pending = {(name, rdtype): before for name, rdtype, before in newest_first}
    for name, rdtype, content in newest_state(connection, zone_id):
        if (name, rdtype) not in pending:
            yield name, rdtype, content
    for (name, rdtype), before in pending.items():
        if before is not None:
            yield name, rdtype, before
