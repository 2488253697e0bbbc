# SPDX-License-Identifier: Apache-2.0
"""The audit: events, the chain that they are sealed into, and the subjects whose values can be forgotten.

A trigger of the database refuses to change or delete an event; only to give it its place in the chain is allowed.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from registry.storage.tables.core import metadata
from registry.storage.types import Instant, JsonText, Key

# Somebody or something whose name in events is personal. Who knows the salt and the instance's master key can read
# what was sealed for the subject; to erase a subject is to forget its salt and its name.
event_subject = Table(
    "event_subject",
    metadata,
    Column("id", Key, primary_key=True),
    Column("lookup", String(64)),  # keyed hash of the name
    Column("salt", LargeBinary),
    Column("created_at", Instant, nullable=False),
    Column("erased_at", Instant),
    UniqueConstraint("lookup"),
    sqlite_autoincrement=True,
)

event = Table(
    "event",
    metadata,
    Column("sequence", Key, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("request_id", String(64), nullable=False),
    Column("tag", String(96), nullable=False),
    Column("domain_id", ForeignKey("domain.id")),
    # Of a sealed event this is empty, as are before and after: all three are in `sealed`.
    Column("subject", Text, nullable=False),
    Column("before", JsonText),
    Column("after", JsonText),
    Column("subject_id", ForeignKey("event_subject.id"), index=True),
    Column("sealed", LargeBinary),
    Column("position", BigInteger),  # in the chain; none until the sealer has come by
    Column("hash", String(64)),
    # Without those that are sealed, which are most: they would all be at one place of the index.
    Index(
        "ix_event_subject",
        "subject",
        sqlite_where=text("subject <> ''"),
        postgresql_where=text("subject <> ''"),
    ),
    Index(
        "uq_event_position",
        "position",
        unique=True,
        sqlite_where=text("position IS NOT NULL"),
        postgresql_where=text("position IS NOT NULL"),
    ),
    Index(
        "ix_event_unsealed",
        "sequence",
        sqlite_where=text("position IS NULL"),
        postgresql_where=text("position IS NULL"),
    ),
    sqlite_autoincrement=True,
)

# Who the subjects of an event are that is about many: sealed with a key that the salt and the master key make. It isn't
# part of the chain; the event has a digest of it that stays the same when a subject is erased.
event_batch = Table(
    "event_batch",
    metadata,
    Column("sequence", ForeignKey("event.sequence", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("salt", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

# One row: the end of the chain, where it begins (what was before has been pruned), and who seals at present.
audit_chain = Table(
    "audit_chain",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("begin_position", BigInteger, nullable=False),
    Column("begin_hash", String(64), nullable=False),
    Column("modified_at", Instant, nullable=False),
)
