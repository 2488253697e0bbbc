# SPDX-License-Identifier: Apache-2.0
"""Zones of the database as a name server serves them: whole at its start, then what has changed."""

from collections.abc import Iterator
from contextlib import closing

from registry.dns.records import RRset
from registry.dns.served_zone import ServedZone, Version
from registry.dns.snapshot import Snapshots
from registry.storage.queries import zone_versions, zones
from registry.storage.queries.zones import ZoneRow
from registry.storage.unit_of_work import Connection


def load(connection: Connection, row: ZoneRow, snapshots: Snapshots | None = None) -> ServedZone:
    """A zone at its present serial, from its snapshot and the journal where that is possible.

    Raises `ValidationError` for what can't be served.
    """
    zone = None if snapshots is None else snapshots.load(connection, row)
    if zone is None:
        with closing(zones.state(connection, row.id)) as texts:
            return ServedZone.of_texts(row.name, texts, row.serial)
    if zone.serial != row.serial:
        zone.apply(row.serial, _changes(connection, row, zone.serial))
    return zone


def prepare(connection: Connection, row: ZoneRow, served: ServedZone) -> Version:
    """The present version of a zone that is served at an earlier serial, from which the journal leads on.

    Raises `ValidationError` for what can't be served.
    """
    return served.prepare(row.serial, _changes(connection, row, served.serial))


def _changes(connection: Connection, row: ZoneRow, since: int) -> Iterator[tuple[str, str, RRset | None]]:
    with closing(zone_versions.changes_upto(connection, row.id, since, row.serial)) as changes:
        for owner, rdtype, after in changes:
            yield owner, rdtype, None if after is None else RRset.from_text(owner, rdtype, after)
