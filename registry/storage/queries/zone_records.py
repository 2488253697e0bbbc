# SPDX-License-Identifier: Apache-2.0
"""The records that operators have put into zones, beside those of participants and SMPs."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, delete, func, insert, select, tuple_

from registry.storage.statements import rows_among
from registry.storage.tables import registration, zone, zone_record
from registry.storage.types import from_microseconds
from registry.storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class RecordRow:
    """A record set; the text as `zone_rrset` has it (``TTL RDATA`` lines)."""

    owner: str
    rdtype: str
    content: str
    added_by: str
    modified_at: datetime


_COLUMNS = (*(zone_record.c[name] for name in ("owner", "rdtype", "content", "added_by", "modified_at")),)


def lock(connection: Connection, zone_id: int) -> None:
    """Let nobody else put records into a zone, or register a participant in it, until the transaction ends.

    A registration refers to the zone in its changes, and so holds its row.
    """
    connection.execute(select(zone.c.id).where(zone.c.id == zone_id).with_for_update())


def of_zone(connection: Connection, zone_id: int) -> list[RecordRow]:
    """All of them in a zone, by name and type."""
    c = zone_record.c
    query = select(*_COLUMNS).where(c.zone_id == zone_id).order_by(c.owner, c.rdtype)
    return [RecordRow(*row) for row in connection.execute(query)]


def page(connection: Connection, zone_id: int, owner: str | None, after: tuple[str, str], size: int) -> list[RecordRow]:
    """Up to `size` of them behind an owner and type, of one owner or of all."""
    c = zone_record.c
    query = select(*_COLUMNS).where(c.zone_id == zone_id, tuple_(c.owner, c.rdtype) > after)
    if owner is not None:
        query = query.where(c.owner == owner)
    return [RecordRow(*row) for row in connection.execute(query.order_by(c.owner, c.rdtype).limit(size))]


def replace(work: UnitOfWork, zone_id: int, contents: Sequence[tuple[str, str, str | None]]) -> None:
    """Give (owner, type) pairs other contents; None removes one."""
    c = zone_record.c
    for owner, rdtype, content in contents:
        work.connection.execute(
            delete(zone_record).where(and_(c.zone_id == zone_id, c.owner == owner, c.rdtype == rdtype))
        )
        if content is not None:
            values = {"zone_id": zone_id, "owner": owner, "rdtype": rdtype, "content": content}
            added = {"added_by": work.actor, "modified_at": work.now}
            work.connection.execute(insert(zone_record).values(values | added))


_ENDS_AT = """
SELECT owner, rdtype, content, added_by, modified_at
FROM zone_record WHERE zone_id = ? AND rdtype IN ('NS', 'DNAME') AND owner
"""


def ends(connection: Connection, zone_id: int, owners: Collection[str]) -> list[RecordRow]:
    """The delegations and DNAMEs among the names `owners`, which are few."""
    rows = sorted(rows_among(connection, _ENDS_AT, sorted(owners), zone_id))
    return [RecordRow(owner, rdtype, text, by, from_microseconds(at)) for owner, rdtype, text, by, at in rows]


def registrations_below(connection: Connection, domain_id: int, owner: str) -> int:
    """How many participants have a name below this one; looks at all of the domain's."""
    c = registration.c
    below = c.label.endswith(f".{owner}", autoescape=True)
    query = select(func.count()).select_from(registration).where(c.domain_id == domain_id, below)
    return int(connection.execute(query).scalar_one())
