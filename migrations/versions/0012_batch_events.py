# SPDX-License-Identifier: Apache-2.0
"""Events that are about many subjects at once."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add who the subjects of such an event are, and to registrations which event tells of them."""
    op.create_table(
        "event_batch",
        sa.Column("sequence", KEY, autoincrement=False, nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sequence"], ["event.sequence"], name=op.f("fk_event_batch_sequence_event"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_event_batch")),
    )
    op.add_column("registration", sa.Column("event", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    """Drop what was added."""
    op.drop_column("registration", "event")
    op.drop_table("event_batch")
