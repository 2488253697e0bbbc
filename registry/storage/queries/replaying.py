# SPDX-License-Identifier: Apache-2.0
"""What was written to domains since an event, in the order of the chain, which is that of the commits.

Sequences won't do: one that is lower may be committed later. So whoever reads here has had the events sealed before.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from registry.storage.queries.events import EventRow
from registry.storage.tables import access_point, endpoint, event, service, service_group

_SHOWN = [event.c[name] for name in EventRow.__dataclass_fields__]


def events_after(
    connection: Connection, domain_ids: Collection[int], position: int, tags: Collection[str], size: int
) -> list[EventRow]:
    """Events of these domains behind a position of the chain whose tags begin so, oldest first, at most `size`."""
    c = event.c
    begins = or_(*(c.tag.startswith(tag, autoescape=True) for tag in sorted(tags)))
    query = select(*_SHOWN).where(c.position > position, c.domain_id.in_(domain_ids), begins)
    return [EventRow(*row) for row in connection.execute(query.order_by(c.position).limit(size))]


def at_positions(connection: Connection, positions: Collection[int]) -> list[EventRow]:
    """The events at these positions that are still there, oldest first."""
    query = select(*_SHOWN).where(event.c.position.in_(positions)).order_by(event.c.position)
    return [EventRow(*row) for row in connection.execute(query)]


def using(connection: Connection, domain_id: int, access_points: Collection[str]) -> list[tuple[str, str]]:
    """Scheme and value of the participants with an endpoint at access points of these names."""
    c = access_point.c
    return _participants(connection, and_(c.domain_id == domain_id, c.name.in_(access_points)))


def with_successor_since(
    connection: Connection, domain_id: int, after: datetime, until: datetime
) -> list[tuple[str, str]]:
    """Scheme and value of the participants with an endpoint whose planned change came then, which leaves no event."""
    c = access_point.c
    return _participants(connection, and_(c.domain_id == domain_id, c.successor_at > after, c.successor_at <= until))


def _participants(connection: Connection, which: ColumnElement[bool]) -> list[tuple[str, str]]:
    query = (
        select(service_group.c.scheme, service_group.c.value)
        .distinct()
        .join(service, service.c.service_group_id == service_group.c.id)
        .join(endpoint, endpoint.c.service_id == service.c.id)
        .join(access_point, access_point.c.id == endpoint.c.access_point_id)
        .where(which)
    )
    return [(scheme, value) for scheme, value in connection.execute(query)]
