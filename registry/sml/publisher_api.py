# SPDX-License-Identifier: Apache-2.0
"""The publisher API: what an SMP asks the SML as JSON, below `/edelivery-sml/v1/` on the SML listener.

A pure ASGI application with a table of routes. The caller is whoever shows the client certificate, as over SOAP, and
may do no more than that: each handler has it decided (`registry.sml.calls`). Paths are taken apart as they were sent,
since identifiers hold `/`, `#` and `::`. Refusals are problem documents (RFC 9457), whose detail begins with the
``[ERR-nnn]`` of SOAP where there is one. There is no 401: no challenge stands for client certificates (RFC 9110 §11.6).
"""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

import structlog

from registry import telemetry
from registry.errors import Reason, RegistryError, TechnicalError, ValidationError
from registry.problems import Problem, http_problem, problem_for, send_problem
from registry.sml.errors import SmlError, unauthorized
from registry.sml.model import Caller
from registry.sml.soap import CallerOf, tls_caller
from trust_lists.errors import JsonRefusedError
from trust_lists.strict_json import parse_json

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[Any], Awaitable[None]]

PREFIX = "/edelivery-sml/v1/"
MAX_BYTES = 256 * 1024
"""Longest body that is read."""
_MAX_QUERY_FIELDS = 20
_JSON = b"application/json"
_WRITES = frozenset({"POST", "PUT", "PATCH"})

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """What a handler is given: who calls, the parts of the path that its template names, the query, the JSON body.

    `body` is None where none was sent, `headers` are by name in lower case.
    """

    caller: Caller
    path: Mapping[str, str]
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def members(self, *required: str, optional: Iterable[str] = ()) -> dict[str, str]:
        """The members of a body that is an object of texts. Raises ValidationError for any other."""
        known = {*required, *optional}
        if not isinstance(self.body, dict):
            raise ValidationError.of("SML-API-BODY", f"a JSON object is wanted, with {', '.join(sorted(known))}")
        reasons = [_wrong(name, "is not known") for name in self.body if name not in known]
        reasons += [_wrong(name, "is missing") for name in required if name not in self.body]
        reasons += [
            _wrong(name, "is no text") for name, value in self.body.items() if name in known and not _is_text(value)
        ]
        if reasons:
            raise ValidationError(reasons)
        return dict(self.body)


Handler = Callable[[ApiRequest], Any]
"""Does what is asked, in a thread of its own, and returns what JSON can say, instants included; None: nothing to say.

Raises SmlError or another error of the tree.
"""


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path below `PREFIX`; `{name}` in it is one segment, which the handler gets decoded."""

    method: str
    path: str
    handle: Handler
    status: int = 200
    """Of an answer that says something; one that doesn't is 204."""


class PublisherApi:
    """The routes of all parts as one application; of two that fit a path the first one counts."""

    def __init__(self, routes: Iterable[Route], *, caller_of: CallerOf = tls_caller) -> None:
        self._routes = tuple((route, route.path.split("/")) for route in routes)
        self._caller_of = caller_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            raise NotImplementedError(f"no {scope['type']} here")
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        segments = scope["raw_path"].decode("latin-1").removeprefix(PREFIX).split("/")
        fitting = [(route, template) for route, template in self._routes if _fits(template, segments)]
        if not fitting:
            await send_problem(send, http_problem(404), head=scope["method"] == "HEAD")
            return
        chosen = next(((route, template) for route, template in fitting if route.method == method), None)
        if chosen is None:
            allowed = {route.method for route, _ in fitting}
            allowed |= {"HEAD"} if "GET" in allowed else set()
            await send_problem(send, http_problem(405), headers=[(b"allow", ", ".join(sorted(allowed)).encode())])
            return
        await self._carry_out(*chosen, segments, scope, receive, send)

    async def _carry_out(
        self, route: Route, template: list[str], segments: list[str], scope: Scope, receive: Receive, send: Send
    ) -> None:
        head = scope["method"] == "HEAD"
        try:
            request = await self._request(template, segments, scope, receive)
            content = await asyncio.to_thread(_done, route, request)
        except _RefusedError as refused:
            await send_problem(send, refused.problem, head=head, headers=refused.headers)
            return
        except Exception as error:  # noqa: BLE001 — whatever it is, no detail leaves the house
            await send_problem(send, _problem(error), head=head, headers=_retry_after(error))
            return
        headers = [(b"content-length", str(len(content)).encode()), (b"cache-control", b"no-store")]
        if content:
            headers.append((b"content-type", _JSON))
        status = route.status if content else 204
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if head else content})

    async def _request(self, template: list[str], segments: list[str], scope: Scope, receive: Receive) -> ApiRequest:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        caller = self._caller_of(scope, telemetry.request_id.get() or uuid.uuid4().hex)
        if caller.certificate is None:
            raise unauthorized("The caller showed no client certificate")
        path = {part[1:-1]: _decoded(segment) for part, segment in zip(template, segments, strict=True) if _named(part)}
        body = await _read_json(headers, receive) if scope["method"] in _WRITES else None
        return ApiRequest(caller, path, _query(scope), body, headers)


