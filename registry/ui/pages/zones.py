# SPDX-License-Identifier: Apache-2.0
"""What DNS says: zones, what their names hold, and how far each name server is."""

from starlette.responses import Response

from registry.ui.listing import listing
from registry.ui.routing import Pages
from registry.ui.visit import Visit

pages = Pages()


@pages.get("/zones")
async def list_zones(visit: Visit) -> Response:
    """All zones and their name servers, as far as the visitor may see them."""
    found = await listing(visit, "/zones")
    servers = await visit.rest.get("/name-servers", query={"limit": "500"})
    return await visit.page("zones.html", found=found, servers=servers["items"])


@pages.get("/domains/{domain}/zone")
async def show_zone(visit: Visit, domain: str) -> Response:
    """The zone of a domain, its name servers, and what its names hold."""
    zone = await visit.rest.get("/domains/{}/zone", domain)
    servers = await visit.rest.get("/domains/{}/name-servers", domain, query={"limit": "500"})
    found = await listing(visit, "/domains/{}/zone/records", domain, filters=("name",), size=25)
    return await visit.page("zone.html", domain=domain, zone=zone, servers=servers["items"], found=found)
