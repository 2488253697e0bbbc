# SPDX-License-Identifier: Apache-2.0
"""What the directory of a domain was told of its participants, is to be told, and how it takes it."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from registry.storage.tables.core import metadata
from registry.storage.types import ComparedName, ComparedText, Instant, Key

# What it is to be told follows from the rows of the participant; here is only that somebody has to look.
directory_entry = Table(
    "directory_entry",
    metadata,
    Column("id", Key, primary_key=True),
    Column("domain_id", ForeignKey("domain.id"), nullable=False),
    Column("scheme", ComparedName, nullable=False),
    Column("value", Text, nullable=False),
    Column("value_key", ComparedText, nullable=False),
    Column("version", Integer, nullable=False),  # grows with each change
    Column("state", String(8), nullable=False),  # waiting, current or failed
    Column("told", String(128)),  # the directory, card and services of which it was told last
    Column("told_at", Instant),
    Column("asked_at", Instant),  # since when it may hold the participant, whether or not it has answered
    Column("attempts", Integer, nullable=False),
    Column("due_at", Instant),  # the next try; empty where there is nothing to do, or it was refused
    Column("changed_at", Instant, nullable=False),
    Column("status", Integer),
    Column("failure", Text),
    UniqueConstraint("domain_id", "scheme", "value_key"),
    Index("ix_directory_entry_domain_id_state_id", "domain_id", "state", "id"),
    Index("ix_directory_entry_domain_id_due_at", "domain_id", "due_at"),
    sqlite_autoincrement=True,
)

directory_standing = Table(
    "directory_standing",
    metadata,
    Column("domain_id", ForeignKey("domain.id"), primary_key=True, autoincrement=False),
    Column("compare_at", Instant),  # when all participants are compared next
    Column("compared_at", Instant),
    Column("failures", Integer, nullable=False),  # in a row, of the directory as a whole
    Column("failure", Text),
    Column("failing_since", Instant),
    Column("paused_until", Instant),
)
