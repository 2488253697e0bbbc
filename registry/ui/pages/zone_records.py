# SPDX-License-Identifier: Apache-2.0
"""What an operator has in a zone beside participants and SMPs: put there, changed and removed."""

import re
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
_LIST = "/domains/{domain}/zone/own"
_ONE = f"{_LIST}/{{name}}/types/{{type}}"
_NEW = "/domains/{domain}/zone/new-own"
_PAGE = "/domains/{}/zone/own"
_REST = "/domains/{}/zone-records"
_REST_ONE = f"{_REST}/{{}}/{{}}"
_FORM_AGAIN = frozenset({400, 409})
_TTL = re.compile(r"[0-9]{1,10}")
_INCOMPLETE = mark("Say a name, a type, for how many seconds it may be kept, and at least one record.")
_THERE = mark("There are records of this type at this name already: change those.")
_REMOVE: Said = mark("Remove these records?"), {}
_REMOVES: tuple[Said, ...] = (
    (
        mark(
            "They go from DNS with the next serial. Resolvers that have them keep them for as long as their TTL says."
        ),
        {},
    ),
    (
        mark(
            "Where they led to others, as a delegation does, nobody finds those any more. Participants and SMPs stay."
        ),
        {},
    ),
)


@pages.get(_LIST)
async def list_records(visit: Visit, domain: str) -> Response:
    """The operator's records, by name and type."""
    zone = await visit.rest.get("/domains/{}/zone", domain)
    found = await listing(visit, _REST, domain, filters=("name",))
    return await visit.page("zone_records.html", domain=domain, zone=zone, found=found)


@pages.get(_NEW)
async def show_new(visit: Visit, domain: str) -> Response:
    """The form for records."""
    await require_may(visit, domain, "zone:write")
    return await _form(visit, domain, {"ttl": "3600"}, new=True)


@pages.post(_NEW)
async def make(visit: Visit, domain: str) -> Response:
    """Put records where there are none of their type."""
    await require_may(visit, domain, "zone:write")
    name, rdtype = (visit.form.get(each, "").strip() for each in ("name", "type"))
    return await _put(visit, domain, name, rdtype.upper(), {"if-none-match": "*"})


@pages.get(f"{_ONE}/change")
async def show_change(visit: Visit, domain: str, name: str, type: str) -> Response:  # noqa: A002  # the path's name
    """The form with what is there."""
    await require_may(visit, domain, "zone:write")
    held, etag = await seen(visit, _REST_ONE, domain, name, type)
    form = {"name": held["name"], "type": held["type"], "ttl": str(held["ttl"]), "records": "\n".join(held["records"])}
    return await _form(visit, domain, {**form, "etag": etag})


@pages.post(f"{_ONE}/change")
async def change(visit: Visit, domain: str, name: str, type: str) -> Response:  # noqa: A002
    """Put others in their place, unless somebody was faster."""
    await require_may(visit, domain, "zone:write")
    return await _put(visit, domain, name, type, {"if-match": visit.form.get("etag", "")})


@pages.get(f"{_ONE}/remove")
async def confirm_remove(visit: Visit, domain: str, name: str, type: str) -> Response:  # noqa: A002
    """What follows from removing records."""
    await require_may(visit, domain, "zone:write")
    held, etag = await seen(visit, _REST_ONE, domain, name, type)
    return await ask(visit, _question(domain, held["name"], held["type"], etag), domain=domain)


@pages.post(f"{_ONE}/remove")
async def remove(visit: Visit, domain: str, name: str, type: str) -> Response:  # noqa: A002
    """Remove records, unless they are others by now."""
    etag = visit.form.get("etag", "")
    try:
        await visit.rest.ask("DELETE", _REST_ONE, domain, name, type, headers={"if-match": etag})
    except RestError as error:
        return await ask(visit, _question(domain, name, type, etag), domain=domain, error=error)
    return visit.go(path_of(_PAGE, domain), flash="deleted", name=f"{name} {type}")


async def _put(visit: Visit, domain: str, name: str, rdtype: str, headers: Mapping[str, str]) -> Response:
    form = {**visit.form, "name": name, "type": rdtype}
    new = "if-match" not in headers
    ttl = form.get("ttl", "").strip()
    records = [line.strip() for line in form.get("records", "").splitlines() if line.strip()]
    if not (name and rdtype and records and _TTL.fullmatch(ttl)):
        return await _form(visit, domain, form, new=new, status=400, wrong=[_INCOMPLETE])
    body = {"ttl": int(ttl), "records": records}
    try:
        await visit.rest.ask("PUT", _REST_ONE, domain, name, rdtype, body=body, headers=headers)
    except RestError as error:
        if new and error.status == 412:
            return await _form(visit, domain, form, new=new, status=409, wrong=[_THERE])
        if error.status not in _FORM_AGAIN:
            raise
        return await _form(visit, domain, form, new=new, status=error.status, wrong=error.messages)
    return visit.go(path_of(_PAGE, domain), flash="saved", name=f"{name} {rdtype}")


def _question(domain: str, name: str, rdtype: str, etag: str) -> Question:
    back = path_of(_PAGE, domain)
    return Question(_REMOVE, _REMOVES, mark("Remove"), back, about=f"{name} {rdtype}", hidden={"etag": etag})


async def _form(
    visit: Visit,
    domain: str,
    form: Mapping[str, str],
    *,
    new: bool = False,
    status: int = 200,
    wrong: list[str] | None = None,
) -> Response:
    zone = await visit.rest.get("/domains/{}/zone", domain)
    held = {name: form.get(name, "") for name in ("name", "type", "ttl", "records", "etag")}
    return await visit.page(
        "zone_record_form.html", status=status, domain=domain, zone=zone, held=held, new=new, wrong=wrong or []
    )
