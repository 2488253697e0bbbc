# SPDX-License-Identifier: Apache-2.0
"""What the process that answers runs with, and where each value comes from; nothing is changed here."""

from typing import Any

from starlette.responses import Response

from registry.ui.routing import Pages
from registry.ui.visit import Visit

pages = Pages()
_SIZE = "500"


@pages.get("/settings")
async def list_settings(visit: Visit) -> Response:
    """All settings, or those whose name or meaning holds what was asked for, or that are no defaults."""
    wanted, changed = visit.query.get("q", "").strip(), "changed" in visit.query
    found = [each for each in await _all(visit) if _fits(each, wanted.lower(), changed=changed)]
    return await visit.page("settings.html", found=found, wanted=wanted, changed=changed)


async def _all(visit: Visit) -> list[Any]:
    query, found = {"limit": _SIZE}, []
    while True:
        page = await visit.rest.get("/settings", query=query)
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]


def _fits(setting: Any, text: str, *, changed: bool) -> bool:
    if changed and setting["source"] == "default":
        return False
    return text in setting["name"].lower() or text in setting["description"].lower()
