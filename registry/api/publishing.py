# SPDX-License-Identifier: Apache-2.0
"""Managing what is published: PUT and DELETE under the paths that GET has on the public listener, and a little more.

A raw ASGI application, since identifiers need the raw path. Which dialect a program speaks is said by a prefix of the
path (``/phoss/…``, ``/domismp/…``, ``/native/…``), or else by its token. Whoever writes is known, and may.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import structlog

from registry.accounts import permissions
from registry.accounts.authentication import Authenticator
from registry.accounts.permissions import Action, Principal, require
from registry.api.management.credentials import principal_of
from registry.api.management.desk import Desk
from registry.api.management.dialect import READING, ManagementDialect, Request, Subject, Target, query_of
from registry.api.management.domains import Domains
from registry.api.management.domismp import DomiSmp
from registry.api.management.native import Native
from registry.api.management.phoss import Phoss
from registry.errors import NotFoundError, RegistryError, UnauthorizedError, ValidationError
from registry.smp.business_cards import BusinessCards
from registry.smp.http import NO_SUCH_PATH, SmpReadApp
from registry.smp.publishing import Publishing
from registry.smp.routes import route
from registry.smp.signed_documents import DocumentSigner
from registry.storage.domain_directory import DomainDirectory
from registry.storage.engine import Database

Scope = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]

MAX_BODY = 2_000_000
_MAX_WARNINGS = 10
_MAX_WARNING = 500  # characters: clients and proxies bound the length of headers
_METHODS = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_OVERVIEWS = frozenset({Subject.COMPLETE, Subject.REFERENCES, Subject.IDENTIFIERS})
NATIVE = Native()
DIALECTS: Mapping[str, ManagementDialect] = {dialect.name: dialect for dialect in (NATIVE, Phoss(), DomiSmp())}
log = structlog.get_logger(__name__)


class PublishingApp:
    """Management of what is published; GET and HEAD of documents answer as the public listener does."""

    def __init__(
        self,
        database: Database,
        directory: DomainDirectory,
        publishing: Publishing,
        signer: DocumentSigner,
        business_cards: BusinessCards,
        reader: SmpReadApp,
    ) -> None:
        self._database = database
        self._authenticator = Authenticator(database)
        self._domains = Domains(directory)
        self._desk = Desk(database, publishing, signer, business_cards)
        self._reader = reader

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["method"] not in _METHODS:
            await _refuse_method(send, _METHODS)
            return
        headers = dict(reversed([*scope["headers"]]))  # of several with one name the first counts
        dialect, path = _chosen(scope["raw_path"])
        known = scope["method"] in READING  # anybody may read
        begun = False

        async def answer(message: dict[str, Any]) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            caller = await asyncio.to_thread(self._caller, headers, scope, required=not known)
            known = known or caller is not None
            dialect = dialect or DIALECTS[caller.management if caller else NATIVE.name]
            query = query_of(scope.get("query_string", b""))
            await self._answer(dialect, Request(scope["method"], path, query, headers, caller), scope, receive, answer)
        except Exception as error:
            if not isinstance(error, RegistryError):
                log.error("management_request_failed", exc_info=error)  # noqa: TRY400
            if begun:
                raise  # the client sees an answer that breaks off
            refusal = (dialect or NATIVE).refusal(error, self._database.now(), caller_known=known)
            lines = [(b"content-type", refusal.content_type.encode()), (b"cache-control", b"no-store")]
            body = refusal.body
            await _send(send, refusal.status, [*lines, *refusal.headers], body, head=scope["method"] == "HEAD")

    def _caller(self, headers: Mapping[bytes, bytes], scope: Scope, *, required: bool) -> Principal | None:
        try:
            return principal_of(self._authenticator, headers, scope)
        except UnauthorizedError:
            if required:
                raise
            return None  # documents are for everybody, also for who has a stale token

    async def _answer(
        self, dialect: ManagementDialect, request: Request, scope: Scope, receive: Receive, send: Send
    ) -> None:
        reads = request.method in READING
        if reads and dialect is NATIVE and not self._domains.names_one(request.path):
            # As it came: at the public listener the host may tell the domain, too.
            await self._reader(scope | {"raw_path": request.path}, receive, send)
            return
        target = dialect.locate(request, self._domains)
        if request.method not in target.subject.methods:
            await _refuse_method(send, target.subject.methods)
        elif not reads:
            await self._write(dialect, request, target, receive, send)
        elif target.subject in _OVERVIEWS:
            if target.subject in dialect.for_known:
                require(_known(request.principal), Action.PARTICIPANT_LIST, permissions.Scope(target.stored.id))
            await self._overview(target, send, head=request.method == "HEAD")
        else:
            asked = route(target.stored.domain, target.below)
            if asked is None:
                raise NotFoundError(NO_SUCH_PATH)
            await self._reader.answer(target.stored, asked, request.headers, send, head=request.method == "HEAD")

    async def _write(
        self, dialect: ManagementDialect, request: Request, target: Target, receive: Receive, send: Send
    ) -> None:
        caller = _known(request.principal)
        if request.method == "PUT":
            target = replace(target, group=request.query.get("group", ""))
            body = await _body(receive)
            done = await asyncio.to_thread(self._desk.put, caller, target, body, merge=dialect.merges)
        else:
            done = await asyncio.to_thread(self._desk.delete, caller, target)
        warnings = [(b"warning", text) for text in _warning_headers(done.warnings)]
        await _send(send, dialect.status(request.method, done.outcome), warnings)

    async def _overview(self, target: Target, send: Send, *, head: bool) -> None:
        parts = await asyncio.to_thread(self._desk.overview, target)
        part = await asyncio.to_thread(next, parts, None)
        lines = [(b"content-type", b"text/xml; charset=utf-8"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": lines})
        while part is not None and not head:
            await send({"type": "http.response.body", "body": part, "more_body": True})
            part = await asyncio.to_thread(next, parts, None)
        await send({"type": "http.response.body", "body": b""})


def _chosen(raw_path: bytes) -> tuple[ManagementDialect | None, bytes]:
    """The dialect that a path begins with, and what follows; None where it begins with none."""
    for name, dialect in DIALECTS.items():
        prefix = f"/{name}/".encode()
        if raw_path.startswith(prefix):
            return dialect, raw_path[len(prefix) - 1 :]
    return None, raw_path


def _known(caller: Principal | None) -> Principal:
    if caller is None:
        raise UnauthorizedError("a token is needed")
    return caller


def _warning_headers(warnings: Sequence[str]) -> Iterator[bytes]:
    """Warnings as header values (RFC 7234 §5.5); they quote documents, so whatever is no plain text is replaced."""
    shown = [*warnings[:_MAX_WARNINGS]]
    if len(warnings) > len(shown):
        shown.append(f"and {len(warnings) - len(shown)} warnings more")
    for text in shown:
        plain = "".join(char if " " <= char <= "~" and char not in '"\\' else "?" for char in text[:_MAX_WARNING])
        yield f'299 - "{plain}"'.encode()


async def _body(receive: Receive) -> bytes:
    """The whole body; the listener bounds it, too."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ValidationError.of("HTTP-BODY", "the request ended before its body did")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MAX_BODY:
            raise ValidationError.of("HTTP-BODY", f"the body has more than {MAX_BODY} bytes")
        if not message.get("more_body"):
            return b"".join(parts)


async def _refuse_method(send: Send, allowed: frozenset[str]) -> None:
    await _send(send, 405, [(b"allow", ", ".join(sorted(allowed)).encode())])


async def _send(
    send: Send, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes = b"", *, head: bool = False
) -> None:
    length = [] if status == 204 else [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *length]})
    await send({"type": "http.response.body", "body": b"" if head else body})
