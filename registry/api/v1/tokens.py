# SPDX-License-Identifier: Apache-2.0
"""`/tokens`: secrets for programs. A secret is in one answer only; what is kept of it is a hash.

Everybody who comes with a session or a certificate manages the tokens of their own account, and administrators of the
system those of all.
"""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field

from registry.accounts.permissions import SYSTEM, Action, Role, Scope
from registry.accounts.tokens import create_token, find_token, list_tokens, revoke_token, rotate_token
from registry.api.v1 import rules
from registry.api.v1.answers import Answer
from registry.api.v1.call import Call, CallState
from registry.api.v1.context import no_domain
from registry.api.v1.cursors import Cursor, Limit, paged, read_cursor
from registry.api.v1.grants import RoleName
from registry.api.v1.models import Model, Moment, Page
from registry.api.v1.places import domain_name
from registry.api.v1.routing import Resource, url
from registry.api.v1.rules import Within
from registry.errors import NotFoundError, Reason, UnauthorizedError, ValidationError
from registry.storage.queries import tokens
from registry.storage.queries.tokens import TokenRow

resource = Resource("tokens", "Secrets for programs; each is shown once.")
_TOKEN = "/tokens/{token}"  # noqa: S105  # a path
_READ = Within(Action.ACCOUNT_READ, rules.system)
_WRITE = Within(Action.ACCOUNT_WRITE, rules.system)
_DAY_S = 86_400
TokenId = Annotated[int, Field(ge=1, lt=2**63, description="The number of a token.")]
_Ends = Annotated[Moment | None, Field(description="Null: without an end.")]
_NewEnd = Annotated[Moment | None, Field(description="Null: when it would have ended.")]
_Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$", examples=["erp"])]


class TokenModel(Model):
    """A token, without its secret."""

    id: int
    name: str
    account: Annotated[int | None, Field(description="Whose it is; null for one that is a program by itself.")]
    role: Annotated[RoleName, Field(description="The most that it may do, whatever its account may.")]
    domain: Annotated[str | None, Field(description="Where it is good; null: wherever its account may something.")]
    management: Annotated[str, Field(description="How its bearer speaks outside of this API.")]
    created_at: Moment
    expires_at: Moment | None
    revoked_at: Moment | None
    replaced_until: Annotated[Moment | None, Field(description="When the secret ends that it had before.")]
    last_used_at: Moment | None


