# SPDX-License-Identifier: Apache-2.0
"""Login at the organisation's OpenID Connect provider, for browsers: there and back again."""

from typing import Annotated

from fastapi import Query

from registry.accounts.oidc_logins import LASTS, OidcLogins
from registry.api.v1.answers import Answer
from registry.api.v1.call import Call
from registry.api.v1.callers import UnknownCallerError, session_cookie
from registry.api.v1.cookies import cookie, host_cookie, sent_cookie
from registry.api.v1.routing import Resource
from registry.api.v1.rules import Open
from registry.errors import NotFoundError, UnauthorizedError

_COOKIE = "registry_oidc"
resource = Resource("oidc", "Login at an OpenID Connect provider; the answers are redirects for browsers.")

ReturnTo = Annotated[
    str, Query(description="A path of this host to which the browser goes in the end.", max_length=1_000)
]
Given = Annotated[
    str | None, Query(max_length=4_000, description="What the provider sends (RFC 6749 §4.1.2, RFC 9207).")
]


@resource.get("/session/oidc", Open(), {303: None})
def begin_oidc_login(call: Call, return_to: ReturnTo = "/") -> Answer:
    """Begin a login: to the provider.

    404 where no provider is set up, 503 where it can't be asked.
    """
    login = _logins(call).begin(return_to)
    kept = cookie(host_cookie(_COOKIE, call.scheme), login.state, call.scheme, int(LASTS.total_seconds()))
    return Answer(None, 303, {"location": login.url, "set-cookie": kept})


@resource.get("/session/oidc/callback", Open(), {303: None})
def finish_oidc_login(
    call: Call,
    state: Given = None,
    code: Given = None,
    iss: Given = None,
    error: Given = None,
    error_description: Given = None,  # noqa: ARG001  # providers send it, and nobody shows a stranger's text
    error_uri: Given = None,  # noqa: ARG001
    session_state: Given = None,  # noqa: ARG001  # OpenID Connect Session Management 1.0 §2
    scope: Given = None,  # noqa: ARG001  # some providers repeat it
) -> Answer:
    """Finish a login: back from the provider, with a session.

    401 where the answer isn't one to a login that this browser has begun, or the provider gives no role.
    """
    named = {"state": state, "code": code, "iss": iss, "error": error}
    answer = {name: value for name, value in named.items() if value is not None}
    try:
        finished = _logins(call).finish(
            sent_cookie(call.headers.get("cookie", ""), host_cookie(_COOKIE, call.scheme)),
            answer,
            address=call.address,
            user_agent=call.headers.get("user-agent", ""),
        )
    except UnauthorizedError as refused:
        raise UnknownCallerError(str(refused)) from refused
    lasts = finished.session.expires_at - call.context.database.now()
    kept = cookie(session_cookie(call.scheme), finished.session.secret, call.scheme, int(lasts.total_seconds()))
    return Answer(None, 303, {"location": finished.return_to, "set-cookie": kept})


def _logins(call: Call) -> OidcLogins:
    logins = call.context.oidc_logins
    if logins is None:
        raise NotFoundError("no OpenID Connect provider is set up here")
    return logins
