# SPDX-License-Identifier: Apache-2.0
"""What every part shares: domains with their code lists, certificates, signing keys, tokens, the installation."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from registry.storage.types import Instant, JsonText, Key

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

domain = Table(
    "domain",
    metadata,
    Column("id", Key, primary_key=True),
    Column("name", String(64), nullable=False),
    Column("profile", String(64), nullable=False),
    Column("settings", JsonText, nullable=False),
    Column("version", Integer, nullable=False),
    Column("modified_at", Instant, nullable=False),
    # It is being moved in from another registry, which has the say until the cutover.
    Column("standby", Boolean, nullable=False, server_default=false()),
    # What its settings say of `review.required`, for who looks at each write (ADR 0091).
    Column("review", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("name"),
)

code_list = Table(
    "code_list",
    metadata,
    Column("domain_id", ForeignKey("domain.id"), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("version", String(32), nullable=False),
    Column("content", Text, nullable=False),
    Column("modified_at", Instant, nullable=False),
)

certificate = Table(
    "certificate",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("der", LargeBinary, nullable=False),
    Column("subject", Text, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("serial", Text, nullable=False),
    Column("not_before", Instant),
    Column("not_after", Instant),
    Column("key_sha256", String(64), nullable=False),
    Index(None, "not_after"),
)

signing_key = Table(
    "signing_key",
    metadata,
    Column("id", Key, primary_key=True),
    Column("domain_id", ForeignKey("domain.id"), nullable=False),
    Column("certificate_sha256", ForeignKey("certificate.sha256"), nullable=False),
    Column("file", Text, nullable=False),
    Column("password_file", Text),
    Column("active", Boolean, nullable=False),
    Column("modified_at", Instant, nullable=False),
    # When it is to become the active one, and when it ceased to be that.
    Column("planned_at", Instant),
    Column("retired_at", Instant),
    # One signing key is active in a domain, whoever writes.
    Index(
        "uq_signing_key_active",
        "domain_id",
        unique=True,
        sqlite_where=text("active = 1"),
        postgresql_where=text("active"),
    ),
)

token = Table(
    "token",
    metadata,
    Column("id", Key, primary_key=True),
    Column("name", String(64), nullable=False),
    Column("token_sha256", String(64), nullable=False),
    Column("domain_id", ForeignKey("domain.id")),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
    # How its bearer speaks to the management listener, where the path doesn't say it.
    Column("management", String(16), nullable=False, server_default="native"),
    # Whose it is. A token without an account was made by a version that knew none: a program that edits.
    Column("account_id", ForeignKey("account.id"), index=True),
    # The most that it may do, whatever its account may.
    Column("role", String(16), nullable=False, server_default="editor"),
    Column("last_used_at", Instant),
    # The secret before the last rotation, and until when it is still good.
    Column("replaced_sha256", String(64)),
    Column("replaced_until", Instant),
    UniqueConstraint("name"),
    UniqueConstraint("token_sha256"),
    Index("uq_token_replaced_sha256", "replaced_sha256", unique=True),
)

# One row: this installation, whatever process works for it.
installation = Table(
    "installation",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("instance_id", String(36), nullable=False),
    # The oldest schema whose programs can work with this one, which is newer: what they don't know has defaults.
    Column("compatible_from", String(32), nullable=False),
    # Tells whether a process has the right master key, without telling anything about the key.
    Column("master_key_check", String(64)),
    Column("created_at", Instant, nullable=False),
    Column("restored_at", Instant),
)
