# SPDX-License-Identifier: Apache-2.0
"""Whom a domain trusts, and what another configuration would do to what it holds."""

from typing import Any

from starlette.responses import Response

from registry.ui.routing import Pages
from registry.ui.visit import Visit

pages = Pages()
_REST = "/domains/{}/trust"
_AFFECTED = 100


@pages.get("/domains/{domain}/trust")
async def show_trust(visit: Visit, domain: str) -> Response:
    """The trust model in force, its anchors and its evidence."""
    held = await visit.rest.get(_REST, domain)
    return await visit.page("trust.html", domain=domain, held=held)


@pages.get("/domains/{domain}/trust/impact")
async def show_impact(visit: Visit, domain: str) -> Response:
    """The last report about another configuration."""
    await visit.rest.get(_REST, domain)
    report = await visit.rest.find(f"{_REST}/impact", domain)
    told = {} if report is None else _told(report)
    return await visit.page("impact.html", domain=domain, report=report, **told)


def _told(report: Any) -> dict[str, Any]:
    """What of a report is shown: the dates at which anything changes, and the first of those affected."""
    turns: list[Any] = []
    for each in report["dates"]:
        counts = {kind: tally for kind, tally in each.items() if kind not in {"date", "at"}}
        if not turns or turns[-1][1] != counts:
            turns.append((each["at"], counts))
    return {"turns": turns, "affected": report["affected"][:_AFFECTED], "left": len(report["affected"][_AFFECTED:])}
