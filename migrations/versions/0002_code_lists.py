# SPDX-License-Identifier: Apache-2.0
"""The code lists that an operator imports into a domain."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "code_list",
        sa.Column("domain_id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["domain_id"], ["domain.id"], name=op.f("fk_code_list_domain_id_domain")),
        sa.PrimaryKeyConstraint("domain_id", "kind", name=op.f("pk_code_list")),
    )


def downgrade() -> None:
    """Drop the table, and the lists with it: they have to be imported again."""
    op.drop_table("code_list")
