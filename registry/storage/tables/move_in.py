# SPDX-License-Identifier: Apache-2.0
"""Moving in from another registry: each move, the domains it fills, and what of the source is here already.

`moved_record` is the ledger: for each thing that the source holds, the digest of what was loaded and what became of
it. `moved_part` has for each part what the source said that it amounts to, so that a part that hasn't changed is not
even read again.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    text,
)

from registry.storage.tables.core import metadata
from registry.storage.types import Instant, JsonText, Key

move_in = Table(
    "move_in",
    metadata,
    Column("id", Key, primary_key=True),
    Column("source_kind", String(16), nullable=False),
    Column("source", Text, nullable=False),  # where it is, without secrets
    Column("state", String(16), nullable=False),
    Column("actor", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("modified_at", Instant, nullable=False),
    # What the last plan or load came to.
    Column("counts", JsonText),
    # What each step of the cutover, and of the way back, came to, and when.
    Column("steps", JsonText),
    # Writes behind this event are ours, and go back to the old system where somebody wants that until `back_until`.
    Column("event_at_cutover", BigInteger),
    Column("back_until", Instant),
    # Numbers are never used twice: a file of the data folder has its move's.
    sqlite_autoincrement=True,
)

move_in_domain = Table(
    "move_in_domain",
    metadata,
    Column("move_in_id", ForeignKey("move_in.id", ondelete="CASCADE"), nullable=False),
    Column("domain_id", ForeignKey("domain.id"), nullable=False),
    Column("active", Boolean, nullable=False),
    PrimaryKeyConstraint("move_in_id", "domain_id"),
    # One move into a domain at a time, whoever begins it.
    Index(
        "uq_move_in_domain_active",
        "domain_id",
        unique=True,
        sqlite_where=text("active = 1"),
        postgresql_where=text("active"),
    ),
)

moved_record = Table(
    "moved_record",
    metadata,
    Column("move_in_id", ForeignKey("move_in.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("part", Integer, nullable=False),
    Column("key", Text, nullable=False),
    Column("digest", String(32), nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("reasons", JsonText),
    Column("notes", JsonText),
    PrimaryKeyConstraint("move_in_id", "kind", "part", "key"),
    # The few that were refused, which are tried again.
    Index(
        "ix_moved_record_refused",
        "move_in_id",
        sqlite_where=text("verdict = 'refused'"),
        postgresql_where=text("verdict = 'refused'"),
    ),
)

moved_part = Table(
    "moved_part",
    metadata,
    Column("move_in_id", ForeignKey("move_in.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("part", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    PrimaryKeyConstraint("move_in_id", "kind", "part"),
)
