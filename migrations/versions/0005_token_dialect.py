# SPDX-License-Identifier: Apache-2.0
"""Tokens of programs that were written for another SMP's management interface."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column; tokens that exist speak our own way."""
    with op.batch_alter_table("token") as table:
        table.add_column(sa.Column("management", sa.String(length=16), nullable=False, server_default="native"))


def downgrade() -> None:
    """Drop the column: programs that need it can't be understood any more."""
    with op.batch_alter_table("token") as table:
        table.drop_column("management")
