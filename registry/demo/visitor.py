# SPDX-License-Identifier: Apache-2.0
"""Who looks at the pages of a demonstration: an administrator whose password is made anew until they choose one."""

from registry.accounts.accounts import Kind, create_account, find_account_named
from registry.accounts.credentials import list_credentials, reset_password
from registry.accounts.grants import give_grant
from registry.accounts.permissions import SYSTEM, Role
from registry.errors import NotFoundError
from registry.storage.engine import Actor, Database

NAME = "demo"


def admit_visitor(database: Database, actor: Actor) -> str | None:
    """A password for one login of the account `NAME`; None where its owner has chosen one, or has ended it."""
    try:
        account = find_account_named(database, NAME)
    except NotFoundError:
        account = create_account(database, actor, Kind.PERSON, NAME)
    chosen = any(not each.must_change for each in list_credentials(database, account.id))
    if account.state != "active" or chosen:
        return None
    give_grant(database, actor, account.id, Role.ADMIN, SYSTEM)
    return reset_password(database, actor, account.id)
