# SPDX-License-Identifier: Apache-2.0
"""Two references that follow from others aren't checked by PostgreSQL, which asks for each row by itself (ADR 0090)."""

from alembic import op

revision = "0020"
down_revision = "0019"

REFERENCES = (
    ("fk_zone_change_zone_id_zone", "zone_change", "zone", "zone_id"),
    ("fk_registration_domain_id_domain", "registration", "domain", "domain_id"),
)


def upgrade() -> None:
    """Drop them on PostgreSQL; SQLite would have to copy the tables, and checks in no time."""
    if op.get_context().dialect.name == "postgresql":
        for name, table, _, _ in REFERENCES:
            op.drop_constraint(name, table, type_="foreignkey")


def downgrade() -> None:
    """Have them again."""
    if op.get_context().dialect.name == "postgresql":
        for name, table, to, column in REFERENCES:
            op.create_foreign_key(name, table, to, [column], ["id"])
