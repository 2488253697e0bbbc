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
    text,
)

from registry.storage.tables.core import metadata
from registry.storage.types import Instant, Key

zone = Table(
    "zone",
    metadata,
    Column("id", Key, primary_key=True),
    # None for a zone that no domain has: the catalog, and former names of other zones.
    Column("domain_id", ForeignKey("domain.id")),
    Column("name", String(253), nullable=False),
    Column("serial", BigInteger, nullable=False),
    Column("publisher", String(64)),  # the process that stamps serials, while its lease lasts
    Column("lease_until", Instant),
    Column("modified_at", Instant, nullable=False),
    # Since which serial the journal is complete: after a restore it doesn't know what was published in between.
    Column("history_from", BigInteger, nullable=False, server_default="0"),
    # The zone in whose place this one stands, as another name of it: by a DNAME at its apex.
    Column("alias_of", ForeignKey("zone.id")),
    UniqueConstraint("domain_id"),
    UniqueConstraint("name"),
    sqlite_autoincrement=True,  # who knows a zone by its number must not take another one for it
)

zone_rrset = Table(
    "zone_rrset",
    metadata,
    Column("zone_id", ForeignKey("zone.id"), nullable=False),
    Column("owner", String(253), nullable=False),
    Column("rdtype", String(16), nullable=False),
    Column("content", Text, nullable=False),
    # The number of the change that made it so: names come in no order, and an index of all changes by name would cost
    # more than the changes. None where the journal doesn't go back that far, or an older program wrote it.
    Column("changed", BigInteger),
    PrimaryKeyConstraint("zone_id", "owner", "rdtype"),
    # All names of an SMP may change at once, and nothing but their content: where the new rows fit beside the old ones,
    # PostgreSQL has nothing to write to the index.
    postgresql_with={"fillfactor": 50},
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
    # The names that hold nothing any more, or did so for a while; of the others the record set knows its change.
    Index(
        "ix_zone_change_removed", "owner", sqlite_where=text("after IS NULL"), postgresql_where=text("after IS NULL")
    ),
    sqlite_autoincrement=True,
)

# What an operator put into a zone beside the records of participants and SMPs: delegations, locators, aliases.
zone_record = Table(
    "zone_record",
    metadata,
    Column("zone_id", ForeignKey("zone.id"), nullable=False),
    Column("owner", String(253), nullable=False),
    Column("rdtype", String(16), nullable=False),
    Column("content", Text, nullable=False),
    Column("added_by", Text, nullable=False),
    Column("modified_at", Instant, nullable=False),
    PrimaryKeyConstraint("zone_id", "owner", "rdtype"),
)

# Since when a serial is known to be out. `server` is empty where we stamped it, else the address of who serves it.
zone_serial = Table(
    "zone_serial",
    metadata,
    Column("zone_id", ForeignKey("zone.id"), nullable=False),
    Column("server", String(96), nullable=False),
    Column("serial", BigInteger, nullable=False),
    Column("seen_at", Instant, nullable=False, index=True),
    PrimaryKeyConstraint("zone_id", "server", "serial"),
)

name_server = Table(
    "name_server",
    metadata,
    Column("zone_id", ForeignKey("zone.id"), nullable=False),
    Column("address", String(96), nullable=False),
    Column("serial", BigInteger),
    Column("succeeded_at", Instant),
    Column("failed_at", Instant),
    Column("failure", Text),
    # NOTIFY: of which serial, when it was sent first and last, and since when the server has acknowledged it.
    Column("notified_serial", BigInteger),
    Column("notified_at", Instant),
    Column("acknowledged_at", Instant),
    Column("notify_failure", Text),
    # What it shows where the zone is signed; `serial` is always one of ours.
    Column("own_serial", BigInteger),
    PrimaryKeyConstraint("zone_id", "address"),
)

# The last transfer of each client: AXFR or IXFR, up to which serial, and what it cost.
zone_transfer = Table(
    "zone_transfer",
    metadata,
    Column("zone_id", ForeignKey("zone.id"), nullable=False),
    Column("client", String(64), nullable=False),  # its IP address
    Column("key", String(253), nullable=False),  # empty where it had none
    Column("kind", String(4), nullable=False),
    Column("serial", BigInteger, nullable=False),
    Column("octets", BigInteger, nullable=False),
    Column("milliseconds", BigInteger, nullable=False),
    Column("succeeded_at", Instant),
    Column("failed_at", Instant),
    Column("failure", Text),
    PrimaryKeyConstraint("zone_id", "client", "key"),
)

# How far a primary of others is that the zone is pushed to.
zone_push = Table(
    "zone_push",
    metadata,
    Column("zone_id", ForeignKey("zone.id"), nullable=False),
    Column("address", String(96), nullable=False),
    Column("name", String(253), nullable=False),  # of the zone there
    Column("serial", BigInteger),  # ours, up to which all changes have arrived; None before the first whole push
    Column("soa", Text),  # theirs after that, as rdata: what it must be still
    Column("pushed_at", Instant),
    Column("failed_at", Instant),
    Column("failure", Text),
    Column("position", Text),  # how far a push of the whole zone is, or of a long version; None where none is under way
    PrimaryKeyConstraint("zone_id", "address", "name"),
)
