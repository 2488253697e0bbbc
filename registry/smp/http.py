# SPDX-License-Identifier: Apache-2.0
"""The public face of the SMP: GET and HEAD of service groups and service metadata, as one raw ASGI application.

It stands beside FastAPI, not in it: a look-up is one prepared statement and no crypto, so a framework would be most of
its cost. Links come from the domain's configured base URL, never from a header (phoss-smp#369, #303).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, TypeVar

import structlog

from registry.clock import Clock
from registry.domains.domain import Domain
from registry.domains.router import DomainRouter
from registry.errors import ConfigurationError, NotFoundError, ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.text import shorten
from registry.identifiers.url_form import SmpPath, split_smp_path
from registry.metadata import ServiceGroup
from registry.problems import problem_for, send_problem
from registry.smp.conditional import http_date, is_not_modified, shown_last_modified
from registry.smp.documents.busdox import write_service_group
from registry.smp.signed_documents import DIALECT, DocumentSigner, etag_of
from registry.storage.document_reader import DocumentKey, DocumentReader, FoundService
from registry.storage.domain_directory import DomainDirectory, StoredDomain
from registry.storage.queries.documents import SignedDocument, Stamp

Scope = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]
_T = TypeVar("_T")

_CONTENT_TYPE = (b"content-type", b"text/xml; charset=utf-8")
_CACHE_CONTROL = (b"cache-control", b"public, max-age=60")
NO_SUCH_PATH = "there is nothing at this path; an SMP has /{participant}[/services/{document type}]"
log = structlog.get_logger(__name__)


class SmpReadApp:
    """Answers look-ups. One instance serves all domains; `refresh_domains` after domains changed."""

    def __init__(
        self, directory: DomainDirectory, reader: DocumentReader, signer: DocumentSigner, clock: Clock
    ) -> None:
        self._directory = directory
        self._reader = reader
        self._signer = signer
        self._clock = clock
        self._signing: dict[Stamp, asyncio.Future[SignedDocument]] = {}
        self.refresh_domains()

    def refresh_domains(self) -> None:
        """Take over the domains of the directory."""
        stored = self._directory.all()
        self._stored = {item.domain.name: item for item in stored}
        self._router = router_of(stored)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        head = scope["method"] == "HEAD"
        try:
            if scope["method"] not in {"GET", "HEAD"}:
                await _send_empty(send, 405, [(b"allow", b"GET, HEAD")])
                return
            headers = {name: value for name, value in scope["headers"] if name in _USED_HEADERS}
            stored, path = self._locate(headers.get(b"host"), scope["raw_path"])
            await self.answer(stored, path, headers, send, head=head)
        except Exception as error:
            problem = problem_for(error)
            if problem.status >= 500:
                log.exception("smp_read_failed")
            await send_problem(send, problem, head=head)

    def _locate(self, host: bytes | None, raw_path: bytes) -> tuple[StoredDomain, SmpPath]:
        matched = self._router.match(None if host is None else host.decode("latin-1"), raw_path)
        path = None if matched is None else split_smp_path(matched[1])
        if matched is None or path is None:
            raise NotFoundError(NO_SUCH_PATH)
        return self._stored[matched[0].name], path

    async def answer(
        self, stored: StoredDomain, path: SmpPath, headers: Mapping[bytes, bytes], send: Send, *, head: bool
    ) -> None:
        """Send what a domain has at a path; `headers` may have conditions. Raises RegistryError before it sends."""
        now = self._clock()
        if path.document_type is None:
            document = await self._group(stored, path)
        else:
            document = await self._metadata(stored, path, now, with_body=headers.keys().isdisjoint(_CONDITIONAL))
        second = int(now.timestamp())
        if is_not_modified(
            document.etag,
            document.last_modified,
            second,
            headers.get(b"if-none-match"),
            headers.get(b"if-modified-since"),
        ):
            await _send_empty(send, 304, _validators(document, second))
            return
        if not document.body:
            document = await self._metadata(stored, path, now, with_body=True)
        length = (b"content-length", str(len(document.body)).encode())
        lines = [_CONTENT_TYPE, length, *_validators(document, second)]
        await send({"type": "http.response.start", "status": 200, "headers": lines})
        await send({"type": "http.response.body", "body": b"" if head else document.body})

    async def _metadata(self, stored: StoredDomain, path: SmpPath, now: datetime, *, with_body: bool) -> SignedDocument:
        participant = _participant(path.participant)
        document_type = _document_type(path.document_type or "")
        rules = stored.domain.identifiers
        key = DocumentKey(
            stored.id,
            participant.scheme,
            rules.participant_key(participant),
            document_type.scheme,
            rules.document_type_key(document_type),
            DIALECT,
        )
        found = await self._read(lambda: self._reader.find(key, now, with_body=with_body))
        if found is None:
            raise NotFoundError(f"{shorten(str(participant))} does not receive {shorten(str(document_type))} here")
        return found.document or await self._sign_once(found)

    async def _group(self, stored: StoredDomain, path: SmpPath) -> SignedDocument:
        participant = _participant(path.participant)
        key = stored.domain.identifiers.participant_key(participant)
        found = await self._read(lambda: self._reader.find_group(stored.id, participant.scheme, key))
        if found is None:
            raise NotFoundError(f"{shorten(str(participant))} is not published here")
        row, document_types = found
        group = ServiceGroup(row.participant, document_types, row.extensions)
        body = write_service_group(group, stored.domain.smp.base_url)
        return SignedDocument(body, etag_of(body), int(row.modified_at.timestamp()))

    async def _read(self, look_up: Callable[[], _T]) -> _T:
        return await asyncio.to_thread(look_up) if self._reader.blocking else look_up()

    async def _sign_once(self, found: FoundService) -> SignedDocument:
        """Sign in a worker thread; requests for the same stamp wait for the one that signs."""
        if found.stamp is None:
            raise ConfigurationError("the domain has no signing key")
        stamp = found.stamp
        running = self._signing.get(stamp)
        if running is None:
            running = asyncio.ensure_future(asyncio.to_thread(self._signer.sign, found.service_id))
            self._signing[stamp] = running
            running.add_done_callback(partial(self._signed, stamp))
        return await asyncio.shield(running)

    def _signed(self, stamp: Stamp, _: asyncio.Future[SignedDocument]) -> None:
        del self._signing[stamp]


def _validators(document: SignedDocument, second: int) -> list[tuple[bytes, bytes]]:
    """What a client needs to ask again cheaply; `second` is now, in seconds since 1970."""
    return [
        (b"etag", document.etag.encode()),
        (b"last-modified", _http_date(shown_last_modified(document.last_modified, second))),
        _CACHE_CONTROL,
    ]


_CONDITIONAL = {b"if-none-match", b"if-modified-since"}
_USED_HEADERS = {b"host", *_CONDITIONAL}
_http_date = lru_cache(maxsize=4096)(http_date)


def router_of(stored: list[StoredDomain]) -> DomainRouter:
    """A router over these domains; the one that is marked as default answers at the root."""
    domains: list[Domain] = [item.domain for item in stored]
    default = next((domain for domain in domains if domain.default), None)
    return DomainRouter(domains, default)


def _participant(text: str) -> ParticipantIdentifier:
    try:
        return ParticipantIdentifier.parse(text)
    except ValidationError as error:
        raise NotFoundError(str(error)) from error


@lru_cache(maxsize=256)
def _document_type(text: str) -> DocumentTypeIdentifier:
    try:
        return DocumentTypeIdentifier.parse(text)
    except ValidationError as error:
        raise NotFoundError(str(error)) from error


async def _send_empty(send: Send, status: int, headers: list[tuple[bytes, bytes]]) -> None:
    extra = [] if status == 304 else [(b"content-length", b"0")]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *extra]})
    await send({"type": "http.response.body", "body": b""})
