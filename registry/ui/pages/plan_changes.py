# SPDX-License-Identifier: Apache-2.0
"""Applying a plan, and giving one up, after what follows was said."""

from typing import Any

from starlette.responses import Response

from registry.ui.pages.plans import PLAN, REST, job_of
from registry.ui.rendering import path_of
from registry.ui.rest import RestError
from registry.ui.routing import Pages
from registry.ui.seen import require_seen, seen
from registry.ui.visit import Visit

pages = Pages()
_ONE = f"{REST}/{{}}"
_PERCENT = "20"
"""What REST takes where nothing is said."""


@pages.get(f"{PLAN}/apply")
async def confirm_apply(visit: Visit, domain: str, plan: str) -> Response:
    """What follows from applying a plan, or from going on with it."""
    held, etag = await seen(visit, _ONE, domain, plan)
    return await _confirm(visit, domain, held, etag, _PERCENT)


@pages.post(f"{PLAN}/apply")
async def apply(visit: Visit, domain: str, plan: str) -> Response:
    """Have a plan applied, unless it has changed since it was looked at."""
    held = await require_seen(visit, _ONE, domain, plan)
    percent = visit.form.get("max_percent", "").strip()
    body = {"max_percent": int(percent) if percent.isdecimal() and len(percent) <= 3 else percent}
    try:
        await visit.rest.ask("POST", f"{_ONE}/apply", domain, plan, body=body)
    except RestError as error:
        if error.status not in {400, 409}:
            raise
        return await _confirm(visit, domain, held, visit.form["etag"], percent, error)
    return visit.go(path_of(_ONE, domain, plan), flash="applying")


@pages.get(f"{PLAN}/abandon")
async def confirm_abandon(visit: Visit, domain: str, plan: str) -> Response:
    """Which plan is to be given up."""
    held, etag = await seen(visit, _ONE, domain, plan)
    return await visit.page("plan_abandon.html", domain=domain, held=held, etag=etag)


@pages.post(f"{PLAN}/abandon")
async def abandon(visit: Visit, domain: str, plan: str) -> Response:
    """Give a plan up, unless it has changed since it was looked at."""
    await require_seen(visit, _ONE, domain, plan)
    await visit.rest.ask("DELETE", _ONE, domain, plan)
    return visit.go(path_of(_ONE, domain, plan), flash="abandoned")


async def _confirm(
    visit: Visit, domain: str, held: Any, etag: str, percent: str, error: RestError | None = None
) -> Response:
    counts = held["counts"]
    touched = counts["changed"] + counts["removed"]
    return await visit.page(
        "plan_apply.html",
        status=200 if error is None else error.status,
        domain=domain,
        held=held,
        etag=etag,
        percent=percent,
        touched=touched,
        share=round(100 * touched / counts["held"], 1) if counts["held"] else 0.0,
        job=await job_of(visit, held),
        wrong=[] if error is None else error.messages,
    )
