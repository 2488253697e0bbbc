# SPDX-License-Identifier: Apache-2.0
"""SOAP services as pure ASGI applications: SOAP 1.1 over POST, WSDL and XSD over GET; and that of the SML for SMPs.

They know HTTP and messages, the operations know the rules, and between them are only values (`registry.sml.model`).
The caller is whoever the TLS layer says: the server puts the client certificate into the ASGI scope. Who shows none
is told so before the message is parsed. Host and other request headers never reach an answer.
"""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from registry import telemetry
from registry.errors import ConflictError
from registry.sml.envelope import EMPTY, MAX_BYTES, EnvelopeError
from registry.sml.errors import FaultKind, SmlError, unauthorized
from registry.sml.faults import INTERNAL_ERROR, fault_status, write_fault
from registry.sml.messages import (
    CreateParticipants,
    CreatePublisher,
    DeleteParticipants,
    DeletePublisher,
    IsAlive,
    ListParticipants,
    Migrate,
    ParticipantExists,
    PrepareCertificate,
    PrepareMigration,
    ReadPublisher,
    Request,
    UpdatePublisher,
    parse_request,
    write_exists,
    write_page,
    write_publisher,
)
from registry.sml.model import Caller, SmlOperations
from registry.sml.wsdl import SCHEMAS, SERVICES, Service, schema_document, wsdl_document
from trust_lists.certificates.parsing import load_certificate
from trust_lists.errors import CertificateError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
CallerOf = Callable[[Scope, str], Caller]
"""Finds out who calls, from the ASGI scope and the request id; raises SmlError for a certificate it can't read."""
RunBlocking = Callable[[Callable[[], bytes]], Awaitable[bytes]]
"""Runs a blocking function off the event loop."""

_log = logging.getLogger(__name__)
_XML = "text/xml; charset=utf-8"
_TEXT = "text/plain; charset=utf-8"
_XML_TYPES = {"text/xml", "application/xml"}
_CHARSETS = {"utf-8", "utf8", "us-ascii"}


def tls_caller(scope: Scope, request_id: str) -> Caller:
    """The caller by the ASGI TLS extension: the first certificate of `client_cert_chain`, in PEM.

    Raises SmlError ERR-102 when that is no certificate.
    """
    tls = (scope.get("extensions") or {}).get("tls") or {}
    chain = tls.get("client_cert_chain") or ()
    address = (scope.get("client") or ("",))[0]
    if not chain:
        return Caller(None, request_id, address)
    try:
        return Caller(load_certificate(chain[0]), request_id, address)
    except CertificateError as error:
        raise SmlError(FaultKind.UNAUTHORIZED, 102, "The client certificate can't be read") from error


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes
    content_type: str = _XML
    headers: tuple[tuple[bytes, bytes], ...] = ()


class _HttpError(Exception):
    """The request fails below SOAP: wrong method, type, or size."""

    def __init__(self, status: int, text: str, *headers: tuple[bytes, bytes]) -> None:
        super().__init__(text)
        self.answer = _Answer(status, f"{text}\n".encode(), _TEXT, headers)


Perform = Callable[[Service, bytes, Caller], bytes]
"""Carries out the message that a caller sent to a service, and returns the answer; it may block."""


