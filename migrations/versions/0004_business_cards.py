# SPDX-License-Identifier: Apache-2.0
"""The business cards of participants."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "business_card",
        sa.Column("service_group_id", KEY, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("etag", sa.String(length=80), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_group_id"],
            ["service_group.id"],
            name=op.f("fk_business_card_service_group_id_service_group"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("service_group_id", name=op.f("pk_business_card")),
    )


def downgrade() -> None:
    """Drop the table, and the cards with it: they have to be published again."""
    op.drop_table("business_card")
