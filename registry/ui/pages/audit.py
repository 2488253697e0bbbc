# SPDX-License-Identifier: Apache-2.0
"""What was done, by whom, and what was before and after."""

from starlette.responses import Response

from registry.ui.differences import differences
from registry.ui.listing import listing
from registry.ui.rest import Answer, RestError
from registry.ui.routing import Pages
from registry.ui.visit import Visit

pages = Pages()
_FILTERS = ("subject", "tag", "actor", "request_id", "since", "until")


@pages.get("/audit")
async def list_all_events(visit: Visit) -> Response:
    """Everything; for those who may see all."""
    if "audit:read" not in (await visit.shell()).allowed:
        raise RestError(Answer(403, (), b"{}"))  # REST would give an empty list, which here would say: nothing was done
    return await _events(visit, None)


@pages.get("/audit/events/{sequence}")
async def show_event(visit: Visit, sequence: str) -> Response:
    """One event, with all its subjects, and all of what was before and after."""
    held = await visit.rest.get("/audit/events/{}", sequence)
    domain = held["domain"]
    changes = differences(held["before"], held["after"])
    return await visit.page("audit_event.html", domain=domain, held=held, changes=changes)


@pages.get("/domains/{domain}/audit")
async def list_domain_events(visit: Visit, domain: str) -> Response:
    """What was done in a domain."""
    return await _events(visit, domain)


async def _events(visit: Visit, domain: str | None) -> Response:
    # What a form gives for a date is a day; REST takes instants.
    sent = {name: visit.query.get(name, "").strip() for name in _FILTERS}
    query = {name: f"{sent[name]}T00:00:00Z" for name in ("since", "until") if len(sent[name]) == len("2027-01-31")}
    if domain is not None:
        query["domain"] = domain
    found = await listing(visit, "/audit/events", filters=_FILTERS, query=query)
    for item in found.items:
        item["changes"] = differences(item["before"], item["after"])
    return await visit.page("audit.html", domain=domain, found=found)
