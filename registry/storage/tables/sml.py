# SPDX-License-Identifier: Apache-2.0
"""What the SML knows: publishers, who may speak for them, and who publishes for which participant."""

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
    UniqueConstraint,
    text,
)

from registry.storage.tables.core import metadata
from registry.storage.types import ComparedName, ComparedText, Instant, JsonText, Key

publisher = Table(
    "publisher",
    metadata,
    Column("id", Key, primary_key=True),
    Column("domain_id", ForeignKey("domain.id"), nullable=False),
    Column("smp_id", String(64), nullable=False),
    Column("smp_id_key", String(64), nullable=False),  # DNS compares without case, so do we
    Column("logical_address", Text, nullable=False),
    Column("physical_address", Text, nullable=False),
    Column("suspended", Boolean, nullable=False),
    Column("modified_at", Instant, nullable=False),
    # It is being removed: for its callers it is gone, while a job removes what it has.
    Column("removing_at", Instant),
    UniqueConstraint("domain_id", "smp_id_key"),
)

publisher_certificate = Table(
    "publisher_certificate",
    metadata,
    Column("publisher_id", ForeignKey("publisher.id", ondelete="CASCADE"), nullable=False),
    Column("certificate_sha256", ForeignKey("certificate.sha256"), nullable=False, index=True),
    Column("usable_from", Instant),
    Column("usable_until", Instant),
    Column("added_by", Text),  # who let it speak; a caller of SOAP as `certificate:...`
    PrimaryKeyConstraint("publisher_id", "certificate_sha256"),
)

registration = Table(
    "registration",
    metadata,
    Column("id", Key, primary_key=True),
    Column("domain_id", ForeignKey("domain.id"), nullable=False),
    Column("scheme", ComparedName, nullable=False),
    Column("value", Text, nullable=False),
    Column("value_key", ComparedText, nullable=False),
    Column("naptr_service", String(64), nullable=False),
    Column("publisher_id", ForeignKey("publisher.id"), nullable=False),
    Column("label", String(255), nullable=False),
    Column("suspended", Boolean, nullable=False),
    Column("modified_at", Instant, nullable=False),
    # The services of its NAPTR records where they aren't the domain's own: sorted, with | between.
    Column("services", Text),
    # The audit event that tells of its registration, where that is about many; no reference, since events are pruned.
    Column("event", BigInteger),
    # One owner per participant, whoever races: `naptr_service` is the domain's first service.
    UniqueConstraint("domain_id", "scheme", "value_key", "naptr_service"),
    Index(None, "publisher_id", "id"),
    # The few whose records don't follow the name of their publisher.
    Index(
        "ix_registration_services",
        "publisher_id",
        sqlite_where=text("services IS NOT NULL"),
        postgresql_where=text("services IS NOT NULL"),
    ),
    sqlite_autoincrement=True,
)

migration = Table(
    "migration",
    metadata,
    Column("registration_id", ForeignKey("registration.id", ondelete="CASCADE"), primary_key=True),
    Column("key_sha256", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("prepared_at", Instant, nullable=False),
    Column("expires_at", Instant, index=True),
    Column("prepared_by", Text),
)

# What became of migrations; `migration` has the one that is open.
ended_migration = Table(
    "ended_migration",
    metadata,
    Column("id", Key, primary_key=True),
    Column("domain_id", ForeignKey("domain.id"), nullable=False),
    Column("scheme", String(255), nullable=False),
    Column("value", Text, nullable=False),
    Column("value_key", Text, nullable=False),
    Column("from_smp_id", String(64), nullable=False),
    Column("to_smp_id", String(64)),
    Column("outcome", String(16), nullable=False),  # completed, cancelled, expired, replaced or transferred
    Column("prepared_at", Instant, nullable=False),
    Column("prepared_by", Text),
    Column("ended_at", Instant, nullable=False),
    Column("ended_by", Text, nullable=False),
    Index(None, "domain_id", "ended_at"),
    Index(None, "domain_id", "scheme", "value_key"),
    sqlite_autoincrement=True,
)

# A power of the operator, used: asked for, approved by somebody else where the domain wants that, applied, undone.
intervention = Table(
    "intervention",
    metadata,
    Column("id", Key, primary_key=True),
    Column("domain_id", ForeignKey("domain.id"), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("subject", Text, nullable=False),
    Column("content", JsonText, nullable=False),
    Column("before", JsonText),  # what undoing it needs, once it is applied
    Column("order_reference", Text),
    Column("reason", Text),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("approved_by", Text),
    Column("approved_at", Instant),
    Column("refused_by", Text),
    Column("refused_at", Instant),
    Column("applied_at", Instant),
    Column("undo_until", Instant),
    Column("undone_by", Text),
    Column("undone_at", Instant),
    Column("job_id", ForeignKey("job.id", ondelete="SET NULL"), index=True),
    Index(None, "domain_id", "asked_at"),
    sqlite_autoincrement=True,
)

# A deregistered participant that nobody but its former SMP may register yet.
quarantine = Table(
    "quarantine",
    metadata,
    Column("domain_id", ForeignKey("domain.id"), nullable=False),
    Column("scheme", String(255), nullable=False),
    Column("value_key", Text, nullable=False),
    Column("smp_id", String(64), nullable=False),
    Column("until", Instant, nullable=False, index=True),
    PrimaryKeyConstraint("domain_id", "scheme", "value_key"),
)

# By issuer and serial number: a certificate's hash changes with bytes that its signature doesn't cover.
blocked_certificate = Table(
    "blocked_certificate",
    metadata,
    Column("domain_id", ForeignKey("domain.id"), nullable=False),
    Column("issuer", Text, nullable=False),
    Column("serial", String(64), nullable=False),
    Column("blocked_at", Instant, nullable=False),
    Column("intervention_id", ForeignKey("intervention.id"), index=True),
    PrimaryKeyConstraint("domain_id", "issuer", "serial"),
)

# That somebody was told how soon a certificate ends; `holder` as publisher:12, signing-key:3, access-point:7.
certificate_reminder = Table(
    "certificate_reminder",
    metadata,
    Column("certificate_sha256", ForeignKey("certificate.sha256"), nullable=False),
    Column("holder", String(96), nullable=False),
    Column("days", Integer, nullable=False),
    Column("told_at", Instant, nullable=False),
    PrimaryKeyConstraint("certificate_sha256", "holder", "days"),
)
