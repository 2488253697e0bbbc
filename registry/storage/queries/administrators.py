# SPDX-License-Identifier: Apache-2.0
"""Who may do everything."""

from sqlalchemy import Connection, func, select

from registry.storage.tables import account, role_grant


def count_system_admins(connection: Connection) -> int:
    """How many active accounts are administrators of the system."""
    c = role_grant.c
    query = (
        select(func.count(c.account_id.distinct()))
        .join_from(role_grant, account)
        .where(c.level == "system", c.role == "admin", account.c.state == "active")
    )
    return int(connection.execute(query).scalar_one())
