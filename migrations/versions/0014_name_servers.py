# SPDX-License-Identifier: Apache-2.0
"""Zones without a domain, and the name servers that take zones from us or get them pushed."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NOTICE = {
    "notified_serial": sa.BigInteger(),
    "notified_at": sa.BigInteger(),
    "acknowledged_at": sa.BigInteger(),
    "notify_failure": sa.Text(),
}


def upgrade() -> None:
    """Add the tables and columns."""
    with op.batch_alter_table("zone", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.alter_column("domain_id", existing_type=KEY, nullable=True)
        table.add_column(sa.Column("alias_of", KEY, nullable=True))
        table.create_foreign_key(op.f("fk_zone_alias_of_zone"), "zone", ["alias_of"], ["id"])
    with op.batch_alter_table("name_server") as table:
        for name, kind in NOTICE.items():
            table.add_column(sa.Column(name, kind, nullable=True))
    op.create_table(
        "zone_transfer",
        sa.Column("zone_id", KEY, nullable=False),
        sa.Column("client", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=253), nullable=False),
        sa.Column("kind", sa.String(length=4), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.Column("octets", sa.BigInteger(), nullable=False),
        sa.Column("milliseconds", sa.BigInteger(), nullable=False),
        sa.Column("succeeded_at", sa.BigInteger(), nullable=True),
        sa.Column("failed_at", sa.BigInteger(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["zone_id"], ["zone.id"], name=op.f("fk_zone_transfer_zone_id_zone")),
        sa.PrimaryKeyConstraint("zone_id", "client", "key", name=op.f("pk_zone_transfer")),
    )
    op.create_table(
        "zone_push",
        sa.Column("zone_id", KEY, nullable=False),
        sa.Column("address", sa.String(length=96), nullable=False),
        sa.Column("name", sa.String(length=253), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=True),
        sa.Column("soa", sa.Text(), nullable=True),
        sa.Column("pushed_at", sa.BigInteger(), nullable=True),
        sa.Column("failed_at", sa.BigInteger(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("position", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["zone_id"], ["zone.id"], name=op.f("fk_zone_push_zone_id_zone")),
        sa.PrimaryKeyConstraint("zone_id", "address", "name", name=op.f("pk_zone_push")),
    )


def downgrade() -> None:
    """Drop them; zones without a domain can't be kept by the former schema."""
    op.drop_table("zone_push")
    op.drop_table("zone_transfer")
    with op.batch_alter_table("name_server") as table:
        for name in NOTICE:
            table.drop_column(name)
    with op.batch_alter_table("zone") as table:
        table.drop_constraint(op.f("fk_zone_alias_of_zone"), type_="foreignkey")
        table.drop_column("alias_of")
        table.alter_column("domain_id", existing_type=KEY, nullable=False)
