# SPDX-License-Identifier: Apache-2.0
"""Access points: who depends on each, and another address or certificate for it, at once or from an instant on."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from starlette.responses import Response

from registry.ui.confirming import Question, ask
from registry.ui.labels import mark
from registry.ui.listing import listing
from registry.ui.moments import from_field
from registry.ui.pages.participants import known_certificates
from registry.ui.pages.plans import wants_review
from registry.ui.pem import bodies, pasted
from registry.ui.rendering import path_of
from registry.ui.rest import RestError
from registry.ui.routing import Pages
from registry.ui.seen import refusal, seen
from registry.ui.visit import Visit
from registry.ui.warnings import warnings_of

pages = Pages()
_LIST = "/domains/{domain}/access-points"
_ONE = f"{_LIST}/{{access_point}}"
_REST = "/domains/{}/access-points"
REST = f"{_REST}/{{}}"
_FIELDS = ("address", "certificate", "at")
_NOTHING = mark("Say what changes: the address, or the certificate.")
_ONE_ONLY = mark("One certificate, please.")
_BY_ID = (
    ("ACCESS-POINT-INSTANT", "at"),
    ("ACCESS-POINT-CERTIFICATE", "certificate"),
    ("SMP-CERTIFICATE-", "certificate"),
    ("SMP-ENDPOINT-URL", "address"),
)


@pages.get(_LIST)
async def list_access_points(visit: Visit, domain: str) -> Response:
    """The access points of a domain, by name."""
    return await visit.page("access_points.html", domain=domain, found=await listing(visit, _REST, domain))


@pages.get(_ONE)
async def show_access_point(visit: Visit, domain: str, access_point: str) -> Response:
    """What an access point says, and what is planned for it."""
    held = await visit.rest.get(REST, domain, access_point)
    successor = None
    if held["planned"] is not None:
        successor = await visit.rest.find(REST, domain, held["planned"]["name"])
    ders = [each["der"] for point in (held, successor) if point is not None for each in point["certificates"]]
    return await visit.page(
        "access_point.html",
        domain=domain,
        held=held,
        successor=successor,
        ahead=held["planned"] is not None and _is_ahead(visit, held["planned"]["at"]),
        certificates=await known_certificates(visit, ders),
        reviews=await wants_review(visit, domain),
    )


@pages.get(f"{_ONE}/change")
async def show_change(visit: Visit, domain: str, access_point: str) -> Response:
    """The form."""
    await _require_write(visit, domain)
    held, etag = await seen(visit, REST, domain, access_point)
    return await _form(visit, domain, held, {"etag": etag})


@pages.post(f"{_ONE}/change", uploads=True)
async def look(visit: Visit, domain: str, access_point: str) -> Response:
    """What follows from a change, before it is done."""
    await _require_write(visit, domain)  # before anything is read
    file = await visit.read_upload("certificate_file")
    held = await visit.rest.get(REST, domain, access_point)
    told = {name: visit.form.get(name, "").strip() for name in (*_FIELDS, "etag")}
    if file is not None:
        told["certificate"] = pasted(file.content)
    if told["address"] == held["address"]:
        told["address"] = ""
    if not told["address"] and not told["certificate"]:
        return await _form(visit, domain, held, told, head=[_NOTHING])
    if len(bodies(told["certificate"])) > 1:
        return await _form(visit, domain, held, told, beside={"certificate": [_ONE_ONLY]})
    return await visit.page(
        "access_point_confirm.html",
        domain=domain,
        held=held,
        told=told,
        at=from_field(told["at"]) if told["at"] else "",
        ahead=held["planned"] is not None and _is_ahead(visit, held["planned"]["at"]),
    )


@pages.post(f"{_ONE}/confirm")
async def change(visit: Visit, domain: str, access_point: str) -> Response:
    """Change it, or plan to, unless it has changed since it was seen."""
    told = {name: visit.form.get(name, "").strip() for name in (*_FIELDS, "etag")}
    wanted = {"address": told["address"], "certificate": "".join(bodies(told["certificate"])[:1])}
    body = {name: value for name, value in wanted.items() if value}
    if told["at"]:
        body["at"] = from_field(told["at"])
    try:
        answer = await visit.rest.ask(
            "PATCH", REST, domain, access_point, body=body, headers={"if-match": told["etag"]}
        )
    except RestError as error:
        if error.status not in {400, 409}:
            raise
        held = await visit.rest.get(REST, domain, access_point)
        beside, head = _placed(error)
        return await _form(visit, domain, held, told, head=head, beside=beside)
    warned = warnings_of(answer)
    flash = "noted" if warned else "change-planned" if told["at"] else "saved"
    return visit.go(path_of(REST, domain, access_point), flash=flash, name=" ".join(warned) or access_point)


@pages.get(f"{_ONE}/call-off")
async def confirm_call_off(visit: Visit, domain: str, access_point: str) -> Response:
    """Which change is not to come."""
    await _require_write(visit, domain)
    held, etag = await seen(visit, REST, domain, access_point)
    return await _call_off(visit, domain, held, etag)


@pages.post(f"{_ONE}/call-off")
async def call_off(visit: Visit, domain: str, access_point: str) -> Response:
    """Let it stay as it is: REST calls a planned change off where it is told to become at once what it is."""
    etag = visit.form.get("etag", "")
    held = await visit.rest.get(REST, domain, access_point)
    if held["planned"] is None or not _is_ahead(visit, held["planned"]["at"]):
        raise refusal(412)
    try:
        body = {"address": held["address"]}
        await visit.rest.ask("PATCH", REST, domain, access_point, body=body, headers={"if-match": etag})
    except RestError as error:
        return await _call_off(visit, domain, held, etag, error)
    return visit.go(path_of(REST, domain, access_point), flash="called-off", name=access_point)


async def _call_off(
    visit: Visit, domain: str, held: Mapping[str, Any], etag: str, error: RestError | None = None
) -> Response:
    if held["planned"] is None or not _is_ahead(visit, held["planned"]["at"]):
        raise refusal(404)
    question = Question(
        title=(mark("Call the planned change off?"), {}),
        about=held["name"],
        follows=[
            (mark("The change that is planned for %(at)s is not made."), {"at": held["planned"]["at"]}),
            (mark("All endpoints go on showing the present address and certificate: %(count)s."), _count(held)),
        ],
        button=mark("Call it off"),
        back=path_of(REST, domain, held["name"]),
        is_danger=False,
        hidden={"etag": etag},
    )
    return await ask(visit, question, domain=domain, error=error)


async def _form(
    visit: Visit,
    domain: str,
    held: Mapping[str, Any],
    told: Mapping[str, str],
    *,
    head: Sequence[str] = (),
    beside: Mapping[str, Sequence[str]] | None = None,
) -> Response:
    wrong = beside or {}
    return await visit.page(
        "access_point_form.html",
        status=400 if head or wrong else 200,
        domain=domain,
        held=held,
        told={name: told.get(name, "") for name in (*_FIELDS, "etag")},
        wrong=list(head),
        beside=wrong,
        proposes=await wants_review(visit, domain),
    )


async def _require_write(visit: Visit, domain: str) -> None:
    await visit.rest.get("/domains/{}", domain)
    if "access-point:write" not in (await visit.shell(domain)).here:
        raise refusal(403)


def _placed(error: RestError) -> tuple[dict[str, list[str]], list[str]]:
    """The messages by field, and those for the head of the form."""
    beside: dict[str, list[str]] = {}
    head: list[str] = []
    for reason in error.problem.get("reasons") or [{"message": each} for each in error.messages]:
        name = str(reason.get("pointer", "")).removeprefix("#/")
        if name not in _FIELDS:
            name = next((field for start, field in _BY_ID if str(reason.get("id", "")).startswith(start)), "")
        (beside.setdefault(name, []) if name else head).append(str(reason["message"]))
    return beside, head


def _is_ahead(visit: Visit, at: str) -> bool:
    return datetime.fromisoformat(at) > visit.now


def _count(held: Mapping[str, Any]) -> dict[str, Any]:
    return {"count": held["endpoints"]}
