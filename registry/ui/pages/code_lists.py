# SPDX-License-Identifier: Apache-2.0
"""The code lists in force in a domain, and their codes."""

from starlette.responses import Response

from registry.ui.listing import listing
from registry.ui.routing import Pages
from registry.ui.visit import Visit

pages = Pages()
_LIST = "/domains/{domain}/code-lists"
_REST = "/domains/{}/code-lists"


@pages.get(_LIST)
async def show_code_lists(visit: Visit, domain: str) -> Response:
    """Which lists there are, and of which version."""
    held = await visit.rest.get(_REST, domain)
    lists = [{**item, "code": item["kind"].replace(" ", "-")} for item in held["items"]]
    return await visit.page("code_lists.html", domain=domain, lists=lists)


@pages.get(f"{_LIST}/{{kind}}")
async def show_codes(visit: Visit, domain: str, kind: str) -> Response:
    """The codes of a list, or those that hold what was asked for."""
    found = await listing(visit, f"{_REST}/{{}}", domain, kind, filters=("search", "state"))
    return await visit.page("code_list.html", domain=domain, kind=kind, found=found)
