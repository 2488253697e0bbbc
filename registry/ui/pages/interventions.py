# SPDX-License-Identifier: Apache-2.0
"""What operators do to what others have registered: who asked for what, and whether a second person agrees."""

from typing import Any

from starlette.responses import Response

from registry.ui.listing import listing
from registry.ui.rendering import path_of
from registry.ui.rest import RestError
from registry.ui.routing import Pages
from registry.ui.seen import require_seen, seen
from registry.ui.visit import Visit

pages = Pages()
_LIST = "/domains/{domain}/interventions"
_ONE = f"{_LIST}/{{number}}"
_REST = "/domains/{}/interventions"
_REST_ONE = f"{_REST}/{{}}"
_QUARANTINE = "/domains/{}/quarantine"
_BLOCKED = "/domains/{}/blocked-certificates"


@pages.get(_LIST)
async def list_interventions(visit: Visit, domain: str) -> Response:
    """The interventions of a domain, the newest first."""
    found = await listing(visit, _REST, domain, filters=("state",))
    return await visit.page("interventions.html", domain=domain, found=found)


@pages.get("/domains/{domain}/quarantine")
async def list_quarantine(visit: Visit, domain: str) -> Response:
    """Who may be registered by nobody but the former SMP yet."""
    return await visit.page("quarantine.html", domain=domain, found=await listing(visit, _QUARANTINE, domain))


@pages.get("/domains/{domain}/blocked-certificates")
async def list_blocked(visit: Visit, domain: str) -> Response:
    """The certificates that the SML doesn't listen to."""
    return await visit.page("blocked_certificates.html", domain=domain, found=await listing(visit, _BLOCKED, domain))


@pages.get(_ONE)
async def show_intervention(visit: Visit, domain: str, number: str) -> Response:
    """An intervention, with what it did, or would do now."""
    held = await visit.rest.get(_REST_ONE, domain, number)
    return await visit.page("intervention.html", domain=domain, held=held)


@pages.get(f"{_ONE}/approve")
async def confirm_approve(visit: Visit, domain: str, number: str) -> Response:
    """What follows from approving an intervention."""
    return await _confirm(visit, domain, *await seen(visit, _REST_ONE, domain, number), approves=True)


@pages.post(f"{_ONE}/approve")
async def approve(visit: Visit, domain: str, number: str) -> Response:
    """Approve an intervention, where it would do what was seen."""
    return await _decided(visit, domain, number, approves=True)


@pages.get(f"{_ONE}/refuse")
async def confirm_refuse(visit: Visit, domain: str, number: str) -> Response:
    """What follows from refusing an intervention, or from withdrawing one's own."""
    return await _confirm(visit, domain, *await seen(visit, _REST_ONE, domain, number), approves=False)


@pages.post(f"{_ONE}/refuse")
async def refuse(visit: Visit, domain: str, number: str) -> Response:
    """Refuse an intervention, where it is as it was seen."""
    return await _decided(visit, domain, number, approves=False)


async def _decided(visit: Visit, domain: str, number: str, *, approves: bool) -> Response:
    held = await require_seen(visit, _REST_ONE, domain, number)
    try:
        await visit.rest.ask("POST", f"{_REST_ONE}/{'approve' if approves else 'refuse'}", domain, number)
    except RestError as error:
        if error.status not in {400, 403, 409}:
            raise
        return await _confirm(visit, domain, held, visit.form["etag"], approves=approves, error=error)
    return visit.go(path_of(_REST_ONE, domain, number), flash="approved" if approves else "refused")


async def _confirm(
    visit: Visit, domain: str, held: Any, etag: str, *, approves: bool, error: RestError | None = None
) -> Response:
    return await visit.page(
        "intervention_confirm.html",
        status=200 if error is None else error.status,
        domain=domain,
        held=held,
        etag=etag,
        approves=approves,
        wrong=[] if error is None else error.messages,
    )
