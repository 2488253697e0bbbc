# SPDX-License-Identifier: Apache-2.0
"""A plan that replaces an address or a certificate wherever endpoints show it, at once or from an instant on."""

from collections.abc import Mapping

from starlette.responses import Response

from registry.ui.labels import mark
from registry.ui.moments import from_field
from registry.ui.pages.plans import REST, require_write
from registry.ui.rendering import path_of
from registry.ui.rest import RestError
from registry.ui.routing import Pages
from registry.ui.visit import Visit

pages = Pages()
_FIELDS = ("address", "next_address", "certificate_sha256", "next_certificate", "at")
_PAIRS = (("address", "next_address"), ("certificate_sha256", "next_certificate"))
_HALF = mark("Say what is replaced, and by what.")


@pages.get("/domains/{domain}/new-replacement")
async def show_new(visit: Visit, domain: str) -> Response:
    """The form; a link may fill it in."""
    await require_write(visit, domain)
    return await _form(visit, domain, visit.query)


@pages.post("/domains/{domain}/new-replacement")
async def make(visit: Visit, domain: str) -> Response:
    """Make a plan; nothing is replaced yet."""
    await require_write(visit, domain)
    told = {name: visit.form.get(name, "").strip() for name in _FIELDS}
    if any(bool(told[old]) != bool(told[new]) for old, new in _PAIRS) or not any(told[old] for old, _ in _PAIRS):
        return await _form(visit, domain, told, 400, [_HALF])
    wanted = {name: value for name, value in told.items() if value}
    if "certificate_sha256" in wanted:
        wanted["certificate_sha256"] = wanted["certificate_sha256"].replace(":", "").lower()
    if "at" in wanted:
        wanted["at"] = from_field(wanted["at"])
    try:
        made = await visit.rest.ask("POST", REST, domain, body=wanted)
    except RestError as error:
        if error.status not in {400, 409}:
            raise
        return await _form(visit, domain, told, error.status, error.messages)
    return visit.go(path_of(f"{REST}/{{}}", domain, str(made.json()["id"])), flash="planned")


async def _form(
    visit: Visit, domain: str, told: Mapping[str, str], status: int = 200, wrong: list[str] | None = None
) -> Response:
    held = {name: told.get(name, "") for name in _FIELDS}
    return await visit.page("replacement.html", status=status, domain=domain, held=held, wrong=wrong or [])
