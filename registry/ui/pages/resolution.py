# SPDX-License-Identifier: Apache-2.0
"""A participant as an access point finds it, with every step, in what is held here or over the network."""

from starlette.responses import Response

from registry.ui.rest import RestError
from registry.ui.routing import Pages
from registry.ui.visit import Visit

pages = Pages()
_FIELDS = ("document_type", "process", "transport")


@pages.get("/domains/{domain}/participants/{participant}/resolution")
async def resolve_participant(visit: Visit, domain: str, participant: str) -> Response:
    """What an access point finds, and how."""
    view = "outside" if visit.query.get("view") == "outside" else "inside"
    given = {name: visit.query.get(name, "").strip() for name in _FIELDS}
    query = {name: value for name, value in given.items() if value} | {"view": view}
    found, wrong = None, []
    try:
        found = await visit.rest.get("/domains/{}/participants/{}/resolution", domain, participant, query=query)
    except RestError as error:
        if error.status != 400:
            raise
        wrong = error.messages
    return await visit.page(
        "resolution.html", domain=domain, participant=participant, given=given, view=view, found=found, wrong=wrong
    )
