# SPDX-License-Identifier: Apache-2.0
"""What another trust configuration would do: what was asked, what came out, and the decisions that it rests on."""

from sqlalchemy import Column, ForeignKey, Index, PrimaryKeyConstraint, String, Table

from registry.storage.tables.core import metadata
from registry.storage.types import Instant, JsonText, Key

# A comparison of two configurations over all that a domain holds; without a report it isn't finished.
trust_impact_run = Table(
    "trust_impact_run",
    metadata,
    Column("id", Key, primary_key=True),
    Column("domain_id", ForeignKey("domain.id"), nullable=False),
    Column("before", String(64), nullable=False),  # address of the configuration in force
    Column("after", String(64), nullable=False),
    Column("evidence", String(64), nullable=False),  # digest of the snapshot; empty: of none
    Column("since", Instant, nullable=False),  # the moment asked about, and until when
    Column("until", Instant, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("report", JsonText),
    Index(None, "domain_id", "finished_at"),
    sqlite_autoincrement=True,
)

# The configuration that a domain is to have, which is asked about every night until it is in force.
trust_plan = Table(
    "trust_plan",
    metadata,
    Column("domain_id", ForeignKey("domain.id"), primary_key=True),
    Column("document", JsonText, nullable=False),  # with its certificates in it
    Column("planned_at", Instant, nullable=False),
)

# What a configuration says of a certificate at each time of a window. It says the same whatever it is compared with, so
# one of these serves many runs. A question is the digest of all that is asked but for the time.
trust_timeline = Table(
    "trust_timeline",
    metadata,
    Column("configuration", String(64), nullable=False),
    Column("evidence", String(64), nullable=False),
    Column("question", String(64), nullable=False),
    Column("role", String(16), nullable=False),
    Column("certificate_sha256", String(64), nullable=False),
    Column("since", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("spans", JsonText, nullable=False),
    Column("computed_at", Instant, nullable=False, index=True),
    PrimaryKeyConstraint("configuration", "evidence", "question"),
)
