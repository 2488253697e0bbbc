# SPDX-License-Identifier: Apache-2.0
"""Plans: what a file would change, row by row, and how far it is applied."""

from typing import Any

from starlette.responses import Response

from registry.ui.labels import mark
from registry.ui.listing import listing
from registry.ui.multipart import Part
from registry.ui.rendering import path_of
from registry.ui.rest import Content, RestError
from registry.ui.routing import Pages
from registry.ui.seen import require_may
from registry.ui.visit import FormTooLargeError, Visit

pages = Pages()
PLANS = "/domains/{domain}/plans"
PLAN = f"{PLANS}/{{plan}}"
REST = "/domains/{}/plans"
_LINES = (".jsonl", ".ndjson")
_NO_FILE = mark("Choose a file.")
_TOO_LARGE = mark("The file has more than 2 MB. The command registry plan import takes larger ones.")


@pages.get(PLANS)
async def list_plans(visit: Visit, domain: str) -> Response:
    """The plans of a domain, newest first."""
    return await visit.page("plans.html", domain=domain, found=await listing(visit, REST, domain, filters=("state",)))


@pages.get("/domains/{domain}/new-plan")
async def show_new(visit: Visit, domain: str) -> Response:
    """The form for a file."""
    await require_write(visit, domain)
    return await _form(visit, domain, 200)


@pages.post("/domains/{domain}/new-plan", uploads=True)
async def make(visit: Visit, domain: str) -> Response:
    """Make a plan of a file."""
    await require_write(visit, domain)  # before anything of the file is read
    try:
        file = await visit.read_upload("file")
    except FormTooLargeError:
        return await _form(visit, domain, 413, [_TOO_LARGE])
    if file is None:
        return await _form(visit, domain, 400, [_NO_FILE])
    query = {"removes": "true"} if "removes" in visit.form else {}
    try:
        made = await visit.rest.ask("POST", REST, domain, query=query, body=_content(file))
    except RestError as error:
        if error.status not in {400, 409, 413}:
            raise
        return await _form(visit, domain, error.status, error.messages)
    return visit.go(path_of(f"{REST}/{{}}", domain, str(made.json()["id"])), flash="planned")


@pages.get(PLAN)
async def show_plan(visit: Visit, domain: str, plan: str) -> Response:
    """What a plan would do, or did; while it is applied, how far that is."""
    held = await visit.rest.get(f"{REST}/{{}}", domain, plan)
    found = await listing(visit, f"{REST}/{{}}/rows", domain, plan, filters=("verdict",))
    job = await job_of(visit, held)
    running = held["state"] == "applying" and job is not None and job["state"] in {"waiting", "running"}
    response = await visit.page(
        "plan.html",
        domain=domain,
        held=held,
        found=found,
        job=job,
        running=running,
        reviews=await wants_review(visit, domain),
    )
    if visit.by_script and not running:
        response.headers["hx-refresh"] = "true"
    return response


async def job_of(visit: Visit, held: Any) -> Any:
    """The job that applies a plan; None where there is none that the visitor may see."""
    return None if held["job"] is None else await visit.rest.find("/jobs/{}", str(held["job"]))


async def wants_review(visit: Visit, domain: str) -> bool:
    """Whether somebody else has to approve what is published; no, as far as the visitor may know."""
    found = await visit.rest.find("/domains/{}", domain)
    return bool(found and found["review"])


async def require_write(visit: Visit, domain: str) -> None:
    """Raises RestError."""
    await require_may(visit, domain, "plan:write")


def _content(file: Part) -> Content:
    """A file as REST takes it; which kind it is, its name says."""
    lines = (file.filename or "").lower().endswith(_LINES)
    return Content("application/jsonl" if lines else "text/csv", file.content)


async def _form(visit: Visit, domain: str, status: int, wrong: list[str] | None = None) -> Response:
    return await visit.page(
        "plan_form.html", status=status, domain=domain, removes="removes" in visit.form, wrong=wrong or []
    )
