# SPDX-License-Identifier: Apache-2.0
"""Groups of a domain's participants, for which others may be responsible than for the rest."""

from collections.abc import Mapping

from starlette.responses import Response

from registry.ui.confirming import Question, Said, ask
from registry.ui.labels import mark
from registry.ui.listing import listing
from registry.ui.rendering import path_of
from registry.ui.rest import RestError
from registry.ui.routing import Pages
from registry.ui.seen import require_may, seen
from registry.ui.visit import Visit

pages = Pages()
_LIST = "/domains/{domain}/groups"
_ONE = f"{_LIST}/{{group}}"
_REST = "/domains/{}/groups"
_REST_ONE = f"{_REST}/{{}}"
_FORM_AGAIN = frozenset({400, 409})
_FEW = 20
_REMOVES: tuple[Said, ...] = (
    (mark("Whoever had a role for this group has it no more."), {}),
    (mark("Participants are never removed with it: while there are any in it, this is refused."), {}),
)


@pages.get(_LIST)
async def list_groups(visit: Visit, domain: str) -> Response:
    """The groups of a domain, in order of their making."""
    return await visit.page("groups.html", domain=domain, found=await listing(visit, _REST, domain))


@pages.get("/domains/{domain}/new-group")
async def show_new(visit: Visit, domain: str) -> Response:
    """The form for a group."""
    await require_may(visit, domain, "group:write")
    return await _form(visit, domain, None, {"name": "", "description": ""})


@pages.post("/domains/{domain}/new-group")
async def make(visit: Visit, domain: str) -> Response:
    """Make a group, where there is none of this name."""
    await require_may(visit, domain, "group:write")
    form = _said(visit)
    if not form["name"]:
        return await _form(visit, domain, None, form, wrong=[mark("A group needs a name.")])
    body, unless = {"description": form["description"]}, {"if-none-match": "*"}
    try:
        await visit.rest.ask("PUT", _REST_ONE, domain, form["name"], body=body, headers=unless)
    except RestError as error:
        if error.status == 412:
            return await _form(visit, domain, None, form, wrong=[mark("There is a group of this name already.")])
        return await _form(visit, domain, None, form, error=error)
    return visit.go(path_of(_REST_ONE, domain, form["name"]), flash="created", name=form["name"])


@pages.get(_ONE)
async def show_group(visit: Visit, domain: str, group: str) -> Response:
    """A group, and who may do something in it."""
    held = await visit.rest.get(_REST_ONE, domain, group)
    query = {"group": group, "limit": str(_FEW)}
    grants = await visit.rest.find("/domains/{}/grants", domain, query=query)
    return await visit.page("group.html", domain=domain, held=held, grants=grants)


@pages.get(f"{_ONE}/change")
async def show_change(visit: Visit, domain: str, group: str) -> Response:
    """The form with what a group is called now."""
    await require_may(visit, domain, "group:write")
    held, etag = await seen(visit, _REST_ONE, domain, group)
    return await _form(visit, domain, group, held, etag=etag)


@pages.post(f"{_ONE}/change")
async def change(visit: Visit, domain: str, group: str) -> Response:
    """Rename or describe a group, unless somebody was faster."""
    etag, form = visit.form.get("etag", ""), _said(visit)
    try:
        await visit.rest.ask("PATCH", _REST_ONE, domain, group, body=form, headers={"if-match": etag})
    except RestError as error:
        return await _form(visit, domain, group, form, etag=etag, error=error)
    return visit.go(path_of(_REST_ONE, domain, form["name"]), flash="saved", name=form["name"])


@pages.get(f"{_ONE}/remove")
async def confirm_remove(visit: Visit, domain: str, group: str) -> Response:
    """What follows from removing a group."""
    await require_may(visit, domain, "group:write")
    _, etag = await seen(visit, _REST_ONE, domain, group)
    return await ask(visit, _question(domain, group, etag), domain=domain)


@pages.post(f"{_ONE}/remove")
async def remove(visit: Visit, domain: str, group: str) -> Response:
    """Remove a group in which nobody is."""
    etag = visit.form.get("etag", "")
    try:
        await visit.rest.ask("DELETE", _REST_ONE, domain, group, headers={"if-match": etag})
    except RestError as error:
        return await ask(visit, _question(domain, group, etag), domain=domain, error=error)
    return visit.go(path_of(_REST, domain), flash="deleted", name=group)


def _question(domain: str, group: str, etag: str) -> Question:
    title: Said = mark("Remove the group %(name)s?"), {"name": group}
    return Question(title, _REMOVES, mark("Remove it"), path_of(_REST_ONE, domain, group), hidden={"etag": etag})


def _said(visit: Visit) -> dict[str, str]:
    text = visit.form.get("description", "").replace("\r\n", "\n")
    return {"name": visit.form.get("name", "").strip(), "description": text.strip()}


async def _form(
    visit: Visit,
    domain: str,
    group: str | None,
    held: Mapping[str, str],
    *,
    etag: str = "",
    wrong: list[str] | None = None,
    error: RestError | None = None,
) -> Response:
    if error is not None and error.status not in _FORM_AGAIN:
        raise error
    said = (wrong or []) if error is None else error.messages
    status = (400 if said else 200) if error is None else error.status
    return await visit.page(
        "group_form.html", status=status, domain=domain, group=group, held=held, etag=etag, wrong=said
    )
