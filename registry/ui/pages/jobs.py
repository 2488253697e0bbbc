# SPDX-License-Identifier: Apache-2.0
"""What takes long: how far it is, what came of it, cancelling it, and doing it again."""

from typing import Any

from starlette.responses import Response

from registry.ui.listing import listing
from registry.ui.rendering import path_of
from registry.ui.routing import Pages
from registry.ui.seen import require_same
from registry.ui.visit import Visit

pages = Pages()
_JOB = "/jobs/{job}"
_REST = "/jobs/{}"
_OPEN = frozenset({"waiting", "running"})


@pages.get("/jobs")
async def list_jobs(visit: Visit) -> Response:
    """The jobs that the visitor may see, newest first."""
    await visit.shell(visit.query.get("domain") or None)
    found = await listing(visit, "/jobs", filters=("state", "kind", "domain", "own"))
    return await visit.page("jobs.html", found=found)


@pages.get(_JOB)
async def show_job(visit: Visit, job: str) -> Response:
    """A job; while it waits or runs, how far that is."""
    held = await visit.rest.get(_REST, job)
    running = held["state"] in _OPEN
    may = await _may(visit, held)
    response = await visit.page("job.html", domain=held["domain"], held=held, running=running, may=may)
    if visit.by_script and not running:
        response.headers["hx-refresh"] = "true"
    return response


@pages.get(f"{_JOB}/cancel")
async def confirm_cancel(visit: Visit, job: str) -> Response:
    """What follows from cancelling a job."""
    return await _confirm(visit, job, again=False)


@pages.post(f"{_JOB}/cancel")
async def cancel(visit: Visit, job: str) -> Response:
    """Cancel a job, unless it is in another state than was seen."""
    return await _changed(visit, job, "cancel", "cancelled")


@pages.get(f"{_JOB}/retry")
async def confirm_retry(visit: Visit, job: str) -> Response:
    """What follows from doing a job again."""
    return await _confirm(visit, job, again=True)


@pages.post(f"{_JOB}/retry")
async def retry(visit: Visit, job: str) -> Response:
    """Do a job again, unless it is in another state than was seen."""
    return await _changed(visit, job, "retry", "retried")


async def _confirm(visit: Visit, job: str, *, again: bool) -> Response:
    held = await visit.rest.get(_REST, job)
    return await visit.page("job_confirm.html", domain=held["domain"], held=held, again=again)


async def _changed(visit: Visit, job: str, what: str, flash: str) -> Response:
    # Of the state alone: how far a job is changes all the time.
    require_same(visit, await visit.rest.get(_REST, job), ("state", "attempts"))
    await visit.rest.ask("POST", f"{_REST}/{what}", job)
    return visit.go(path_of(_REST, job), flash=flash)


async def _may(visit: Visit, held: Any) -> bool:
    """Whether to offer changes; REST decides again."""
    shell = await visit.shell(held["domain"])
    allowed = shell.allowed if held["domain"] is None else shell.allowed | shell.here
    return "job:cancel" in allowed or held["actor"] == shell.me["actor"]
