# SPDX-License-Identifier: Apache-2.0
"""What the SML knows: publishers, who may speak for them, and who publishes for which participant."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, PrimaryKeyConstraint, String, Table, Text, UniqueConstraint

from registry.storage.tables.core import metadata
from registry.storage.types import Instant, Key

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
    UniqueConstraint("domain_id", "smp_id_key"),
)

publisher_certificate = Table(
    "publisher_certificate",
    metadata,
    Column("publisher_id", ForeignKey("publisher.id", ondelete="CASCADE"), nullable=False),
    Column("certificate_sha256", ForeignKey("certificate.sha256"), nullable=False, index=True),
    Column("usable_from", Instant),
    Column("usable_until", Instant),
    PrimaryKeyConstraint("publisher_id", "certificate_sha256"),
)

registration = Table(
    "registration",
    metadata,
    Column("id", Key, primary_key=True),
    Column("domain_id", ForeignKey("domain.id"), nullable=False),
    Column("scheme", String(255), nullable=False),
    Column("value", Text, nullable=False),
    Column("value_key", Text, nullable=False),
    Column("naptr_service", String(64), nullable=False),
    Column("publisher_id", ForeignKey("publisher.id"), nullable=False),
    Column("label", String(255), nullable=False),
    Column("suspended", Boolean, nullable=False),
    Column("modified_at", Instant, nullable=False),
    # One owner per participant, domain and service, whoever races.
    UniqueConstraint("domain_id", "scheme", "value_key", "naptr_service"),
    Index(None, "publisher_id", "id"),
    sqlite_autoincrement=True,
)

migration = Table(
    "migration",
    metadata,
    Column("registration_id", ForeignKey("registration.id", ondelete="CASCADE"), primary_key=True),
    Column("key_sha256", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("prepared_at", Instant, nullable=False),
    Column("expires_at", Instant),
)
