# SPDX-License-Identifier: Apache-2.0
"""Participants are searched by how they begin: keys in order of code points, and an index of each group in that order.

PostgreSQL makes the indexes of a column anew whose collation changes, and writes no row anew.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

COMPARED = (
    ("service_group", "scheme", sa.String(length=255)),
    ("service_group", "value_key", sa.Text()),
    ("registration", "scheme", sa.String(length=255)),
    ("registration", "value_key", sa.Text()),
    ("plan_row", "key", sa.Text()),
    ("directory_entry", "scheme", sa.String(length=255)),
    ("directory_entry", "value_key", sa.Text()),
)


def upgrade() -> None:
    """Compare by code points; have the participants of a group in order."""
    op.drop_index("ix_service_group_owner_group_id", table_name="service_group")
    _compare("C")
    op.create_index(
        "ix_service_group_owner",
        "service_group",
        ["owner_group_id", "scheme", "value_key"],
        sqlite_where=sa.text("owner_group_id IS NOT NULL"),
        postgresql_where=sa.text("owner_group_id IS NOT NULL"),
    )


def downgrade() -> None:
    """As it was."""
    op.drop_index("ix_service_group_owner", table_name="service_group")
    _compare("default")
    op.create_index("ix_service_group_owner_group_id", "service_group", ["owner_group_id"])


def _compare(collation: str) -> None:
    if op.get_context().dialect.name != "postgresql":
        return
    for table in dict.fromkeys(table for table, *_ in COMPARED):
        changes = [
            f'ALTER COLUMN "{column}" TYPE {kind.compile(op.get_bind().dialect)} COLLATE "{collation}"'
            for of, column, kind in COMPARED
            if of == table
        ]
        op.execute(f"ALTER TABLE {table} {', '.join(changes)}")
        # It forgets what it knew of their values. Of an empty table it shall go on knowing nothing: one that it
        # has counted it takes for small, and looks through all of it until it counts again.
        if op.get_bind().scalar(sa.text(f"SELECT EXISTS (SELECT FROM {table})")):  # noqa: S608
            columns = ", ".join(f'"{column}"' for of, column, _ in COMPARED if of == table)
            op.execute(f"ANALYZE {table} ({columns})")
