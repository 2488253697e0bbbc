# SPDX-License-Identifier: Apache-2.0
"""Who the visitor is, what they may do, and where else they are logged in."""

import asyncio

from starlette.responses import Response

from registry.ui.rendering import path_of
from registry.ui.rest import Answer, RestError
from registry.ui.routing import Pages
from registry.ui.visit import Visit

pages = Pages()
_MANY = {"limit": "200"}


@pages.get("/me")
async def show_me(visit: Visit) -> Response:
    """The visitor's account, grants and sessions."""
    grants, sessions = await asyncio.gather(
        visit.rest.get("/me/grants", query=_MANY), visit.rest.get("/me/sessions", query=_MANY)
    )
    return await visit.page("me.html", grants=grants["items"], sessions=sessions["items"])


@pages.get("/me/sessions/{session}/end")
async def confirm_end(visit: Visit, session: str) -> Response:
    """Which session is to end."""
    sessions = await visit.rest.get("/me/sessions", query=_MANY)
    for held in sessions["items"]:
        if str(held["id"]) == session:
            return await visit.page("session_end.html", held=held)
    raise RestError(Answer(404, (), b"{}"))


@pages.post("/me/sessions/{session}/end")
async def end(visit: Visit, session: str) -> Response:
    """End one of one's own sessions."""
    await visit.rest.ask("DELETE", "/me/sessions/{}", session)
    return visit.go(path_of("/me"), flash="session-ended")
