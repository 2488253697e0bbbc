# SPDX-License-Identifier: Apache-2.0
"""Campaigns: migrations of a network as projects, who has to move, how far it is day by day, who was reminded."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, PrimaryKeyConstraint, String, Table, Text
from sqlalchemy import UniqueConstraint as Unique

from registry.storage.tables.core import metadata
from registry.storage.types import Instant, JsonText, Key

campaign = Table(
    "campaign",
    metadata,
    Column("id", Key, primary_key=True),
    Column("domain_id", ForeignKey("domain.id"), nullable=False),
    Column("name", String(63), nullable=False),
    Column("kind", String(16), nullable=False),  # pki, zone or document-type
    Column("target", JsonText, nullable=False),
    Column("state", String(16), nullable=False),  # open or closed
    Column("starts_at", Instant, nullable=False),
    Column("deadline", Instant, nullable=False),
    Column("days", JsonText, nullable=False),  # before the deadline, at which those who are late are reminded
    Column("owners", Boolean, nullable=False),  # whether the contacts of members are written to
    Column("channel", String(64)),  # by which it is told who is late
    Column("automatic", Boolean, nullable=False),
    # What was counted last: members and participants, how many are done, and when all will be at this rate.
    Column("counts", JsonText),
    Column("expected_at", Instant),
    Column("counted_at", Instant),
    Column("actor", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("modified_at", Instant, nullable=False),
    Column("closed_by", Text),
    Column("closed_at", Instant, index=True),
    Unique("domain_id", "name"),
    sqlite_autoincrement=True,
)

# Worked out anew from what the domain holds, each time that it is counted.
campaign_member = Table(
    "campaign_member",
    metadata,
    Column("campaign_id", ForeignKey("campaign.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("key", String(300), nullable=False),
    Column("name", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("participants", Integer, nullable=False),
    Column("late", Integer, nullable=False),  # how many of them
    Column("done", Boolean, nullable=False),
    Column("reason", JsonText),  # why it is late: check, clause and message
    Column("changed_at", Instant, nullable=False),  # since when it is done, or late
    PrimaryKeyConstraint("campaign_id", "kind", "key"),
    Index("ix_campaign_member_late", "campaign_id", "done", "late"),
)

campaign_progress = Table(
    "campaign_progress",
    metadata,
    Column("campaign_id", ForeignKey("campaign.id", ondelete="CASCADE"), nullable=False),
    Column("day", Instant, nullable=False),  # the midnight (UTC) at which it begins
    Column("members", Integer, nullable=False),
    Column("members_done", Integer, nullable=False),
    Column("participants", Integer, nullable=False),
    Column("participants_done", Integer, nullable=False),
    PrimaryKeyConstraint("campaign_id", "day"),
)

# That somebody was reminded of a member, once for each number of days; `recipient` as account:7, channel:ops.
campaign_reminder = Table(
    "campaign_reminder",
    metadata,
    Column("campaign_id", ForeignKey("campaign.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("key", String(300), nullable=False),
    Column("days", Integer, nullable=False),
    Column("recipient", String(96), nullable=False),
    Column("message", String(36), nullable=False),  # those with one went out together; a receiver knows it again by it
    Column("asked_at", Instant, nullable=False),
    Column("told_at", Instant),
    Column("failure", Text),
    PrimaryKeyConstraint("campaign_id", "kind", "key", "days", "recipient"),
    Index(None, "message"),
)
