# SPDX-License-Identifier: Apache-2.0
"""What a worker still has to do, when recurring work is due, and answers that a repeated request gets again."""

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
    text,
)

from registry.storage.tables.core import metadata
from registry.storage.types import Instant, JsonText, Key

job = Table(
    "job",
    metadata,
    Column("id", Key, primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("state", String(16), nullable=False),  # waiting, running, done, failed or cancelled
    Column("key", String(128)),  # of unfinished jobs with one key there is one
    Column("payload", JsonText, nullable=False),
    Column("cursor", JsonText),  # where to go on after a worker died
    Column("done", BigInteger, nullable=False),
    Column("total", BigInteger),
    Column("message", Text, nullable=False),
    Column("result", JsonText),
    Column("attempts", Integer, nullable=False),
    Column("cancel_requested", Boolean, nullable=False),
    Column("actor", Text, nullable=False),
    Column("request_id", String(64), nullable=False),
    Column("account_id", ForeignKey("account.id", ondelete="SET NULL"), index=True),
    Column("domain_id", ForeignKey("domain.id"), index=True),
    Column("created_at", Instant, nullable=False),
    Column("run_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("finished_at", Instant),
    Column("claimed_by", String(64)),
    Column("claimed_until", Instant),
    Index("ix_job_state_run_at", "state", "run_at"),
    Index(
        "uq_job_key",
        "key",
        unique=True,
        sqlite_where=text("state IN ('waiting', 'running')"),
        postgresql_where=text("state IN ('waiting', 'running')"),
    ),
    sqlite_autoincrement=True,
)

job_schedule = Table(
    "job_schedule",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("next_at", Instant, nullable=False),
)

# Written in the transaction of the request that it is about.
idempotent_answer = Table(
    "idempotent_answer",
    metadata,
    Column("caller", String(96), nullable=False),
    Column("key_sha256", String(64), nullable=False),
    Column("request_sha256", String(64), nullable=False),
    Column("status", Integer, nullable=False),
    Column("headers", JsonText, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False, index=True),
    PrimaryKeyConstraint("caller", "key_sha256"),
)
