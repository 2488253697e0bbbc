# SPDX-License-Identifier: Apache-2.0
"""Who has which role where: shown for a domain, given, taken away after a question."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from registry.ui.confirming import Question, Said, ask
from registry.ui.labels import ROLES, mark
from registry.ui.listing import listing
from registry.ui.rendering import path_of
from registry.ui.rest import RestError
from registry.ui.routing import Pages
from registry.ui.seen import refusal, seen
from registry.ui.visit import Visit

pages = Pages()
_REST_ONE = "/grants/{}"
PLACE = ("domain", "group", "participant")
_FIELDS = ("account", "role", *PLACE)
_FORM_AGAIN = frozenset({400, 403, 404, 409})
_TAKE = mark("Take the role %(role)s from %(name)s?")
_TAKES: Said = mark("What it allows there is refused from the next request on. It can be given again."), {}
_OWN: Said = mark("This is a role of your own: you may not be able to give it back to yourself."), {}


@pages.get("/domains/{domain}/grants")
async def list_grants(visit: Visit, domain: str) -> Response:
    """The roles for a domain, its groups and participants, or those that count in one of them."""
    found = await listing(visit, "/domains/{}/grants", domain, filters=("group", "participant"))
    return await visit.page("grants.html", domain=domain, found=found)


@pages.get("/new-grant")
async def show_new(visit: Visit) -> Response:
    """The form for a role; a link may fill it in. Nobody is given one for everything by oversight."""
    return await _form(visit, {"role": "viewer", "domain": (await visit.shell()).domain or "", **visit.query})


@pages.post("/new-grant")
async def give(visit: Visit) -> Response:
    """Give an account a role at a place."""
    form = {name: visit.form.get(name, "").strip() for name in _FIELDS}
    place = {name: form[name] for name in PLACE if form[name]}
    wanted = {"account": form["account"], "role": form["role"], "place": place}
    try:
        await visit.rest.ask("POST", "/grants", body=wanted)
    except RestError as error:
        return await _form(visit, form, error)
    return visit.go(_list_of(place), flash="created", name=f"{form['account']}, {form['role']}")


@pages.get("/grants/{grant}/take")
async def confirm_take(visit: Visit, grant: str) -> Response:
    """What follows from taking a role away."""
    held, etag = await seen(visit, _REST_ONE, grant)
    return await ask(visit, await _question(visit, held, etag), domain=held["place"].get("domain"))


@pages.post("/grants/{grant}/take")
async def take(visit: Visit, grant: str) -> Response:
    """Take a role away."""
    held, _ = await seen(visit, _REST_ONE, grant)
    etag = visit.form.get("etag", "")
    try:
        await visit.rest.ask("DELETE", _REST_ONE, grant, headers={"if-match": etag})
    except RestError as error:
        return await ask(visit, await _question(visit, held, etag), domain=held["place"].get("domain"), error=error)
    return visit.go(_list_of(held["place"]), flash="deleted", name=f"{held['account_name']}, {held['role']}")


async def _question(visit: Visit, held: Any, etag: str) -> Question:
    place = held["place"]
    told = {"role": held["role"], "name": held["account_name"]}
    follows = [_TAKES, _OWN] if (await visit.shell()).me["account"] == held["account"] else [_TAKES]
    about = " ".join(str(place[name]) for name in PLACE if place.get(name))
    return Question((_TAKE, told), follows, mark("Take it away"), _list_of(place), about=about, hidden={"etag": etag})


def _list_of(place: Mapping[str, Any]) -> str:
    """Where roles at a place are listed."""
    if not place.get("domain"):
        return path_of("/permissions")
    group, participant = (place.get(name) for name in ("group", "participant"))
    return path_of("/domains/{}/grants", place["domain"], group=group, participant=participant)


async def _form(visit: Visit, form: Mapping[str, str], error: RestError | None = None) -> Response:
    if error is not None and error.status not in _FORM_AGAIN:
        raise error
    domain = form.get("domain") or None
    shell = await visit.shell(domain if domain in (await visit.shell()).domains else None)
    if error is None and "grant:write" not in shell.allowed and not shell.domains:
        raise refusal(403)
    return await visit.page(
        "grant_form.html",
        status=200 if error is None else error.status,
        domain=shell.domain,
        form=form,
        roles=tuple(ROLES),
        wrong=[] if error is None else error.messages,
    )
