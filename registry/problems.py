# SPDX-License-Identifier: Apache-2.0
"""Errors as RFC 9457 problem documents: the one place where the error tree meets HTTP status codes."""

import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from registry import telemetry
from registry.errors import (
    AlreadyExistsError,
    ConfigurationError,
    ConflictError,
    NotFoundError,
    PreconditionError,
    Reason,
    RegistryError,
    ReviewRequiredError,
    TechnicalError,
    TooManyRequestsError,
    UnauthorizedError,
    ValidationError,
)

MEDIA_TYPE = "application/problem+json"
_HTTP = {
    400: ("validation", "The input breaks rules"),
    404: ("not-found", "There is no such thing"),
    405: ("method-not-allowed", "There is no such method here"),
    413: ("content-too-large", "The body is too large"),
    415: ("unsupported-media-type", "The body is of a media type that is not taken here"),
}
_TYPE_PREFIX = "urn:edelivery-registry:problem:"
_MAX_REASONS = 100
NOT_READY = {"type": f"{_TYPE_PREFIX}not-ready", "title": "This process isn't ready for requests", "status": 503}
"""The members of the problem of a readiness probe, but for its reasons."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem document (RFC 9457 §3); empty members are left out of the bytes.

    `reasons` is our extension member: a list of {id, message, clause}, with a pointer where one is known.
    """

    status: int
    type: str
    title: str
    detail: str = ""
    instance: str = ""
    reasons: tuple[Reason, ...] = ()

    def to_bytes(self) -> bytes:
        """The document as JSON in UTF-8."""
        document: dict[str, Any] = {"type": self.type, "title": self.title, "status": self.status}
        if self.detail:
            document["detail"] = self.detail
        if self.instance:
            document["instance"] = self.instance
        if self.reasons:
            document["reasons"] = [
                {"id": reason.id, "message": reason.message, "clause": reason.clause}
                | ({"pointer": reason.pointer} if reason.pointer else {})
                for reason in self.reasons
            ]
        return json.dumps(document, ensure_ascii=False).encode()


@dataclass(frozen=True, slots=True)
class _Kind:
    status: HTTPStatus
    name: str
    title: str
    tells_detail: bool = True


_UNEXPECTED = _Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "Something went wrong here", tells_detail=False)
_UNKNOWN_CALLER = _Kind(HTTPStatus.UNAUTHORIZED, "unauthenticated", "Who calls is unknown")
_KINDS: dict[type[Exception], _Kind] = {
    ValidationError: _Kind(HTTPStatus.BAD_REQUEST, "validation", "The input breaks rules"),
    NotFoundError: _Kind(HTTPStatus.NOT_FOUND, "not-found", "There is no such thing"),
    AlreadyExistsError: _Kind(HTTPStatus.CONFLICT, "already-exists", "It exists already"),
    ReviewRequiredError: _Kind(HTTPStatus.CONFLICT, "review-required", "Somebody else has to approve this first"),
    ConflictError: _Kind(HTTPStatus.CONFLICT, "conflict", "The present state forbids this"),
    PreconditionError: _Kind(
        HTTPStatus.PRECONDITION_FAILED, "precondition-failed", "It has changed since you last saw it"
    ),
    TooManyRequestsError: _Kind(HTTPStatus.TOO_MANY_REQUESTS, "too-many-requests", "Too many requests; wait a moment"),
    UnauthorizedError: _Kind(HTTPStatus.FORBIDDEN, "forbidden", "The caller may not do this"),
    TechnicalError: _Kind(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "Something failed; try again later"),
    # Names files and settings: for the log, not for whoever asks.
    ConfigurationError: _Kind(
        HTTPStatus.INTERNAL_SERVER_ERROR, "configuration", "The service is set up wrongly", tells_detail=False
    ),
}


def http_problem(status: int, detail: str = "") -> Problem:
    """The problem document for what HTTP itself refuses, such as a method."""
    # Not the phrases of the standard library: they differ between versions of Python.
    name, title = _HTTP.get(status, (f"http-{status}", HTTPStatus(status).phrase))
    return Problem(status, _TYPE_PREFIX + name, title, detail, _instance())


def problem_for(error: Exception, *, caller_known: bool = True) -> Problem:
    """The problem document for `error`; `instance` names the request being answered.

    Of an error outside the tree, or in it without a place in the table, nothing is told. An `UnauthorizedError` is
    401 unless the caller is known, and 403 then.
    """
    if isinstance(error, ValidationError) and len(error.reasons) > _MAX_REASONS:
        left_out = f"{len(error.reasons) - _MAX_REASONS} reasons more are not shown"
        error = ValidationError((*error.reasons[:_MAX_REASONS], Reason("MORE-REASONS", left_out)))
    kind = next((_KINDS[cls] for cls in type(error).__mro__ if cls in _KINDS), _UNEXPECTED)
    if isinstance(error, UnauthorizedError) and not caller_known:
        kind = _UNKNOWN_CALLER
    reasons = error.reasons if isinstance(error, ValidationError) else ()
    if isinstance(error, ReviewRequiredError):
        reasons = (error.reason,)
    return Problem(
        status=kind.status.value,
        type=_TYPE_PREFIX + kind.name,
        title=kind.title,
        detail=str(error) if kind.tells_detail and isinstance(error, RegistryError) else "",
        instance=_instance(),
        reasons=reasons,
    )


def _instance() -> str:
    request_id = telemetry.request_id.get()
    return f"urn:uuid:{request_id}" if request_id else ""


async def send_problem(
    send: Callable[[dict[str, Any]], Awaitable[None]],
    problem: Problem,
    *,
    head: bool = False,
    headers: Iterable[tuple[bytes, bytes]] = (),
) -> None:
    """Answer an ASGI HTTP request with `problem`; with `head` the same headers without the bytes.

    A 401 needs a `www-authenticate` header (RFC 9110 §15.5.2): pass it in `headers`.
    """
    body = problem.to_bytes()
    await send(
        {
            "type": "http.response.start",
            "status": problem.status,
            "headers": [
                (b"content-type", MEDIA_TYPE.encode()),
                (b"content-length", str(len(body)).encode()),
                (b"cache-control", b"no-store"),
                *headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": b"" if head else body})
