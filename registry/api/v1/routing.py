# SPDX-License-Identifier: Apache-2.0
"""Routes of `/api/v1`: what a resource declares, and what is done around each handler.

In this order: who calls, may they, is the request well-formed, and then the handler in a worker thread; a write in one
transaction together with its idempotency key. A route can't be declared without its rule.
"""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, TypedDict, TypeVar, Unpack

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from registry.api.v1.answers import JSON, Answer, Raw, Result, Sent, etag_of, matches_weakly, to_bytes
from registry.api.v1.call import CallState
from registry.api.v1.callers import SAFE, caller_of
from registry.api.v1.context import ApiContext
from registry.api.v1.idempotency import HEADER, once
from registry.api.v1.models import Page
from registry.api.v1.refusals import refusal
from registry.api.v1.rules import Authenticated, Open, Rule, Within, admit
from registry.errors import Reason, ValidationError
from registry.identifiers.url_form import decode_segment, encode_segment
from registry.storage.engine import Database, retried
from registry.telemetry import request_id

PREFIX = "/api/v1"
MAX_BODY = 2_000_000
Handler = Callable[..., Result]
H = TypeVar("H", bound=Handler)
Answers: TypeAlias = Mapping[int, type[BaseModel] | str | None]


class Declare(Protocol):
    """Takes a handler and gives it back."""

    def __call__(self, handler: H, /) -> H:
        """Declare it."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """One route."""

    method: str
    path: str
    rule: Rule
    handler: Handler
    tag: str
    answers: Answers
    """By status, what is answered: a model, a media type, or nothing. The first is the usual one."""
    body: Mapping[str, Any] | None = None
    """Of a handler that reads the bytes itself: what OpenAPI says of them, by media type."""
    examples: Mapping[str, Any] = field(default_factory=dict)
    """Of request bodies, by name."""
    plans: bool = False
    """Whether it answers what a change brings about, and not what the path names."""
    alone: bool = False
    """Whether a write has transactions of its own and takes no Idempotency-Key: it leaves something although it refuses
    (a login that failed), answers what nobody may keep (the secret of a token), or writes nothing (a decision)."""

    def __post_init__(self) -> None:
        if not isinstance(self.rule, Rule):
            raise TypeError(f"{self.method} {self.path} has no rule")  # a mistake of who wrote the resource

    @property
    def writes(self) -> bool:
        """Whether it may change anything."""
        return self.method not in SAFE

    @property
    def tagged(self) -> bool:
        """Whether what it answers is a representation of what the path names, and so has its ETag."""
        return self.method in {"GET", "PUT"} or (self.method == "PATCH" and not self.plans)

    @property
    def is_list(self) -> bool:
        """Whether it answers page by page."""
        model = next(iter(self.answers.values()))
        return isinstance(model, type) and issubclass(model, Page)


class Described(TypedDict, total=False):
    """What may be said of a route besides; see `Entry`."""

    body: Mapping[str, Any]
    examples: Mapping[str, Any]
    plans: bool
    alone: bool


@dataclass(frozen=True, slots=True)
class Resource:
    """The routes of one kind of thing; its name is their tag in OpenAPI."""

    tag: str
    description: str
    entries: list[Entry] = field(default_factory=list)

    def get(self, path: str, rule: Rule, answers: Answers) -> Declare:
        """Declare a handler; its name becomes the operationId, its docstring the description."""
        return self._route("GET", path, rule, answers)

    def put(self, path: str, rule: Rule, answers: Answers, **described: Unpack[Described]) -> Declare:
        """As `get`."""
        return self._route("PUT", path, rule, answers, **described)

    def post(self, path: str, rule: Rule, answers: Answers, **described: Unpack[Described]) -> Declare:
        """As `get`."""
        return self._route("POST", path, rule, answers, **described)

    def patch(self, path: str, rule: Rule, answers: Answers, **described: Unpack[Described]) -> Declare:
        """As `get`."""
        return self._route("PATCH", path, rule, answers, **described)

    def delete(self, path: str, rule: Rule, answers: Answers) -> Declare:
        """As `get`."""
        return self._route("DELETE", path, rule, answers)

    def _route(self, method: str, path: str, rule: Rule, answers: Answers, **described: Unpack[Described]) -> Declare:
        def declared(handler: H) -> H:
            self.entries.append(Entry(method, path, rule, handler, self.tag, answers, **described))
            return handler

        return declared


class RuledRoute(APIRoute):
    """A route that admits before it reads."""

    def __init__(self, context: ApiContext | None, entry: Entry, **documented: Any) -> None:
        self._context = context
        self.entry = entry
        super().__init__(
            entry.path,
            self._endpoint(),
            methods=[entry.method],
            operation_id=entry.handler.__name__,
            tags=[entry.tag],
            **documented,
        )

    @property
    def context(self) -> ApiContext:
        """What handlers work with."""
        assert self._context is not None  # noqa: S101  # who only describes routes doesn't call them
        return self._context

    def _endpoint(self) -> Callable[..., Awaitable[Response]]:
        handler = self.entry.handler

        def carried_out(arguments: dict[str, Any]) -> Sent:
            call: CallState = arguments["call"]
            run = functools.partial(handler, **arguments)
            if self.entry.writes:
                return _written(self.context.database, self.entry, call, run)
            return _read(self.entry, call, run)

        @functools.wraps(handler)
        async def endpoint(**arguments: Any) -> Response:
            return response_of(await asyncio.to_thread(carried_out, arguments))

        return endpoint

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Around what FastAPI does: refusals in our form, and admission before anything of the body is read."""
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                call = await self._admitted(request)
                self._check_query(request)
                if self.entry.writes:
                    call.body = await self._body(request)
                request.state.call = call
                return await inner(request)
            except Exception as error:  # noqa: BLE001  # whatever it is, the caller gets a problem and the log the rest
                return response_of(refusal(error))

        return handle

    async def _admitted(self, request: Request) -> CallState:
        entry, context = self.entry, self.context
        path = {name: decode_segment(raw.encode("latin-1")) for name, raw in request.path_params.items()}
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in reversed(request.scope["headers"])
        }
        chain = ((request.scope.get("extensions") or {}).get("tls") or {}).get("client_cert_chain") or (None,)
        # What is decoded once here is what the handler is given.
        request.scope["path_params"] = path

        def admitted() -> CallState:
            if isinstance(entry.rule, Open):
                return CallState(context, None, path, headers)
            principal = caller_of(
                context.authenticator,
                entry.method,
                request.scope["scheme"],
                headers,
                chain[0],
                changes_password=isinstance(entry.rule, Authenticated) and entry.rule.before_password_change,
            )
            admit(context, entry.rule, principal, path)
            return CallState(context, principal, path, headers)

        call = await asyncio.to_thread(admitted)
        call.request_id = request_id.get()
        call.query = tuple(request.query_params.multi_items())
        call.scheme = request.scope["scheme"]
        call.address = request.client.host if request.client else ""
        return call

    def _check_query(self, request: Request) -> None:
        known = {parameter.alias for parameter in self.dependant.query_params}
        names = [name for name, _ in request.query_params.multi_items()]
        reasons = [
            Reason("REST-QUERY", f"{name[:100]} is not known here", pointer=f"query/{name[:100]}")
            for name in dict.fromkeys(names)
            if name not in known
        ]
        reasons += [
            Reason("REST-QUERY", f"{name} is given twice", pointer=f"query/{name}")
            for name in known
            if names.count(name) > 1
        ]
        reasons += [
            Reason("REST-NUL", f"{name[:100]} holds a NUL character", pointer=f"query/{name[:100]}")
            for name, value in request.query_params.multi_items()
            if "\0" in value
        ]
        reasons += [
            Reason("REST-NUL", f"{name} holds a NUL character", pointer=f"path/{name}")
            for name, value in request.path_params.items()
            if "\0" in value
        ]
        if reasons:
            raise ValidationError(reasons)

    async def _body(self, request: Request) -> bytes:
        """The whole body; the listener bounds it, too."""
        parts: list[bytes] = []
        size = 0
        async for part in request.stream():
            size += len(part)
            if size > MAX_BODY:
                raise HTTPException(413, f"the body has more than {MAX_BODY} bytes")
            parts.append(part)
        body = b"".join(parts)
        request._body = body  # noqa: SLF001  # where Starlette keeps what request.body() has read
        wanted = self.media_types()
        if body and wanted:
            given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if given not in wanted:
                raise HTTPException(415, f"the body is to be {' or '.join(wanted)}")
        elif body:
            raise ValidationError((Reason("REST-BODY", "this request has no body", pointer="#"),))
        return body

    def media_types(self) -> Sequence[str]:
        """What the request body may be."""
        if self.entry.body is not None:
            return [*self.entry.body]
        if self.body_field is None:
            return ()
        return (JSON,)


