# SPDX-License-Identifier: Apache-2.0
"""People and programs, how they prove who they are, and what they may do."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint, text

from registry.storage.tables.core import metadata
from registry.storage.types import Instant, Key

account = Table(
    "account",
    metadata,
    Column("id", Key, primary_key=True),
    Column("kind", String(16), nullable=False),  # person or program
    Column("name", String(128), nullable=False),
    Column("name_key", String(128), nullable=False),  # case-folded
    Column("display_name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("state", String(16), nullable=False),  # active, disabled or erased
    Column("created_at", Instant, nullable=False),
    Column("modified_at", Instant, nullable=False),
    UniqueConstraint("name_key"),
    # Numbers are never used twice: the audit names people by them.
    sqlite_autoincrement=True,
)

# A way to prove who one is: a password (its argon2 hash), a person at an OIDC provider, a client certificate.
credential = Table(
    "credential",
    metadata,
    Column("id", Key, primary_key=True),
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),  # password, oidc or certificate
    # What is looked up: SHA-256 of issuer and subject, or of the certificate; a password is found by its account.
    Column("lookup", String(64)),
    Column("label", Text, nullable=False),
    Column("secret", Text),
    Column("must_change", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("last_used_at", Instant),
    UniqueConstraint("kind", "lookup"),
    Index(
        "uq_credential_password",
        "account_id",
        unique=True,
        sqlite_where=text("kind = 'password'"),
        postgresql_where=text("kind = 'password'"),
    ),
)

# Logins with a name and a wrong password, whether or not anybody has the name: else a lock would tell who is known.
login_failure = Table(
    "login_failure",
    metadata,
    Column("name_sha256", String(64), primary_key=True),  # of the case-folded name
    Column("failures", Integer, nullable=False),
    Column("locked_until", Instant),
    Column("last_at", Instant, nullable=False, index=True),
)

# Participants of a domain that belong together, and whoever looks after them.
owner_group = Table(
    "owner_group",
    metadata,
    Column("id", Key, primary_key=True),
    Column("domain_id", ForeignKey("domain.id"), nullable=False),
    Column("name", String(64), nullable=False),
    Column("description", Text, nullable=False),
    Column("modified_at", Instant, nullable=False),
    UniqueConstraint("domain_id", "name"),
)

role_grant = Table(
    "role_grant",
    metadata,
    Column("id", Key, primary_key=True),
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), nullable=False),
    Column("role", String(16), nullable=False),  # viewer, editor or admin
    Column("level", String(16), nullable=False),  # system, domain, group or participant
    Column("domain_id", ForeignKey("domain.id"), index=True),
    Column("owner_group_id", ForeignKey("owner_group.id", ondelete="CASCADE"), index=True),
    Column("scheme", String(255)),
    Column("value_key", Text),
    Column("source", String(16), nullable=False),  # local, or oidc: follows the groups of the provider
    Column("scope_key", Text, nullable=False, index=True),  # the level with its columns as one text, for the constraint
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("account_id", "source", "scope_key"),
)

session = Table(
    "session",
    metadata,
    Column("id", Key, primary_key=True),
    Column("token_sha256", String(64), nullable=False),
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("method", String(16), nullable=False),  # password or oidc
    Column("created_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("revoked_at", Instant),
    Column("address", Text, nullable=False),
    Column("user_agent", Text, nullable=False),
    UniqueConstraint("token_sha256"),
)

# A login at an OIDC provider that has begun; it is deleted when the answer comes, so no answer counts twice.
oidc_login = Table(
    "oidc_login",
    metadata,
    Column("state_sha256", String(64), primary_key=True),
    Column("nonce", String(64), nullable=False),
    Column("code_verifier", String(128), nullable=False),
    Column("return_to", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
)
