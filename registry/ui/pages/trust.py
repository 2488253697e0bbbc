# SPDX-License-Identifier: Apache-2.0
"""Whom a domain trusts, by what others say, and what another configuration would do to what it holds."""

from typing import Any

from starlette.responses import Response

from registry.ui.routing import Pages
from registry.ui.runs import runs_of, watched
from registry.ui.visit import Visit

pages = Pages()
_REST = "/domains/{}/trust"
_IMPACT = "trust-impact"
_AFFECTED = 100


@pages.get("/domains/{domain}/trust")
async def show_trust(visit: Visit, domain: str) -> Response:
    """The trust model in force, its anchors and its evidence."""
    held = await visit.rest.get(_REST, domain)
    return await visit.page("trust.html", domain=domain, held=held)


@pages.get("/domains/{domain}/trust/sources")
async def show_sources(visit: Visit, domain: str) -> Response:
    """Lists, metadata and federations: how old, whether rightly signed, until when good."""
    held = await visit.rest.get(f"{_REST}/sources", domain)
    return await visit.page("trust_sources.html", domain=domain, held=held)


@pages.get("/domains/{domain}/trust/configuration")
async def show_configuration(visit: Visit, domain: str) -> Response:
    """The configuration in force as it is compared, with its address."""
    answer = await visit.rest.ask("GET", f"{_REST}/configuration", domain)
    return await visit.page(
        "trust_configuration.html", domain=domain, document=answer.json(), address=answer.header("etag").strip('"')
    )


@pages.get("/domains/{domain}/trust/impact")
async def show_impact(visit: Visit, domain: str) -> Response:
    """The last report about another configuration, and whether one is being made."""
    await visit.rest.get(_REST, domain)
    report = await visit.rest.find(f"{_REST}/impact", domain)
    told = {} if report is None else _told(report)
    runs = await runs_of(visit, _IMPACT, domain)
    response = await visit.page("impact.html", domain=domain, report=report, runs=runs, running=runs.running, **told)
    return watched(visit, runs, response)


def _told(report: Any) -> dict[str, Any]:
    """What of a report is shown: the dates at which anything changes, and the first of those affected."""
    turns: list[Any] = []
    for each in report["dates"]:
        counts = {kind: tally for kind, tally in each.items() if kind not in {"date", "at"}}
        if not turns or turns[-1][1] != counts:
            turns.append((each["at"], counts))
    return {"turns": turns, "affected": report["affected"][:_AFFECTED], "left": len(report["affected"][_AFFECTED:])}
