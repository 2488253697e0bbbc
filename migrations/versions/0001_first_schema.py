# SPDX-License-Identifier: Apache-2.0
"""The first schema: domains, SMP, SML, zone journal, audit events."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "certificate",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=True),
        sa.Column("not_after", sa.BigInteger(), nullable=True),
        sa.Column("key_sha256", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_certificate")),
    )
    op.create_index(op.f("ix_certificate_not_after"), "certificate", ["not_after"], unique=False)
    op.create_table(
        "domain",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("profile", sa.String(length=64), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_domain")),
        sa.UniqueConstraint("name", name=op.f("uq_domain_name")),
    )
    op.create_table(
        "access_point",
        sa.Column("id", KEY, nullable=False),
        sa.Column("domain_id", KEY, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("transport_profile", sa.String(length=255), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("technical_contact", sa.Text(), nullable=False),
        sa.Column("technical_information", sa.Text(), nullable=True),
        sa.Column("content_sha256", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.Column("successor_id", KEY, nullable=True),
        sa.Column("successor_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["domain_id"], ["domain.id"], name=op.f("fk_access_point_domain_id_domain")),
        sa.ForeignKeyConstraint(
            ["successor_id"], ["access_point.id"], name=op.f("fk_access_point_successor_id_access_point")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_point")),
        sa.UniqueConstraint(
            "domain_id",
            "name",
            "transport_profile",
            name=op.f("uq_access_point_domain_id_name_transport_profile"),
        ),
    )
    op.create_index(
        op.f("ix_access_point_domain_id_content_sha256"),
        "access_point",
        ["domain_id", "content_sha256"],
        unique=False,
    )
    op.create_table(
        "event",
        sa.Column("sequence", KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("tag", sa.String(length=96), nullable=False),
        sa.Column("domain_id", KEY, nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["domain_id"], ["domain.id"], name=op.f("fk_event_domain_id_domain")),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_event")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_event_subject"), "event", ["subject"], unique=False)
    op.create_table(
        "publisher",
        sa.Column("id", KEY, nullable=False),
        sa.Column("domain_id", KEY, nullable=False),
        sa.Column("smp_id", sa.String(length=64), nullable=False),
        sa.Column("smp_id_key", sa.String(length=64), nullable=False),
        sa.Column("logical_address", sa.Text(), nullable=False),
        sa.Column("physical_address", sa.Text(), nullable=False),
        sa.Column("suspended", sa.Boolean(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["domain_id"], ["domain.id"], name=op.f("fk_publisher_domain_id_domain")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publisher")),
        sa.UniqueConstraint("domain_id", "smp_id_key", name=op.f("uq_publisher_domain_id_smp_id_key")),
    )
    op.create_table(
        "service_group",
        sa.Column("id", KEY, nullable=False),
        sa.Column("domain_id", KEY, nullable=False),
        sa.Column("scheme", sa.String(length=255), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("value_key", sa.Text(), nullable=False),
        sa.Column("content_version", sa.Integer(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.Column("extensions", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["domain_id"], ["domain.id"], name=op.f("fk_service_group_domain_id_domain")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_group")),
        sa.UniqueConstraint(
            "domain_id", "scheme", "value_key", name=op.f("uq_service_group_domain_id_scheme_value_key")
        ),
    )
    op.create_table(
        "signing_key",
        sa.Column("id", KEY, nullable=False),
        sa.Column("domain_id", KEY, nullable=False),
        sa.Column("certificate_sha256", sa.String(length=64), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("password_file", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["certificate_sha256"],
            ["certificate.sha256"],
            name=op.f("fk_signing_key_certificate_sha256_certificate"),
        ),
        sa.ForeignKeyConstraint(["domain_id"], ["domain.id"], name=op.f("fk_signing_key_domain_id_domain")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_key")),
    )
    op.create_index(
        "uq_signing_key_active",
        "signing_key",
        ["domain_id"],
        unique=True,
        sqlite_where=sa.text("active = 1"),
        postgresql_where=sa.text("active"),
    )
    op.create_table(
        "token",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("domain_id", KEY, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["domain_id"], ["domain.id"], name=op.f("fk_token_domain_id_domain")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token")),
        sa.UniqueConstraint("name", name=op.f("uq_token_name")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_token_token_sha256")),
    )
    op.create_table(
        "zone",
        sa.Column("id", KEY, nullable=False),
        sa.Column("domain_id", KEY, nullable=False),
        sa.Column("name", sa.String(length=253), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.Column("publisher", sa.String(length=64), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["domain_id"], ["domain.id"], name=op.f("fk_zone_domain_id_domain")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_zone")),
        sa.UniqueConstraint("domain_id", name=op.f("uq_zone_domain_id")),
        sa.UniqueConstraint("name", name=op.f("uq_zone_name")),
    )
    op.create_table(
        "access_point_certificate",
        sa.Column("access_point_id", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("type_code", sa.String(length=255), nullable=False),
        sa.Column("certificate_sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["access_point_id"],
            ["access_point.id"],
            name=op.f("fk_access_point_certificate_access_point_id_access_point"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["certificate_sha256"],
            ["certificate.sha256"],
            name=op.f("fk_access_point_certificate_certificate_sha256_certificate"),
        ),
        sa.PrimaryKeyConstraint("access_point_id", "position", name=op.f("pk_access_point_certificate")),
    )
    op.create_index(
        op.f("ix_access_point_certificate_certificate_sha256"),
        "access_point_certificate",
        ["certificate_sha256"],
        unique=False,
    )
    op.create_table(
        "publisher_certificate",
        sa.Column("publisher_id", KEY, nullable=False),
        sa.Column("certificate_sha256", sa.String(length=64), nullable=False),
        sa.Column("usable_from", sa.BigInteger(), nullable=True),
        sa.Column("usable_until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["certificate_sha256"],
            ["certificate.sha256"],
            name=op.f("fk_publisher_certificate_certificate_sha256_certificate"),
        ),
        sa.ForeignKeyConstraint(
            ["publisher_id"],
            ["publisher.id"],
            name=op.f("fk_publisher_certificate_publisher_id_publisher"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("publisher_id", "certificate_sha256", name=op.f("pk_publisher_certificate")),
    )
    op.create_index(
        op.f("ix_publisher_certificate_certificate_sha256"),
        "publisher_certificate",
        ["certificate_sha256"],
        unique=False,
    )
    op.create_table(
        "registration",
        sa.Column("id", KEY, nullable=False),
        sa.Column("domain_id", KEY, nullable=False),
        sa.Column("scheme", sa.String(length=255), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("value_key", sa.Text(), nullable=False),
        sa.Column("naptr_service", sa.String(length=64), nullable=False),
        sa.Column("publisher_id", KEY, nullable=False),
        sa.Column("label", sa.String(length=255), nullable=False),
        sa.Column("suspended", sa.Boolean(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["domain_id"], ["domain.id"], name=op.f("fk_registration_domain_id_domain")),
        sa.ForeignKeyConstraint(
            ["publisher_id"], ["publisher.id"], name=op.f("fk_registration_publisher_id_publisher")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registration")),
        sa.UniqueConstraint(
            "domain_id",
            "scheme",
            "value_key",
            "naptr_service",
            name=op.f("uq_registration_domain_id_scheme_value_key_naptr_service"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_registration_publisher_id_id"), "registration", ["publisher_id", "id"], unique=False)
    op.create_table(
        "service",
        sa.Column("id", KEY, nullable=False),
        sa.Column("service_group_id", KEY, nullable=False),
        sa.Column("scheme", sa.String(length=255), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("value_key", sa.Text(), nullable=False),
        sa.Column("content_version", sa.Integer(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.Column("extensions", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["service_group_id"],
            ["service_group.id"],
            name=op.f("fk_service_service_group_id_service_group"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service")),
        sa.UniqueConstraint(
            "service_group_id",
            "scheme",
            "value_key",
            name=op.f("uq_service_service_group_id_scheme_value_key"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "zone_change",
        sa.Column("sequence", KEY, nullable=False),
        sa.Column("zone_id", KEY, nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=True),
        sa.Column("owner", sa.String(length=253), nullable=False),
        sa.Column("rdtype", sa.String(length=16), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["zone_id"], ["zone.id"], name=op.f("fk_zone_change_zone_id_zone")),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_zone_change")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_zone_change_zone_id_owner"), "zone_change", ["zone_id", "owner"], unique=False)
    op.create_index(
        op.f("ix_zone_change_zone_id_serial_sequence"),
        "zone_change",
        ["zone_id", "serial", "sequence"],
        unique=False,
    )
    op.create_table(
        "zone_rrset",
        sa.Column("zone_id", KEY, nullable=False),
        sa.Column("owner", sa.String(length=253), nullable=False),
        sa.Column("rdtype", sa.String(length=16), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["zone_id"], ["zone.id"], name=op.f("fk_zone_rrset_zone_id_zone")),
        sa.PrimaryKeyConstraint("zone_id", "owner", "rdtype", name=op.f("pk_zone_rrset")),
    )
    op.create_table(
        "migration",
        sa.Column("registration_id", KEY, nullable=False),
        sa.Column("key_sha256", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("prepared_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registration.id"],
            name=op.f("fk_migration_registration_id_registration"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("registration_id", name=op.f("pk_migration")),
    )
    op.create_table(
        "process_metadata",
        sa.Column("id", KEY, nullable=False),
        sa.Column("service_id", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("extensions", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["service.id"],
            name=op.f("fk_process_metadata_service_id_service"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_process_metadata")),
    )
    op.create_index(op.f("ix_process_metadata_service_id"), "process_metadata", ["service_id"], unique=False)
    op.create_table(
        "signed_document",
        sa.Column("service_id", KEY, nullable=False),
        sa.Column("dialect", sa.String(length=16), nullable=False),
        sa.Column("content_version", sa.Integer(), nullable=False),
        sa.Column("access_points_version", sa.BigInteger(), nullable=False),
        sa.Column("signing_key_id", KEY, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("etag", sa.String(length=80), nullable=False),
        sa.Column("last_modified", sa.BigInteger(), nullable=False),
        sa.Column("signed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["service.id"],
            name=op.f("fk_signed_document_service_id_service"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["signing_key_id"], ["signing_key.id"], name=op.f("fk_signed_document_signing_key_id_signing_key")
        ),
        sa.PrimaryKeyConstraint(
            "service_id",
            "dialect",
            "content_version",
            "access_points_version",
            "signing_key_id",
            name=op.f("pk_signed_document"),
        ),
    )
    op.create_table(
        "endpoint",
        sa.Column("id", KEY, nullable=False),
        sa.Column("process_metadata_id", KEY, nullable=False),
        sa.Column("service_id", KEY, nullable=False),
        sa.Column("access_point_id", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("require_business_level_signature", sa.Boolean(), nullable=False),
        sa.Column("minimum_authentication_level", sa.Text(), nullable=True),
        sa.Column("activation", sa.BigInteger(), nullable=True),
        sa.Column("expiration", sa.BigInteger(), nullable=True),
        sa.Column("extensions", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["access_point_id"], ["access_point.id"], name=op.f("fk_endpoint_access_point_id_access_point")
        ),
        sa.ForeignKeyConstraint(
            ["process_metadata_id"],
            ["process_metadata.id"],
            name=op.f("fk_endpoint_process_metadata_id_process_metadata"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["service_id"], ["service.id"], name=op.f("fk_endpoint_service_id_service"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_endpoint")),
    )
    op.create_index(op.f("ix_endpoint_access_point_id"), "endpoint", ["access_point_id"], unique=False)
    op.create_index(op.f("ix_endpoint_process_metadata_id"), "endpoint", ["process_metadata_id"], unique=False)
    op.create_index(op.f("ix_endpoint_service_id"), "endpoint", ["service_id"], unique=False)
    op.create_table(
        "process",
        sa.Column("process_metadata_id", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("scheme", sa.String(length=255), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=True),
        sa.Column("extensions", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["process_metadata_id"],
            ["process_metadata.id"],
            name=op.f("fk_process_process_metadata_id_process_metadata"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("process_metadata_id", "position", name=op.f("pk_process")),
    )
    op.create_table(
        "redirect",
        sa.Column("process_metadata_id", KEY, nullable=False),
        sa.Column("href", sa.Text(), nullable=False),
        sa.Column("certificate_uid", sa.Text(), nullable=False),
        sa.Column("extensions", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["process_metadata_id"],
            ["process_metadata.id"],
            name=op.f("fk_redirect_process_metadata_id_process_metadata"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("process_metadata_id", name=op.f("pk_redirect")),
    )


def downgrade() -> None:
    """Drop every table."""
    op.drop_table("redirect")
    op.drop_table("process")
    op.drop_index(op.f("ix_endpoint_service_id"), table_name="endpoint")
    op.drop_index(op.f("ix_endpoint_process_metadata_id"), table_name="endpoint")
    op.drop_index(op.f("ix_endpoint_access_point_id"), table_name="endpoint")
    op.drop_table("endpoint")
    op.drop_table("signed_document")
    op.drop_index(op.f("ix_process_metadata_service_id"), table_name="process_metadata")
    op.drop_table("process_metadata")
    op.drop_table("migration")
    op.drop_table("zone_rrset")
    op.drop_index(op.f("ix_zone_change_zone_id_serial_sequence"), table_name="zone_change")
    op.drop_index(op.f("ix_zone_change_zone_id_owner"), table_name="zone_change")
    op.drop_table("zone_change")
    op.drop_table("service")
    op.drop_index(op.f("ix_registration_publisher_id_id"), table_name="registration")
    op.drop_table("registration")
    op.drop_index(op.f("ix_publisher_certificate_certificate_sha256"), table_name="publisher_certificate")
    op.drop_table("publisher_certificate")
    op.drop_index(op.f("ix_access_point_certificate_certificate_sha256"), table_name="access_point_certificate")
    op.drop_table("access_point_certificate")
    op.drop_table("zone")
    op.drop_table("token")
    op.drop_index(
        "uq_signing_key_active",
        table_name="signing_key",
        sqlite_where=sa.text("active = 1"),
        postgresql_where=sa.text("active"),
    )
    op.drop_table("signing_key")
    op.drop_table("service_group")
    op.drop_table("publisher")
    op.drop_index(op.f("ix_event_subject"), table_name="event")
    op.drop_table("event")
    op.drop_index(op.f("ix_access_point_domain_id_content_sha256"), table_name="access_point")
    op.drop_table("access_point")
    op.drop_table("domain")
    op.drop_index(op.f("ix_certificate_not_after"), table_name="certificate")
    op.drop_table("certificate")
