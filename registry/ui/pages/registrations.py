# SPDX-License-Identifier: Apache-2.0
"""Who publishes for whom at the SML of a domain."""

from starlette.responses import Response

from registry.ui.listing import listing
from registry.ui.routing import Pages
from registry.ui.visit import Visit

pages = Pages()


@pages.get("/domains/{domain}/registrations")
async def list_registrations(visit: Visit, domain: str) -> Response:
    """The registrations, narrowed down by publisher or by how identifiers begin."""
    typed = visit.query.get("q", "").strip()
    query = {"search": typed} if typed else {}
    filters = ("publisher", "scheme", "value")
    found = await listing(visit, "/domains/{}/registrations", domain, filters=filters, query=query)
    return await visit.page("registrations.html", domain=domain, found=found, typed=typed)
