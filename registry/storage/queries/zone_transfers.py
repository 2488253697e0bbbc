# SPDX-License-Identifier: Apache-2.0
"""Zones as they are transferred: by name, what changed since a serial, and the last transfer of each client."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from registry.serials import distance
from registry.storage.queries.zones import ZoneRow, history_window
from registry.storage.tables import zone, zone_change, zone_rrset, zone_transfer
from registry.storage.unit_of_work import UnitOfWork
from registry.storage.upsert import upsert


@dataclass(frozen=True, slots=True)
class JournalRow:
    """A change that has its serial; texts as stored, None where there was or is no record set."""

    serial: int
    owner: str
    rdtype: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class TransferRow:
    """The last transfer of a client; `failure` is None where it succeeded. `kind` is AXFR or IXFR."""

    zone_id: int
    client: str
    key: str
    kind: str
    serial: int
    octets: int
    milliseconds: int
    succeeded_at: datetime | None
    failed_at: datetime | None
    failure: str | None


def zone_named(connection: Connection, name: str) -> ZoneRow | None:
    """The zone of this name, in lower case without a dot at the end."""
    columns = [zone.c[field] for field in ZoneRow.__dataclass_fields__]
    row = connection.execute(select(*columns).where(zone.c.name == name)).first()
    return None if row is None else ZoneRow(*row)


def changes_since(connection: Connection, held: ZoneRow, since: int, most: int) -> list[JournalRow] | None:
    """The stamped changes with serials after `since`, in order; None where there are more than `most`.

    They are all there are only where `held.has_history_since(since)`. In order, as PostgreSQL numbers a change when it
    is written: by serial, and of one name, which one transaction at a time can change, by sequence.
    """
    c = zone_change.c
    query = select(c.serial, c.owner, c.rdtype, c.before, c.after)
    query = query.where(*history_window(held.id, since, held.serial)).order_by(c.sequence).limit(most + 1)
    rows = [JournalRow(*row) for row in connection.execute(query)]
    if len(rows) > most:
        return None
    return sorted(rows, key=lambda row: distance(since, row.serial))


def has_more_rrsets(connection: Connection, zone_id: int, count: int) -> bool:
    """Whether a zone has more record sets than that."""
    some = select(zone_rrset.c.owner).where(zone_rrset.c.zone_id == zone_id).limit(count + 1).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one()) > count


def note(work: UnitOfWork, row: TransferRow) -> None:
    """Keep a transfer as the client's last one; one that failed leaves standing when it last succeeded."""
    values = {name: getattr(row, name) for name in TransferRow.__dataclass_fields__}
    kept = {name: value for name, value in values.items() if value is not None or name == "failure"}
    insert = upsert(work.connection, zone_transfer).values(**values)
    key = list(zone_transfer.primary_key.columns)
    work.connection.execute(insert.on_conflict_do_update(index_elements=key, set_=kept))


def of_zone(connection: Connection, zone_id: int) -> Iterator[TransferRow]:
    """The last transfers of a zone, by client and key."""
    c = zone_transfer.c
    columns = [c[name] for name in TransferRow.__dataclass_fields__]
    for row in connection.execute(select(*columns).where(c.zone_id == zone_id).order_by(c.client, c.key)):
        yield TransferRow(*row)


def first_waiting(connection: Connection, zone_id: int, owner: str, rdtype: str) -> str | None:
    """What a name held before the first change of it that waits for its serial; None where none waits."""
    c = zone_change.c
    waiting = (c.zone_id == zone_id, c.serial.is_(None), c.owner == owner, c.rdtype == rdtype)
    return connection.execute(select(c.before).where(*waiting).order_by(c.sequence).limit(1)).scalar()
