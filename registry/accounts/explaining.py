# SPDX-License-Identifier: Apache-2.0
"""Says why somebody may do something or not, without their credential."""

from registry.accounts.accounts import audited
from registry.accounts.names import name_key
from registry.accounts.permissions import Action, Decision, Grant, Principal, Role, Scope, decide
from registry.accounts.scopes import grant_of
from registry.errors import NotFoundError
from registry.storage.engine import Database
from registry.storage.queries import accounts, grants, tokens
from registry.storage.queries.accounts import AccountRow
from registry.storage.queries.tokens import TokenRow
from registry.storage.unit_of_work import Connection

_TOKEN = "token:"  # noqa: S105


def explain(database: Database, name: str, action: Action, scope: Scope) -> Decision:
    """Whether an account, or ``token:NAME``, may do `action` at `scope`, and why. Raises NotFoundError."""
    now = database.now()
    with database.read() as connection:
        token = None
        if name.startswith(_TOKEN):
            token = tokens.by_name(connection, name.removeprefix(_TOKEN))
            if token is None:
                raise NotFoundError(f"there is no token {name.removeprefix(_TOKEN)!r}")
            owner = None if token.account_id is None else accounts.by_id(connection, token.account_id)
        else:
            owner = accounts.by_name(connection, name_key(name))
            if owner is None:
                raise NotFoundError(f"there is no account {name!r}")
        if token is not None and (token.revoked_at or (token.expires_at and token.expires_at <= now)):
            return Decision(allowed=False, reasons=("the token is revoked or has expired",))
        if owner is not None and owner.state != "active":
            return Decision(allowed=False, reasons=(f"the account is {owner.state}",))
        return decide(_principal(connection, owner, token), action, scope)


def _principal(connection: Connection, owner: AccountRow | None, token: TokenRow | None) -> Principal:
    limit = None if token is None else Grant(Role(token.role), Scope(token.domain_id))
    if owner is None:
        assert token is not None  # noqa: S101  # there is one or the other
        assert limit is not None  # noqa: S101
        return Principal(f"token:{token.name}", token.name, "program", "token", grants=(limit,))
    held = tuple(grant_of(row.role, row.place) for row in grants.of_account(connection, owner.id))
    return Principal(audited(owner), owner.name, owner.kind, "token" if token else "account", owner.id, held, limit)
