# SPDX-License-Identifier: Apache-2.0
"""The names of an identifier in DNS: what they hold, since when servers show it, and what those answer now."""

from typing import Any

from starlette.responses import Response

from registry.ui.rest import RestError
from registry.ui.routing import Pages
from registry.ui.visit import Visit

pages = Pages()
_KINDS = ("participant", "publisher")


@pages.get("/domains/{domain}/zone/names")
async def show_names(visit: Visit, domain: str) -> Response:
    """The names of an identifier, where one is given."""
    return await _page(visit, domain, visit.query.get("kind", ""), visit.query.get("id", "").strip())


@pages.post("/domains/{domain}/zone/names")
async def ask_servers(visit: Visit, domain: str) -> Response:
    """The same with what name servers answer now for one of the names; nothing is written."""
    asked = {"name": visit.form.get("name", ""), "type": visit.form.get("type", "")}
    answer = await visit.rest.ask("POST", "/domains/{}/zone/answers", domain, body=asked)
    kind, identifier = visit.form.get("kind", ""), visit.form.get("id", "").strip()
    return await _page(visit, domain, kind, identifier, asked["name"], answer.json()["servers"])


async def _page(
    visit: Visit, domain: str, kind: str, identifier: str, asked: str = "", servers: list[Any] | None = None
) -> Response:
    shell = await visit.shell(domain)
    kind = kind if kind in _KINDS else _KINDS[0]
    names, wrong = [], []
    if identifier:
        try:
            found = await visit.rest.get("/domains/{}/zone/names", domain, query={kind: identifier})
            names = found["names"]
        except RestError as error:
            if error.status != 400:
                raise
            wrong = error.messages
    return await visit.page(
        "dns_tools.html",
        domain=domain,
        kind=kind,
        identifier=identifier,
        names=names,
        wrong=wrong,
        asked=asked,
        servers=servers,
        may_ask="consistency:check" in shell.here,
    )
