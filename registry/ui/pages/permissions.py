# SPDX-License-Identifier: Apache-2.0
"""Whether somebody may do something somewhere, and why; for oneself of everything at once."""

from starlette.responses import Response

from registry.ui.pages.grants import PLACE
from registry.ui.rest import RestError
from registry.ui.routing import Pages
from registry.ui.visit import Visit

pages = Pages()
_EVERY = {"limit": "500"}
_FORM_AGAIN = frozenset({400, 404})


@pages.get("/permissions")
async def show_permissions(visit: Visit) -> Response:
    """What the visitor may do at a place; or whether an account may do something there."""
    asked = {name: visit.query.get(name, "").strip() for name in (*PLACE, "account", "action")}
    place = {name: asked[name] for name in PLACE if asked[name]}
    account, action = asked["account"], asked["action"]
    table = (await visit.rest.get("/permissions", query=_EVERY))["items"]
    explained, own, wrong, status = None, [], [], 200
    try:
        if account and action:
            query = {**place, "account": account, "action": action}
            explained = await visit.rest.get("/permissions/explain", query=query)
        else:
            own = (await visit.rest.get("/me/permissions", query={**_EVERY, **place}))["items"]
    except RestError as error:
        if error.status not in _FORM_AGAIN:
            raise
        wrong, status = error.messages, error.status
    needs = {each["action"]: each for each in table}
    return await visit.page(
        "permissions.html", status=status, asked=asked, needs=needs, explained=explained, own=own, wrong=wrong
    )
