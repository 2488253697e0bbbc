# SPDX-License-Identifier: Apache-2.0
"""Another trust configuration beside the one in force: what they say differently, and who would stop being accepted."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from registry.ui.labels import mark
from registry.ui.multipart import Part
from registry.ui.rendering import path_of
from registry.ui.rest import RestError
from registry.ui.routing import Pages
from registry.ui.seen import require_may
from registry.ui.visit import Visit

pages = Pages()
_COMPARE = "/domains/{domain}/trust/compare"
_NEW_IMPACT = "/domains/{domain}/trust/new-impact"
_REST = "/domains/{}/trust"
_FORM_AGAIN = frozenset({400, 404, 413, 429})
_HEX = frozenset("0123456789abcdef")
_DIGEST = 64
_NONE = mark("Say with what: a digest, a shipped configuration, or a file.")
_NO_DAYS = mark("Say for how many days, as a number.")


@pages.get(_COMPARE)
async def show_form(visit: Visit, domain: str) -> Response:
    """The form; a link may fill it in."""
    return await _page(visit, domain, visit.query)


@pages.post(_COMPARE, uploads=True)
async def compare(visit: Visit, domain: str) -> Response:
    """What the two say differently; nothing is written."""
    await visit.rest.get(_REST, domain)  # before anything of a file is read
    file = await visit.read_upload("file")
    return await _compared(visit, domain, visit.form, file)


@pages.get(_NEW_IMPACT)
async def show_new_impact(visit: Visit, domain: str) -> Response:
    """The form for a report about everything that the domain holds."""
    await require_may(visit, domain, "domain:change")
    return await _impact_page(visit, domain, {"days": "90"})


@pages.post(_NEW_IMPACT, uploads=True)
async def ask_impact(visit: Visit, domain: str) -> Response:
    """Have the report made, by a job."""
    await require_may(visit, domain, "domain:change")
    file = await visit.read_upload("file")
    days = visit.form.get("days", "").strip()
    if not days.isdecimal() or len(days) > len("3650"):
        return await _impact_page(visit, domain, visit.form, 400, [_NO_DAYS])
    wanted = {"document": None if file is None else _decoded(file), "days": int(days)}
    try:
        await visit.rest.ask("POST", f"{_REST}/impact", domain, body=wanted)
    except RestError as error:
        if error.status not in _FORM_AGAIN:
            raise
        return await _impact_page(visit, domain, visit.form, error.status, error.messages)
    return visit.go(path_of(f"{_REST}/impact", domain), flash="comparing")


def _choice(text: str) -> dict[str, str] | None:
    """What somebody has typed: a digest, or the name of a shipped configuration."""
    if not text:
        return None
    is_digest = len(text) == _DIGEST and set(text.lower()) <= _HEX
    return {"digest": text.lower()} if is_digest else {"shipped": text}


def _decoded(file: Part) -> str:
    return file.content.decode("utf-8", "replace")


async def _compared(visit: Visit, domain: str, asked: Mapping[str, str], file: Part | None) -> Response:
    form = {name: asked.get(name, "").strip() for name in ("before", "after")}
    after = _choice(form["after"]) if file is None else {"document": _decoded(file)}
    if after is None:
        return await _page(visit, domain, form, 400, [_NONE])
    body = {"before": _choice(form["before"]), "after": after}
    try:
        answer = await visit.rest.ask("POST", f"{_REST}/comparisons", domain, body=body)
    except RestError as error:
        if error.status not in _FORM_AGAIN:
            raise
        return await _page(visit, domain, form, error.status, error.messages)
    return await _page(visit, domain, form, compared=answer.json())


async def _impact_page(
    visit: Visit, domain: str, form: Mapping[str, str], status: int = 200, wrong: list[str] | None = None
) -> Response:
    return await visit.page(
        "new_impact.html", status=status, domain=domain, days=form.get("days", ""), wrong=wrong or []
    )


async def _page(
    visit: Visit,
    domain: str,
    form: Mapping[str, str],
    status: int = 200,
    wrong: list[str] | None = None,
    compared: Any = None,
) -> Response:
    held = await visit.rest.get(_REST, domain)
    return await visit.page(
        "trust_comparison.html",
        status=status,
        domain=domain,
        held=held,
        form={name: form.get(name, "") for name in ("before", "after")},
        wrong=wrong or [],
        compared=compared,
    )
