# SPDX-License-Identifier: Apache-2.0
"""Looks into zones: how they are, what a name holds, what has changed since a serial. Reads what is committed.

What name servers answer may be older; `ZoneView.waiting` says by how many changes.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from registry.dns.records import APEX, RRset
from registry.errors import NotFoundError, Reason, ValidationError
from registry.storage.engine import Database
from registry.storage.queries import zone_views, zones
from registry.storage.queries.zone_views import ZoneView
from registry.storage.unit_of_work import Connection


@dataclass(frozen=True, slots=True)
class ZoneChange:
    """A change with its serial; None where there was or is no record set. `sequence` only grows."""

    sequence: int
    serial: int
    owner: str
    rdtype: str
    before: RRset | None
    after: RRset | None
    changed_at: datetime


class ZoneReader:
    """Reads zones in pages. What names the zone of a domain raises NotFoundError where that has none."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def zones(self, domain_ids: Collection[int], after: str, size: int) -> list[ZoneView]:
        """Up to `size` zones of these domains with names behind `after`."""
        with self._database.read() as connection:
            return zone_views.zones(connection, domain_ids, after, size)

    def zone(self, domain_id: int) -> tuple[ZoneView, int]:
        """The zone of a domain, and how many record sets it has."""
        with self._database.read() as connection:
            found = zone_views.zones(connection, [domain_id], "", 1)
            if not found:
                raise _no_zone()
            return found[0], zone_views.rrset_count(connection, found[0].id)

    def records(self, domain_id: int, name: str | None, after: tuple[str, str], size: int) -> list[RRset]:
        """Up to `size` record sets behind the owner and type `after`: those of a name, or of all."""
        with self._database.read() as connection:
            held = _zone(connection, domain_id)
            owner = None if name is None else relative(name, held.name)
            rows = zone_views.rrsets(connection, held.id, owner, after, size)
        return [RRset.from_text(row.owner, row.rdtype, row.content) for row in rows]

    def changes(self, domain_id: int, since: int, name: str | None, after: int, size: int) -> list[ZoneChange]:
        """Up to `size` changes with serials after `since` and sequences after `after`, in order.

        Raises ValidationError where the journal doesn't reach back to `since`.
        """
        with self._database.read() as connection:
            held = _zone(connection, domain_id)
            if not held.has_history_since(since):
                message = f"the journal leads from serial {held.history_from} to {held.serial}, not from {since}"
                raise ValidationError((Reason("ZONE-HISTORY", message, "RFC 1995 §2", "query/since"),))
            owner = None if name is None else relative(name, held.name)
            rows = zone_views.changes(connection, held, since, owner, after, size)
        return [
            ZoneChange(
                row.sequence,
                row.serial,
                row.owner,
                row.rdtype,
                _rrset(row.owner, row.rdtype, row.before),
                _rrset(row.owner, row.rdtype, row.after),
                row.changed_at,
            )
            for row in rows
        ]


def relative(name: str, zone: str) -> str:
    """A name as a zone's owners are stored: in lower case, below the zone; the zone itself is its apex.

    `name` may be absolute (with a dot at its end, or ending in the zone's name), or relative.
    """
    plain = name.lower().removesuffix(".")
    if plain in {"", zone, APEX}:
        return APEX
    return plain.removesuffix(f".{zone}")


def absolute(owner: str, zone: str) -> str:
    """The opposite of `relative`, with a dot at the end."""
    return f"{zone}." if owner == APEX else f"{owner}.{zone}."


def _zone(connection: Connection, domain_id: int) -> zones.ZoneRow:
    found = zones.of_domain(connection, domain_id)
    if found is None:
        raise _no_zone()
    return found


def _no_zone() -> NotFoundError:
    return NotFoundError("the domain has no zone here")


def _rrset(owner: str, rdtype: str, text: str | None) -> RRset | None:
    return None if text is None else RRset.from_text(owner, rdtype, text)
