# SPDX-License-Identifier: Apache-2.0
"""Domains: which there are, what is set for each and by whom, and making one of a shipped profile."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from registry.ui.listing import listing
from registry.ui.rendering import path_of
from registry.ui.rest import RestError
from registry.ui.routing import Pages
from registry.ui.seen import refusal
from registry.ui.setting_labels import in_sections
from registry.ui.settings_text import SettingsTextError, lay_over, parse_settings
from registry.ui.visit import Visit

pages = Pages()
_REST = "/domains"
REST_ONE = "/domains/{}"
_EVERY = {"limit": "200"}
_TEXTS = (("base_url", "smp", "base_url"), ("smp_id", "smp", "smp_id"), ("zone", "dns", "zone"))
"""Fields of the form for a domain, and the settings that they are."""


@pages.get("/domains")
async def list_domains(visit: Visit) -> Response:
    """The domains, by name."""
    return await visit.page("domains.html", found=await listing(visit, _REST))


@pages.get("/new-domain")
async def show_new(visit: Visit) -> Response:
    """The form for a domain; a link may name the profile."""
    return await _form(visit, {"profile": "peppol-test", **visit.query})


@pages.post("/new-domain")
async def make(visit: Visit) -> Response:
    """Make a domain."""
    form = {name: value.strip() for name, value in visit.form.items()}
    name = form.get("name", "")
    try:
        settings = lay_over(parse_settings(form.get("settings", "")), _wanted(form))
        body = {"name": name, "profile": form.get("profile", ""), "settings": settings}
        await visit.rest.ask("POST", _REST, body=body)
    except SettingsTextError as error:
        shown = form if error.is_shown_again else {**form, "settings": ""}
        return await _form(visit, shown, error.messages)
    except RestError as error:
        if error.status not in {400, 409}:
            raise
        return await _form(visit, form, error.messages, error.status)
    return visit.go(path_of(REST_ONE, name), flash="created", name=name)


@pages.get("/domains/{domain}")
async def show_domain(visit: Visit, domain: str) -> Response:
    """A domain: what it is, what it lacks, what is set otherwise than in its profile, and all its pages."""
    held = await visit.rest.get(REST_ONE, domain)
    told = await visit.rest.get(f"{REST_ONE}/settings", domain)
    keys = await visit.rest.find("/certificates", query={"domain": domain, "role": "signing-key", "limit": "1"})
    health = next((each for each in await domain_health(visit) if each["name"] == domain), None)
    return await visit.page(
        "domain.html",
        domain=domain,
        held=held,
        health=health,
        signs=keys is None or bool(keys["items"]),
        own=in_sections(item for item in told["items"] if item["source"] == "domain"),
    )


@pages.get("/domains/{domain}/settings")
async def show_settings(visit: Visit, domain: str) -> Response:
    """Every setting of a domain, and which are the profile's."""
    told = await visit.rest.get(f"{REST_ONE}/settings", domain)
    held = await visit.rest.get(REST_ONE, domain)
    return await visit.page(
        "domain_settings.html",
        domain=domain,
        profile=held["profile"],
        sections=in_sections(told["items"]),
        notes=held["settings"].get("notes") or {},
    )


async def domain_health(visit: Visit) -> list[dict[str, Any]]:
    """Of each domain; nothing where this listener doesn't tell."""
    try:
        answer = await visit.rest.ask("GET", "/health")
    except RestError as error:
        if error.status == 404:
            return []
        answer = error.answer  # 503 says what is missing, in the same form
    body = answer.json()
    return list(body["domains"]) if isinstance(body, dict) and "domains" in body else []


def _wanted(form: Mapping[str, str]) -> dict[str, Any]:
    """What the fields say, as settings; nothing of those left empty, which the profile says then."""
    settings: dict[str, Any] = {"default": True} if "default" in form else {}
    for name, section, key in _TEXTS:
        if form.get(name):
            settings.setdefault(section, {})[key] = form[name]
    if servers := form.get("name_servers", "").split():
        settings.setdefault("dns", {})["name_servers"] = servers
    if "sml" in form:
        settings["sml"] = {"enabled": True}
    return settings


async def _form(visit: Visit, form: Mapping[str, str], wrong: list[str] | None = None, status: int = 400) -> Response:
    if "domain:create" not in (await visit.shell()).allowed:
        raise refusal(403)
    profiles = (await visit.rest.get("/profiles", query=_EVERY))["items"]
    return await visit.page(
        "domain_form.html", status=status if wrong else 200, form=form, profiles=profiles, wrong=wrong or []
    )
