# SPDX-License-Identifier: Apache-2.0
"""Refuses participants whose names lie in what an operator gave away: nobody would find them in this zone.

To be asked once a registration's changes are in the journal, in its transaction: since then it holds the zone's row,
and whoever delegates waits for it, or was seen.
"""

from collections.abc import Iterator, Sequence

from registry.dns.records import RRset
from registry.dns.zone_reader import absolute
from registry.errors import Reason, ValidationError
from registry.sml.errors import SmlError, bad_request
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import zone_records
from registry.storage.queries.zone_records import RecordRow
from registry.storage.unit_of_work import Connection


def delegation_refusal(connection: Connection, stored: StoredDomain, labels: Sequence[str]) -> SmlError | None:
    """What stands against registering participants under these names (relative to the zone): ERR-106, or None.

    It names every delegation and DNAME above one of them (RFC 1034 §4.2, RFC 6672 §2.4).
    """
    parents = {label.partition(".")[2] for label in labels}  # few: what differs is the first label
    above = {name for parent in parents for name in _at_or_above(parent)}
    if stored.zone_id is None or not above:
        return None
    rows = zone_records.ends(connection, stored.zone_id, above)
    if not rows:
        return None
    messages = [_said(stored, row) for row in rows]
    reasons = [Reason("SML-DELEGATED", message, "RFC 1034 §4.2") for message in messages]
    return bad_request("; ".join(messages), ValidationError(reasons))


def _at_or_above(name: str) -> Iterator[str]:
    while name:
        yield name
        name = name.partition(".")[2]


def _said(stored: StoredDomain, row: RecordRow) -> str:
    rrset = RRset.from_text(row.owner, row.rdtype, row.content)
    to = ", ".join(rdata.removesuffix(".") for rdata in rrset.rdatas)
    name = absolute(row.owner, stored.domain.dns.zone).removesuffix(".")
    return f"Names below {name} are given away to {to} ({row.rdtype}): such participants are registered there"
