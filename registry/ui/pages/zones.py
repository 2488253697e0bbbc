# SPDX-License-Identifier: Apache-2.0
"""What DNS says: zones, what their names hold, how they came to that, and how far each name server is."""

from starlette.responses import Response

from registry.ui.listing import listing
from registry.ui.routing import Pages
from registry.ui.visit import Visit

pages = Pages()
_ZONE = "/domains/{domain}/zone"
_REST = "/domains/{}/zone"


@pages.get("/zones")
async def list_zones(visit: Visit) -> Response:
    """All zones and their name servers, as far as the visitor may see them."""
    found = await listing(visit, "/zones")
    servers = await visit.rest.get("/name-servers", query={"limit": "500"})
    return await visit.page("zones.html", found=found, servers=servers["items"])


@pages.get(_ZONE)
async def show_zone(visit: Visit, domain: str) -> Response:
    """The zone of a domain, its name servers, and what its names hold."""
    zone = await visit.rest.get(_REST, domain)
    servers = await visit.rest.get("/domains/{}/name-servers", domain, query={"limit": "500"})
    found = await listing(visit, f"{_REST}/records", domain, filters=("name",), size=25)
    return await visit.page("zone.html", domain=domain, zone=zone, servers=servers["items"], found=found)


@pages.get(f"{_ZONE}/changes")
async def list_changes(visit: Visit, domain: str) -> Response:
    """The journal: what has changed since a serial; by default as far as it reaches back."""
    zone = await visit.rest.get(_REST, domain)
    since = visit.query.get("since", "").strip() or str(zone["history_from"])
    found = await listing(visit, f"{_REST}/changes", domain, filters=("name",), query={"since": since})
    return await visit.page("zone_changes.html", domain=domain, zone=zone, found=found, since=since)


@pages.get(f"{_ZONE}/transfers")
async def list_transfers(visit: Visit, domain: str) -> Response:
    """The last transfer of each client that has taken the zone."""
    zone = await visit.rest.get(_REST, domain)
    found = await listing(visit, f"{_REST}/transfers", domain)
    return await visit.page("zone_transfers.html", domain=domain, zone=zone, found=found)
