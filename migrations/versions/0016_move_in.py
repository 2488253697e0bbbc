# SPDX-License-Identifier: Apache-2.0
"""Moving in from another registry, domains in standby meanwhile, and custom properties of participants."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables and columns."""
    op.create_table(
        "move_in",
        sa.Column("id", KEY, nullable=False),
        sa.Column("source_kind", sa.String(length=16), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=True),
        sa.Column("steps", sa.Text(), nullable=True),
        sa.Column("event_at_cutover", sa.BigInteger(), nullable=True),
        sa.Column("back_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_move_in")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "move_in_domain",
        sa.Column("move_in_id", KEY, nullable=False),
        sa.Column("domain_id", KEY, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        _of_move("move_in_domain"),
        sa.ForeignKeyConstraint(["domain_id"], ["domain.id"], name=op.f("fk_move_in_domain_domain_id_domain")),
        sa.PrimaryKeyConstraint("move_in_id", "domain_id", name=op.f("pk_move_in_domain")),
    )
    op.create_index(
        "uq_move_in_domain_active",
        "move_in_domain",
        ["domain_id"],
        unique=True,
        sqlite_where=sa.text("active = 1"),
        postgresql_where=sa.text("active"),
    )
    op.create_table(
        "moved_record",
        sa.Column("move_in_id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        _of_move("moved_record"),
        sa.PrimaryKeyConstraint("move_in_id", "kind", "part", "key", name=op.f("pk_moved_record")),
    )
    op.create_index(
        "ix_moved_record_refused",
        "moved_record",
        ["move_in_id"],
        sqlite_where=sa.text("verdict = 'refused'"),
        postgresql_where=sa.text("verdict = 'refused'"),
    )
    op.create_table(
        "moved_part",
        sa.Column("move_in_id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        _of_move("moved_part"),
        sa.PrimaryKeyConstraint("move_in_id", "kind", "part", name=op.f("pk_moved_part")),
    )
    op.add_column("domain", sa.Column("standby", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("service_group", sa.Column("properties", sa.Text(), nullable=True))


def downgrade() -> None:
    """Drop them."""
    # Not in a batch, which would write the table anew with its references at the end: older revisions couldn't go back.
    op.drop_column("service_group", "properties")
    op.drop_column("domain", "standby")
    for name in ("moved_part", "moved_record", "move_in_domain", "move_in"):
        op.drop_table(name)


def _of_move(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_move_in_id_move_in")
    return sa.ForeignKeyConstraint(["move_in_id"], ["move_in.id"], name=name, ondelete="CASCADE")
