# SPDX-License-Identifier: Apache-2.0
"""Whether a domain accepts a certificate in a role, at a moment: the answer with every step and clause."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from registry.ui.labels import mark
from registry.ui.moments import from_field
from registry.ui.pem import pasted
from registry.ui.rest import RestError
from registry.ui.routing import Pages
from registry.ui.visit import Visit

pages = Pages()
_PAGE = "/domains/{domain}/trust/decision"
_REST = "/domains/{}/trust"
_CONTEXT = ("party", "seat_id", "smp_id", "host")
_NONE = mark("Paste a certificate, or choose a file.")
_FORM_AGAIN = frozenset({400, 413, 429})


@pages.get(_PAGE)
async def show_form(visit: Visit, domain: str) -> Response:
    """The form; a link may fill it in."""
    return await _page(visit, domain, visit.query)


@pages.post(_PAGE, uploads=True)
async def decide(visit: Visit, domain: str) -> Response:
    """The answer; nothing is written."""
    await visit.rest.get(_REST, domain)  # before anything of a file is read
    file = await visit.read_upload("file")
    form = {name: value.strip() for name, value in visit.form.items()}
    text = form.get("certificate", "") if file is None else pasted(file.content).strip()
    if not text:
        return await _page(visit, domain, form, 400, [_NONE])
    wanted: dict[str, Any] = {
        "role": form.get("role", ""),
        "certificate": text,
        "context": {name: form[name] for name in _CONTEXT if form.get(name)},
        "trace": True,
        "counterfactual": "counterfactual" in form,
    }
    if form.get("at"):
        wanted["at"] = from_field(form["at"])
    try:
        answer = await visit.rest.ask("POST", f"{_REST}/decisions", domain, body=wanted)
    except RestError as error:
        if error.status not in _FORM_AGAIN:
            raise
        return await _page(visit, domain, form, error.status, error.messages)
    shown = form if file is None else {**form, "certificate": text}
    return await _page(visit, domain, shown, decision=answer.json())


async def _page(
    visit: Visit,
    domain: str,
    form: Mapping[str, str],
    status: int = 200,
    wrong: list[str] | None = None,
    decision: Any = None,
) -> Response:
    held = await visit.rest.get(_REST, domain)
    names = ("certificate", "role", "at", *_CONTEXT)
    return await visit.page(
        "trust_decision.html",
        status=status,
        domain=domain,
        held=held,
        form={name: form.get(name, "") for name in names},
        counterfactual="counterfactual" in form,
        wrong=wrong or [],
        decision=decision,
    )
