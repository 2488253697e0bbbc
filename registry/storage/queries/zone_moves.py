# SPDX-License-Identifier: Apache-2.0
"""Zones under two names: finding the other name's zone, changing the names with each other, and ending one."""

from sqlalchemy import Connection, delete, select, update

from registry.storage.queries.zones import ZoneRow, by_id
from registry.storage.tables import (
    name_server,
    zone,
    zone_change,
    zone_push,
    zone_record,
    zone_rrset,
    zone_serial,
    zone_transfer,
)
from registry.storage.unit_of_work import UnitOfWork

_BESIDE = "."
"""A name that no zone has."""
_PARTS = (name_server, zone_push, zone_transfer, zone_serial, zone_record, zone_rrset, zone_change)


def lock(work: UnitOfWork, zone_id: int) -> ZoneRow:
    """The zone, which nobody else moves before the transaction ends."""
    work.connection.execute(update(zone).where(zone.c.id == zone_id).values(modified_at=work.now))
    return by_id(work.connection, zone_id)


def alias_of(connection: Connection, zone_id: int) -> ZoneRow | None:
    """The zone that is another name of this one; None where there is none."""
    found = connection.execute(select(zone.c.id).where(zone.c.alias_of == zone_id)).scalar()
    return None if found is None else by_id(connection, found)


def id_of(connection: Connection, name: str) -> int | None:
    """The id of the zone of this name; None where there is none."""
    return connection.execute(select(zone.c.id).where(zone.c.name == name)).scalar()


def swap_names(work: UnitOfWork, one: ZoneRow, other: ZoneRow) -> None:
    """Give each of two zones the name of the other."""
    for zone_id, name in ((other.id, _BESIDE), (one.id, other.name), (other.id, one.name)):
        work.connection.execute(update(zone).where(zone.c.id == zone_id).values(name=name, modified_at=work.now))


def remove(work: UnitOfWork, zone_id: int) -> None:
    """Remove a zone with its content, its journal and what is known of its name servers."""
    for table in _PARTS:
        work.connection.execute(delete(table).where(table.c.zone_id == zone_id))
    work.connection.execute(delete(zone).where(zone.c.id == zone_id))
