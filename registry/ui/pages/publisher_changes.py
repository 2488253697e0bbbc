# SPDX-License-Identifier: Apache-2.0
"""Registering an SMP at the SML, giving it other addresses, removing it with all that it has."""

from collections.abc import Iterator, Mapping
from typing import Any

from starlette.responses import Response

from registry.ui.confirming import Question, Said, ask
from registry.ui.labels import mark
from registry.ui.rendering import in_digits, path_of
from registry.ui.rest import RestError
from registry.ui.routing import Pages
from registry.ui.seen import mark_of, refusal, require_may, seen
from registry.ui.visit import Visit

pages = Pages()
_NEW = "/domains/{domain}/new-publisher"
_ONE = "/domains/{domain}/publishers/{smp_id}"
_REST = "/domains/{}/publishers/{}"
_ADDRESSES = ("logical_address", "physical_address")
_FORM_AGAIN = frozenset({400, 409})
_TAKEN = mark("There is an SMP with this id already.")


@pages.get(_NEW)
async def show_new(visit: Visit, domain: str) -> Response:
    """The form for an SMP."""
    await require_may(visit, domain, "publisher:write")
    return await _form(visit, domain, None, {"physical_address": "0.0.0.0"})  # noqa: S104  # as SMPs do


@pages.post(_NEW)
async def register(visit: Visit, domain: str) -> Response:
    """Register an SMP, for which nobody may speak yet."""
    await require_may(visit, domain, "publisher:write")
    form = {name: value.strip() for name, value in visit.form.items()}
    smp_id, wanted = form.get("smp_id", ""), {name: form.get(name, "") for name in _ADDRESSES}
    if not smp_id:
        return await _form(visit, domain, None, form)
    try:
        await visit.rest.ask("PUT", _REST, domain, smp_id, body=wanted, headers={"if-none-match": "*"})
    except RestError as error:
        if error.status not in {*_FORM_AGAIN, 412}:
            raise
        told = [_TAKEN] if error.status == 412 else error.messages
        return await _form(visit, domain, None, form, error.status, told)
    return visit.go(path_of(_REST, domain, smp_id), flash="created", name=smp_id)


@pages.get(f"{_ONE}/change")
async def show_change(visit: Visit, domain: str, smp_id: str) -> Response:
    """The form with the addresses of an SMP."""
    await require_may(visit, domain, "publisher:write")
    held, etag = await seen(visit, _REST, domain, smp_id)
    return await _form(visit, domain, held["smp_id"], held | {"etag": etag})


@pages.post(f"{_ONE}/change")
async def change(visit: Visit, domain: str, smp_id: str) -> Response:
    """Give an SMP other addresses; where its names follow, once that was confirmed."""
    form = {"etag": "", **visit.form}
    wanted = {name: form.get(name, "").strip() for name in _ADDRESSES}
    held, etag = await seen(visit, _REST, domain, smp_id)
    if etag != form["etag"]:
        raise refusal(412)
    if wanted["logical_address"] != held["logical_address"] and "confirmed" not in form:
        plan = await visit.rest.get(f"{_REST}/removal", domain, smp_id)
        return await ask(visit, _leading(visit, domain, held, wanted, plan, etag), domain=domain)
    try:
        await visit.rest.ask("PUT", _REST, domain, smp_id, body=wanted, headers={"if-match": etag})
    except RestError as error:
        if error.status not in _FORM_AGAIN:
            raise
        return await _form(visit, domain, held["smp_id"], form | wanted, error.status, error.messages)
    return visit.go(path_of(_REST, domain, held["smp_id"]), flash="saved", name=held["smp_id"])


@pages.get(f"{_ONE}/remove")
async def confirm_remove(visit: Visit, domain: str, smp_id: str) -> Response:
    """What goes with an SMP."""
    await require_may(visit, domain, "publisher:write")
    held = await visit.rest.get(_REST, domain, smp_id)
    plan = await visit.rest.get(f"{_REST}/removal", domain, smp_id)
    return await ask(visit, _removing(visit, domain, held, plan), domain=domain)


