# SPDX-License-Identifier: Apache-2.0
"""Accounts with credentials, roles and sessions, groups of participants, and the installation itself."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables, and whose a token or a participant is."""
    op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("instance_id", sa.String(length=36), nullable=False),
        sa.Column("compatible_from", sa.String(length=32), nullable=False),
        sa.Column("master_key_check", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("restored_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.create_table(
        "account",
        sa.Column("id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("name_key", sa.String(length=128), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("name_key", name=op.f("uq_account_name_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "credential",
        sa.Column("id", KEY, nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("lookup", sa.String(length=64), nullable=True),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_credential_account_id_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credential")),
        sa.UniqueConstraint("kind", "lookup", name=op.f("uq_credential_kind_lookup")),
    )
    op.create_index(op.f("ix_credential_account_id"), "credential", ["account_id"])
    op.create_index(
        "uq_credential_password",
        "credential",
        ["account_id"],
        unique=True,
        sqlite_where=sa.text("kind = 'password'"),
        postgresql_where=sa.text("kind = 'password'"),
    )
    op.create_table(
        "login_failure",
        sa.Column("name_sha256", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.BigInteger(), nullable=True),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name_sha256", name=op.f("pk_login_failure")),
    )
    op.create_index(op.f("ix_login_failure_last_at"), "login_failure", ["last_at"])
    op.create_table(
        "owner_group",
        sa.Column("id", KEY, nullable=False),
        sa.Column("domain_id", KEY, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["domain_id"], ["domain.id"], name=op.f("fk_owner_group_domain_id_domain")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_owner_group")),
        sa.UniqueConstraint("domain_id", "name", name=op.f("uq_owner_group_domain_id_name")),
    )
    op.create_table(
        "role_grant",
        sa.Column("id", KEY, nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("domain_id", KEY, nullable=True),
        sa.Column("owner_group_id", KEY, nullable=True),
        sa.Column("scheme", sa.String(length=255), nullable=True),
        sa.Column("value_key", sa.Text(), nullable=True),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("scope_key", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_role_grant_account_id_account"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["domain_id"], ["domain.id"], name=op.f("fk_role_grant_domain_id_domain")),
        sa.ForeignKeyConstraint(
            ["owner_group_id"],
            ["owner_group.id"],
            name=op.f("fk_role_grant_owner_group_id_owner_group"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_grant")),
        sa.UniqueConstraint(
            "account_id", "source", "scope_key", name=op.f("uq_role_grant_account_id_source_scope_key")
        ),
    )
    op.create_index(op.f("ix_role_grant_domain_id"), "role_grant", ["domain_id"])
    op.create_index(op.f("ix_role_grant_owner_group_id"), "role_grant", ["owner_group_id"])
    op.create_index(op.f("ix_role_grant_scope_key"), "role_grant", ["scope_key"])
    op.create_table(
        "session",
        sa.Column("id", KEY, nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_session_account_id_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_session_token_sha256")),
    )
    op.create_index(op.f("ix_session_account_id"), "session", ["account_id"])
    op.create_index(op.f("ix_session_expires_at"), "session", ["expires_at"])
    op.create_table(
        "oidc_login",
        sa.Column("state_sha256", sa.String(length=64), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("code_verifier", sa.String(length=128), nullable=False),
        sa.Column("return_to", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("state_sha256", name=op.f("pk_oidc_login")),
    )
    op.create_index(op.f("ix_oidc_login_expires_at"), "oidc_login", ["expires_at"])
    _refer("token", "account_id", "account")
    op.add_column("token", sa.Column("role", sa.String(length=16), server_default="editor", nullable=False))
    op.add_column("token", sa.Column("last_used_at", sa.BigInteger(), nullable=True))
    op.add_column("token", sa.Column("replaced_sha256", sa.String(length=64), nullable=True))
    op.add_column("token", sa.Column("replaced_until", sa.BigInteger(), nullable=True))
    op.create_index(op.f("ix_token_account_id"), "token", ["account_id"])
    op.create_index("uq_token_replaced_sha256", "token", ["replaced_sha256"], unique=True)
    _refer("service_group", "owner_group_id", "owner_group")
    op.create_index(op.f("ix_service_group_owner_group_id"), "service_group", ["owner_group_id"])


def _refer(table: str, column: str, target: str) -> None:
    """Add a nullable column that refers to the id of another table, without making the table anew."""
    name = op.f(f"fk_{table}_{column}_{target}")
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"ALTER TABLE {table} ADD COLUMN {column} INTEGER CONSTRAINT {name} REFERENCES {target} (id)")
    else:
        op.add_column(table, sa.Column(column, KEY, nullable=True))
        op.create_foreign_key(name, table, target, [column], ["id"])


def downgrade() -> None:
    """Drop what was added."""
    op.drop_index(op.f("ix_service_group_owner_group_id"), "service_group")
    op.drop_column("service_group", "owner_group_id")
    op.drop_index("uq_token_replaced_sha256", "token")
    op.drop_index(op.f("ix_token_account_id"), "token")
    for name in ("account_id", "role", "last_used_at", "replaced_sha256", "replaced_until"):
        op.drop_column("token", name)
    op.drop_table("oidc_login")
    op.drop_table("session")
    op.drop_table("role_grant")
    op.drop_table("owner_group")
    op.drop_table("login_failure")
    op.drop_table("credential")
    op.drop_table("account")
    op.drop_table("installation")
