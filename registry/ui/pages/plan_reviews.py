# SPDX-License-Identifier: Apache-2.0
"""A plan goes to somebody else, who approves or rejects it, each after what follows was said."""

from typing import Any

from starlette.responses import Response

from registry.ui.pages.plans import PLAN, REST
from registry.ui.rendering import path_of
from registry.ui.rest import RestError
from registry.ui.routing import Pages
from registry.ui.seen import require_seen, seen
from registry.ui.visit import Visit

pages = Pages()
_ONE = f"{REST}/{{}}"
_FLASHES = {"submit": "submitted", "approve": "plan-approved", "reject": "plan-rejected"}


@pages.get(f"{PLAN}/submit")
async def confirm_submit(visit: Visit, domain: str, plan: str) -> Response:
    """What follows from asking somebody else to look at a plan."""
    return await _confirm(visit, domain, *await seen(visit, _ONE, domain, plan), what="submit")


@pages.post(f"{PLAN}/submit")
async def submit(visit: Visit, domain: str, plan: str) -> Response:
    """Ask somebody else to look at a plan."""
    return await _done(visit, domain, plan, "submit")


@pages.get(f"{PLAN}/approve")
async def confirm_approve(visit: Visit, domain: str, plan: str) -> Response:
    """What follows from approving a plan."""
    return await _confirm(visit, domain, *await seen(visit, _ONE, domain, plan), what="approve")


@pages.post(f"{PLAN}/approve")
async def approve(visit: Visit, domain: str, plan: str) -> Response:
    """Approve a plan, where it is as it was seen."""
    return await _done(visit, domain, plan, "approve")


@pages.get(f"{PLAN}/reject")
async def confirm_reject(visit: Visit, domain: str, plan: str) -> Response:
    """What follows from rejecting a plan."""
    return await _confirm(visit, domain, *await seen(visit, _ONE, domain, plan), what="reject")


@pages.post(f"{PLAN}/reject")
async def reject(visit: Visit, domain: str, plan: str) -> Response:
    """Reject a plan, where it is as it was seen."""
    return await _done(visit, domain, plan, "reject")


async def _done(visit: Visit, domain: str, plan: str, what: str) -> Response:
    held = await require_seen(visit, _ONE, domain, plan)
    body = None if what == "submit" else {"text": visit.form.get("text", "")}
    try:
        await visit.rest.ask("POST", f"{_ONE}/{what}", domain, plan, body=body)
    except RestError as error:
        if error.status not in {400, 403, 409}:
            raise
        return await _confirm(visit, domain, held, visit.form["etag"], what=what, error=error)
    return visit.go(path_of(_ONE, domain, plan), flash=_FLASHES[what])


async def _confirm(
    visit: Visit, domain: str, held: Any, etag: str, *, what: str, error: RestError | None = None
) -> Response:
    return await visit.page(
        "plan_review.html",
        status=200 if error is None else error.status,
        domain=domain,
        held=held,
        etag=etag,
        what=what,
        text=visit.form.get("text", ""),
        wrong=[] if error is None else error.messages,
    )
