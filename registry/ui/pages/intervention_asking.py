# SPDX-License-Identifier: Apache-2.0
"""Asking for an intervention, and that one be undone: a form, then what it would do, then a yes."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from registry.ui.labels import POWERS
from registry.ui.pages.registration_changes import participants_in
from registry.ui.pem import bodies, to_pem
from registry.ui.rendering import path_of
from registry.ui.rest import RestError
from registry.ui.routing import Pages
from registry.ui.seen import mark_of, require_may, seen
from registry.ui.visit import MAX_LIST, Visit

pages = Pages()
_NEW = "/domains/{domain}/new-intervention"
_UNDO = "/domains/{domain}/interventions/{number}/undo"
_REST = "/domains/{}/interventions"
_REST_ONE = f"{_REST}/{{}}"
_PLAN = {"plan": "true"}
_CERTIFICATES = ("certificate", "issuer", "serial")
ASKS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("suspend-publisher", "resume-publisher"), ("smp_id",)),
    **dict.fromkeys(("suspend-participant", "resume-participant", "lift-quarantine"), ("participants",)),
    "transfer": ("smp_id", "to_smp_id", "participants"),
    **dict.fromkeys(("block-certificate", "unblock-certificate"), _CERTIFICATES),
}
"""What has to be said for each power, besides on whose order and why."""
_ALWAYS = ("order_reference", "reason")
_FORM_AGAIN = frozenset({400, 403, 404, 409})


@pages.get(_NEW)
async def show_new(visit: Visit, domain: str) -> Response:
    """What there is to ask for; with `kind` the form for it, which a link may fill in."""
    await require_may(visit, domain, "intervention:ask")
    kind = visit.query.get("kind", "")
    if kind not in POWERS:
        return await visit.page("intervention_kinds.html", domain=domain)
    told = dict(visit.query)
    if sha256 := told.pop("sha256", ""):
        known = await visit.rest.find("/certificates/{}", sha256) or {}
        told |= {"issuer": known.get("issuer") or "", "serial": known.get("serial") or ""}
    return await _form(visit, domain, kind, told)


@pages.post(_NEW, uploads=True)
async def ask(visit: Visit, domain: str) -> Response:
    """Show what it would do; do it, or ask for it, where just that was confirmed."""
    await require_may(visit, domain, "intervention:ask")  # before much is read
    await visit.read_form(MAX_LIST)
    kind = visit.form.get("kind", "")
    if kind not in POWERS:
        return visit.go(path_of("/domains/{}/new-intervention", domain))
    told = {name: visit.form.get(name, "").strip() for name in (*ASKS[kind], *_ALWAYS)}
    wanted = _wanted(kind, told)
    try:
        plan = (await visit.rest.ask("POST", _REST, domain, query=_PLAN, body=wanted)).json()
        if visit.form.get("seen") == mark_of(plan):
            made = (await visit.rest.ask("POST", _REST, domain, body=wanted)).json()
            return _onward(visit, domain, made)
    except RestError as error:
        if error.status not in _FORM_AGAIN:
            raise
        return await _form(visit, domain, kind, told, error)
    return await visit.page(
        "intervention_ask.html",
        status=412 if "seen" in visit.form else 200,
        domain=domain,
        kind=kind,
        told=told,
        wanted=wanted,
        plan=plan,
        seen=mark_of(plan),
        was_other="seen" in visit.form,
        waits=await _wants_two(visit, domain, kind),
    )


@pages.get(_UNDO)
async def show_undo(visit: Visit, domain: str, number: str) -> Response:
    """Why an intervention is taken back."""
    await require_may(visit, domain, "intervention:ask")
    held, _ = await seen(visit, _REST_ONE, domain, number)
    return await _undo_page(visit, domain, held)


@pages.post(_UNDO)
async def undo(visit: Visit, domain: str, number: str) -> Response:
    """Show what would come back; ask for it, where just that was confirmed."""
    held, _ = await seen(visit, _REST_ONE, domain, number)
    why = {"reason": visit.form.get("reason", "").strip() or None}
    try:
        plan = (await visit.rest.ask("POST", f"{_REST_ONE}/undo", domain, number, query=_PLAN, body=why)).json()
        if visit.form.get("seen") == mark_of(plan):
            made = (await visit.rest.ask("POST", f"{_REST_ONE}/undo", domain, number, body=why)).json()
            return _onward(visit, domain, made)
    except RestError as error:
        if error.status not in _FORM_AGAIN:
            raise
        return await _undo_page(visit, domain, held, error=error)
    return await _undo_page(visit, domain, held, plan)


def _wanted(kind: str, told: Mapping[str, str]) -> dict[str, Any]:
    """What a form says, as REST takes it."""
    named: dict[str, Any] = {name: told[name] for name in ("smp_id", "to_smp_id", *_ALWAYS) if told.get(name)}
    if "participants" in told:
        named["participants"] = participants_in(told["participants"])
    if "certificate" in told:
        named["certificates"] = [{"certificate": to_pem(each)} for each in bodies(told["certificate"])]
        if told["issuer"] or told["serial"]:
            named["certificates"].append({"issuer": told["issuer"] or None, "serial": told["serial"] or None})
    return {"kind": kind, **named}


async def _wants_two(visit: Visit, domain: str, kind: str) -> bool:
    settings = (await visit.rest.get("/domains/{}", domain))["settings"]
    return kind in settings.get("sml", {}).get("four_eyes", ())


def _onward(visit: Visit, domain: str, made: Any) -> Response:
    flash = "intervention-waits" if made["state"] == "waiting" else "intervened"
    return visit.go(path_of(_REST_ONE, domain, str(made["number"])), flash=flash)


async def _form(
    visit: Visit, domain: str, kind: str, told: Mapping[str, str], error: RestError | None = None
) -> Response:
    return await visit.page(
        "intervention_form.html",
        status=200 if error is None else error.status,
        domain=domain,
        kind=kind,
        asks=ASKS[kind],
        told={name: told.get(name, "") for name in (*ASKS[kind], *_ALWAYS)},
        wrong=[] if error is None else error.messages,
    )


async def _undo_page(
    visit: Visit, domain: str, held: Any, plan: Any = None, error: RestError | None = None
) -> Response:
    was_other = plan is not None and "seen" in visit.form
    return await visit.page(
        "intervention_undo.html",
        status=412 if was_other else 200 if error is None else error.status,
        domain=domain,
        held=held,
        plan=plan,
        seen="" if plan is None else mark_of(plan),
        reason=visit.form.get("reason", ""),
        was_other=was_other,
        wrong=[] if error is None else error.messages,
    )
