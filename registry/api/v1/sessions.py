# SPDX-License-Identifier: Apache-2.0
"""`/session`: logging in with a password, and out. `/accounts/{account}/sessions`: who is logged in.

The secret of a session is in a cookie that scripts can't read. It is a new one at each login, whatever the browser
has sent: so nobody can make somebody use a session that they know.
"""

from typing import Annotated

from pydantic import Field

from registry.accounts.accounts import existing_account
from registry.api.v1.accounts import ACCOUNT, READ, WRITE, AccountId
from registry.api.v1.answers import Answer
from registry.api.v1.call import Call, CallState
from registry.api.v1.callers import UnknownCallerError, own_page, session_cookie
from registry.api.v1.cookies import cookie
from registry.api.v1.credentials import Password
from registry.api.v1.cursors import Cursor, Limit, paged, read_cursor
from registry.api.v1.models import Model, Moment, Page
from registry.api.v1.routing import Resource
from registry.api.v1.rules import Authenticated, Open
from registry.errors import NotFoundError, UnauthorizedError
from registry.storage.queries import sessions
from registry.storage.queries.sessions import SessionRow

resource = Resource("sessions", "Logging in with a password, and out; who is logged in.")
OWN = "/me/sessions"
_OWN_SESSION = f"{OWN}/{{session}}"
_SESSIONS = f"{ACCOUNT}/sessions"
SessionId = Annotated[int, Field(ge=1, lt=2**63, description="The number of a session.")]
_Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


class Login(Model):
    """Who wants to log in."""

    name: _Name
    password: Password


class Begun(Model):
    """A session that has begun."""

    account: int
    expires_at: Moment
    must_change_password: Annotated[
        bool, Field(description="The session is good for nothing but changing the password: PUT /me/password.")
    ]


class SessionModel(Model):
    """Somebody who is logged in."""

    id: int
    account: int
    method: Annotated[str, Field(description="password or oidc.")]
    created_at: Moment
    last_seen_at: Moment
    expires_at: Moment
    address: Annotated[str, Field(description="Where from.")]
    user_agent: Annotated[str, Field(description="With what, as it says itself.")]
    current: Annotated[bool, Field(description="Whether this request came with it.")]


@resource.post("/session", Open(), {200: Begun}, alone=True)
def log_in(call: Call, login: Login) -> Answer:
    """Log in with a password; the session is in a cookie.

    401 says the same whatever is wrong, and takes as long. After several failures a name has to wait, whether somebody
    has it or not (429).
    """
    own_page("POST", call.headers, told=False)  # or a page of somebody else could log a visitor in as its owner
    agent = call.headers.get("user-agent", "")
    try:
        begun = call.context.sessions.login(login.name, login.password, address=call.address, user_agent=agent)
    except UnauthorizedError as error:
        raise UnknownCallerError(str(error)) from error
    lasts = begun.expires_at - call.context.database.now()
    kept = cookie(session_cookie(call.scheme), begun.secret, call.scheme, int(lasts.total_seconds()))
    said = Begun(account=begun.account_id, expires_at=begun.expires_at, must_change_password=begun.must_change)
    return Answer(said, headers={"set-cookie": kept})


@resource.delete("/session", Authenticated(before_password_change=True), {204: None})
def log_out(call: Call) -> Answer:
    """Log out. 404 for who came with something else than a session."""
    session_id = call.principal.session_id
    if session_id is None:
        raise NotFoundError("the caller has no session")
    call.context.sessions.revoke(session_id, call.actor)
    return Answer(headers={"set-cookie": cookie(session_cookie(call.scheme), "", call.scheme, 0)})


@resource.get(OWN, Authenticated(), {200: Page[SessionModel]})
def list_own_sessions(call: Call, limit: Limit = 50, cursor: Cursor = None) -> Page[SessionModel]:
    """List where the caller is logged in."""
    account_id = call.principal.account_id
    if account_id is None:
        return Page[SessionModel](items=[], next_cursor=None)
    return _page(call, account_id, limit, cursor)


@resource.delete(_OWN_SESSION, Authenticated(), {204: None})
def end_own_session(call: Call, session: SessionId) -> None:
    """End one of the caller's own sessions, perhaps somewhere else."""
    _end(call, call.principal.account_id, session)


@resource.get(_SESSIONS, READ, {200: Page[SessionModel]})
def list_account_sessions(
    call: Call, account: AccountId, limit: Limit = 50, cursor: Cursor = None
) -> Page[SessionModel]:
    """List where somebody is logged in."""
    with call.context.database.read() as connection:
        existing_account(connection, account)
    return _page(call, account, limit, cursor)


@resource.delete(_SESSIONS, WRITE, {204: None})
def end_account_sessions(call: Call, account: AccountId) -> None:
    """End every session of an account."""
    call.context.sessions.revoke_all(account, call.actor)


@resource.delete(f"{_SESSIONS}/{{session}}", WRITE, {204: None})
def end_account_session(call: Call, account: AccountId, session: SessionId) -> None:
    """End a session of an account."""
    _end(call, account, session)


def _end(call: CallState, account_id: int | None, session_id: int) -> None:
    with call.context.database.read() as connection:
        row = sessions.by_id(connection, session_id)
    if row is None or account_id is None or row.account_id != account_id:
        raise NotFoundError("there is no such session")
    call.context.sessions.revoke(session_id, call.actor)


def _page(call: CallState, account_id: int, limit: int, cursor: str | None) -> Page[SessionModel]:
    (after,) = read_cursor(cursor, int) or (0,)
    rows = call.context.sessions.page(account_id=account_id, after_id=after, size=limit + 1)
    part, following = paged(rows, limit, lambda row: (row.id,))
    return Page[SessionModel](items=[_shown(call, row) for row in part], next_cursor=following)


def _shown(call: CallState, row: SessionRow) -> SessionModel:
    return SessionModel(
        id=row.id,
        account=row.account_id,
        method=row.method,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        expires_at=row.expires_at,
        address=row.address,
        user_agent=row.user_agent,
        current=row.id == call.principal.session_id,
    )
