# SPDX-License-Identifier: Apache-2.0
"""The management dialect of DomiSMP (5.x): `[{domain}/][{type}/]{id}[/services/{document}]`, errors as ErrorResponse.

Who may not is 401, known or not. Ours are: our tokens stand for its access tokens; there are no owners, groups and
hidden resources here, so a header that asks for one is answered with a warning, or refused where it would matter.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime

from registry.api.management.dialect import Refusal, Request, Subject, Target, narrowed, segments_of
from registry.api.management.domains import Domains
from registry.api.management.native import BUSINESS_CARD, published_at
from registry.errors import NotFoundError, ReviewRequiredError, UnauthorizedError, ValidationError
from registry.identifiers.url_form import encode_segment
from registry.problems import problem_for
from registry.smp.documents.catalogue import DIALECTS
from registry.smp.documents.lexical import escape_text, is_text
from registry.smp.publishing import Outcome
from registry.storage.domain_directory import StoredDomain
from registry.telemetry import request_id

ERROR_NAMESPACE = "ec:services:SMP:1.0"
_OWNERS = ("ServiceGroup-Owner", "Resource-Owner", "Resource-Admin")
_TYPES: Mapping[str, tuple[str, ...]] = {
    "smp-1": ("busdox", "bdxr1"),
    "oasis-bdxr-smp-2": ("bdxr2",),
    "bdxr-smp-2": ("bdxr2",),
}
"""URL segments of the resource types that DomiSMP comes with -> the dialects of their documents."""
_PATH = "MANAGEMENT-PATH"
_HEADER = "MANAGEMENT-HEADER"
# What a reason begins with -> DomiSMP's code. A document that breaks rules is no valid one there, whichever they are.
_CODES: Mapping[str, str] = {
    _PATH: "TECHNICAL",
    _HEADER: "INVALID_INPUT_DATA",
    "URL-": "FORMAT_ERROR",
    "IDENTIFIER-": "FORMAT_ERROR",
    "SMP-ID-MISMATCH": "WRONG_FIELD",
}


class DomiSmp:
    """PUT replaces: 201 for what is new, 200 for what was there; DELETE is 200."""

    name = "domismp"
    merges = False
    for_known: frozenset[Subject] = frozenset()

    def locate(self, request: Request, domains: Domains) -> Target:
        """The domain by its header or the path; then the type of resource by its header or the path."""
        stored, segments = _domain(request, domains)
        named = request.header("Resource-Type").lower()
        if segments[:1] and segments[0].lower() in _TYPES and len(segments) > 1:
            named = named or segments[0].lower()
            segments = segments[1:]
        dialects = stored.domain.smp.dialects
        if named:
            dialects = narrowed(stored, _TYPES.get(named, ()), f"resources of the type {named}")
        target = None if segments[:1] == [BUSINESS_CARD] else published_at(stored, b"", segments, dialects)
        if target is None:
            raise ValidationError.of(_PATH, "the path is none of [{domain}/][{type}/]{id}[/services/{document}]")
        return _with_path(target, segments, dialects, _notes(request))

    def status(self, method: str, outcome: Outcome) -> int:
        """201 for what was made, 200 for all else."""
        return 201 if method == "PUT" and outcome is Outcome.CREATED else 200

    def refusal(self, error: Exception, at: datetime, *, caller_known: bool) -> Refusal:
        """An ErrorResponse, whose id has the id of the request."""
        status, code = _status_and_code(error)
        problem = problem_for(error)
        body = (
            '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
            f'<ErrorResponse xmlns="{ERROR_NAMESPACE}"><BusinessCode>{code}</BusinessCode>'
            f"<ErrorDescription>{escape_text(_xml_text(problem.detail or problem.title))}</ErrorDescription>"
            f"<ErrorUniqueId>{at.isoformat()}:{escape_text(request_id.get() or str(uuid.uuid4()))}</ErrorUniqueId>"
            "</ErrorResponse>"
        )
        challenge = () if caller_known else ((b"www-authenticate", b'Basic realm="edelivery-registry"'),)
        return Refusal(status, "text/xml; charset=utf-8", body.encode(errors="replace"), challenge)


def _domain(request: Request, domains: Domains) -> tuple[StoredDomain, list[str]]:
    """By the header `Domain`, the first segment, the token, or as everywhere else; and the segments behind it."""
    if name := request.header("Domain"):
        stored, segments = domains.named(name), segments_of(request.path)
    else:
        segments = segments_of(request.path)
        if len(segments) > 1 and domains.has(segments[0]):
            stored = domains.named(segments[0])
        else:
            stored, below = domains.find(request.path, request.principal)
            return stored, segments_of(below)
    # The header and the path may both say it, as long as they say the same.
    return stored, segments[1:] if len(segments) > 1 and segments[0] == stored.domain.name else segments


def _with_path(target: Target, segments: list[str], dialects: tuple[str, ...], notes: tuple[str, ...]) -> Target:
    prefix = DIALECTS[dialects[0]].path_prefix
    below = "".join(f"/{encode_segment(item)}" for item in ([prefix] if prefix else []) + segments)
    return Target(
        target.stored,
        target.subject,
        below.encode(),
        target.participant,
        target.document_type,
        dialects=dialects,
        notes=notes,
    )


def _notes(request: Request) -> tuple[str, ...]:
    """What a header asks for and isn't done. Raises ValidationError where a client relies on it."""
    if request.method != "PUT":
        return ()
    visibility = request.header("Resource-Visibility").upper()
    if visibility not in {"", "PUBLIC"}:
        raise ValidationError.of(_HEADER, "Resource-Visibility: whatever is published here can be read by everybody")
    notes = [
        f"{name}: owners are not kept; a token of the domain may write" for name in _OWNERS if request.header(name)
    ]
    if request.header("Resource-Group"):
        notes.append("Resource-Group: groups of owners are named by ?group= here")
    return tuple(notes)


def _status_and_code(error: Exception) -> tuple[int, str]:
    match error:
        case UnauthorizedError():
            return 401, "UNAUTHORIZED"
        case NotFoundError():
            return 404, "NOT_FOUND"
        case ValidationError():
            first = error.reasons[0].id
            return 400, next((code for start, code in _CODES.items() if first.startswith(start)), "XSD_INVALID")
        case ReviewRequiredError():
            return 409, "OTHER_ERROR"
        case _:
            return 500, "TECHNICAL"


def _xml_text(text: str) -> str:
    return "".join(char if is_text(char) else "?" for char in text)
