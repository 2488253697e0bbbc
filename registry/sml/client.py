# SPDX-License-Identifier: Apache-2.0
"""Calls a locator, ours or somebody else's: registers an SMP and its participants over SOAP and mutual TLS.

The methods mirror `registry.sml.model.SmlOperations`. A fault comes back as the SmlError that it stands for. A
TechnicalError means that nobody knows whether the call was carried out: ask before you repeat it.
"""

import ssl
from collections.abc import Callable, Sequence
from datetime import date
from types import TracebackType
from typing import Self, TypeVar

import httpx2
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from registry.errors import TechnicalError, ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.sml.envelope import EnvelopeError, read_response
from registry.sml.errors import SmlError
from registry.sml.faults import is_fault, read_fault
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
    read_exists,
    read_page,
    read_publisher,
    write_request,
)
from registry.sml.model import ParticipantPage, Publisher
from registry.sml.wsdl import SERVICES

MAX_ANSWER_BYTES = 2_000_000
"""Longest answer that is read; a page of 100 participants has some 15 kB."""

_T = TypeVar("_T")
_ROUTES = {
    operation.request: (service.path, service.soap_action(operation))
    for service in SERVICES
    for operation in service.operations
}


class SmlClient:
    """A caller of the locator at `base_url` (`https://sml.example.org/edelivery-sml`); close it, or use `with`.

    `ssl_context` holds the client certificate and the anchors of the server's; None is for plain HTTP on loopback.
    `timeout_s` bounds connecting, and each wait for the other side. All methods raise SmlError when the locator
    refuses and TechnicalError when no answer could be had or understood.
    """

    def __init__(
        self,
        base_url: str,
        ssl_context: ssl.SSLContext | None,
        *,
        timeout_s: float = 30.0,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._http = httpx2.Client(
            verify=True if ssl_context is None else ssl_context,
            timeout=timeout_s,
            follow_redirects=False,
            trust_env=False,
            transport=transport,
        )

    def create_publisher(self, publisher: Publisher) -> None:
        """Register a publisher."""
        self._call(CreatePublisher(publisher))

    def read_publisher(self, smp_id: str) -> Publisher:
        """A publisher as the locator has it."""
        return self._ask(ReadPublisher(smp_id), read_publisher)

    def update_publisher(self, publisher: Publisher) -> None:
        """Give a publisher new addresses."""
        self._call(UpdatePublisher(publisher))

    def delete_publisher(self, smp_id: str) -> None:
        """Remove a publisher, with all its participants."""
        self._call(DeletePublisher(smp_id))

    def create_participants(
        self, smp_id: str, participants: Sequence[ParticipantIdentifier], service: str | None = None
    ) -> None:
        """Register participants at a publisher: all of them or none, at most 100.

        `service` is the NAPTR service of a single one that shall not have the domain's own; SML 3 and later know it.
        """
        if service is not None and len(participants) != 1:
            raise ValidationError.of("SML-SERVICE-SINGLE", "a NAPTR service is said of one participant at a time")
        self._call(CreateParticipants(smp_id, tuple(participants), service))

    def delete_participants(self, smp_id: str | None, participants: Sequence[ParticipantIdentifier]) -> None:
        """Remove participants: all of them or none, at most 100."""
        self._call(DeleteParticipants(smp_id, tuple(participants)))

    def list_participants(self, smp_id: str, page: str | None = None) -> ParticipantPage:
        """One page of a publisher's participants; the first for None, else the `next_page` of the one before."""
        return self._ask(ListParticipants(smp_id, page), lambda body: read_page(body, smp_id))

    def prepare_migration(self, smp_id: str, participant: ParticipantIdentifier, key: str) -> None:
        """Allow whoever has the key to take the participant over."""
        self._call(PrepareMigration(smp_id, participant, key))

    def migrate(self, smp_id: str, participant: ParticipantIdentifier, key: str) -> None:
        """Take a participant over from the publisher that made the key."""
        self._call(Migrate(smp_id, participant, key))

    def exists_participant(self, smp_id: str, participant: ParticipantIdentifier) -> bool:
        """Whether a publisher, perhaps somebody else's, has a participant; SML 4.2 and later know it."""
        return self._ask(ParticipantExists(smp_id, participant), read_exists)

    def prepare_change_certificate(self, certificate: x509.Certificate, begins: date | None = None) -> None:
        """Say which certificate comes after the one that this client shows; None: from its own beginning on."""
        pem = certificate.public_bytes(Encoding.PEM).decode()
        self._call(PrepareCertificate(pem, begins))

    def is_alive(self) -> None:
        """Ask whether the locator can do its work; it says no by an InternalError."""
        self._call(IsAlive())

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _ask(self, request: Request, reader: Callable[[etree._Element], _T]) -> _T:
        body = self._call(request)
        if body is None:
            raise TechnicalError(f"The locator's answer to {request.element} is empty")
        try:
            return reader(body)
        except SmlError as error:
            raise TechnicalError(f"The locator's answer to {request.element} is not understood: {error}") from error

    def _call(self, request: Request) -> etree._Element | None:
        """The element in the Body of the answer. Faults come with any HTTP status, so the body is read first."""
        status, data = self._post(request)
        try:
            body = read_response(data)
        except (SmlError, EnvelopeError) as error:
            raise TechnicalError(f"The locator answered {status} without a SOAP message: {error}") from error
        if body is not None and is_fault(body):
            raise read_fault(body)
        if status != 200:
            raise TechnicalError(f"The locator answered {status}")
        return body

    def _post(self, request: Request) -> tuple[int, bytes]:
        path, action = _ROUTES[request.element]
        headers = {
            "Content-Type": "text/xml; charset=utf-8",
            "Accept": "text/xml",
            # Compressed bytes could grow past every bound.
            "Accept-Encoding": "identity",
            "SOAPAction": f'"{action}"',
        }
        url, content = f"{self._base_url}/{path}", write_request(request)
        data = bytearray()
        try:
            with self._http.stream("POST", url, content=content, headers=headers) as response:
                for chunk in response.iter_raw():
                    data += chunk
                    if len(data) > MAX_ANSWER_BYTES:
                        raise TechnicalError(f"The locator's answer is longer than {MAX_ANSWER_BYTES} bytes")
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise TechnicalError(f"The locator at {url} gave no answer: {type(error).__name__}: {error}") from error
        return response.status_code, bytes(data)
