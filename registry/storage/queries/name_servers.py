# SPDX-License-Identifier: Apache-2.0
"""Which serials are out: when we stamped them, which ones name servers were seen to serve, and since when.

Serials compare as in RFC 1982 §3.2. What is kept of one server only grows with time: one that falls back to an older
serial loses what it had been seen with beyond that.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, or_, select

from registry.serials import HALF, SERIALS, distance, is_greater
from registry.storage.queries.zones import ZoneRow, newest_changes
from registry.storage.tables import name_server, registration, zone, zone_change, zone_push, zone_rrset, zone_serial
from registry.storage.unit_of_work import UnitOfWork
from registry.storage.upsert import insert_if_new, upsert

OURSELVES = ""
"""In the place of a server's address: where we stamped the serial."""


@dataclass(frozen=True, slots=True)
class NameServerRow:
    """A name server of a zone: the serial of ours that it had last, when that was, and when it failed last, and how.

    `own_serial` is the one that it showed where the zone is signed, and counted by who signs it.
    `failure` is None where its last answer was good. It was told of `notified_serial` by NOTIFY, lastly at
    `notified_at`; `acknowledged_at` is None, and `notify_failure` says why, as long as it hasn't acknowledged that.
    """

    zone_id: int
    address: str
    serial: int | None
    succeeded_at: datetime | None
    failed_at: datetime | None
    failure: str | None
    notified_serial: int | None
    notified_at: datetime | None
    acknowledged_at: datetime | None
    notify_failure: str | None
    own_serial: int | None

    @property
    def looked_at(self) -> datetime | None:
        """When it was asked last; None where it only was told of a serial."""
        return max((moment for moment in (self.succeeded_at, self.failed_at) if moment is not None), default=None)


@dataclass(frozen=True, slots=True)
class NewestChange:
    """The last change of some names; `serial` is None while it waits for one."""

    serial: int | None
    changed_at: datetime


_COLUMNS = [name_server.c[name] for name in NameServerRow.__dataclass_fields__]


def stamped(work: UnitOfWork, zone_id: int, serial: int) -> None:
    """Note that a serial was given to changes in this transaction."""
    insert = upsert(work.connection, zone_serial).values(
        zone_id=zone_id, server=OURSELVES, serial=serial, seen_at=work.now
    )
    key = list(zone_serial.primary_key.columns)
    work.connection.execute(insert.on_conflict_do_update(index_elements=key, set_={"seen_at": work.now}))


def seen(work: UnitOfWork, zone_id: int, address: str, serial: int | None, own_serial: int | None = None) -> None:
    """Note that a server answered: with a serial of ours, None where nobody knows it, or with one of its own beside."""
    c = zone_serial.c
    stale = and_(c.zone_id == zone_id, c.server == address)
    if serial is not None and not (own_serial is not None and _counted_ours(work, zone_id, address)):
        stale = and_(stale, c.serial != serial, _not_before(serial))  # it has fallen back
    work.connection.execute(delete(zone_serial).where(stale))
    if serial is not None:
        row = {"zone_id": zone_id, "server": address, "serial": serial, "seen_at": work.now}
        work.connection.execute(insert_if_new(work.connection, zone_serial).values(row))
    said = {"serial": serial, "own_serial": own_serial}
    _note(work, zone_id, address, {**said, "succeeded_at": work.now, "failure": None})


def _counted_ours(work: UnitOfWork, zone_id: int, address: str) -> bool:
    """Whether the serials of a server were taken for ours until now."""
    c = name_server.c
    query = select(c.own_serial.is_(None)).where(c.zone_id == zone_id, c.address == address, c.serial.is_not(None))
    return bool(work.connection.execute(query).scalar())


def reached(work: UnitOfWork, zone_id: int, address: str, serial: int) -> None:
    """Note that all up to a serial of ours is at a server that has serials of its own."""
    row = {"zone_id": zone_id, "server": address, "serial": serial, "seen_at": work.now}
    work.connection.execute(insert_if_new(work.connection, zone_serial).values(row))


def failed(work: UnitOfWork, zone_id: int, address: str, failure: str) -> None:
    """Note that a server gave no good answer; what it served last is still known."""
    _note(work, zone_id, address, {"failed_at": work.now, "failure": failure})


def _note(work: UnitOfWork, zone_id: int, address: str, values: dict[str, object]) -> None:
    insert = upsert(work.connection, name_server).values(zone_id=zone_id, address=address, **values)
    key = list(name_server.primary_key.columns)
    work.connection.execute(insert.on_conflict_do_update(index_elements=key, set_=values))


