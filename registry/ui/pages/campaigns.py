# SPDX-License-Identifier: Apache-2.0
"""Campaigns: a migration as a project, how far it is, who is late, and who is reminded."""

import re
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from registry.ui.burn_down import burn_down
from registry.ui.confirming import Question, ask
from registry.ui.labels import mark
from registry.ui.listing import listing
from registry.ui.rendering import path_of
from registry.ui.rest import RestError
from registry.ui.routing import Pages
from registry.ui.seen import require_may, require_seen, seen
from registry.ui.visit import Visit

pages = Pages()
_LIST = "/domains/{domain}/campaigns"
_ONE = f"{_LIST}/{{campaign}}"
_NEW = "/domains/{domain}/new-campaign"
_REST = "/domains/{}/campaigns"
_REST_ONE = f"{_REST}/{{}}"
_SHOWN = {"late": "false", "done": "true", "all": ""}
"""Which members are shown, and what REST calls that."""
_TARGETS = {"zone": ("zone",), "document-type": ("old", "new", "old_process", "new_process"), "pki": ()}
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NO_DAY = mark("Choose a date for the deadline.")
_NO_DAYS = mark("Days before the deadline are numbers, as 30, 7, 1.")


@pages.get(_LIST)
async def list_campaigns(visit: Visit, domain: str) -> Response:
    """The campaigns of a domain, newest first."""
    found = await listing(visit, _REST, domain, filters=("state",))
    return await visit.page("campaigns.html", domain=domain, found=found)


@pages.get(_NEW)
async def show_new(visit: Visit, domain: str) -> Response:
    """The form for a campaign."""
    await _require_write(visit, domain)
    return await _form(visit, domain, {"kind": "pki", "days": "60, 30, 14, 7, 1", "owners": "1"})


@pages.post(_NEW)
async def make(visit: Visit, domain: str) -> Response:
    """Make a campaign; it is counted at once, by a job."""
    await _require_write(visit, domain)
    form = {name: value.strip() for name, value in visit.form.items()}
    days = [each for each in re.split(r"[\s,;]+", form.get("days", "")) if each]
    wrong = [] if _DAY.fullmatch(form.get("deadline", "")) else [_NO_DAY]
    wrong += [] if all(each.isdecimal() and len(each) < 6 for each in days) else [_NO_DAYS]
    if wrong:
        return await _form(visit, domain, form, 400, wrong)
    kind = form.get("kind", "")
    target: dict[str, Any] = {name: form[name] for name in _TARGETS.get(kind, ()) if form.get(name)}
    if kind == "document-type" and "only_new" in form:
        target["only_new"] = True
    wanted = {
        "name": form.get("name", ""),
        "kind": kind,
        "target": target,
        "deadline": f"{form['deadline']}T00:00:00Z",
        "days": [int(each) for each in days],
        "owners": "owners" in form,
        "channel": form.get("channel") or None,
        "automatic": "automatic" in form,
    }
    try:
        made = (await visit.rest.ask("POST", _REST, domain, body=wanted)).json()
    except RestError as error:
        if error.status not in {400, 409}:
            raise
        return await _form(visit, domain, form, error.status, error.messages)
    return visit.go(path_of(_REST_ONE, domain, made["name"]), flash="counting")


@pages.get(_ONE)
async def show_campaign(visit: Visit, domain: str, campaign: str) -> Response:
    """How far a campaign is, and who is late, or has moved."""
    held = await visit.rest.get(_REST_ONE, domain, campaign)
    shown = visit.query.get("shown", "late")
    done = _SHOWN.get(shown, "false")
    found = await listing(visit, f"{_REST_ONE}/members", domain, campaign, query={"done": done} if done else {})
    days = (await visit.rest.get(f"{_REST_ONE}/progress", domain, campaign, query={"limit": "500"}))["items"]
    return await visit.page(
        "campaign.html",
        domain=domain,
        held=held,
        found=found,
        shown=shown if shown in _SHOWN else "late",
        days=days,
        picture=burn_down(held, days),
    )


@pages.post(f"{_ONE}/count")
async def count(visit: Visit, domain: str, campaign: str) -> Response:
    """Have a campaign counted now."""
    await visit.rest.ask("POST", f"{_REST_ONE}/count", domain, campaign)
    return visit.go(path_of(_REST_ONE, domain, campaign), flash="counting")


@pages.get(f"{_ONE}/remind")
async def confirm_remind(visit: Visit, domain: str, campaign: str) -> Response:
    """Who would be reminded of what."""
    told, etag = await seen(visit, f"{_REST_ONE}/reminders", domain, campaign)
    held = await visit.rest.get(_REST_ONE, domain, campaign)
    return await visit.page("campaign_remind.html", domain=domain, held=held, told=told, etag=etag)


@pages.post(f"{_ONE}/remind")
async def remind(visit: Visit, domain: str, campaign: str) -> Response:
    """Have those who are late reminded, unless it would be others by now."""
    await require_seen(visit, f"{_REST_ONE}/reminders", domain, campaign)
    job = (await visit.rest.ask("POST", f"{_REST_ONE}/reminders", domain, campaign)).json()
    return visit.go(path_of("/jobs/{}", str(job["id"])), flash="reminding")


@pages.get(f"{_ONE}/close")
async def confirm_close(visit: Visit, domain: str, campaign: str) -> Response:
    """What follows from closing a campaign."""
    await _require_write(visit, domain)
    _, etag = await seen(visit, _REST_ONE, domain, campaign)
    return await ask(visit, _question(domain, campaign, etag), domain=domain)


@pages.post(f"{_ONE}/close")
async def close(visit: Visit, domain: str, campaign: str) -> Response:
    """Close a campaign, unless it has changed since it was looked at."""
    etag = visit.form.get("etag", "")
    try:
        await visit.rest.ask("POST", f"{_REST_ONE}/close", domain, campaign, headers={"if-match": etag})
    except RestError as error:
        return await ask(visit, _question(domain, campaign, etag), domain=domain, error=error)
    return visit.go(path_of(_REST_ONE, domain, campaign), flash="closed", name=campaign)


def _question(domain: str, campaign: str, etag: str) -> Question:
    follows = mark("It is counted no more, and nobody is reminded. What was counted last stays to be read.")
    return Question(
        title=(mark("Close the campaign %(name)s?"), {"name": campaign}),
        follows=[(follows, {})],
        button=mark("Close it"),
        back=path_of(_REST_ONE, domain, campaign),
        hidden={"etag": etag},
    )


async def _require_write(visit: Visit, domain: str) -> None:
    """Raises RestError."""
    await require_may(visit, domain, "campaign:write")


async def _form(
    visit: Visit, domain: str, form: Mapping[str, str], status: int = 200, wrong: list[str] | None = None
) -> Response:
    return await visit.page("campaign_form.html", status=status, domain=domain, form=form, wrong=wrong or [])
