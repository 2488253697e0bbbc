# SPDX-License-Identifier: Apache-2.0
"""Plans: what a file, or a replacement, would change in a domain, row by row, until it is applied or given up."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

from registry.storage.tables.core import metadata
from registry.storage.types import ComparedText, Instant, JsonText, Key

plan = Table(
    "plan",
    metadata,
    Column("id", Key, primary_key=True),
    Column("domain_id", ForeignKey("domain.id"), nullable=False, index=True),
    Column("kind", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("source", Text, nullable=False),  # the name of the file, or what is replaced
    Column("digest", String(64), nullable=False),  # SHA-256 of the file; empty where there was none
    Column("options", JsonText, nullable=False),
    Column("counts", JsonText, nullable=False),
    Column("base_event", BigInteger, nullable=False),  # events behind this one came after it was made
    Column("actor", Text, nullable=False),
    Column("created_at", Instant, nullable=False, index=True),
    Column("expires_at", Instant, nullable=False),
    Column("modified_at", Instant, nullable=False),
    Column("job_id", BigInteger),
    # Who asked somebody else to look at it, who has decided, and what that said (ADR 0091).
    Column("submitted_by", Text),
    Column("submitted_at", Instant),
    Column("decided_by", Text),
    Column("decided_at", Instant),
    Column("decision", Text),
    # Who has the number of a plan that has gone mustn't apply another one.
    sqlite_autoincrement=True,
)

plan_row = Table(
    "plan_row",
    metadata,
    Column("plan_id", ForeignKey("plan.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("line", Integer, nullable=False),  # of the file; 0 where it isn't in it
    Column("key", ComparedText, nullable=False),  # the participant as it compares; empty where nobody can be read
    Column("subject", Text, nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("reasons", JsonText),
    Column("notes", JsonText),
    # What it says now: a digest, by which a change meanwhile is told, and the text; what it would say.
    Column("before_digest", String(32), nullable=False),
    Column("before", LargeBinary),
    Column("after", LargeBinary),
    Column("done", Boolean, nullable=False),
    PrimaryKeyConstraint("plan_id", "number"),
    Index("ix_plan_row_plan_id_key", "plan_id", "key"),
    Index("ix_plan_row_plan_id_verdict_number", "plan_id", "verdict", "number"),
)
