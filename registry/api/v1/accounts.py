# SPDX-License-Identifier: Apache-2.0
"""`/accounts`: people and programs. What they may do is in `/grants`, how they prove who they are beside this."""

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field

from registry.accounts.accounts import (
    Kind,
    State,
    change_account,
    create_account,
    disable_account,
    enable_account,
    erase_account,
    existing_account,
    find_account_named,
)
from registry.accounts.credentials import unlock_account
from registry.accounts.permissions import Action
from registry.api.v1 import rules
from registry.api.v1.answers import Answer
from registry.api.v1.call import Call, CallState
from registry.api.v1.cursors import Cursor, Limit, paged, read_cursor
from registry.api.v1.models import Model, Moment, Page
from registry.api.v1.routing import Resource, url
from registry.api.v1.rules import Needs
from registry.errors import NotFoundError
from registry.storage.engine import Actor, Database
from registry.storage.queries import accounts
from registry.storage.queries.accounts import AccountRow

resource = Resource("accounts", "People and programs: who there is, and who may still do anything.")
ACCOUNT = "/accounts/{account}"
READ = Needs(Action.ACCOUNT_READ, rules.system)
WRITE = Needs(Action.ACCOUNT_WRITE, rules.system)
_NO_CONTROLS = r"^[^\x00-\x1f\x7f-\x9f]*$"
AccountId = Annotated[int, Field(ge=1, lt=2**63, description="The number of an account.")]
"""The path parameter `{account}`."""
KindName = Literal["person", "program"]
StateName = Literal["active", "disabled", "erased"]
_Name = Annotated[str, Field(min_length=1, max_length=128, pattern=_NO_CONTROLS, examples=["anna"])]
_DisplayName = Annotated[str, Field(max_length=200, pattern=_NO_CONTROLS, examples=["Anna Example"])]
_Email = Annotated[str, Field(max_length=200, pattern=_NO_CONTROLS, examples=["anna@example.org"])]


class AccountModel(Model):
    """An account."""

    id: int
    kind: KindName
    name: str
    display_name: str
    email: str
    state: StateName
    created_at: Moment
    modified_at: Moment


class NewAccount(Model):
    """An account to be made; it may do nothing yet."""

    kind: KindName = "person"
    name: _Name
    display_name: _DisplayName = ""
    email: _Email = ""


class AccountChange(Model):
    """What is to change of an account; what is left out stays."""

    name: _Name = ""
    display_name: _DisplayName = ""
    email: _Email = ""


@resource.get("/accounts", READ, {200: Page[AccountModel]})
def list_accounts(
    call: Call,
    limit: Limit = 50,
    cursor: Cursor = None,
    kind: Annotated[KindName | None, Query(description="Only those of this kind.")] = None,
    state: Annotated[StateName | None, Query(description="Only those in this state.")] = None,
    name: Annotated[str | None, Query(max_length=128, description="Only the one of this name, in any case.")] = None,
) -> Page[AccountModel]:
    """List accounts, in order of their making."""
    (after,) = read_cursor(cursor, int) or (0,)
    if name is not None:
        rows = [
            row
            for row in _named(call, name)
            if row.id > after and kind in {None, row.kind} and state in {None, row.state}
        ]
    else:
        with call.context.database.read() as connection:
            rows = accounts.page(connection, after, limit + 1, kind=kind, state=state)
    part, following = paged(rows, limit, lambda row: (row.id,))
    return Page[AccountModel](items=[shown(row) for row in part], next_cursor=following)


@resource.post("/accounts", WRITE, {201: AccountModel})
def add_account(call: Call, new: NewAccount) -> Answer:
    """Make an account. It may do nothing before it is granted something, and can't prove who it is yet."""
    row = create_account(
        call.context.database,
        call.actor,
        Kind(new.kind),
        new.name,
        display_name=new.display_name,
        email=new.email,
    )
    return Answer(shown(row), headers={"location": url(ACCOUNT, str(row.id))})


@resource.get(ACCOUNT, READ, {200: AccountModel})
def read_account(call: Call, account: AccountId) -> AccountModel:
    """Read an account."""
    with call.context.database.read() as connection:
        return shown(existing_account(connection, account))


@resource.patch(ACCOUNT, WRITE, {200: AccountModel})
def change_account_in_part(call: Call, account: AccountId, change: AccountChange) -> AccountModel:
    """Change the name, the display name or the address of an account."""
    matched(call, account)
    given = change.model_dump(exclude_unset=True)
    return shown(change_account(call.context.database, call.actor, account, **given))


@resource.delete(ACCOUNT, WRITE, {204: None})
def remove_account(call: Call, account: AccountId) -> None:
    """Erase an account: whatever is personal goes, tokens and sessions end, and what the audit says becomes unreadable.

    Its number stays and is never given again. The last administrator of the system can't be erased.
    """
    matched(call, account)
    erase_account(call.context.database, call.actor, account)


@resource.post(f"{ACCOUNT}/disable", WRITE, {200: AccountModel})
def disable(call: Call, account: AccountId) -> AccountModel:
    """Let an account do nothing any more; its sessions end."""
    return _set(call, account, disable_account)


@resource.post(f"{ACCOUNT}/enable", WRITE, {200: AccountModel})
def enable(call: Call, account: AccountId) -> AccountModel:
    """Let a disabled account do again what it was granted."""
    return _set(call, account, enable_account)


@resource.post(f"{ACCOUNT}/unlock", WRITE, {200: AccountModel})
def unlock(call: Call, account: AccountId) -> AccountModel:
    """Let somebody log in at once who has failed too often."""
    unlock_account(call.context.database, call.actor, account)
    with call.context.database.read() as connection:
        return shown(existing_account(connection, account))


def matched(call: CallState, account: int) -> None:
    """Keep others from changing an account, and compare it with what the caller believes. Raises NotFoundError."""
    with call.context.database.write(call.actor) as work:
        held = accounts.lock(work, account)
        call.match(lambda: None if held is None else shown(held))
        existing_account(work.connection, account)


def shown(row: AccountRow) -> AccountModel:
    """An account as it is answered."""
    return AccountModel(
        id=row.id,
        kind=Kind(row.kind).value,
        name=row.name,
        display_name=row.display_name,
        email=row.email,
        state=State(row.state).value,
        created_at=row.created_at,
        modified_at=row.modified_at,
    )


def _named(call: CallState, name: str) -> list[AccountRow]:
    try:
        return [find_account_named(call.context.database, name)]
    except NotFoundError:
        return []


def _set(call: CallState, account: int, use_case: Callable[[Database, Actor, int], AccountRow]) -> AccountModel:
    return shown(use_case(call.context.database, call.actor, account))
