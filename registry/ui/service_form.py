# SPDX-License-Identifier: Apache-2.0
"""What a participant receives of a document type, as a form of blocks that grows by one with each "add".

A block is a number in the names of its fields: `p0.e1.address` is of the second endpoint of the first part. What the
form has no field for (extensions, roles, what only SMP 2.0 says of certificates) stays as it is published: a block says
in `was` which of those it shows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from registry.ui.moments import from_field, to_field
from registry.ui.multipart import Part
from registry.ui.pem import bodies, pasted, to_pem

MAX_PARTS = 20
MAX_ENDPOINTS = 20
MAX_PROCESSES = 50
ENDPOINTS, REDIRECT = "endpoints", "redirect"
_LINES = ("transport_profile", "address", "technical_contact")
_TEXTS = ("description", "technical_information")
_DATES = ("activation", "expiration")
_CERTIFICATES = "certificates"
FIELDS = (*_LINES, *_TEXTS, *_DATES, _CERTIFICATES)
REDIRECT_FIELDS = ("href", "certificate_uid", "certificate")
MAX_FIELDS = 1_000
"""Of a form: more than its blocks can have."""


@dataclass(slots=True)
class EndpointBlock:
    """An endpoint: what its fields hold."""

    was: str = ""
    """Its number among those that are published; empty for a new one."""
    values: dict[str, str] = field(default_factory=lambda: dict.fromkeys(FIELDS, ""))
    access_point: str = ""
    """The access point that it is to be filled in from."""


@dataclass(slots=True)
class Block:
    """Processes, and either endpoints or a redirect."""

    kind: str = ENDPOINTS
    was: str = ""
    processes: list[str] = field(default_factory=list)
    endpoints: list[EndpointBlock] = field(default_factory=lambda: [EndpointBlock()])
    redirect: dict[str, str] = field(default_factory=lambda: dict.fromkeys(REDIRECT_FIELDS, ""))


Blocks = list[Block]


def too_large(held: Mapping[str, Any]) -> bool:
    """Whether what is published has more than a form can show."""
    parts = held.get("process_metadata", [])
    return len(parts) > MAX_PARTS or any(
        len(part.get("endpoints", [])) > MAX_ENDPOINTS or len(part.get("processes", [])) > MAX_PROCESSES
        for part in parts
    )


def blocks_of(held: Mapping[str, Any]) -> Blocks:
    """The blocks that show what is published."""
    return [_block(number, part) for number, part in enumerate(held.get("process_metadata", []))] or [Block()]


def read(form: Mapping[str, str], files: Mapping[str, Part]) -> Blocks:
    """The blocks that a form sends; a file takes the place of what its text field holds."""
    found: Blocks = []
    for number in range(MAX_PARTS):
        at = f"p{number}"
        if f"{at}.kind" not in form:
            break
        processes = [form.get(f"{at}.process{each}", "").strip() for each in range(MAX_PROCESSES + 1)]
        block = Block(
            REDIRECT if form[f"{at}.kind"] == REDIRECT else ENDPOINTS,
            form.get(f"{at}.was", ""),
            [each for each in processes if each][:MAX_PROCESSES],
            [],
            {name: form.get(f"{at}.{name}", "").strip() for name in REDIRECT_FIELDS},
        )
        if (file := files.get(f"{at}.certificate_file")) is not None:
            block.redirect["certificate"] = pasted(file.content)
        for each in range(MAX_ENDPOINTS):
            if f"{at}.e{each}.address" not in form:
                break
            block.endpoints.append(_read_endpoint(form, files, f"{at}.e{each}"))
        found.append(block)
    return found or [Block()]


def stepped(blocks: Blocks, step: str) -> None:
    """Do what a button of the form asks for: `add-endpoint:0`, `remove-endpoint:0:1`, `redirect:0`, and so on."""
    what, *numbers = step.split(":")
    at = [int(each) for each in numbers if each.isascii() and each.isdecimal() and len(each) < 4]
    if what == "add-part" and len(blocks) < MAX_PARTS:
        blocks.append(Block())
    if not at or at[0] >= len(blocks):
        return
    block = blocks[at[0]]
    match what:
        case "add-endpoint" if len(block.endpoints) < MAX_ENDPOINTS:
            block.endpoints.append(EndpointBlock())
        case "remove-endpoint" if len(at) > 1 and at[1] < len(block.endpoints):
            del block.endpoints[at[1]]
        case "remove-part" if len(blocks) > 1:
            del blocks[at[0]]
        case "redirect" | "endpoints":
            block.kind = what
            block.endpoints = block.endpoints or [EndpointBlock()]


def whole(blocks: Blocks) -> Blocks:
    """The blocks without the processes of redirects: in SMP 1 only a document as a whole is redirected."""
    return [replace(block, processes=[]) if block.kind == REDIRECT else block for block in blocks]


def document(blocks: Blocks, held: Mapping[str, Any]) -> dict[str, Any]:
    """What REST is asked to publish; `held` is what is published now."""
    before = held.get("process_metadata", [])
    kept = {name: value for name, value in held.items() if name == "extensions"}
    return {"process_metadata": [_part(block, _number(before, block.was)) for block in blocks], **kept}


def fill_in(blocks: Blocks, points: Mapping[str, Mapping[str, Any]]) -> None:
    """Let endpoints say what the access points say that were chosen for them, by name."""
    for block in blocks:
        for endpoint in block.endpoints:
            if (point := points.get(endpoint.access_point)) is not None:
                dates = {name: endpoint.values[name] for name in _DATES}
                endpoint.values = _values(point) | dates
                endpoint.access_point = ""


def chosen_points(blocks: Blocks) -> set[str]:
    """The names of the access points that were chosen."""
    return {endpoint.access_point for block in blocks for endpoint in block.endpoints if endpoint.access_point}


def _block(number: int, part: Mapping[str, Any]) -> Block:
    redirect = part.get("redirect")
    shown = dict.fromkeys(REDIRECT_FIELDS, "")
    if redirect is not None:
        shown = {name: redirect.get(name) or "" for name in REDIRECT_FIELDS}
        shown["certificate"] = to_pem(shown["certificate"]) if shown["certificate"] else ""
    endpoints = part.get("endpoints", [])
    return Block(
        ENDPOINTS if redirect is None else REDIRECT,
        str(number),
        [_process_text(each) for each in part.get("processes", [])],
        [EndpointBlock(str(place), _values(each)) for place, each in enumerate(endpoints)],
        shown,
    )


def _read_endpoint(form: Mapping[str, str], files: Mapping[str, Part], at: str) -> EndpointBlock:
    values = {name: form.get(f"{at}.{name}", "").replace("\r\n", "\n").strip() for name in FIELDS}
    if (file := files.get(f"{at}.certificate_file")) is not None:
        values[_CERTIFICATES] = pasted(file.content)
    return EndpointBlock(form.get(f"{at}.was", ""), values, form.get(f"{at}.access_point", ""))


def _values(endpoint: Mapping[str, Any]) -> dict[str, str]:
    shown = {name: endpoint.get(name) or "" for name in (*_LINES, *_TEXTS)}
    shown |= {name: to_field(endpoint.get(name)) for name in _DATES}
    return shown | {_CERTIFICATES: "".join(to_pem(each["der"]) for each in endpoint.get("certificates", []))}


def _part(block: Block, held: Mapping[str, Any]) -> dict[str, Any]:
    known = {_process_text(each): each for each in held.get("processes", [])}
    part: dict[str, Any] = {"processes": [known.get(each) or _process(each) for each in block.processes]}
    if extensions := held.get("extensions"):
        part["extensions"] = extensions
    if block.kind == REDIRECT:
        return part | {"redirect": _redirect(block.redirect, held.get("redirect") or {})}
    before = held.get("endpoints", [])
    return part | {"endpoints": [_endpoint(each, _number(before, each.was)) for each in block.endpoints]}


def _endpoint(block: EndpointBlock, held: Mapping[str, Any]) -> dict[str, Any]:
    shown = _values(held)
    said = dict(held)
    for name in (*_LINES, *_TEXTS, *_DATES):
        value = block.values[name]
        if held and _plain(name, value) == _plain(name, shown[name]):
            continue  # perhaps more exact than the field shows
        said.pop(name, None)
        if value:
            said[name] = from_field(value) if name in _DATES else value
    said.setdefault("transport_profile", "")
    wanted = bodies(block.values[_CERTIFICATES])
    if wanted != [each["der"] for each in held.get("certificates", [])]:
        said["certificates"] = [_certificate(each, held.get("certificates", [])) for each in wanted]
    return said


def _certificate(der: str, held: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """A certificate with what is said of it; of another one what is said of the first, but its dates."""
    first: Mapping[str, Any] = {}
    for each in held:
        if each["der"] == der:
            return dict(each)
        first = first or each
    return {name: value for name, value in first.items() if name not in _DATES} | {"der": der}


def _redirect(values: Mapping[str, str], held: Mapping[str, Any]) -> dict[str, Any]:
    said = {name: value for name, value in held.items() if name not in REDIRECT_FIELDS}
    said |= {name: values[name] for name in ("href", "certificate_uid") if values[name]}
    for der in bodies(values["certificate"])[:1]:
        said["certificate"] = der
    return said


def _process_text(process: Mapping[str, Any]) -> str:
    scheme = process.get("scheme", "")
    return f"{scheme}::{process['value']}" if scheme else str(process["value"])


def _process(text: str) -> dict[str, Any]:
    scheme, separator, value = text.partition("::")
    return {"scheme": scheme, "value": value} if separator else {"value": text}


def _plain(name: str, value: str) -> str:
    """As a field of the browser gives it back."""
    lines = value.replace("\r\n", "\n").strip()
    return lines if name in _TEXTS else lines.replace("\n", "")


def _number(items: list[Any], was: str) -> Mapping[str, Any]:
    """The item of which a block says that it shows it; empty for a new one."""
    if not was.isascii() or not was.isdecimal() or len(was) > 4 or int(was) >= len(items):
        return {}
    found: Mapping[str, Any] = items[int(was)]
    return found