class _RefusedError(Exception):
    """The request fails below the handlers: size, type, encoding."""

    def __init__(self, status: int, detail: str, *headers: tuple[bytes, bytes]) -> None:
        super().__init__(detail)
        self.problem = http_problem(status, detail)
        self.headers = headers


def _done(route: Route, request: ApiRequest) -> bytes:
    answer = route.handle(request)
    return b"" if answer is None else json.dumps(answer, ensure_ascii=False, default=_instant).encode()


def _instant(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    raise TypeError(f"JSON has no {type(value).__name__}")


def _problem(error: Exception) -> Problem:
    if isinstance(error, SmlError):
        return replace(problem_for(error.plain), detail=str(error))
    if isinstance(error, TechnicalError):
        log.error("publisher_api_failed", reason=str(error))
    elif not isinstance(error, RegistryError):
        log.error("publisher_api_failed", exc_info=error)
    return problem_for(error)


def _retry_after(error: Exception) -> list[tuple[bytes, bytes]]:
    return [(b"retry-after", b"1")] if isinstance(error, TechnicalError) else []


def _named(part: str) -> bool:
    return part.startswith("{")


def _fits(template: list[str], segments: list[str]) -> bool:
    if len(template) != len(segments):
        return False
    return all(
        segment != "" if _named(part) else part == segment for part, segment in zip(template, segments, strict=True)
    )


def _decoded(segment: str) -> str:
    try:
        return unquote(segment, errors="strict")
    except UnicodeDecodeError:
        raise _RefusedError(400, "a path is written in percent-encoded UTF-8") from None


def _query(scope: Scope) -> dict[str, str]:
    text = scope.get("query_string", b"").decode("latin-1")
    try:
        fields = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MAX_QUERY_FIELDS)
    except ValueError:
        raise _RefusedError(400, "the query can't be read") from None
    return dict(fields)


async def _read_json(headers: Mapping[str, str], receive: Receive) -> Any:
    """The body of a request; None where there is none. Counted while it comes: nobody has to announce its length."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _RefusedError(400, "the request ended before its body did")
        body += message.get("body", b"")
        if len(body) > MAX_BYTES:
            raise _RefusedError(413, f"a body has at most {MAX_BYTES} bytes", (b"connection", b"close"))
        more = message.get("more_body", False)
    if not body:
        return None
    if headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON.decode():
        raise _RefusedError(415, "a body is sent as application/json", (b"accept", _JSON))
    try:
        return parse_json(bytes(body), max_bytes=MAX_BYTES)
    except JsonRefusedError as error:
        raise ValidationError.of("SML-API-JSON", str(error), "RFC 8259") from error


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value.isprintable()


def _wrong(name: str, what: str) -> Reason:
    return Reason("SML-API-MEMBER", f"the member {name[:80]!r} {what}", pointer=f"#/{name[:80]}")