def keep_only(work: UnitOfWork, zone_id: int, addresses: Collection[str]) -> None:
    """Forget the servers of a zone that are none of these; of targets it is still known since when they had what."""
    work.connection.execute(
        delete(name_server).where(name_server.c.zone_id == zone_id, name_server.c.address.not_in(addresses))
    )
    c, targets = zone_serial.c, select(zone_push.c.address).where(zone_push.c.zone_id == zone_id)
    others = and_(c.zone_id == zone_id, c.server.not_in([OURSELVES, *addresses]), c.server.not_in(targets))
    work.connection.execute(delete(zone_serial).where(others))


def of_zone(connection: Connection, zone_id: int) -> list[NameServerRow]:
    """The servers of a zone that were asked, or told of a serial, at least once; by address."""
    return [NameServerRow(*row) for row in connection.execute(_of_zone(zone_id))]


def locked(work: UnitOfWork, zone_id: int) -> dict[str, NameServerRow]:
    """The same by address, and nobody else writes them before the transaction ends."""
    rows = [NameServerRow(*row) for row in work.connection.execute(_of_zone(zone_id).with_for_update())]
    return {row.address: row for row in rows}


def _of_zone(zone_id: int) -> Select[Any]:
    return select(*_COLUMNS).where(name_server.c.zone_id == zone_id).order_by(name_server.c.address)


def seen_since(connection: Connection, zone_id: int, address: str, serial: int) -> datetime | None:
    """When a server was first seen with this serial or a greater one, as far as is kept; None where it wasn't."""
    c = zone_serial.c
    query = select(func.min(c.seen_at)).where(c.zone_id == zone_id, c.server == address, _not_before(serial))
    return connection.execute(query).scalar()


def stamped_at(connection: Connection, zone_id: int, serial: int) -> datetime | None:
    """When we stamped a serial; None where that isn't kept any more.

    Of what is a day old it may be when a later one was stamped in the same minute (`retention.zone_serials`).
    """
    return seen_since(connection, zone_id, OURSELVES, serial)


def behind_since(connection: Connection, held: ZoneRow, serial: int) -> datetime | None:
    """When the first serial was stamped that a server with `serial` lacks; None where it lacks none that is kept."""
    c = zone_serial.c
    if not is_greater(held.serial, serial):
        return None
    lacking = and_(c.serial != serial, _not_before(serial))
    query = select(func.min(c.seen_at)).where(c.zone_id == held.id, c.server == OURSELVES, lacking)
    return connection.execute(query).scalar()


def serial_behind(connection: Connection, held: ZoneRow, address: str) -> int:
    """The serial of ours that a server was seen to have last; that from which the journal leads on where nobody knows.

    For a server of a signed zone, whose own serial says nothing.
    """
    c = name_server.c
    seen_last = select(c.serial).where(c.zone_id == held.id, c.address == address)
    found = connection.execute(seen_last).scalar()
    return held.history_from if found is None else int(found)


def newest_change(connection: Connection, held: ZoneRow, owners: Sequence[str]) -> NewestChange | None:
    """The last change of any of these names that the journal has; None where it has none."""
    c = zone_change.c
    query = select(c.serial, c.changed_at).where(c.sequence.in_(newest_changes(held.id, owners)))
    rows = [NewestChange(*row) for row in connection.execute(query)]
    # What has no serial yet will get the next one; the others by their distance from the present one.
    return min(rows, key=lambda row: -1 if row.serial is None else distance(row.serial, held.serial), default=None)


def any_held(connection: Connection, zone_id: int, owners: Sequence[str]) -> bool:
    """Whether one of these names holds anything."""
    c = zone_rrset.c
    query = select(c.owner).where(c.zone_id == zone_id, c.owner.in_(owners)).limit(1)
    return connection.execute(query).first() is not None


def newest_label(connection: Connection, publisher_id: int) -> str | None:
    """The name of a publisher's newest registration; None where it has none."""
    c = registration.c
    query = select(c.label).where(c.publisher_id == publisher_id).order_by(c.id.desc()).limit(1)
    return connection.execute(query).scalar()


def observed(connection: Connection) -> list[tuple[ZoneRow, NameServerRow]]:
    """Every server of every zone that was asked at least once, with the zone."""
    columns = [zone.c[name] for name in ZoneRow.__dataclass_fields__]
    query = select(*columns, *_COLUMNS).join(name_server, name_server.c.zone_id == zone.c.id)
    size = len(columns)
    rows = connection.execute(query.order_by(zone.c.name, name_server.c.address))
    return [(ZoneRow(*row[:size]), NameServerRow(*row[size:])) for row in rows]


def _not_before(serial: int) -> ColumnElement[bool]:
    """Serials that are this one or greater (RFC 1982 §3.2)."""
    c, last = zone_serial.c, (serial + HALF - 1) % SERIALS
    if serial <= last:
        return and_(c.serial >= serial, c.serial <= last)
    return or_(c.serial >= serial, c.serial <= last)
