# SPDX-License-Identifier: Apache-2.0
"""What a directory of participants was told, is to be told, and how it takes it."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "directory_entry",
        sa.Column("id", KEY, nullable=False),
        sa.Column("domain_id", KEY, nullable=False),
        sa.Column("scheme", sa.String(length=255), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("value_key", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("told", sa.String(length=128), nullable=True),
        sa.Column("told_at", sa.BigInteger(), nullable=True),
        sa.Column("asked_at", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["domain_id"], ["domain.id"], name=op.f("fk_directory_entry_domain_id_domain")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directory_entry")),
        sa.UniqueConstraint(
            "domain_id", "scheme", "value_key", name=op.f("uq_directory_entry_domain_id_scheme_value_key")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_directory_entry_domain_id_state_id", "directory_entry", ["domain_id", "state", "id"])
    op.create_index("ix_directory_entry_domain_id_due_at", "directory_entry", ["domain_id", "due_at"])
    op.create_table(
        "directory_standing",
        sa.Column("domain_id", KEY, nullable=False),
        sa.Column("compare_at", sa.BigInteger(), nullable=True),
        sa.Column("compared_at", sa.BigInteger(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("failing_since", sa.BigInteger(), nullable=True),
        sa.Column("paused_until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["domain_id"], ["domain.id"], name=op.f("fk_directory_standing_domain_id_domain")),
        sa.PrimaryKeyConstraint("domain_id", name=op.f("pk_directory_standing")),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("directory_standing")
    op.drop_table("directory_entry")
