# SPDX-License-Identifier: Apache-2.0
"""What somebody has to look at, and who says that they do."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from registry.ui.listing import listing
from registry.ui.rendering import path_of
from registry.ui.rest import RestError
from registry.ui.routing import Pages
from registry.ui.seen import refusal, require_same
from registry.ui.visit import Visit

pages = Pages()
_PROBLEM = "/problems/{problem}"
_REST = "/problems/{}"
_FILTERS = ("kind", "severity", "domain", "acknowledged", "ended")


@pages.get("/problems")
async def list_problems(visit: Visit) -> Response:
    """The problems that the visitor may see, the worst first."""
    shell = await visit.shell(visit.query.get("domain") or None)
    if "problem:read" not in shell.allowed | shell.here:
        raise refusal(403)  # REST would give an empty list, which here would say: nothing is wrong
    found = await listing(visit, "/problems", filters=_FILTERS)
    return await visit.page("problems.html", found=found)


@pages.get(_PROBLEM)
async def show_problem(visit: Visit, problem: str) -> Response:
    """A problem, and the form with which one says that one looks after it."""
    return await _shown(visit, await visit.rest.get(_REST, problem))


@pages.post(f"{_PROBLEM}/acknowledge")
async def acknowledge(visit: Visit, problem: str) -> Response:
    """Look after a problem, unless it has become another one since the page was opened."""
    held = await visit.rest.get(_REST, problem)
    require_same(visit, held, ("severity", "since"))
    note = visit.form.get("note", "").replace("\r\n", "\n").strip()
    try:
        await visit.rest.ask("POST", f"{_REST}/acknowledge", problem, body={"note": note})
    except RestError as error:
        if error.status != 400:
            raise
        return await _shown(visit, held, wrong=error.messages, note=note)
    return visit.go(path_of(_REST, problem), flash="acknowledged")


async def _shown(visit: Visit, held: Mapping[str, Any], *, wrong: list[str] | None = None, note: str = "") -> Response:
    shell = await visit.shell(held["domain"])
    allowed = shell.allowed if held["domain"] is None else shell.allowed | shell.here
    return await visit.page(
        "problem.html",
        status=400 if wrong else 200,
        domain=held["domain"],
        held=held,
        may=held["ended_at"] is None and "problem:acknowledge" in allowed,
        wrong=wrong or [],
        note=note or held["note"] or "",
    )
