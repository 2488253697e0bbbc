# SPDX-License-Identifier: Apache-2.0
"""Whether SMP, SML and DNS agree, and name servers serve the zone: checked, and put right after a look at that."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from registry.ui.check_labels import AREAS, REPAIRS
from registry.ui.labels import mark
from registry.ui.rendering import path_of
from registry.ui.rest import RestError
from registry.ui.routing import Pages
from registry.ui.runs import Runs, runs_of, watched
from registry.ui.seen import refusal, require_may
from registry.ui.visit import Visit

pages = Pages()
_PERCENT = "10"
"""What REST takes where nothing is said."""
_NO_PERCENT = mark("The share is a number from 0 to 100.")
_NO_KIND = mark("Choose what is put right.")
_NO_AREA = mark("Choose what is compared.")
_NO_SAMPLES = mark("The number of names is a number.")
_KIND = "kind-"
_AREA = "area-"
_FORM_AGAIN = frozenset({400, 409})


@dataclass(frozen=True, slots=True)
class _Check:
    """One of the two: the kind of its jobs, its page, the template, and what REST calls it."""

    kind: str
    page: str
    template: str
    check: str
    repair: str


_AGREEMENT = _Check(
    "consistency-check",
    "/domains/{}/zone/consistency",
    "consistency",
    "/domains/{}/consistency",
    "/domains/{}/consistency/repair",
)
_SERVERS = _Check(
    "dns-server-check",
    "/domains/{}/zone/servers",
    "server_check",
    "/domains/{}/name-servers/check",
    "/domains/{}/name-servers/repair",
)


@pages.get("/domains/{domain}/zone/consistency")
async def show_consistency(visit: Visit, domain: str) -> Response:
    """What the last comparison of SMP, SML and DNS found, and how far one is that runs."""
    return await _show(visit, domain, _AGREEMENT)


@pages.post("/domains/{domain}/zone/consistency")
async def check_consistency(visit: Visit, domain: str) -> Response:
    """Have them compared, by a job; nothing is changed."""
    areas = [area for area in AREAS if _AREA + area in visit.form]
    if not areas:
        return await _show(visit, domain, _AGREEMENT, 400, [_NO_AREA])
    return await _asked(visit, domain, _AGREEMENT, {"areas": areas})


@pages.get("/domains/{domain}/zone/consistency/repair")
async def confirm_repair(visit: Visit, domain: str) -> Response:
    """What the last comparison would have put right."""
    return await _confirm(visit, domain, _AGREEMENT)


@pages.post("/domains/{domain}/zone/consistency/repair")
async def repair_consistency(visit: Visit, domain: str) -> Response:
    """Have what was chosen of that put right, by a job that compares anew."""
    kinds = [kind for kind in REPAIRS if _KIND + kind in visit.form]
    if not kinds:
        return await _confirm(visit, domain, _AGREEMENT, 400, [_NO_KIND])
    return await _repaired(visit, domain, _AGREEMENT, {"kinds": kinds})


@pages.get("/domains/{domain}/zone/servers")
async def show_servers(visit: Visit, domain: str) -> Response:
    """What the last look at name servers found, and how far one is that runs."""
    return await _show(visit, domain, _SERVERS)


@pages.post("/domains/{domain}/zone/servers")
async def check_servers(visit: Visit, domain: str) -> Response:
    """Have name servers compared with the zone, by a job; nothing is changed."""
    samples = visit.form.get("samples", "").strip()
    if samples and not (samples.isdecimal() and len(samples) <= len("1000000")):
        return await _show(visit, domain, _SERVERS, 400, [_NO_SAMPLES])
    return await _asked(visit, domain, _SERVERS, {"samples": int(samples)} if samples else {})


@pages.get("/domains/{domain}/zone/servers/repair")
async def confirm_server_repair(visit: Visit, domain: str) -> Response:
    """What would put right what the last look found."""
    return await _confirm(visit, domain, _SERVERS)


@pages.post("/domains/{domain}/zone/servers/repair")
async def repair_servers(visit: Visit, domain: str) -> Response:
    """Have that done, by a job that looks anew."""
    return await _repaired(visit, domain, _SERVERS, {"exact": "exact" in visit.form})


async def _show(
    visit: Visit, domain: str, check: _Check, status: int = 200, wrong: list[str] | None = None
) -> Response:
    zone = await visit.rest.get("/domains/{}/zone", domain)
    runs = await runs_of(visit, check.kind, domain)
    response = await visit.page(
        f"{check.template}.html",
        status=status,
        domain=domain,
        zone=zone,
        runs=runs,
        running=runs.running,
        plan=_plan(runs),
        wrong=wrong or [],
    )
    return watched(visit, runs, response)


async def _asked(visit: Visit, domain: str, check: _Check, body: Mapping[str, Any]) -> Response:
    try:
        await visit.rest.ask("POST", check.check, domain, body=body)
    except RestError as error:
        if error.status not in _FORM_AGAIN:
            raise
        return await _show(visit, domain, check, error.status, error.messages)
    return visit.go(path_of(check.page, domain), flash="comparing")


def _plan(runs: Runs) -> Any:
    """The last run, where it has found something that can be put right, and nobody did so yet; else None.

    A repair compares anew. Where something has run since what was seen, it has to be looked at again.
    """
    last = runs.last
    if last is None or last["state"] != "done" or last["result"]["repair"] is not None:
        return None
    result = last["result"]
    if "plan" in result:
        return last if result["plan"]["serial_after"] is not None or result["plan"]["targets"] else None
    return last if any(count and kind in REPAIRS for kind, count in result["counts"].items()) else None


async def _confirm(
    visit: Visit, domain: str, check: _Check, status: int = 200, wrong: list[str] | None = None
) -> Response:
    await require_may(visit, domain, "consistency:repair")
    plan = _plan(await runs_of(visit, check.kind, domain))
    if plan is None:
        return visit.go(path_of(check.page, domain), flash="nothing-to-repair")
    return await visit.page(
        f"{check.template}_repair.html",
        status=status,
        domain=domain,
        plan=plan,
        repairs=[kind for kind in REPAIRS if plan["result"].get("counts", {}).get(kind)],
        percent=visit.form.get("max_percent", _PERCENT),
        wrong=wrong or [],
    )


async def _repaired(visit: Visit, domain: str, check: _Check, body: Mapping[str, Any]) -> Response:
    percent = visit.form.get("max_percent", "").strip()
    if not percent.isdecimal() or int(percent[:4]) > 100:
        return await _confirm(visit, domain, check, 400, [_NO_PERCENT])
    plan = _plan(await runs_of(visit, check.kind, domain))
    if plan is None or str(plan["id"]) != visit.form.get("job"):
        raise refusal(412)
    try:
        await visit.rest.ask("POST", check.repair, domain, body={**body, "max_percent": int(percent)})
    except RestError as error:
        if error.status not in _FORM_AGAIN:
            raise
        return await _confirm(visit, domain, check, error.status, error.messages)
    return visit.go(path_of(check.page, domain), flash="repairing")
