# SPDX-License-Identifier: Apache-2.0
"""Name servers of signed zones count by themselves: their serials are kept beside those of ours that they have."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Add the column; which server's serials were a signer's is found at the next look."""
    op.add_column("name_server", sa.Column("own_serial", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    """Drop it."""
    with op.batch_alter_table("name_server") as table:
        table.drop_column("own_serial")
