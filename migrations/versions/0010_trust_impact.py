# SPDX-License-Identifier: Apache-2.0
"""What another trust configuration would do, the decisions that this rests on, and which one is planned."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "trust_impact_run",
        sa.Column("id", KEY, nullable=False),
        sa.Column("domain_id", KEY, nullable=False),
        sa.Column("before", sa.String(length=64), nullable=False),
        sa.Column("after", sa.String(length=64), nullable=False),
        sa.Column("evidence", sa.String(length=64), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("report", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["domain_id"], ["domain.id"], name=op.f("fk_trust_impact_run_domain_id_domain")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trust_impact_run")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_trust_impact_run_domain_id_finished_at"), "trust_impact_run", ["domain_id", "finished_at"])
    op.create_table(
        "trust_plan",
        sa.Column("domain_id", KEY, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("planned_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["domain_id"], ["domain.id"], name=op.f("fk_trust_plan_domain_id_domain")),
        sa.PrimaryKeyConstraint("domain_id", name=op.f("pk_trust_plan")),
    )
    op.create_table(
        "trust_timeline",
        sa.Column("configuration", sa.String(length=64), nullable=False),
        sa.Column("evidence", sa.String(length=64), nullable=False),
        sa.Column("question", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("certificate_sha256", sa.String(length=64), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("spans", sa.Text(), nullable=False),
        sa.Column("computed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("configuration", "evidence", "question", name=op.f("pk_trust_timeline")),
    )
    op.create_index(op.f("ix_trust_timeline_computed_at"), "trust_timeline", ["computed_at"])


def downgrade() -> None:
    """Drop what was added."""
    op.drop_table("trust_timeline")
    op.drop_table("trust_plan")
    op.drop_table("trust_impact_run")
