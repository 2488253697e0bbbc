# SPDX-License-Identifier: Apache-2.0
"""A record set knows the change that made it, and only removed names are in an index: one that is written in no order,
for every change, is most of what a registration costs.

What an older program writes beside doesn't say by which change; `changed` is empty there until it changes again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add the number of each record set's change, of all that the journal knows, and have the smaller index."""
    op.add_column("zone_rrset", sa.Column("changed", sa.BigInteger()))
    op.execute(
        "UPDATE zone_rrset SET changed = newest.sequence FROM ("
        "SELECT zone_id, owner, rdtype, max(sequence) AS sequence FROM zone_change GROUP BY zone_id, owner, rdtype"
        ") AS newest WHERE newest.zone_id = zone_rrset.zone_id AND newest.owner = zone_rrset.owner "
        "AND newest.rdtype = zone_rrset.rdtype"
    )
    op.drop_index(op.f("ix_zone_change_owner"), "zone_change")
    removed = sa.text("after IS NULL")
    op.create_index("ix_zone_change_removed", "zone_change", ["owner"], sqlite_where=removed, postgresql_where=removed)


def downgrade() -> None:
    """Have the index of all changes again."""
    op.drop_index("ix_zone_change_removed", "zone_change")
    op.create_index(op.f("ix_zone_change_owner"), "zone_change", ["owner"], postgresql_using="hash")
    op.drop_column("zone_rrset", "changed")
