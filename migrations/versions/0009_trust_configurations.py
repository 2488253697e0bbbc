# SPDX-License-Identifier: Apache-2.0
"""The trust configurations that domains have had, each under its address."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "trust_configuration",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("first_used_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_trust_configuration")),
    )


def downgrade() -> None:
    """Drop the table; domains have their trust models in their settings."""
    op.drop_table("trust_configuration")
