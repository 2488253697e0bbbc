# SPDX-License-Identifier: Apache-2.0
"""Which field of the form of a service a reason of REST is about.

A pointer says so. Rules of the domain have none: theirs is found by their id and by the value that they quote, where
only one field can be meant; every other reason stands at the head of the form.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from registry.ui.service_form import REDIRECT, Blocks

_PARTS = re.compile(r"#(?:/services/\d+)?/process_metadata/(\d{1,4})(/.*)?")
_ENDPOINT = re.compile(r"/endpoints/(\d{1,4})/(\w+)")
_PROCESS = re.compile(r"/processes/(\d{1,4})")
_REDIRECT = re.compile(r"/redirect/(\w+)")
_BY_ID = (
    ("SMP-ENDPOINT-URL", "address"),
    ("SMP-NO-CERTIFICATE", "certificates"),
    ("SMP-CERTIFICATE-", "certificates"),
    ("SMP-TRANSPORT-UNKNOWN", "transport_profile"),
    ("TRANSPORT-PROFILE-", "transport_profile"),
    ("SMP-DATES", "expiration"),
)
_SAID = re.compile(r"process(?: metadata)? (\d{1,4})(?:, endpoint '([^']*)')?: (?:the )?(\w+(?: \w+)?)")
"""How dialects begin: the place, counted from 1, and what is wrong there."""
_WORDS = {
    "address": "address",
    "description": "description",
    "activation": "activation",
    "expiration": "expiration",
    "profile": "transport_profile",
    "technical contact": "technical_contact",
    "contact": "technical_contact",
    "technical information": "technical_information",
    "exactly one": "certificates",
    "certificate": "certificates",
}
_OF_DIALECTS = "-REDIRECT-HREF"
_QUOTED = 80  # characters of a value that a message has
_REDIRECT_BY_ID = (("SMP-REDIRECT-UID", "certificate_uid"), ("SMP-REDIRECT-", "href"))


def placed(reasons: Sequence[Mapping[str, Any]], blocks: Blocks) -> tuple[dict[str, list[str]], list[str]]:
    """The messages by the name of a field, and those for the head of the form."""
    beside: dict[str, list[str]] = {}
    head: list[str] = []
    for reason in reasons:
        message = str(reason["message"])
        names = (
            _pointed(str(reason.get("pointer", "")), blocks)
            or _said(message, blocks)
            or _meant(str(reason.get("id", "")), message, blocks)
        )
        for name in names:
            beside.setdefault(name, []).append(message)
        if not names:
            head.append(message)
    return beside, head


def _pointed(pointer: str, blocks: Blocks) -> list[str]:
    found = _PARTS.fullmatch(pointer)
    if found is None or int(found[1]) >= len(blocks):
        return []
    at, rest = f"p{int(found[1])}", found[2] or ""
    if inner := _ENDPOINT.match(rest):
        return [f"{at}.e{int(inner[1])}.{inner[2]}"]
    if inner := _PROCESS.match(rest):
        return [f"{at}.process{int(inner[1])}"]
    if inner := _REDIRECT.match(rest):
        return [f"{at}.{inner[1]}"]
    return []


def _said(message: str, blocks: Blocks) -> list[str]:
    found = _SAID.match(message)
    if found is None or not 0 < int(found[1]) <= len(blocks):
        return []
    part, profile, what = int(found[1]) - 1, found[2], found[3]
    if profile is None:
        return [f"p{part}.process0"] if what in {"process identifier", "endpoints belong"} else []
    name = _WORDS.get(what) or _WORDS.get(what.partition(" ")[0])
    endpoints = enumerate(blocks[part].endpoints)
    fitting = [number for number, each in endpoints if each.values["transport_profile"] == profile]
    return [f"p{part}.e{fitting[0]}.{name}"] if name is not None and len(fitting) == 1 else []


def _meant(reason: str, message: str, blocks: Blocks) -> list[str]:
    fields = list(_candidates(reason, blocks))
    if reason == "SMP-NO-CERTIFICATE":
        return [name for name, value in fields if not value]
    quoted = [name for name, value in fields if value and value[:_QUOTED] in message]
    if quoted:
        return quoted
    return [fields[0][0]] if len(fields) == 1 else []


def _candidates(reason: str, blocks: Blocks) -> Iterator[tuple[str, str]]:
    """The fields that a rule may be about, with what they hold."""
    wanted = next((name for start, name in _BY_ID if reason.startswith(start)), "")
    redirected = next((name for start, name in _REDIRECT_BY_ID if reason.startswith(start)), "")
    if reason.endswith(_OF_DIALECTS):
        redirected = "href"
    for number, block in enumerate(blocks):
        if reason.startswith("PROCESS-"):
            # Of a process the value is quoted, without its scheme.
            yield from (
                (f"p{number}.process{each}", text.rpartition("::")[2]) for each, text in enumerate(block.processes)
            )
        elif block.kind == REDIRECT and redirected:
            yield f"p{number}.{redirected}", block.redirect[redirected]
        elif block.kind != REDIRECT and wanted:
            for each, endpoint in enumerate(block.endpoints):
                yield f"p{number}.e{each}.{wanted}", endpoint.values[wanted]
