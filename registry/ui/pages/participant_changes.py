# SPDX-License-Identifier: Apache-2.0
"""Making, changing and removing a participant; what follows is said before anything is done."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from registry.ui.labels import VISIBILITIES, mark
from registry.ui.pages.plans import wants_review
from registry.ui.proposing import is_unreviewed, propose
from registry.ui.rendering import path_of
from registry.ui.rest import RestError
from registry.ui.routing import Pages
from registry.ui.seen import present, refusal
from registry.ui.visit import Visit

pages = Pages()
_PARTICIPANTS = "/domains/{domain}/participants"
_PARTICIPANT = f"{_PARTICIPANTS}/{{participant}}"
_REST = "/domains/{}/participants/{}"
_EXISTS = mark("This participant exists already.")


@pages.get("/domains/{domain}/new-participant")
async def show_new(visit: Visit, domain: str) -> Response:
    """The form for a new participant."""
    return await _form(visit, domain, "", None)


@pages.get(f"{_PARTICIPANT}/change")
async def show_change(visit: Visit, domain: str, participant: str) -> Response:
    """The form for what can be changed of a participant."""
    held = await visit.rest.get(_REST, domain, participant)
    return await _form(visit, domain, held["participant"], held)


@pages.get("/domains/{domain}/confirm-participant")
async def confirm_put(visit: Visit, domain: str) -> Response:
    """What follows from a new participant, or from a change, before it is done."""
    participant = visit.query.get("participant", "").strip()
    if not participant:
        return await _form(visit, domain, "", None)
    before, etag = await present(visit, _REST, domain, participant)
    if before is not None and "new" in visit.query:
        return await _form(visit, domain, participant, None, wrong=[_EXISTS])
    return await _confirm_put(visit, domain, visit.query, before, etag, proposes=await wants_review(visit, domain))


@pages.post("/domains/{domain}/confirm-participant")
async def put(visit: Visit, domain: str) -> Response:
    """Make a participant, or change it, unless somebody has meanwhile."""
    participant, etag = visit.form.get("participant", ""), visit.form.get("etag", "")
    wanted: dict[str, Any] = {"group": visit.form.get("group") or None}
    if visibility := visit.form.get("visibility"):
        wanted["visibility"] = visibility
    if "proposes" in visit.form:
        return await _proposed(visit, domain, participant, wanted)
    wanted["registered"] = "registered" in visit.form
    condition = {"if-match": etag} if etag else {"if-none-match": "*"}
    try:
        await visit.rest.ask("PUT", _REST, domain, participant, body=wanted, headers=condition)
    except RestError as error:
        if is_unreviewed(error):
            before, etag = await present(visit, _REST, domain, participant)
            return await _confirm_put(visit, domain, visit.form, before, etag, proposes=True)
        if error.status not in {400, 409} or etag:
            raise
        return await _form(visit, domain, participant, None, wrong=error.messages, status=400)
    return visit.go(
        path_of("/domains/{}/participants/{}", domain, participant),
        flash="saved" if etag else "created",
        name=participant,
    )


@pages.get(f"{_PARTICIPANT}/delete")
async def confirm_delete(visit: Visit, domain: str, participant: str) -> Response:
    """What is lost with a participant, before that is done."""
    await visit.shell(domain)
    return await _confirm_delete(visit, domain, participant, proposes=await wants_review(visit, domain))


async def _confirm_delete(
    visit: Visit, domain: str, participant: str, *, proposes: bool, wrong: list[str] | None = None, status: int = 200
) -> Response:
    held, etag = await present(visit, _REST, domain, participant)
    if held is None:
        await visit.rest.get(_REST, domain, participant)  # raises
    card = None
    try:
        card = await visit.rest.ask("GET", f"{_REST}/business-card", domain, participant)
    except RestError as error:
        if error.status not in {403, 404}:
            raise
    return await visit.page(
        "participant_delete.html",
        status=status,
        domain=domain,
        proposes=proposes,
        wrong=wrong or [],
        participant=participant,
        held=held,
        etag=etag,
        card=card is not None,
        registration=await visit.rest.find("/domains/{}/registrations/{}", domain, participant),
    )


@pages.post(f"{_PARTICIPANT}/delete")
async def delete(visit: Visit, domain: str, participant: str) -> Response:
    """Remove a participant, unless somebody has changed it meanwhile."""
    if "proposes" in visit.form:
        return await _proposed(visit, domain, participant, {"removed": True})
    try:
        await visit.rest.ask("DELETE", _REST, domain, participant, headers={"if-match": visit.form.get("etag", "")})
    except RestError as error:
        if not is_unreviewed(error):
            raise
        return await _confirm_delete(visit, domain, participant, proposes=True)
    return visit.go(path_of("/domains/{}/participants", domain), flash="deleted", name=participant)


async def _proposed(visit: Visit, domain: str, participant: str, wanted: dict[str, Any]) -> Response:
    """Make a plan of a change, unless the participant has changed since it was seen; on to that, where it is seen."""
    before, etag = await present(visit, _REST, domain, participant)
    if etag != visit.form.get("etag", ""):
        raise refusal(412)
    try:
        return await propose(visit, domain, participant, wanted)
    except RestError as error:
        if error.status not in {400, 409}:
            raise
        told, status = error.messages, error.status
        if "removed" in wanted:
            return await _confirm_delete(visit, domain, participant, proposes=True, wrong=told, status=status)
        return await _confirm_put(visit, domain, visit.form, before, etag, proposes=True, wrong=told, status=status)


async def _confirm_put(
    visit: Visit,
    domain: str,
    said: Mapping[str, str],
    before: Any,
    etag: str,
    *,
    proposes: bool,
    wrong: list[str] | None = None,
    status: int = 200,
) -> Response:
    visibility = said.get("visibility", "")
    return await visit.page(
        "participant_confirm.html",
        status=status,
        domain=domain,
        participant=said.get("participant", "").strip(),
        group=said.get("group", ""),
        registered="registered" in said,
        visibility=visibility if visibility in VISIBILITIES else "",
        before=before,
        etag=etag,
        proposes=proposes,
        wrong=wrong or [],
    )


async def _form(
    visit: Visit, domain: str, participant: str, held: Any, *, wrong: list[str] | None = None, status: int = 200
) -> Response:
    shell = await visit.shell(domain)
    groups = await visit.rest.find("/domains/{}/groups", domain, query={"limit": "500"})
    # Who edits in one group only makes new ones there, and REST decides which.
    if domain not in shell.domains:
        await visit.rest.get("/domains/{}", domain)  # raises
    return await visit.page(
        "participant_form.html",
        status=status,
        domain=domain,
        participant=participant,
        held=held,
        groups=[item["name"] for item in (groups or {"items": []})["items"]],
        wrong=wrong or [],
    )