class NewToken(Model):
    """A token to be made."""

    name: _Name
    account: Annotated[int | None, Field(ge=1, lt=2**63, description="Null: one's own.")] = None
    role: RoleName = "editor"
    domain: Annotated[str | None, Field(max_length=64, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")] = None
    expires_at: _Ends = None
    management: Literal["native", "phoss", "domismp"] = "native"


class Rotation(Model):
    """How a token gets another secret."""

    overlap_s: Annotated[int, Field(ge=0, le=30 * _DAY_S, description="Seconds for which both secrets are good.")] = 0
    expires_at: _NewEnd = None


class TokenSecret(Model):
    """A token with its new secret, which can't be shown again."""

    token: TokenModel
    secret: str


@resource.get("/tokens", _READ, {200: Page[TokenModel]})
def list_all_tokens(
    call: Call,
    limit: Limit = 50,
    cursor: Cursor = None,
    account: Annotated[int | None, Query(ge=1, lt=2**63, description="Only those of this account.")] = None,
) -> Page[TokenModel]:
    """List the tokens of the caller's account, or for administrators of the system all of them."""
    (after,) = read_cursor(cursor, int) or (0,)
    if not call.may(Action.ACCOUNT_READ, SYSTEM):
        own = call.principal.account_id
        if own is None or account not in {None, own}:
            return Page[TokenModel](items=[], next_cursor=None)
        account = own
    rows = list_tokens(call.context.database, account_id=account, after_id=after, size=limit + 1)
    part, following = paged(rows, limit, lambda row: (row.id,))
    return Page[TokenModel](items=[_shown(call, row) for row in part], next_cursor=following)


@resource.get(_TOKEN, _READ, {200: TokenModel})
def read_token(call: Call, token: TokenId) -> TokenModel:
    """Read a token, without its secret."""
    with call.context.database.read() as connection:
        return _shown(call, _required(call, Action.ACCOUNT_READ, tokens.by_id(connection, token)))


@resource.post("/tokens", _WRITE, {201: TokenSecret}, alone=True)
def add_token(call: Call, new: NewToken) -> Answer:
    """Make a token. The answer is the only place where its secret is ever shown.

    It may do what its account may, up to `role`, and only in `domain` where one is named.
    """
    account = new.account if new.account is not None else call.principal.account_id
    if account is None:
        raise ValidationError((Reason("TOKEN-ACCOUNT", "the caller has no account: name one", pointer="#/account"),))
    _may_manage(call, Action.ACCOUNT_WRITE, account, NotFoundError(f"there is no account with the number {account}"))
    domain_id = None if new.domain is None else _domain(call, new.domain)
    secret = create_token(
        call.context.database,
        call.actor,
        new.name,
        account_id=account,
        role=Role(new.role),
        domain_id=domain_id,
        lasts=_lasts(call, new.expires_at),
        management=new.management,
    )
    made = _shown(call, find_token(call.context.database, new.name))
    return Answer(TokenSecret(token=made, secret=secret), headers={"location": url(_TOKEN, str(made.id))})


@resource.post(f"{_TOKEN}/rotate", _WRITE, {200: TokenSecret}, alone=True)
def rotate(call: Call, token: TokenId, rotation: Rotation) -> TokenSecret:
    """Give a token another secret. The one before is good for `overlap_s` more, so that nobody has to hurry."""
    database = call.context.database
    with database.read() as connection:
        held = _required(call, Action.ACCOUNT_WRITE, tokens.by_id(connection, token))
    overlap = timedelta(seconds=rotation.overlap_s)
    secret = rotate_token(database, call.actor, token, overlap=overlap, lasts=_lasts(call, rotation.expires_at))
    return TokenSecret(token=_shown(call, find_token(database, held.name)), secret=secret)


@resource.delete(_TOKEN, _WRITE, {204: None})
def revoke(call: Call, token: TokenId) -> None:
    """End a token at once. Its name stays taken, since the audit names it."""
    with call.context.database.write(call.actor) as work:
        held = _required(call, Action.ACCOUNT_WRITE, tokens.lock(work, token))
    call.match(lambda: _shown(call, held))
    revoke_token(call.context.database, call.actor, token)


def _required(call: CallState, action: Action, row: TokenRow | None) -> TokenRow:
    """A token with which the caller may do something. Raises NotFoundError, UnauthorizedError."""
    call.narrowed = True
    missing = NotFoundError("there is no such token")
    if row is None:
        raise missing
    _may_manage(call, action, row.account_id, missing)
    return row


def _may_manage(call: CallState, action: Action, account: int | None, missing: NotFoundError) -> None:
    """Raises `missing` for an account that is neither the caller's nor theirs to administer.

    A token that was stolen must not become another one that nobody knows of.
    """
    if call.may(action, SYSTEM):
        return
    if account is None or account != call.principal.account_id:
        raise missing
    if action is Action.ACCOUNT_WRITE and call.principal.limit is not None:
        raise UnauthorizedError("a token manages no tokens; log in for that")


def _domain(call: CallState, name: str) -> int:
    stored = call.context.domain(name)
    if not rules.sees(call.principal, Scope(stored.id)):
        raise no_domain(name)
    return stored.id


def _lasts(call: CallState, ends: datetime | None) -> timedelta | None:
    if ends is None:
        return None
    lasts = ends - call.context.database.now()
    if lasts <= timedelta(0):
        raise ValidationError((Reason("TOKEN-EXPIRES", "this is in the past", pointer="#/expires_at"),))
    return lasts


def _shown(call: CallState, row: TokenRow) -> TokenModel:
    return TokenModel(
        id=row.id,
        name=row.name,
        account=row.account_id,
        role=Role(row.role).value,
        domain=domain_name(call, row.domain_id),
        management=row.management,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        replaced_until=row.replaced_until,
        last_used_at=row.last_used_at,
    )
