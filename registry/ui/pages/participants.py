# SPDX-License-Identifier: Apache-2.0
"""Who receives in a domain, and everything about one of them."""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from registry.ui.listing import listing
from registry.ui.rest import RestError
from registry.ui.routing import Pages
from registry.ui.visit import Visit

pages = Pages()
_SERVICES = 20
_EVENTS = 10


@pages.get("/domains/{domain}/participants")
async def list_participants(visit: Visit, domain: str) -> Response:
    """The participants of a domain whose identifier begins as was typed."""
    typed = visit.query.get("q", "").strip()
    query = {"search": typed} if typed else {}
    found = await listing(visit, "/domains/{}/participants", domain, filters=("group", "registered"), query=query)
    groups = await visit.rest.find("/domains/{}/groups", domain, query={"limit": "500"})
    return await visit.page(
        "participants.html",
        domain=domain,
        found=found,
        typed=typed,
        groups=[item["name"] for item in (groups or {"items": []})["items"]],
    )


@dataclass(frozen=True, slots=True)
class Service:
    """What a participant receives of a document type."""

    document_type: str
    metadata: Mapping[str, Any]
    document_url: str
    """Of the signed document; empty where the domain has no address."""


@pages.get("/domains/{domain}/participants/{participant}")
async def show_participant(visit: Visit, domain: str, participant: str) -> Response:
    """Everything about a participant."""
    shell = await visit.shell(domain)
    at = (domain, participant)
    held = await visit.rest.get("/domains/{}/participants/{}", *at)
    query = {"limit": str(_SERVICES)}
    if cursor := visit.query.get("cursor"):
        query["cursor"] = cursor
    listed = await visit.rest.get("/domains/{}/participants/{}/services", *at, query=query)
    services = []
    for item in listed["items"]:
        code = item["document_type"]
        name = f"{code['scheme']}::{code['value']}" if code.get("scheme") else code["value"]
        answer = await visit.rest.ask("GET", "/domains/{}/participants/{}/services/{}", *at, name)
        services.append(Service(name, answer.json(), _alternate(answer.header("link"))))
    return await visit.page(
        "participant.html",
        domain=domain,
        participant=held["participant"],
        held=held,
        services=services,
        following=listed["next_cursor"],
        certificates=await known_certificates(visit, _ders(services)),
        card=await _card(visit, *at),
        registration=await visit.rest.find("/domains/{}/registrations/{}", *at),
        visibility=await visit.rest.find("/domains/{}/registrations/{}/visibility", *at),
        told=await visit.rest.find("/domains/{}/participants/{}/directory", *at),
        events=await _events(visit, domain, held["participant"]) if "audit:read" in shell.here else None,
        may=await may_at(visit, *at),
    )


async def may_at(visit: Visit, domain: str, participant: str) -> frozenset[str]:
    """What the visitor may do at a participant."""
    query = {"domain": domain, "participant": participant, "limit": "500"}
    decided = await visit.rest.get("/me/permissions", query=query)
    return frozenset(item["action"] for item in decided["items"] if item["allowed"])


async def _events(visit: Visit, domain: str, participant: str) -> list[Any]:
    query = {"domain": domain, "subject": participant, "limit": str(_EVENTS)}
    page = await visit.rest.get("/audit/events", query=query)
    return list(page["items"])


async def _card(visit: Visit, domain: str, participant: str) -> str | None:
    try:
        answer = await visit.rest.ask("GET", "/domains/{}/participants/{}/business-card", domain, participant)
    except RestError as error:
        if error.status not in {403, 404}:
            raise
        return None
    return answer.body.decode("utf-8", "replace")


async def known_certificates(visit: Visit, ders: Iterable[str]) -> dict[str, tuple[str, Any]]:
    """By the base64 of each certificate: its SHA-256, and what REST tells of it, or None."""
    found: dict[str, tuple[str, Any]] = {}
    for der in ders:
        if der in found:
            continue
        try:
            sha256 = hashlib.sha256(base64.b64decode(der)).hexdigest()
        except (binascii.Error, ValueError):
            continue
        found[der] = (sha256, await visit.rest.find("/certificates/{}", sha256))
    return found


def _ders(services: list[Service]) -> Iterator[str]:
    for service in services:
        for part in service.metadata.get("process_metadata", ()):
            for endpoint in part.get("endpoints", ()):
                for certificate in endpoint.get("certificates", ()):
                    yield certificate["der"]


def _alternate(link: str) -> str:
    """The address in a Link header (RFC 8288), where it is one of the web."""
    address = link.partition("<")[2].partition(">")[0]
    return address if address.startswith(("https://", "http://")) else ""
