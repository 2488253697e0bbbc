# SPDX-License-Identifier: Apache-2.0
"""The public face of the SMP: GET and HEAD of service groups and service metadata, as one raw ASGI application.

It stands beside FastAPI, not in it: a look-up is one prepared statement and no crypto, so a framework would be most of
its cost. Links come from the domain's configured base URL, never from a header (phoss-smp#369, #303).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, TypeVar

import structlog

from registry.clock import Clock
from registry.domains.domain import Domain
from registry.domains.router import DomainRouter
from registry.errors import ConfigurationError, NotFoundError, ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import WILDCARD, ParticipantIdentifier
from registry.identifiers.text import shorten
from registry.metadata import ServiceGroup
from registry.problems import problem_for, send_problem
from registry.smp.business_cards import BusinessCards
from registry.smp.conditional import http_date, is_not_modified, shown_last_modified
from registry.smp.documents.catalogue import DIALECTS
from registry.smp.documents.dialect import Dialect
from registry.smp.routes import BusinessCardRequest, DocumentRequest, route, smp_url
from registry.smp.signed_documents import DocumentSigner, etag_of
from registry.smp.wildcards import WildcardAnswers
from registry.storage.document_reader import DocumentKey, DocumentReader, FoundService
from registry.storage.domain_directory import DomainDirectory, StoredDomain
from registry.storage.queries.documents import SignedDocument, Stamp
from registry.storage.queries.signed_groups import GroupKey

Scope = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]
_T = TypeVar("_T")

Request = DocumentRequest | BusinessCardRequest

_CONTENT_TYPES = {
    name: (b"content-type", f"{dialect.content_type}; charset=utf-8".encode()) for name, dialect in DIALECTS.items()
}
_XML = (b"content-type", b"text/xml; charset=utf-8")  # as phoss SMP, which the directory was made with
_CACHE_CONTROL = (b"cache-control", b"public, max-age=60")
NO_SUCH_PATH = "there is nothing at this path; an SMP has /{participant}[/services/{document type}]"
log = structlog.get_logger(__name__)


class SmpReadApp:
    """Answers look-ups. One instance serves all domains; `refresh_domains` after domains changed."""

    def __init__(
        self,
        directory: DomainDirectory,
        reader: DocumentReader,
        signer: DocumentSigner,
        business_cards: BusinessCards,
        clock: Clock,
    ) -> None:
        self._directory = directory
        self._reader = reader
        self._signer = signer
        self._business_cards = business_cards
        self._clock = clock
        self._signing: dict[tuple[Stamp, str], asyncio.Future[SignedDocument]] = {}
        self._wildcards = WildcardAnswers(time.monotonic)
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
            stored, request = self._locate(headers.get(b"host"), scope["raw_path"])
            await self.answer(stored, request, headers, send, head=head)
        except Exception as error:
            problem = problem_for(error)
            if problem.status >= 500:
                log.exception("smp_read_failed")
            again = [(b"retry-after", b"1")] if problem.status == 503 else []
            await send_problem(send, problem, head=head, headers=again)

    def _locate(self, host: bytes | None, raw_path: bytes) -> tuple[StoredDomain, Request]:
        matched = self._router.match(None if host is None else host.decode("latin-1"), raw_path)
        request = None if matched is None else route(*matched)
        if matched is None or request is None:
            raise NotFoundError(NO_SUCH_PATH)
        return self._stored[matched[0].name], request

    async def answer(
        self, stored: StoredDomain, request: Request, headers: Mapping[bytes, bytes], send: Send, *, head: bool
    ) -> None:
        """Send what a domain has at a path; `headers` may have conditions. Raises RegistryError before it sends."""
        now = self._clock()
        document = await self._find(stored, request, now, with_body=headers.keys().isdisjoint(_CONDITIONAL))
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
            document = await self._find(stored, request, now, with_body=True)
        length = (b"content-length", str(len(document.body)).encode())
        lines = [_content_type(request), length, *_validators(document, second)]
        await send({"type": "http.response.start", "status": 200, "headers": lines})
        await send({"type": "http.response.body", "body": b"" if head else document.body})

    async def _find(self, stored: StoredDomain, request: Request, now: datetime, *, with_body: bool) -> SignedDocument:
        if isinstance(request, BusinessCardRequest):
            return await self._business_card(stored, request)
        try:
            if request.path.document_type is None:
                return await self._group(stored, request)
            return await self._metadata(stored, request, now, with_body=with_body)
        except ValidationError as error:
            # It was published when the domain did not have this dialect yet; nothing is dropped to fit it in.
            raise NotFoundError(f"this can't be said in {request.dialect.title}: {error}") from error

    async def _metadata(
        self, stored: StoredDomain, request: DocumentRequest, now: datetime, *, with_body: bool
    ) -> SignedDocument:
        participant = _participant(request.path.participant, stored)
        rules = stored.domain.identifiers
        document_type = _document_type(
            request.path.document_type or "", scheme_optional=rules.document_type.allow_no_scheme
        )
        dialect = request.dialect.name
        key = DocumentKey(
            stored.id,
            participant.scheme,
            rules.participant_key(participant),
            document_type.scheme,
            rules.document_type_key(document_type),
            dialect,
        )
        found = self._reader.known(key, now) if self._reader.blocking else None
        found = found or await self._read(lambda: self._reader.find(key, now, with_body=with_body))
        if found is not None:
            return found.document or await self._sign_once(found, dialect)
        if _may_be_wildcard(stored, participant):
            template = replace(key, value_key=WILDCARD)
            found = await self._read(lambda: self._reader.find(template, now, with_body=False))
            if found is not None:
                make = partial(self._signer.sign_for, found.service_id, dialect, participant)
                return await self._wildcard_answer((_stamp_of(found), dialect, participant), make)
        raise NotFoundError(f"{shorten(str(participant))} does not receive {shorten(str(document_type))} here")

    async def _group(self, stored: StoredDomain, request: DocumentRequest) -> SignedDocument:
        participant = _participant(request.path.participant, stored)
        value_key = stored.domain.identifiers.participant_key(participant)
        if request.dialect.signs_service_groups:
            return await self._signed_group(stored, request.dialect, participant, value_key)
        found = await self._read(lambda: self._reader.find_group(stored.id, participant.scheme, value_key))
        shown = None if found is None else found[0].participant
        if found is None and _may_be_wildcard(stored, participant):
            found = await self._read(lambda: self._reader.find_group(stored.id, participant.scheme, WILDCARD))
            shown = participant
        if found is None or shown is None:
            raise _not_published(participant)
        row, document_types = found
        group = ServiceGroup(shown, document_types, row.extensions)
        body = request.dialect.write_service_group(group, smp_url(stored.domain, request.dialect))
        return SignedDocument(body, etag_of(body), int(row.modified_at.timestamp()))

    async def _signed_group(
        self, stored: StoredDomain, dialect: Dialect, participant: ParticipantIdentifier, value_key: str
    ) -> SignedDocument:
        key = GroupKey(stored.id, participant.scheme, value_key, dialect.name)
        found = await self._read(lambda: self._reader.find_signed_group(key))
        if found is not None:
            if found.document is not None:
                return found.document
            return await asyncio.to_thread(self._signer.current_group, stored, key)
        if _may_be_wildcard(stored, participant):
            found = await self._read(lambda: self._reader.find_signed_group(replace(key, value_key=WILDCARD)))
            if found is not None:
                make = partial(self._signer.group_for, stored, found.stamp, dialect.name, participant)
                return await self._wildcard_answer((found.stamp, dialect.name, participant), make)
        raise _not_published(participant)

    async def _wildcard_answer(self, key: Hashable, make: Callable[[], SignedDocument]) -> SignedDocument:
        kept = self._wildcards.find(key)
        return await asyncio.to_thread(self._wildcards.make, key, make) if kept is None else kept

    async def _business_card(self, stored: StoredDomain, request: BusinessCardRequest) -> SignedDocument:
        participant = _participant(request.participant, stored)
        found = await asyncio.to_thread(self._business_cards.served, stored, participant)
        if found is None:
            raise NotFoundError(f"{shorten(str(participant))} has no business card here")
        return found

    async def _read(self, look_up: Callable[[], _T]) -> _T:
        return await asyncio.to_thread(look_up) if self._reader.blocking else look_up()

    async def _sign_once(self, found: FoundService, dialect: str) -> SignedDocument:
        """Sign in a worker thread; requests for the same stamp wait for the one that signs."""
        key = (_stamp_of(found), dialect)
        running = self._signing.get(key)
        if running is None:
            running = asyncio.ensure_future(asyncio.to_thread(self._signer.sign, found.service_id, dialect))
            self._signing[key] = running
            running.add_done_callback(partial(self._signed, key))
        return await asyncio.shield(running)

    def _signed(self, key: tuple[Stamp, str], _: asyncio.Future[SignedDocument]) -> None:
        del self._signing[key]


def _stamp_of(found: FoundService) -> Stamp:
    if found.stamp is None:
        raise ConfigurationError("the domain has no signing key")
    return found.stamp


def _not_published(participant: ParticipantIdentifier) -> NotFoundError:
    return NotFoundError(f"{shorten(str(participant))} is not published here")


def _may_be_wildcard(stored: StoredDomain, participant: ParticipantIdentifier) -> bool:
    return participant.scheme in stored.domain.sml.wildcard_owners and not participant.is_wildcard


def _content_type(request: Request) -> tuple[bytes, bytes]:
    return _XML if isinstance(request, BusinessCardRequest) else _CONTENT_TYPES[request.dialect.name]


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


def _participant(text: str, stored: StoredDomain) -> ParticipantIdentifier:
    try:
        optional = stored.domain.identifiers.participant.allow_no_scheme
        return ParticipantIdentifier.parse(text, scheme_optional=optional)
    except ValidationError as error:
        raise NotFoundError(str(error)) from error


@lru_cache(maxsize=256)
def _document_type(text: str, *, scheme_optional: bool) -> DocumentTypeIdentifier:
    try:
        return DocumentTypeIdentifier.parse(text, scheme_optional=scheme_optional)
    except ValidationError as error:
        raise NotFoundError(str(error)) from error


async def _send_empty(send: Send, status: int, headers: list[tuple[bytes, bytes]]) -> None:
    extra = [] if status == 304 else [(b"content-length", b"0")]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *extra]})
    await send({"type": "http.response.body", "body": b""})
