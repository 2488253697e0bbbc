# SPDX-License-Identifier: Apache-2.0
"""Registering participants for an SMP, giving them to another one, ending it: of one, or of a pasted list."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from registry.ui.confirming import Question
from registry.ui.confirming import ask as ask_back
from registry.ui.labels import mark
from registry.ui.registration_kinds import END, MOVE, REGISTER, REST, Change, consequences
from registry.ui.rendering import in_digits, path_of
from registry.ui.rest import RestError
from registry.ui.routing import Pages
from registry.ui.seen import mark_of, require_may
from registry.ui.visit import MAX_LIST, Visit

pages = Pages()
_FORM_AGAIN = frozenset({400, 404, 409})
_NAMED = 10
"""How many participants a question names; of more it says how many."""
_NONE = mark("Name at least one participant.")
_OTHER = mark("What would be done has changed since you saw it. Look at it once more.")


def participants_in(text: str) -> list[str]:
    """The participants of a pasted list, one a line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


@pages.get(f"/domains/{{domain}}/{REGISTER.page}")
async def show_register(visit: Visit, domain: str) -> Response:
    """The form for participants that are to be registered."""
    return await _show(visit, domain, REGISTER)


@pages.post(f"/domains/{{domain}}/{REGISTER.page}", uploads=True)
async def register(visit: Visit, domain: str) -> Response:
    """Say what follows; register where that was confirmed."""
    return await _do(visit, domain, REGISTER)


@pages.get(f"/domains/{{domain}}/{MOVE.page}")
async def show_move(visit: Visit, domain: str) -> Response:
    """The form for participants that another SMP is to have."""
    return await _show(visit, domain, MOVE)


@pages.post(f"/domains/{{domain}}/{MOVE.page}", uploads=True)
async def move(visit: Visit, domain: str) -> Response:
    """Say what follows; give them to the other SMP where that was confirmed."""
    return await _do(visit, domain, MOVE)


@pages.get(f"/domains/{{domain}}/{END.page}")
async def show_end(visit: Visit, domain: str) -> Response:
    """The form for participants whose registrations are to end."""
    return await _show(visit, domain, END)


@pages.post(f"/domains/{{domain}}/{END.page}", uploads=True)
async def end(visit: Visit, domain: str) -> Response:
    """Say what follows; end them where that was confirmed."""
    return await _do(visit, domain, END)


async def _show(visit: Visit, domain: str, change: Change) -> Response:
    await require_may(visit, domain, "registration:write")
    return await _form(visit, domain, change, visit.query)


async def _do(visit: Visit, domain: str, change: Change) -> Response:
    await require_may(visit, domain, "registration:write")  # before much is read
    await visit.read_form(MAX_LIST)
    who = participants_in(visit.form.get("participants", ""))
    if not who:
        return await _form(visit, domain, change, visit.form, 400, [_NONE])
    wanted: dict[str, Any] = {"participants": who}
    smp_id = visit.form.get("publisher", "").strip() if change.takes_smp else ""
    if change.takes_smp:
        wanted["publisher"] = smp_id
    try:
        plan = (await visit.rest.ask("POST", f"{REST}/plan", domain, body=wanted | {"change": change.name})).json()
        if visit.form.get("seen") == mark_of(plan):
            await visit.rest.ask("POST", change.rest, domain, body=wanted)
            return visit.go(_onward(domain, who, smp_id), flash=change.flash, name=in_digits(len(who), visit.language))
    except RestError as error:
        if error.status not in _FORM_AGAIN:
            raise
        return await _form(visit, domain, change, visit.form, error.status, error.messages)
    question = Question(
        title=(change.question, {"smp_id": smp_id}),
        follows=[
            *(((_OTHER, {}),) if "seen" in visit.form else ()),
            *consequences(change, plan, smp_id, visit.language),
        ],
        button=change.button,
        back=path_of(f"/domains/{{}}/{change.page}", domain, publisher=smp_id),
        about="\n".join(who) if len(who) <= _NAMED else "",
        is_danger=change.is_danger,
        hidden={"participants": "\n".join(who), "publisher": smp_id, "seen": mark_of(plan)},
    )
    return await ask_back(visit, question, domain=domain)


def _onward(domain: str, who: list[str], smp_id: str) -> str:
    """Where what was done is seen."""
    if smp_id:
        return path_of(REST, domain, publisher=smp_id)
    return path_of(REST, domain, q=who[0] if len(who) == 1 else None)


async def _form(
    visit: Visit,
    domain: str,
    change: Change,
    told: Mapping[str, str],
    status: int = 200,
    wrong: list[str] | None = None,
) -> Response:
    return await visit.page(
        "registration_form.html",
        status=status,
        domain=domain,
        change=change,
        publisher=told.get("publisher", ""),
        participants=told.get("participants", ""),
        wrong=wrong or [],
    )
