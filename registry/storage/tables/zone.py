# SPDX-License-Identifier: Apache-2.0
"""The zones: what each name holds now, and the journal of every change.

A record set is stored as text, one ``TTL RDATA`` line per record. A change is written in the transaction that causes
it, without a serial; the zone's one publisher stamps the serial later.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from registry.storage.tables.core import metadata
from registry.storage.types import Instant, Key

zone = Table(
    "zone",
    metadata,
    Column("id", Key, primary_key=True),
    Column("domain_id", ForeignKey("domain.id"), nullable=False),
    Column("name", String(253), nullable=False),
    Column("serial", BigInteger, nullable=False),
    Column("publisher", String(64)),  # the process that stamps serials, while its lease lasts
    Column("lease_until", Instant),
    Column("modified_at", Instant, nullable=False),
    # Since which serial the journal is complete: after a restore it doesn't know what was published in between.
    Column("history_from", BigInteger, nullable=False, server_default="0"),
    UniqueConstraint("domain_id"),
    UniqueConstraint("name"),
)

zone_rrset = Table(
    "zone_rrset",
    metadata,
    Column("zone_id", ForeignKey("zone.id"), nullable=False),
    Column("owner", String(253), nullable=False),
    Column("rdtype", String(16), nullable=False),
    Column("content", Text, nullable=False),
    PrimaryKeyConstraint("zone_id", "owner", "rdtype"),
)

zone_change = Table(
    "zone_change",
    metadata,
    Column("sequence", Key, primary_key=True),
    Column("zone_id", ForeignKey("zone.id"), nullable=False),
    Column("serial", BigInteger),
    Column("owner", String(253), nullable=False),
    Column("rdtype", String(16), nullable=False),
    Column("before", Text),
    Column("after", Text),
    Column("changed_at", Instant, nullable=False),
    Index(None, "zone_id", "serial", "sequence"),
    Index(None, "zone_id", "owner"),
    sqlite_autoincrement=True,
)
