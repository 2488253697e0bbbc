# SPDX-License-Identifier: Apache-2.0
"""Versions of a zone as a name server takes them over: streamed, however many changes one has."""

from collections.abc import Generator
from datetime import datetime

from sqlalchemy import Connection, select

from registry.storage.queries.zones import history_window
from registry.storage.tables import zone_change

_ROWS = 2_000


def changes_upto(
    connection: Connection, zone_id: int, since: int, upto: int
) -> Generator[tuple[str, str, str | None], None, None]:
    """Owner, type and new text of each change with a serial after `since` up to `upto`, in order: `changes_after`."""
    c = zone_change.c
    window = select(c.owner, c.rdtype, c.after).where(*history_window(zone_id, since, upto))
    in_order = window.order_by(c.serial <= since, c.serial, c.sequence)  # the serial may have wrapped around
    with connection.execute(in_order, execution_options={"yield_per": _ROWS}) as rows:
        for row in rows:
            yield row[0], row[1], row[2]


def last_change(connection: Connection, zone_id: int, serial: int) -> tuple[int, datetime] | None:
    """Sequence and time of the last change with this serial; None where the journal has none, or not any more."""
    c = zone_change.c
    newest = select(c.sequence, c.changed_at).where(c.zone_id == zone_id, c.serial == serial)
    row = connection.execute(newest.order_by(c.sequence.desc()).limit(1)).first()
    return None if row is None else (row[0], row[1])
