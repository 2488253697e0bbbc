# SPDX-License-Identifier: Apache-2.0
"""PUT and DELETE of service groups and service metadata, under the paths that GET has on the public listener.

A raw ASGI application, since identifiers need the raw path. A domain is found by the path of its base URL, as in
public, or named: ``/domains/{name}/{participant}[/services/{document type}]``. Whoever writes has a token.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import structlog

from registry.accounts.tokens import Grant, authenticate
from registry.errors import NotFoundError, RegistryError, UnauthorizedError, ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.url_form import SmpPath, decode_segment, split_smp_path
from registry.metadata import ServiceGroup
from registry.problems import problem_for, send_problem
from registry.smp.documents.busdox import read
from registry.smp.http import NO_SUCH_PATH, SmpReadApp, router_of
from registry.smp.publishing import Outcome, Published, Publishing
from registry.smp.signed_documents import DocumentSigner
from registry.storage.domain_directory import DomainDirectory, StoredDomain
from registry.storage.engine import Actor, Database
from registry.telemetry import request_id

Scope = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]

MAX_BODY = 2_000_000
_MAX_WARNINGS = 10
_MAX_WARNING = 500  # characters: clients and proxies bound the length of headers
_DOMAINS = b"/domains/"
_METHODS = {"GET", "HEAD", "PUT", "DELETE"}
log = structlog.get_logger(__name__)


class PublishingApp:
    """Management of what is published; GET and HEAD answer as the public listener does."""

    def __init__(
        self,
        database: Database,
        directory: DomainDirectory,
        publishing: Publishing,
        signer: DocumentSigner,
        reader: SmpReadApp,
    ) -> None:
        self._database = database
        self._directory = directory
        self._publishing = publishing
        self._signer = signer
        self._reader = reader

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        known = scope["method"] in {"GET", "HEAD"}  # anybody may read
        try:
            if scope["method"] not in _METHODS:
                await _send(send, 405, [(b"allow", ", ".join(sorted(_METHODS)).encode())])
                return
            if scope["method"] in {"GET", "HEAD"}:
                await self._read(scope, receive, send)
                return
            grant = await asyncio.to_thread(authenticate, self._database, _bearer(scope), self._database.now())
            known = True
            stored, path = self._locate(scope["raw_path"])
            if not grant.allows(stored.id):
                raise UnauthorizedError(f"the token {grant.name!r} is not for the domain {stored.domain.name}")
            body = await _body(receive) if scope["method"] == "PUT" else b""
            status, warnings = await asyncio.to_thread(self._write, grant, stored, path, scope["method"], body)
            await _send(send, status, [(b"warning", text) for text in _warning_headers(warnings)])
        except Exception as error:
            if not isinstance(error, RegistryError):
                log.error("management_request_failed", exc_info=error)  # noqa: TRY400
            headers = [] if known else [(b"www-authenticate", b"Bearer")]
            head = scope["method"] == "HEAD"
            await send_problem(send, problem_for(error, caller_known=known), head=head, headers=headers)

    async def _read(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not scope["raw_path"].startswith(_DOMAINS):
            await self._reader(scope, receive, send)
            return
        stored, path = self._locate(scope["raw_path"])
        await self._reader.answer(stored, path, dict(scope["headers"]), send, head=scope["method"] == "HEAD")

    def _locate(self, raw_path: bytes) -> tuple[StoredDomain, SmpPath]:
        if raw_path.startswith(_DOMAINS):
            name, _, rest = raw_path[len(_DOMAINS) :].partition(b"/")
            stored, below = self._directory.get(decode_segment(name)), b"/" + rest
        else:
            matched = router_of(self._directory.all()).match(None, raw_path)
            if matched is None:
                raise NotFoundError("no domain has this path; name one: /domains/{name}/{participant}")
            stored, below = self._directory.get(matched[0].name), matched[1]
        path = split_smp_path(below)
        if path is None:
            raise NotFoundError(NO_SUCH_PATH)
        return stored, path

    def _write(
        self, grant: Grant, stored: StoredDomain, path: SmpPath, method: str, body: bytes
    ) -> tuple[int, tuple[str, ...]]:
        actor = Actor(f"token:{grant.name}", request_id.get())
        participant = ParticipantIdentifier.parse(path.participant)
        document_type = None if path.document_type is None else DocumentTypeIdentifier.parse(path.document_type)
        if method == "DELETE":
            if document_type is None:
                self._publishing.delete_service_group(actor, stored, participant)
            else:
                self._publishing.delete_service_metadata(actor, stored, participant, document_type)
            return 204, ()
        published = self._put(actor, stored, participant, document_type, body)
        warnings = published.warnings
        if published.service_id is not None and stored.domain.smp.base_url:
            try:
                self._signer.current(published.service_id)
            except NotFoundError:
                pass  # somebody has withdrawn it meanwhile
            except RegistryError as error:
                # What was asked for is done, and the first reader has it signed.
                log.error("signing_failed", reason=str(error))  # noqa: TRY400
                warnings = (*warnings, "the document is stored, but could not be signed yet")
        return (201 if published.outcome is Outcome.CREATED else 200), warnings

    def _put(
        self,
        actor: Actor,
        stored: StoredDomain,
        participant: ParticipantIdentifier,
        document_type: DocumentTypeIdentifier | None,
        body: bytes,
    ) -> Published:
        document = read(body)
        rules = stored.domain.identifiers
        if not rules.same_participant(document.participant, participant):
            raise ValidationError.of(
                "SMP-ID-MISMATCH", f"the document is of {document.participant}, the path says {participant}", "TA07"
            )
        if document_type is None:
            if document.service_group is None:
                raise ValidationError.of("SMP-KIND", f"a ServiceGroup belongs here, this is a {document.kind}")
            return self._publishing.put_service_group(
                actor, stored, ServiceGroup(participant, extensions=document.service_group.extensions)
            )
        if document.metadata is None or document.document_type is None:
            raise ValidationError.of("SMP-KIND", f"service metadata belong here, this is a {document.kind}")
        if not rules.same_document_type(document.document_type, document_type):
            raise ValidationError.of(
                "SMP-ID-MISMATCH", f"the document is of {document.document_type}, the path says {document_type}", "TA07"
            )
        return self._publishing.put_service_metadata(actor, stored, document.metadata)


def _bearer(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, secret = value.decode("latin-1").partition(" ")
            if scheme.lower() == "bearer":
                return str(secret.strip())
    raise UnauthorizedError("a token is needed: Authorization: Bearer …")


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


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]]) -> None:
    length = [] if status == 204 else [(b"content-length", b"0")]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *length]})
    await send({"type": "http.response.body", "body": b""})