@pages.post(f"{_ONE}/remove")
async def remove(visit: Visit, domain: str, smp_id: str) -> Response:
    """Remove an SMP, where that takes with it what was seen."""
    held, etag = await seen(visit, _REST, domain, smp_id)
    plan = await visit.rest.get(f"{_REST}/removal", domain, smp_id)
    if visit.form.get("seen") != mark_of([held, plan]):
        raise refusal(412)
    try:
        await visit.rest.ask("DELETE", _REST, domain, smp_id, headers={"if-match": etag})
    except RestError as error:
        return await ask(visit, _removing(visit, domain, held, plan), domain=domain, error=error)
    return visit.go(path_of("/domains/{}/publishers", domain), flash="deleted", name=held["smp_id"])


def _removing(visit: Visit, domain: str, held: Mapping[str, Any], plan: Mapping[str, Any]) -> Question:
    return Question(
        title=(mark("Remove the SMP %(smp_id)s?"), {"smp_id": held["smp_id"]}),
        follows=list(_what_goes(visit, plan)),
        button=mark("Remove for good"),
        back=path_of(_REST, domain, held["smp_id"]),
        about=held["logical_address"],
        hidden={"seen": mark_of([held, plan])},
    )


def _what_goes(visit: Visit, plan: Mapping[str, Any]) -> Iterator[Said]:
    def number(name: str) -> dict[str, str]:
        return {"number": in_digits(plan[name], visit.language)}

    if plan["migrations"]:
        yield (
            mark("Participants with an open migration: %(number)s. Before these are cancelled it can't be removed."),
            number("migrations"),
        )
    yield mark("Registrations that end with it: %(number)s."), number("registrations")
    if plan["wildcards"]:
        yield mark("Of them are wildcards: %(number)s."), number("wildcards")
    if plan["suspended"]:
        yield mark("Of them are suspended: %(number)s."), number("suspended")
    yield mark("Names that go from DNS, its own among them: %(number)s."), number("names")
    if plan["registrations"] and plan["quarantine_days"]:
        yield mark("For %(number)s days nobody may register its participants."), number("quarantine_days")
    elif plan["registrations"]:
        yield mark("Any SMP may register its participants at once."), {}
    yield mark("No certificate speaks for it any more. This can't be undone."), {}


def _leading(
    visit: Visit,
    domain: str,
    held: Mapping[str, Any],
    wanted: Mapping[str, str],
    plan: Mapping[str, Any],
    etag: str,
) -> Question:
    count = in_digits(plan["registrations"], visit.language)
    follows: list[Said] = [
        (mark("Its address changes from %(before)s to %(after)s."), _turn(held, wanted)),
        (mark("The names of all its participants lead there: %(number)s."), {"number": count}),
        (mark("Who has asked before finds the former address until DNS has forgotten it."), {}),
    ]
    return Question(
        title=(mark("Lead the SMP %(smp_id)s to another address?"), {"smp_id": held["smp_id"]}),
        follows=follows,
        button=mark("Change it"),
        back=path_of(_REST, domain, held["smp_id"]),
        hidden={**wanted, "etag": etag, "confirmed": "1"},
    )


def _turn(held: Mapping[str, Any], wanted: Mapping[str, str]) -> dict[str, str]:
    return {"before": held["logical_address"], "after": wanted["logical_address"]}


async def _form(
    visit: Visit,
    domain: str,
    smp_id: str | None,
    form: Mapping[str, Any],
    status: int = 200,
    wrong: list[str] | None = None,
) -> Response:
    told = {name: form.get(name, "") for name in ("smp_id", *_ADDRESSES, "etag")}
    return await visit.page(
        "publisher_form.html", status=status, domain=domain, smp_id=smp_id, told=told, wrong=wrong or []
    )
