# SPDX-License-Identifier: Apache-2.0
"""The first page: how each domain is, and what the visitor has going on."""

from starlette.responses import Response

from registry.ui.pages.domains import domain_health
from registry.ui.routing import Pages
from registry.ui.visit import Visit

pages = Pages()
_JOBS = 10
_PROBLEMS = 20
_DOMAINS = 20
"""Of so many domains, the first ones, it is told which plans wait for the visitor."""


@pages.get("/")
async def show_dashboard(visit: Visit) -> Response:
    """What the visitor's domains hold and lack, and their jobs that haven't ended."""
    shell = await visit.shell()
    health = {item["name"]: item for item in await domain_health(visit)}
    listed = await visit.rest.get("/domains", query={"limit": "500"})
    jobs = []
    for state in ("running", "waiting"):
        query = {"own": "true", "state": state, "limit": str(_JOBS)}
        jobs += (await visit.rest.get("/jobs", query=query))["items"]
    problems = None
    if "problem:read" in shell.allowed | shell.here:  # to others an empty list would say that nothing is wrong
        problems = await visit.rest.find("/problems", query={"limit": str(_PROBLEMS)})
    reviews = []
    for name in shell.domains[:_DOMAINS]:
        query = {"state": "under-review", "limit": "500"}
        page = await visit.rest.find("/domains/{}/plans", name, query=query) or {"items": []}
        reviews += [(name, item) for item in page["items"] if item["waits_for_caller"]]
    described = {item["name"]: item for item in listed["items"]}
    domains = [(name, described.get(name), health.get(name)) for name in shell.domains]
    return await visit.page("dashboard.html", domains=domains, jobs=jobs, problems=problems, reviews=reviews)