class _Writer:
    """Runs a write again where the database gave it up for another transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @retried
    def carry_out(self, entry: Entry, call: CallState, handler: Callable[[], Result]) -> Sent:
        call.waiting.clear()
        with self._database.write(call.actor) as work:
            call.work = work
            key = call.headers.get(HEADER)
            if key is None:
                return _sent(entry, call, handler())
            caller = call.actor.name
            return once(work, caller, key, _request_of(entry, call), lambda: _sent(entry, call, handler()))


def _written(database: Database, entry: Entry, call: CallState, handler: Callable[[], Result]) -> Sent:
    sent = _alone(entry, call, handler) if entry.alone else _Writer(database).carry_out(entry, call, handler)
    for callback in call.waiting:
        callback()
    return sent


def _alone(entry: Entry, call: CallState, handler: Callable[[], Result]) -> Sent:
    """Refuses what needs a transaction around the handler before that has done anything."""
    taken = [name for name in (HEADER, "if-match", "if-none-match") if name in call.headers]
    if taken:
        raise ValidationError(
            Reason("REST-PRECONDITION", f"this request takes no {name}", pointer=f"header/{name}") for name in taken
        )
    return _sent(entry, call, handler())


def _read(entry: Entry, call: CallState, handler: Callable[[], Result]) -> Sent:
    sent = _sent(entry, call, handler())
    etag, known = sent.headers.get("etag"), call.headers.get("if-none-match")
    if etag is not None and known is not None and matches_weakly(known, etag):
        return Sent(304, {"etag": etag})
    return sent


def _sent(entry: Entry, call: CallState, result: Result) -> Sent:
    if isinstance(entry.rule, Within) and not call.narrowed:
        raise AssertionError(f"{entry.method} {entry.path} did not ask what the caller may")
    if entry.writes and not call.compared and ("if-match" in call.headers or "if-none-match" in call.headers):
        raise ValidationError(
            (Reason("REST-PRECONDITION", "this request takes no condition", pointer="header/If-Match"),)
        )
    answer = result if isinstance(result, Answer) else Answer(result)
    status = answer.status or next(iter(entry.answers))
    if answer.body is None:
        return Sent(status, answer.headers)
    body = to_bytes(answer.body)
    media_type = answer.body.media_type if isinstance(answer.body, Raw) else JSON
    headers = {"content-type": media_type, **answer.headers}
    if isinstance(answer.body, Page):
        if answer.body.next_cursor is not None:
            headers["link"] = f'<{_next(entry, call, answer.body.next_cursor)}>; rel="next"'
    elif entry.tagged:
        headers.setdefault("etag", etag_of(body))
    return Sent(status, headers, body)


def _next(entry: Entry, call: CallState, cursor: str) -> str:
    kept = [f"{encode_segment(name)}={encode_segment(value)}" for name, value in call.query if name != "cursor"]
    return f"{url(entry.path, *call.path.values())}?{'&'.join([*kept, f'cursor={cursor}'])}"


def _request_of(entry: Entry, call: CallState) -> bytes:
    """All that makes it another request."""
    parts = [entry.method, entry.path, *call.path.values(), repr(call.query), call.headers.get("content-type", "")]
    conditions = [call.headers.get("if-match", ""), call.headers.get("if-none-match", "")]
    return "\0".join([*parts, *conditions]).encode() + b"\0" + call.body


def url(path: str, *values: str) -> str:
    """The path of a resource from its template (`/domains/{domain}`) and the values in it."""
    filled = path
    for value in values:
        start, end = filled.index("{"), filled.index("}")
        filled = f"{filled[:start]}{encode_segment(value)}{filled[end + 1 :]}"
    return PREFIX + filled


def response_of(sent: Sent) -> Response:
    """An answer with the headers that every one has."""
    headers = {**sent.headers, "cache-control": "no-store", "x-request-id": request_id.get()}
    if sent.status in {204, 304}:
        response = Response(status_code=sent.status, headers=headers)
        if "content-length" in response.headers:
            del response.headers["content-length"]
        return response
    return Response(sent.body, sent.status, headers)
