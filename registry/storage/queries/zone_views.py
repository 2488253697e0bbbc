# SPDX-License-Identifier: Apache-2.0
"""What a reader sees of zones: how they are, what their names hold, and how they came to that; in pages."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, func, select, tuple_

from registry.storage.queries.zones import ZoneRow, history_window
from registry.storage.tables import zone, zone_change, zone_rrset


@dataclass(frozen=True, slots=True)
class ZoneView:
    """A zone, and how far what is published is behind what is committed.

    `oldest_waiting` is when the oldest change was made that has no serial yet.
    """

    id: int
    domain_id: int
    name: str
    serial: int
    history_from: int
    modified_at: datetime
    waiting: int
    oldest_waiting: datetime | None


@dataclass(frozen=True, slots=True)
class RRsetView:
    """A record set; the text as stored (``TTL RDATA`` lines)."""

    owner: str
    rdtype: str
    content: str


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A change that has a serial; texts as stored, None where there was or is no record set."""

    sequence: int
    serial: int
    owner: str
    rdtype: str
    before: str | None
    after: str | None
    changed_at: datetime


_UNSTAMPED = and_(zone_change.c.zone_id == zone.c.id, zone_change.c.serial.is_(None))
_ZONE = (
    *(zone.c[name] for name in ("id", "domain_id", "name", "serial", "history_from", "modified_at")),
    select(func.count(zone_change.c.sequence)).where(_UNSTAMPED).correlate(zone).scalar_subquery(),
    select(func.min(zone_change.c.changed_at)).where(_UNSTAMPED).correlate(zone).scalar_subquery(),
)


def zones(connection: Connection, domain_ids: Collection[int], after: str, size: int) -> list[ZoneView]:
    """Up to `size` zones of these domains with names behind `after`, by name."""
    query = select(*_ZONE).where(zone.c.domain_id.in_(domain_ids), zone.c.name > after)
    return [ZoneView(*row) for row in connection.execute(query.order_by(zone.c.name).limit(size))]


def rrset_count(connection: Connection, zone_id: int) -> int:
    """How many record sets a zone has."""
    query = select(func.count()).select_from(zone_rrset).where(zone_rrset.c.zone_id == zone_id)
    return int(connection.execute(query).scalar_one())


def rrsets(
    connection: Connection, zone_id: int, owner: str | None, after: tuple[str, str], size: int
) -> list[RRsetView]:
    """Up to `size` record sets as they are after all committed changes, of one owner or of all, by owner and type."""
    c = zone_rrset.c
    query = select(c.owner, c.rdtype, c.content).where(c.zone_id == zone_id, tuple_(c.owner, c.rdtype) > after)
    if owner is not None:
        query = query.where(c.owner == owner)
    return [RRsetView(*row) for row in connection.execute(query.order_by(c.owner, c.rdtype).limit(size))]


def changes(
    connection: Connection, held: ZoneRow, since: int, owner: str | None, after: int, size: int
) -> list[ChangeView]:
    """Up to `size` changes with serials after `since` and sequences after `after`, in order.

    They are all there are only where `held.has_history_since(since)`; serials compare as in RFC 1982.
    """
    c = zone_change.c
    query = select(c.sequence, c.serial, c.owner, c.rdtype, c.before, c.after, c.changed_at).where(
        *history_window(held.id, since, held.serial), c.sequence > after
    )
    if owner is not None:
        query = query.where(c.owner == owner)
    return [ChangeView(*row) for row in connection.execute(query.order_by(c.sequence).limit(size))]