class SoapApp:
    """Services under `base_path`, whose messages `perform` carries out.

    `public_url` is what WSDL and XSD tell the world about where `base_path` is, without a slash at the end.
    `icd_status_codes` answers faults with 400, 401 and 404 instead of 500; JAX-WS callers then see no fault.
    """

    def __init__(
        self,
        services: Iterable[Service],
        perform: Perform,
        *,
        public_url: str,
        base_path: str = "/edelivery-sml",
        icd_status_codes: bool = False,
        caller_of: CallerOf = tls_caller,
        run_blocking: RunBlocking = asyncio.to_thread,
    ) -> None:
        self._perform = perform
        self._public_url = public_url.rstrip("/")
        self._base_path = base_path.rstrip("/")
        self._icd_status_codes = icd_status_codes
        self._caller_of = caller_of
        self._run_blocking = run_blocking
        self._services: Mapping[str, Service] = {f"{self._base_path}/{service.path}": service for service in services}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request; every answer carries its request id in `X-Request-Id`."""
        if scope["type"] != "http":
            raise NotImplementedError(f"no {scope['type']} here")
        request_id = telemetry.request_id.get() or uuid.uuid4().hex
        try:
            answer = await self._answer(scope, receive, request_id)
        except _HttpError as error:
            answer = error.answer
        headers = [
            (b"content-type", answer.content_type.encode()),
            (b"content-length", str(len(answer.body)).encode()),
            (b"x-request-id", request_id.encode()),
            *answer.headers,
        ]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, scope: Scope, receive: Receive, request_id: str) -> _Answer:
        path, method = scope["path"].rstrip("/"), scope["method"]
        service = self._services.get(path)
        if service is None and path != self._base_path:
            raise _HttpError(404, f"There is nothing here; the services are under {self._base_path}/")
        if method in {"GET", "HEAD"}:
            return self._describe(service, scope.get("query_string", b""))
        if service is None:
            raise _HttpError(405, "Call one of the services below this path", (b"allow", b"GET, HEAD"))
        if method != "POST":
            raise _HttpError(405, "Call this service with POST", (b"allow", b"GET, HEAD, POST"))
        headers = dict(scope["headers"])
        _check_content_type(headers.get(b"content-type", b"").decode("latin-1"))
        data = await _read_body(headers, receive)
        return await self._call(service, scope, data, request_id)

    async def _call(self, service: Service, scope: Scope, data: bytes, request_id: str) -> _Answer:
        error: SmlError | EnvelopeError
        try:
            caller = self._caller_of(scope, request_id)
            if caller.certificate is None:
                raise unauthorized("The caller showed no client certificate")
            # Off the event loop, since a long message takes milliseconds and a transaction more.
            return _Answer(200, await self._run_blocking(partial(self._perform, service, data, caller)))
        except (SmlError, EnvelopeError) as refusal:
            error = refusal
        except ConflictError as refusal:  # of no service, but of the domain: it is in standby
            error = SmlError(FaultKind.INTERNAL_ERROR, INTERNAL_ERROR.code, str(refusal))
        except Exception:  # noqa: BLE001 - whatever it is, no detail leaves the house
            _log.exception("SML call to %s failed, request id %s", service.path, request_id)
            error = INTERNAL_ERROR
        status = fault_status(error, icd_status_codes=self._icd_status_codes)
        return _Answer(status, write_fault(error, request_id))

    def _describe(self, service: Service | None, query: bytes) -> _Answer:
        name, _, value = query.decode("latin-1").lower().partition("=")
        if service is not None and name == "wsdl":
            return _Answer(200, wsdl_document(service, f"{self._public_url}/{service.path}"))
        if service is not None and name == "xsd":
            if value not in SCHEMAS:
                raise _HttpError(404, f"The schemas are {', '.join(f'?xsd={schema}' for schema in SCHEMAS)}")
            return _Answer(200, schema_document(value, f"{self._public_url}/{service.path}"))
        lines = ["Service Metadata Locator: SOAP 1.1, with a client certificate.", ""]
        for each in self._services.values():
            url = f"{self._public_url}/{each.path}"
            lines += [url, f"  WSDL: {url}?wsdl", f"  {', '.join(op.name for op in each.operations)}", ""]
        return _Answer(200, "\n".join(lines).encode(), _TEXT)


class SmlSoapApp(SoapApp):
    """The services for SMPs: ManageServiceMetadata, ManageParticipantIdentifier, BDMSL.

    `alive` is what this process adds to IsAlive; it raises SmlError, as the operations do.
    """

    def __init__(
        self, operations: SmlOperations, *, alive: Callable[[], None] = lambda: None, public_url: str, **options: Any
    ) -> None:
        """`options` as those of `SoapApp`."""

        def carry_out(service: Service, data: bytes, caller: Caller) -> bytes:
            request = parse_request(service, data)
            answer = perform(operations, caller, request)
            if isinstance(request, IsAlive):
                alive()
            return answer

        super().__init__(SERVICES, carry_out, public_url=public_url, **options)


def perform(operations: SmlOperations, caller: Caller, request: Request) -> bytes:
    """Carry a request out and write its answer. Raises what the operation raises."""
    match request:
        case CreatePublisher(publisher):
            operations.create_publisher(caller, publisher)
        case ReadPublisher(smp_id):
            return write_publisher(operations.read_publisher(caller, smp_id))
        case UpdatePublisher(publisher):
            operations.update_publisher(caller, publisher)
        case DeletePublisher(smp_id):
            operations.delete_publisher(caller, smp_id)
        case CreateParticipants(smp_id, participants, service):
            operations.create_participants(caller, smp_id, participants, service)
        case DeleteParticipants(owner, participants):
            operations.delete_participants(caller, owner, participants)
        case ListParticipants(smp_id, page):
            return write_page(operations.list_participants(caller, smp_id, page))
        case PrepareMigration(smp_id, participant, key):
            operations.prepare_migration(caller, smp_id, participant, key)
        case Migrate(smp_id, participant, key):
            operations.migrate(caller, smp_id, participant, key)
        case _:
            return _perform_bdmsl(operations, caller, request)
    return EMPTY


def _perform_bdmsl(
    operations: SmlOperations, caller: Caller, request: ParticipantExists | PrepareCertificate | IsAlive
) -> bytes:
    match request:
        case ParticipantExists(smp_id, participant):
            return write_exists(request, exists=operations.exists_participant(caller, smp_id, participant))
        case PrepareCertificate(certificate, begins):
            operations.prepare_change_certificate(caller, certificate, begins)
        case IsAlive():
            operations.is_alive(caller)
    return EMPTY


def _check_content_type(content_type: str) -> None:
    media_type, *parameters = (part.strip().lower() for part in content_type.split(";"))
    if media_type not in _XML_TYPES:
        hint = ": SOAP 1.2 is not spoken here" if media_type == "application/soap+xml" else ""
        raise _HttpError(415, f"Send SOAP 1.1 as text/xml{hint}", (b"accept", b"text/xml"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset" and value.strip(" \"'") not in _CHARSETS:
            raise _HttpError(415, "Send the message in UTF-8", (b"accept", b"text/xml"))


async def _read_body(headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
    """The whole body. Counted while it comes: a Content-Length may be absent, and only helps to refuse early."""
    too_large = _HttpError(413, f"A message has at most {MAX_BYTES} bytes", (b"connection", b"close"))
    announced = headers.get(b"content-length", b"")
    if announced.isdigit() and int(announced[:20]) > MAX_BYTES:
        raise too_large
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _HttpError(400, "The message ended early")
        body += message.get("body", b"")
        if len(body) > MAX_BYTES:
            raise too_large
        if not message.get("more_body", False):
            return bytes(body)
