# SPDX-License-Identifier: Apache-2.0
"""The calendar of certificates: which end when, who uses them, and which changes are planned."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from starlette.responses import Response

from registry.ui.listing import Listing, listing
from registry.ui.routing import Pages
from registry.ui.seen import refusal
from registry.ui.visit import Visit

pages = Pages()
_SIZE = 25
_USES = 4
_DAYS = (7, 30, 90)
_DOMAINS = 20
"""Of so many domains planned changes are looked up; more can be chosen one by one."""
_ACCESS_POINTS = {"limit": "500"}


@dataclass(frozen=True, slots=True)
class Line:
    """A certificate, the first of those who use it, and whether there are more."""

    held: Any
    uses: list[Any]
    more: bool


@dataclass(frozen=True, slots=True)
class Planned:
    """An access point that another one stands in for from an instant on."""

    domain: str
    name: str
    address: str
    successor: str
    at: str


@pages.get("/certificates")
async def list_certificates(visit: Visit) -> Response:
    """All certificates in use, what ends first comes first; and planned changes."""
    chosen = visit.query.get("domain", "").strip()
    shell = await visit.shell(chosen or None)
    if "certificate:read" not in shell.allowed | shell.here:
        raise refusal(403)
    days = next((days for days in _DAYS if str(days) == visit.query.get("within")), None)
    query = {} if days is None else {"expires_before": _instant(visit.now + timedelta(days=days))}
    found = await listing(visit, "/certificates", filters=("domain", "role", "subject"), query=query, size=_SIZE)
    lines = await asyncio.gather(*(_line(visit, item, chosen) for item in found.items))
    domains = [chosen] if chosen else [*shell.domains[:_DOMAINS]]
    first = found.first and not found.filters["role"] and not found.filters["subject"]
    planned, all_seen = await _planned(visit, domains) if first else ([], True)
    return await visit.page(
        "certificates.html",
        found=found,
        within="" if days is None else str(days),
        groups=[(code, list(part)) for code, part in groupby(lines, lambda line: span(line.held, visit.now))],
        planned=planned,
        all_seen=all_seen and (bool(chosen) or len(shell.domains) <= _DOMAINS),
        shows_planned=first,
        orphans=await _without_successor(visit, domains),
    )


@pages.get("/certificates/{sha256}")
async def show_certificate(visit: Visit, sha256: str) -> Response:
    """What a certificate says, and everybody who uses it."""
    held = await visit.rest.get("/certificates/{}", sha256)
    found: Listing = await listing(visit, "/certificates/{}/uses", sha256)
    return await visit.page("certificate.html", held=held, found=found, span=span(held, visit.now))


def span(held: Any, now: datetime) -> str:
    """Until when a certificate is good, as a code of the labels `span`."""
    if held["not_after"] is None:
        return "unknown"
    left = datetime.fromisoformat(held["not_after"]) - now
    if left <= timedelta(0):
        return "ended"
    return next((str(days) for days in _DAYS if left < timedelta(days=days)), "later")


async def _line(visit: Visit, held: Any, domain: str) -> Line:
    query = {"limit": str(_USES)} | ({"domain": domain} if domain else {})
    uses = await visit.rest.find("/certificates/{}/uses", held["sha256"], query=query)
    return Line(held, uses["items"] if uses else [], bool(uses and uses["next_cursor"]))


async def _planned(visit: Visit, domains: list[str]) -> tuple[list[Planned], bool]:
    """The planned changes of domains, the next one first; and whether every access point was looked at."""
    found, all_seen = [], True
    for domain in domains:
        page = await visit.rest.find("/domains/{}/access-points", domain, query=_ACCESS_POINTS)
        if page is None:
            continue
        all_seen = all_seen and page["next_cursor"] is None
        for item in page["items"]:
            told = item["planned"]
            if told is not None and datetime.fromisoformat(told["at"]) > visit.now:
                found.append(Planned(domain, item["name"], item["address"], told["name"], told["at"]))
    return sorted(found, key=lambda each: (each.at, each.domain, each.name)), all_seen


async def _without_successor(visit: Visit, domains: list[str]) -> frozenset[str]:
    """The SHA-256 of certificates that end before long, and which nothing takes over from."""
    query = {"within_days": str(_DAYS[-1]), "without_successor": "true", "limit": "500"}
    pages_ = [await visit.rest.find("/domains/{}/ending-certificates", domain, query=query) for domain in domains]
    return frozenset(item["sha256"] for page in pages_ if page is not None for item in page["items"])


def _instant(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
