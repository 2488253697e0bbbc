# SPDX-License-Identifier: Apache-2.0
"""The SMPs that the SML of a domain knows."""

from starlette.responses import Response

from registry.ui.listing import listing
from registry.ui.routing import Pages
from registry.ui.visit import Visit

pages = Pages()


@pages.get("/domains/{domain}/publishers")
async def list_publishers(visit: Visit, domain: str) -> Response:
    """The SMPs, by id."""
    found = await listing(visit, "/domains/{}/publishers", domain)
    return await visit.page("publishers.html", domain=domain, found=found)


@pages.get("/domains/{domain}/publishers/{smp_id}")
async def show_publisher(visit: Visit, domain: str, smp_id: str) -> Response:
    """An SMP, who may speak for it, and whether DNS shows it."""
    held = await visit.rest.get("/domains/{}/publishers/{}", domain, smp_id)
    visibility = await visit.rest.find("/domains/{}/publishers/{}/visibility", domain, smp_id)
    return await visit.page("publisher.html", domain=domain, held=held, visibility=visibility)
