# SPDX-License-Identifier: Apache-2.0
"""What leads from one serial of a zone to the present one, condensed into one step (RFC 1995 §5).

What came and went again in between isn't there. Memory is bounded: where so much has changed that the whole zone is
shorter, or that it shouldn't be held at once, there are no differences.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from registry.dns.records import APEX
from registry.dns.transfer.packing import Row, soa_with_serial
from registry.storage.queries import zone_transfers, zones
from registry.storage.queries.zones import ZoneRow
from registry.storage.unit_of_work import Connection

MAX_CHANGES = 200_000
"""Rows of the journal, about 100 MB of memory while they are condensed."""


@dataclass(frozen=True, slots=True)
class Differences:
    """The records that go and those that come; rows have some of the lines of a stored text. SOA records are apart."""

    serial_from: int
    serial_to: int
    soa_from: str
    soa_to: str
    removed: tuple[Row, ...]
    added: tuple[Row, ...]

    def rows(self) -> Iterator[Row]:
        """All records of an IXFR answer in their order (RFC 1995 §4)."""
        yield APEX, "SOA", self.soa_to
        yield APEX, "SOA", self.soa_from
        yield from self.removed
        yield APEX, "SOA", self.soa_to
        yield from self.added
        yield APEX, "SOA", self.soa_to


def differences(
    connection: Connection, zone_row: ZoneRow, since: int, *, most: int = MAX_CHANGES
) -> Differences | None:
    """What leads from the serial `since` to that of `zone_row`, which was read in the same transaction.

    None where the journal doesn't reach back so far, or where the zone as a whole is less.
    """
    if since == 0 or not zone_row.has_history_since(since):  # 0 is what a server may say that has nothing yet
        return None
    changes = zone_transfers.changes_since(connection, zone_row, since, most)
    if changes is None or not (
        len(changes) <= _ALWAYS or zone_transfers.has_more_rrsets(connection, zone_row.id, len(changes))
    ):
        return None
    ends: dict[tuple[str, str], tuple[str | None, str | None]] = {}
    for change in changes:
        key = change.owner, change.rdtype
        ends[key] = ends[key][0] if key in ends else change.before, change.after
    soa = ends.pop((APEX, "SOA"), (None, None))
    present = soa_text(connection, zone_row.id)
    # A SOA that has a change waiting for its serial is served as it was before that.
    before, after = soa[0] or soa[1] or present, soa[1] or present
    removed, added = [], []
    for (owner, rdtype), (old, new) in ends.items():
        gone, come = _lines(old), _lines(new)
        if left := [line for line in gone if line not in come]:
            removed.append((owner, rdtype, "\n".join(left)))
        if left := [line for line in come if line not in gone]:
            added.append((owner, rdtype, "\n".join(left)))
    return Differences(
        since,
        zone_row.serial,
        soa_with_serial(before, since),
        soa_with_serial(after, zone_row.serial),
        tuple(removed),
        tuple(added),
    )


_ALWAYS = 100
"""Changes that are sent as such however small the zone is."""


def soa_text(connection: Connection, zone_id: int) -> str:
    """The text of a zone's SOA at its present serial."""
    waiting = zone_transfers.first_waiting(connection, zone_id, APEX, "SOA")
    return waiting or zones.rrset_texts(connection, zone_id, [(APEX, "SOA")])[APEX, "SOA"]


def _lines(text: str | None) -> list[str]:
    return [] if text is None else text.split("\n")
