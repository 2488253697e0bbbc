# SPDX-License-Identifier: Apache-2.0
"""People and programs, what they may do, and the tokens of programs."""

import asyncio

from starlette.responses import Response

from registry.ui.listing import listing
from registry.ui.routing import Pages
from registry.ui.visit import Visit

pages = Pages()
_MANY = {"limit": "200"}


@pages.get("/accounts")
async def list_accounts(visit: Visit) -> Response:
    """All accounts, in order of their making."""
    found = await listing(visit, "/accounts", filters=("name", "kind", "state"))
    return await visit.page("accounts.html", found=found)


@pages.get("/accounts/{account}")
async def show_account(visit: Visit, account: str) -> Response:
    """An account: what it may do, and where it is logged in."""
    held = await visit.rest.get("/accounts/{}", account)
    grants, tokens, sessions = await asyncio.gather(
        visit.rest.get("/grants", query={**_MANY, "account": account}),
        visit.rest.get("/tokens", query={**_MANY, "account": account}),
        visit.rest.get("/accounts/{}/sessions", account, query=_MANY),
    )
    return await visit.page(
        "account.html", held=held, grants=grants["items"], tokens=tokens["items"], sessions=sessions["items"]
    )


@pages.get("/tokens")
async def list_tokens(visit: Visit) -> Response:
    """One's own tokens, or for administrators of the system all of them."""
    return await visit.page("tokens.html", found=await listing(visit, "/tokens"))
