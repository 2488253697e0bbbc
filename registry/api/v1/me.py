# SPDX-License-Identifier: Apache-2.0
"""`/me`: who the caller is, and what they may do here."""

from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field

from registry.accounts.accounts import existing_account
from registry.accounts.credentials import change_own_password
from registry.accounts.grants import list_grants
from registry.accounts.permissions import ACTIONS, SYSTEM, Grant, decide
from registry.accounts.scopes import place_of
from registry.api.v1 import grants, rules
from registry.api.v1.call import Call, CallState
from registry.api.v1.context import no_domain
from registry.api.v1.credentials import Password
from registry.api.v1.cursors import Cursor, Limit, paged, read_cursor
from registry.api.v1.grants import GrantModel, RoleName
from registry.api.v1.models import Model, Page
from registry.api.v1.permissions import DecisionModel
from registry.api.v1.places import PlaceModel, scope_of, shown_place
from registry.api.v1.routing import Resource
from registry.api.v1.rules import Authenticated
from registry.errors import ConflictError

resource = Resource("me", "Who the caller is, and what they may do here.")
_MAX_GRANTS = 1000


class LimitModel(Model):
    """The most that the credential allows, whatever its account may."""

    role: RoleName
    place: PlaceModel


class MeModel(Model):
    """Who calls."""

    account: Annotated[int | None, Field(description="Null for a token that is a program by itself.")]
    name: str
    display_name: str
    email: str
    kind: Literal["person", "program"]
    actor: Annotated[str, Field(description="What the audit calls them.")]
    method: Annotated[str, Field(description="How they have proved it: token, session or certificate.")]
    session: int | None
    limit: LimitModel | None


class PasswordChange(Model):
    """A password instead of the one before."""

    old: Password
    new: Password


@resource.get("/me", Authenticated(before_password_change=True), {200: MeModel})
def read_me(call: Call) -> MeModel:
    """Read who the caller is."""
    principal = call.principal
    display_name = email = ""
    if principal.account_id is not None:
        with call.context.database.read() as connection:
            held = existing_account(connection, principal.account_id)
        display_name, email = held.display_name, held.email
    return MeModel(
        account=principal.account_id,
        name=principal.name,
        display_name=display_name,
        email=email,
        kind="person" if principal.kind == "person" else "program",
        actor=principal.actor,
        method=principal.method,
        session=principal.session_id,
        limit=None if principal.limit is None else _limit(call, principal.limit),
    )


@resource.get("/me/grants", Authenticated(), {200: Page[GrantModel]})
def list_own_grants(call: Call, limit: Limit = 50, cursor: Cursor = None) -> Page[GrantModel]:
    """List which roles the caller's account has, and where."""
    (after,) = read_cursor(cursor, int) or (0,)
    if call.principal.account_id is None:
        return Page[GrantModel](items=[], next_cursor=None)
    rows = list_grants(call.context.database, account_id=call.principal.account_id, size=_MAX_GRANTS)
    part, following = paged([row for row in rows if row.id > after][: limit + 1], limit, lambda row: (row.id,))
    return Page[GrantModel](items=[grants.shown(call, row) for row in part], next_cursor=following)


@resource.get("/me/permissions", Authenticated(), {200: Page[DecisionModel]})
def list_own_permissions(
    call: Call,
    limit: Limit = 50,
    cursor: Cursor = None,
    domain: Annotated[str | None, Query(max_length=64, description="Absent: in the whole system.")] = None,
    group: Annotated[str | None, Query(max_length=64, description="A group in the domain.")] = None,
    participant: Annotated[str | None, Query(max_length=1100, description="A participant in the domain.")] = None,
) -> Page[DecisionModel]:
    """List what the caller may do at a place, and why or why not."""
    (after,) = read_cursor(cursor, str) or ("",)
    scope = scope_of(call, domain, group, participant)
    if scope != SYSTEM and not rules.sees(call.principal, scope):
        raise no_domain(domain or "")
    decided = [(title, decide(call.principal, ACTIONS[title], scope)) for title in sorted(ACTIONS) if title > after]
    part, following = paged(decided[: limit + 1], limit, lambda item: (item[0],))
    items = [DecisionModel(action=title, allowed=found.allowed, reasons=list(found.reasons)) for title, found in part]
    return Page[DecisionModel](items=items, next_cursor=following)


@resource.put("/me/password", Authenticated(before_password_change=True), {204: None}, alone=True)
def change_password(call: Call, change: PasswordChange) -> None:
    """Change one's password. Every session of the caller ends, this one, too."""
    principal = call.principal
    if principal.session_id is None or principal.account_id is None:
        raise ConflictError("a password is changed in a session; log in first")
    change_own_password(call.context.database, principal.account_id, change.old, change.new)


def _limit(call: CallState, limit: Grant) -> LimitModel:
    return LimitModel(role=limit.role.value, place=shown_place(call, place_of(limit.scope)))
