# SPDX-License-Identifier: Apache-2.0
"""The directory of a domain: what it was told of whom, telling it again, and what only some of all know of."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from registry.ui.listing import listing
from registry.ui.rendering import path_of
from registry.ui.routing import Pages
from registry.ui.visit import Visit

pages = Pages()
_DIRECTORY = "/domains/{domain}/directory"
_REST = "/domains/{}/directory"


@pages.get(_DIRECTORY)
async def show_directory(visit: Visit, domain: str) -> Response:
    """How it stands with the directory, and the participants of which it was told or is to be."""
    held = await visit.rest.get(_REST, domain)
    found = await listing(visit, f"{_REST}/entries", domain, filters=("state",))
    return await visit.page("directory.html", domain=domain, held=held, found=found)


@pages.get(f"{_DIRECTORY}/push")
async def confirm_push(visit: Visit, domain: str) -> Response:
    """Of how many participants the directory would be told."""
    plan = await visit.rest.get(f"{_REST}/plan", domain)
    every = visit.query.get("what") == "every"
    return await _confirm(visit, domain, "push", plan=plan, every=every)


@pages.post(f"{_DIRECTORY}/push")
async def push(visit: Visit, domain: str) -> Response:
    """Have it told, by a job."""
    body = {"every": visit.form.get("what") == "every"}
    answer = await visit.rest.ask("POST", f"{_REST}/push", domain, body=body)
    return _to_job(visit, answer.json())


@pages.get(f"{_DIRECTORY}/retry")
async def confirm_retry(visit: Visit, domain: str) -> Response:
    """What follows from trying again: of one participant, or of all that failed."""
    held = await visit.rest.get(_REST, domain)
    return await _confirm(visit, domain, "retry", held=held, participant=visit.query.get("participant", ""))


@pages.post(f"{_DIRECTORY}/retry")
async def retry(visit: Visit, domain: str) -> Response:
    """Have what failed tried now."""
    participant = visit.form.get("participant", "")
    body = {"participant": participant} if participant else {}
    await visit.rest.ask("POST", f"{_REST}/retry", domain, body=body)
    return visit.go(path_of(_REST, domain), flash="tried-again", name=participant)


@pages.get(f"{_DIRECTORY}/orphans")
async def show_orphans(visit: Visit, domain: str) -> Response:
    """What the last comparison of SMP, SML, DNS and directory found."""
    held = await visit.rest.get(_REST, domain)
    report = await visit.rest.find(f"{_REST}/orphans", domain)
    return await visit.page("orphans.html", domain=domain, held=held, report=report)


@pages.post(f"{_DIRECTORY}/orphans")
async def look_for_orphans(visit: Visit, domain: str) -> Response:
    """Have them compared, by a job; what is found is put right only where that was confirmed."""
    body = {"correct": visit.form.get("correct") == "yes"}
    answer = await visit.rest.ask("POST", f"{_REST}/orphans", domain, body=body)
    return _to_job(visit, answer.json())


@pages.get(f"{_DIRECTORY}/orphans/correct")
async def confirm_correct(visit: Visit, domain: str) -> Response:
    """What follows from putting the directory right."""
    return await _confirm(visit, domain, "correct")


async def _confirm(visit: Visit, domain: str, what: str, **context: Any) -> Response:
    return await visit.page("directory_confirm.html", domain=domain, what=what, **context)


def _to_job(visit: Visit, job: Mapping[str, Any]) -> Response:
    return visit.go(path_of("/jobs/{}", str(job["id"])))
