# SPDX-License-Identifier: Apache-2.0
"""What name servers were told by NOTIFY (RFC 1996): of which serial, and whether they have acknowledged it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from registry.storage.queries.zones import ZoneRow
from registry.storage.tables import name_server, zone, zone_transfer
from registry.storage.unit_of_work import UnitOfWork
from registry.storage.upsert import upsert


@dataclass(frozen=True, slots=True)
class Notice:
    """That a server was told of a serial; `failure` is None where it has acknowledged that."""

    zone_id: int
    address: str
    serial: int
    failure: str | None


@dataclass(frozen=True, slots=True)
class Taken:
    """That a client, an IP address, took a zone up to a serial by a key; empty: by none."""

    zone_id: int
    client: str
    key: str
    serial: int


@dataclass(frozen=True, slots=True)
class HeldZone:
    """A zone, and the publisher that has it until its lease runs out."""

    row: ZoneRow
    publisher: str | None
    lease_until: datetime | None


def held_zones(connection: Connection, names: Collection[str]) -> list[HeldZone]:
    """The zones of these names that have been published."""
    columns = [zone.c[field] for field in ZoneRow.__dataclass_fields__]
    query = select(*columns, zone.c.publisher, zone.c.lease_until).where(zone.c.name.in_(names), zone.c.serial != 0)
    return [HeldZone(ZoneRow(*row[:-2]), *row[-2:]) for row in connection.execute(query)]


def taken(connection: Connection, zone_ids: Collection[int]) -> list[Taken]:
    """How far the clients of these zones are, where their last transfer succeeded."""
    c = zone_transfer.c
    query = select(c.zone_id, c.client, c.key, c.serial).where(c.zone_id.in_(zone_ids), c.failure.is_(None))
    return [Taken(*row) for row in connection.execute(query)]


def served(connection: Connection, zone_ids: Collection[int]) -> dict[tuple[int, str], int]:
    """By zone and address of a server, the serial that it was seen with last."""
    c = name_server.c
    query = select(c.zone_id, c.address, c.serial).where(c.zone_id.in_(zone_ids), c.serial.is_not(None))
    return {(zone_id, address): serial for zone_id, address, serial in connection.execute(query)}


def note(work: UnitOfWork, notices: Iterable[Notice]) -> None:
    """Keep what servers were told last, but of zones that have ended meanwhile."""
    kept = set(work.connection.execute(select(zone.c.id)).scalars())
    for notice in (each for each in notices if each.zone_id in kept):
        values = {
            "notified_serial": notice.serial,
            "notified_at": work.now,
            "acknowledged_at": work.now if notice.failure is None else None,
            "notify_failure": notice.failure,
        }
        insert = upsert(work.connection, name_server).values(zone_id=notice.zone_id, address=notice.address, **values)
        key = list(name_server.primary_key.columns)
        work.connection.execute(insert.on_conflict_do_update(index_elements=key, set_=values))
