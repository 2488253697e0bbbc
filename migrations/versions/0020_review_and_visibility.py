# SPDX-License-Identifier: Apache-2.0
"""Plans are submitted and decided by somebody else; participants are public, internal or private (ADR 0091, 0092)."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

DECIDED = ("submitted_by", "submitted_at", "decided_by", "decided_at", "decision")


def upgrade() -> None:
    """Add the columns; whoever is published already is public, and no domain wants a review yet."""
    op.add_column("domain", sa.Column("review", sa.Boolean(), nullable=False, server_default=sa.false()))
    for name in DECIDED:
        op.add_column("plan", sa.Column(name, sa.BigInteger() if name.endswith("_at") else sa.Text()))
    visibility = sa.Column("visibility", sa.String(8), nullable=False, server_default="public")
    op.add_column("service_group", visibility)


def downgrade() -> None:
    """Drop them."""
    op.drop_column("service_group", "visibility")
    for name in reversed(DECIDED):
        op.drop_column("plan", name)
    op.drop_column("domain", "review")
