# SPDX-License-Identifier: Apache-2.0
"""What somebody has to look at, who is told of it, and what they were told."""

from sqlalchemy import (
    Boolean,
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

problem = Table(
    "problem",
    metadata,
    Column("id", Key, primary_key=True),
    Column("key", String(96), nullable=False),  # the same thing has the same key each time
    Column("kind", String(48), nullable=False),
    Column("severity", String(16), nullable=False),  # error, warning or hint
    Column("domain_id", ForeignKey("domain.id"), index=True),
    Column("subject", Text, nullable=False),
    Column("parameters", JsonText, nullable=False),
    Column("since", Instant, nullable=False),
    Column("first_seen", Instant, nullable=False),
    Column("last_seen", Instant, nullable=False),
    Column("ended_at", Instant, index=True),
    Column("acknowledged_by", Text),
    Column("acknowledged_at", Instant),
    Column("note", Text),
    Index(
        "uq_problem_open",
        "key",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
    sqlite_autoincrement=True,
)

alert_channel = Table(
    "alert_channel",
    metadata,
    Column("id", Key, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),  # mail or webhook
    Column("target", Text, nullable=False),
    Column("least_severity", String(16), nullable=False),
    Column("kinds", JsonText, nullable=False),  # empty: all
    Column("domains", JsonText, nullable=False),  # names; empty: all, and what is about none
    Column("digest", String(16), nullable=False),  # at-once, hourly or daily
    Column("enabled", Boolean, nullable=False),
    Column("secret", LargeBinary),  # of a webhook, sealed
    Column("created_at", Instant, nullable=False),
    sqlite_autoincrement=True,
)

# One row is one thing that a channel is told of one problem; those that went out together share a message.
alert_delivery = Table(
    "alert_delivery",
    metadata,
    Column("id", Key, primary_key=True),
    Column("channel_id", ForeignKey("alert_channel.id", ondelete="CASCADE"), nullable=False),
    Column("problem_id", ForeignKey("problem.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("what", String(16), nullable=False),  # the severity that it has come to, or ended
    Column("message", String(36)),
    Column("asked_at", Instant, nullable=False),
    Column("due_at", Instant, index=True),  # the next try; empty once it is told or given up
    Column("attempts", Integer, nullable=False),
    Column("told_at", Instant),
    Column("failure", Text),
    UniqueConstraint("channel_id", "problem_id", "what"),
    sqlite_autoincrement=True,
)
