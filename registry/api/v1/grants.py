# SPDX-License-Identifier: Apache-2.0
"""`/grants`: which account has which role where. Nobody gives more than they have, or where they have nothing."""

from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field

from registry.accounts.accounts import existing_account, find_account_named
from registry.accounts.grants import give_grant, list_grants, take_grant
from registry.accounts.permissions import SYSTEM, Action, Role, Scope
from registry.accounts.scopes import grant_of, scope_of_participant
from registry.api.v1 import rules
from registry.api.v1.answers import Answer
from registry.api.v1.call import Call, CallState
from registry.api.v1.cursors import Cursor, Limit, paged, read_cursor
from registry.api.v1.domains import DOMAIN, DomainName
from registry.api.v1.models import Model, Moment, Page
from registry.api.v1.places import PlaceModel, scope_of, shown_place
from registry.api.v1.routing import Resource, url
from registry.api.v1.rules import Needs, Within
from registry.errors import NotFoundError
from registry.storage.queries import grants
from registry.storage.queries.grants import GrantRow

resource = Resource("grants", "Which account has which role where.")
_GRANT = "/grants/{grant}"
_AT_ONCE = 500
RoleName = Literal["viewer", "editor", "admin"]
GrantId = Annotated[int, Field(ge=1, lt=2**63, description="The number of a grant.")]
_OfAccount = Annotated[int | None, Query(ge=1, lt=2**63, description="Only those of the account with this number.")]

_AtGroup = Annotated[str | None, Query(max_length=64, description="Only those that count in this group.")]
_AtParticipant = Annotated[
    str | None, Query(max_length=1100, description="Only those that count for this participant.")
]


class GrantModel(Model):
    """A role that an account has at a place."""

    id: int
    account: int
    account_name: str
    role: RoleName
    place: PlaceModel
    source: Annotated[str, Field(description="`local`, or `oidc`: it follows the groups of the provider.")]
    created_at: Moment


class NewGrant(Model):
    """A role to be given."""

    account: Annotated[
        Annotated[int, Field(ge=1, lt=2**63)] | Annotated[str, Field(min_length=1, max_length=128)],
        Field(description="Its number, or its name.", examples=["anna"]),
    ]
    role: RoleName
    place: PlaceModel


@resource.get("/grants", Needs(Action.GRANT_READ, rules.system), {200: Page[GrantModel]})
def list_all_grants(
    call: Call, limit: Limit = 50, cursor: Cursor = None, account: _OfAccount = None
) -> Page[GrantModel]:
    """List all grants, or those of an account."""
    (after,) = read_cursor(cursor, int) or (0,)
    rows = list_grants(call.context.database, account_id=account, after_id=after, size=limit + 1)
    part, following = paged([row for row in rows if row.id > after][: limit + 1], limit, lambda row: (row.id,))
    return Page[GrantModel](items=[shown(call, row) for row in part], next_cursor=following)


@resource.get(f"{DOMAIN}/grants", Within(Action.GRANT_READ, rules.domain), {200: Page[GrantModel]})
def list_domain_grants(
    call: Call,
    domain: DomainName,
    limit: Limit = 50,
    cursor: Cursor = None,
    group: _AtGroup = None,
    participant: _AtParticipant = None,
) -> Page[GrantModel]:
    """List the grants for a domain, its groups and its participants, as far as the caller may see them."""
    (after,) = read_cursor(cursor, int) or (0,)
    stored = call.context.domain(domain)
    at = None if group is participant is None else scope_of(call, domain, group, participant)
    call.narrowed = True
    seen: list[GrantRow] = []
    while len(seen) <= limit:
        rows = list_grants(call.context.database, domain_id=stored.id, after_id=after, size=_AT_ONCE)
        scopes = [(row, _scope(call, row)) for row in rows]
        seen += [
            row for row, scope in scopes if (at is None or scope.covers(at)) and call.may(Action.GRANT_READ, scope)
        ]
        if len(rows) < _AT_ONCE:
            break
        after = rows[-1].id
    part, following = paged(seen[: limit + 1], limit, lambda row: (row.id,))
    return Page[GrantModel](items=[shown(call, row) for row in part], next_cursor=following)


@resource.get(_GRANT, Within(Action.GRANT_READ, rules.system), {200: GrantModel})
def read_grant(call: Call, grant: GrantId) -> GrantModel:
    """Read a grant."""
    return shown(call, _required(call, Action.GRANT_READ, grant))


@resource.post("/grants", Within(Action.GRANT_WRITE, rules.system), {201: GrantModel})
def give(call: Call, new: NewGrant) -> Answer:
    """Give an account a role at a place, instead of the one that it may have there.

    Nobody gives more than they have there.
    """
    place = new.place
    scope = scope_of(call, place.domain, place.group, place.participant)
    call.require(Action.GRANT_WRITE, scope)
    database, account = call.context.database, new.account
    if isinstance(account, str):
        account = find_account_named(database, account).id
    row = give_grant(database, call.actor, account, Role(new.role), scope, by=call.principal)
    return Answer(shown(call, row), headers={"location": url(_GRANT, str(row.id))})


@resource.delete(_GRANT, Within(Action.GRANT_WRITE, rules.system), {204: None})
def take(call: Call, grant: GrantId) -> None:
    """Take a grant away. One that follows the groups of a provider has to be changed there."""
    held = shown(call, _required(call, Action.GRANT_WRITE, grant))
    call.match(lambda: held)
    take_grant(call.context.database, call.actor, grant, by=call.principal)


def shown(call: CallState, row: GrantRow) -> GrantModel:
    """A grant as it is answered."""
    with call.context.database.read() as connection:
        account = existing_account(connection, row.account_id)
    return GrantModel(
        id=row.id,
        account=row.account_id,
        account_name=account.name,
        role=Role(row.role).value,
        place=shown_place(call, row.place),
        source=row.source,
        created_at=row.created_at,
    )


def _required(call: CallState, action: Action, grant_id: int) -> GrantRow:
    """A grant with which the caller may do something. Raises NotFoundError, UnauthorizedError."""
    call.narrowed = True
    missing = NotFoundError("there is no such grant")
    with call.context.database.read() as connection:
        row = grants.by_id(connection, grant_id)
    if row is None:
        raise missing
    scope = _scope(call, row)
    if scope == SYSTEM and not call.may(Action.GRANT_READ, SYSTEM):
        raise missing
    call.require(action, scope, lambda: missing)
    return row


def _scope(call: CallState, row: GrantRow) -> Scope:
    """The place of a grant; of a participant with the group that it is in now."""
    scope = grant_of(row.role, row.place).scope
    if scope.participant is None or scope.domain_id is None:
        return scope
    with call.context.database.read() as connection:
        return scope_of_participant(connection, scope.domain_id, *scope.participant)
