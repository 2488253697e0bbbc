# SPDX-License-Identifier: Apache-2.0
"""Changing a domain: a form, then what would change and what follows, then it is done."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from registry.ui.labels import POWERS
from registry.ui.pages.domains import REST_ONE
from registry.ui.rendering import path_of
from registry.ui.rest import RestError
from registry.ui.routing import Pages
from registry.ui.seen import refusal, require_may, seen
from registry.ui.settings_text import SettingsTextError, lay_over, parse_settings
from registry.ui.visit import Visit

pages = Pages()
_ONE = "/domains/{domain}"
TEXTS = (
    *("title", "smp.base_url", "smp.smp_id", "dns.hostmaster", "directory.url", "directory.key"),
    *("endpoint_certificates", "visibility.default"),
)
LINES = ("dns.name_servers",)
NUMBERS = ("dns.ttl", "sml.migration_days", "sml.quarantine_days")
FLAGS = ("default", "public_page", "review.required", "directory.enabled")
CHOSEN: Mapping[str, tuple[str, ...]] = {"sml.four_eyes": tuple(POWERS)}
"""Settings of which any of a few words may be chosen; each has a field of its own."""
_FORM_AGAIN = frozenset({400, 403, 409})


@pages.get(f"{_ONE}/change")
async def show_change(visit: Visit, domain: str) -> Response:
    """The form with what is set now."""
    await require_may(visit, domain, "domain:change")
    held, etag = await seen(visit, REST_ONE, domain)
    return await _form(visit, domain, held["settings"], etag)


@pages.post(f"{_ONE}/change")
async def plan(visit: Visit, domain: str) -> Response:
    """What would change, and what follows; nothing is done yet."""
    await require_may(visit, domain, "domain:change")
    held = await visit.rest.get(REST_ONE, domain)
    etag, text = visit.form.get("etag", ""), visit.form.get("settings", "")
    typed = _typed(visit.form, held["settings"])
    try:
        wanted = lay_over(parse_settings(text), _changed(typed, held["settings"]))
        planned = await _asked(visit, domain, wanted, etag, plan=True)
    except SettingsTextError as error:
        shown = text if error.is_shown_again else ""
        return await _form(visit, domain, lay_over(held["settings"], typed), etag, shown, error.messages)
    except RestError as error:
        if error.status not in _FORM_AGAIN:
            raise
        laid = lay_over(held["settings"], typed)
        return await _form(visit, domain, laid, etag, text, error.messages, error.status)
    return await visit.page(
        "domain_plan.html", domain=domain, planned=planned, etag=etag, settings=json.dumps(wanted, ensure_ascii=False)
    )


@pages.post(f"{_ONE}/apply-change")
async def change(visit: Visit, domain: str) -> Response:
    """Do what was shown, unless somebody was faster."""
    await require_may(visit, domain, "domain:change")
    held = await visit.rest.get(REST_ONE, domain)
    etag, text = visit.form.get("etag", ""), visit.form.get("settings", "")
    try:
        await _asked(visit, domain, parse_settings(text), etag)
    except SettingsTextError:
        raise refusal(400) from None
    except RestError as error:
        if error.status not in _FORM_AGAIN:
            raise
        return await _form(visit, domain, held["settings"], etag, text, error.messages, error.status)
    return visit.go(path_of(REST_ONE, domain), flash="saved", name=domain)


async def _asked(visit: Visit, domain: str, wanted: Any, etag: str, *, plan: bool = False) -> Any:
    query = {"plan": "true"} if plan else {}
    answer = await visit.rest.ask("PATCH", REST_ONE, domain, query=query, body=wanted, headers={"if-match": etag})
    return answer.json()


def _typed(form: Mapping[str, str], held: Mapping[str, Any]) -> dict[str, Any]:
    """What the fields of the form say, as settings; of a static network it has no fields for DNS, SMP and SML."""
    settings: dict[str, Any] = {}
    shown = [path for path in (*TEXTS, *LINES, *NUMBERS, *FLAGS, *CHOSEN) if _is_there(held, path)]
    for path in shown:
        value: Any = form.get(path, "").strip()
        if path in FLAGS:
            value = path in form
        elif path in CHOSEN:
            value = [word for word in CHOSEN[path] if f"{path}-{word}" in form]
        elif path in LINES:
            value = value.split()
        elif path in NUMBERS and value.isdecimal() and len(value) < 12:
            value = int(value)
        section, _, key = path.rpartition(".")
        (settings.setdefault(section, {}) if section else settings)[key] = value
    return settings


def _is_there(held: Mapping[str, Any], path: str) -> bool:
    section = path.rpartition(".")[0]
    return not section or section in held


def _changed(typed: Mapping[str, Any], held: Mapping[str, Any]) -> dict[str, Any]:
    """What of it is other than what is set."""
    found: dict[str, Any] = {}
    for name, value in typed.items():
        if isinstance(value, dict):
            if inside := _changed(value, held.get(name) or {}):
                found[name] = inside
        elif value != held.get(name, ""):
            found[name] = value
    return found


async def _form(
    visit: Visit,
    domain: str,
    held: Mapping[str, Any],
    etag: str,
    text: str = "",
    wrong: list[str] | None = None,
    status: int = 400,
) -> Response:
    return await visit.page(
        "domain_change.html",
        status=status if wrong else 200,
        domain=domain,
        held=held,
        etag=etag,
        typed=text,
        wrong=wrong or [],
    )
