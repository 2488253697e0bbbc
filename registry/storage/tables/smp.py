# SPDX-License-Identifier: Apache-2.0
"""What the SMP publishes, and the signed bytes that it serves.

An endpoint always refers to an access point. A document's stamp is (content version of the service, sum of the
versions of the access points that its endpoints show, signing key). Each version only grows, so for one content version
the sum changes whenever any access point does: bytes signed for another state can't be found.
"""

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
    UniqueConstraint,
    text,
)

from registry.storage.tables.core import metadata
from registry.storage.types import ComparedName, ComparedText, Instant, JsonText, Key

access_point = Table(
    "access_point",
    metadata,
    Column("id", Key, primary_key=True),
    Column("domain_id", ForeignKey("domain.id"), nullable=False),
    Column("name", String(128), nullable=False),
    Column("transport_profile", String(255), nullable=False),
    Column("address", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("technical_contact", Text, nullable=False),
    Column("technical_information", Text),
    Column("content_sha256", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("modified_at", Instant, nullable=False),
    Column("successor_id", ForeignKey("access_point.id")),
    Column("successor_at", Instant),
    UniqueConstraint("domain_id", "name", "transport_profile"),
    Index(None, "domain_id", "content_sha256"),
)

access_point_certificate = Table(
    "access_point_certificate",
    metadata,
    Column("access_point_id", ForeignKey("access_point.id", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("type_code", String(255), nullable=False),
    Column("mime_code", String(255), nullable=False),
    Column("description", Text, nullable=False),
    Column("activation", Instant),
    Column("expiration", Instant),
    Column("certificate_sha256", ForeignKey("certificate.sha256"), nullable=False, index=True),
    PrimaryKeyConstraint("access_point_id", "position"),
)

service_group = Table(
    "service_group",
    metadata,
    Column("id", Key, primary_key=True),
    Column("domain_id", ForeignKey("domain.id"), nullable=False),
    Column("scheme", ComparedName, nullable=False),
    Column("value", Text, nullable=False),
    Column("value_key", ComparedText, nullable=False),
    Column("content_version", Integer, nullable=False),
    Column("modified_at", Instant, nullable=False),
    Column("extensions", JsonText),
    Column("owner_group_id", ForeignKey("owner_group.id")),
    # What whoever publishes it says of it beside its documents: [{"type", "name", "value"}].
    Column("properties", JsonText),
    # Where it is told of: public, internal or private (ADR 0092).
    Column("visibility", String(8), nullable=False, server_default="public"),
    UniqueConstraint("domain_id", "scheme", "value_key"),
    # The participants of a group as its lists show them.
    Index(
        "ix_service_group_owner",
        "owner_group_id",
        "scheme",
        "value_key",
        sqlite_where=text("owner_group_id IS NOT NULL"),
        postgresql_where=text("owner_group_id IS NOT NULL"),
    ),
)

service = Table(
    "service",
    metadata,
    Column("id", Key, primary_key=True),
    Column("service_group_id", ForeignKey("service_group.id", ondelete="CASCADE"), nullable=False),
    Column("scheme", String(255), nullable=False),
    Column("value", Text, nullable=False),
    Column("value_key", Text, nullable=False),
    Column("content_version", Integer, nullable=False),
    Column("modified_at", Instant, nullable=False),
    Column("extensions", JsonText),
    UniqueConstraint("service_group_id", "scheme", "value_key"),
    # Numbers are never used twice: a service that is deleted and made again starts with version 1, and must not
    # meet the signed documents of its predecessor.
    sqlite_autoincrement=True,
)

process_metadata = Table(
    "process_metadata",
    metadata,
    Column("id", Key, primary_key=True),
    Column("service_id", ForeignKey("service.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("extensions", JsonText),
)

process = Table(
    "process",
    metadata,
    Column("process_metadata_id", ForeignKey("process_metadata.id", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("scheme", String(255), nullable=False),
    Column("value", Text, nullable=False),
    Column("roles", JsonText),
    Column("extensions", JsonText),
    PrimaryKeyConstraint("process_metadata_id", "position"),
)

endpoint = Table(
    "endpoint",
    metadata,
    Column("id", Key, primary_key=True),
    Column("process_metadata_id", ForeignKey("process_metadata.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("service_id", ForeignKey("service.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("access_point_id", ForeignKey("access_point.id"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("require_business_level_signature", Boolean, nullable=False),
    Column("minimum_authentication_level", Text),
    Column("activation", Instant),
    Column("expiration", Instant),
    Column("extensions", JsonText),
)

redirect = Table(
    "redirect",
    metadata,
    Column("process_metadata_id", ForeignKey("process_metadata.id", ondelete="CASCADE"), primary_key=True),
    Column("href", Text, nullable=False),
    Column("certificate_uid", Text, nullable=False),
    Column("certificate_sha256", ForeignKey("certificate.sha256"), index=True),
    Column("extensions", JsonText),
)

signed_document = Table(
    "signed_document",
    metadata,
    Column("service_id", ForeignKey("service.id", ondelete="CASCADE"), nullable=False),
    Column("dialect", String(16), nullable=False),
    Column("content_version", Integer, nullable=False),
    Column("access_points_version", BigInteger, nullable=False),
    Column("signing_key_id", ForeignKey("signing_key.id"), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("etag", String(80), nullable=False),
    Column("last_modified", BigInteger, nullable=False),  # seconds since 1970: what the HTTP header can say
    Column("signed_at", Instant, nullable=False),
    PrimaryKeyConstraint("service_id", "dialect", "content_version", "access_points_version", "signing_key_id"),
)

# The groups of dialects that sign them. A group shows which document types there are, so its stamp needs no more than
# its own version and the key.
signed_service_group = Table(
    "signed_service_group",
    metadata,
    Column("service_group_id", ForeignKey("service_group.id", ondelete="CASCADE"), nullable=False),
    Column("dialect", String(16), nullable=False),
    Column("content_version", Integer, nullable=False),
    Column("signing_key_id", ForeignKey("signing_key.id"), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("etag", String(80), nullable=False),
    Column("last_modified", BigInteger, nullable=False),  # seconds since 1970
    Column("signed_at", Instant, nullable=False),
    PrimaryKeyConstraint("service_group_id", "dialect", "content_version", "signing_key_id"),
)
