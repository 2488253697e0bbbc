# SPDX-License-Identifier: Apache-2.0
"""`…/participants/{participant}/services`: what a participant receives, by document type."""

from typing import Annotated

import structlog
from pydantic import Field

from registry.accounts.permissions import Action
from registry.api.v1 import rules
from registry.api.v1.answers import Answer, warning_header
from registry.api.v1.call import Call, CallState
from registry.api.v1.cursors import Cursor, Limit, paged, read_cursor
from registry.api.v1.domains import DomainName
from registry.api.v1.models import Model, Page
from registry.api.v1.participants import PARTICIPANT, ParticipantId
from registry.api.v1.routing import Resource, url
from registry.api.v1.rules import Needs, no_participant, parsed_participant
from registry.api.v1.service_models import CodeModel, ServiceModel, metadata_of, service_model
from registry.errors import NotFoundError, RegistryError, ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.text import shorten
from registry.identifiers.url_form import service_path
from registry.smp.merging import merged
from registry.smp.publishing import Outcome, Published
from registry.storage.domain_directory import StoredDomain

resource = Resource("services", "What a participant receives, by document type.")
SERVICES = f"{PARTICIPANT}/services"
SERVICE = f"{SERVICES}/{{document_type}}"
DocumentTypeId = Annotated[
    str,
    Field(
        max_length=1100,
        description="A document type as scheme::value, percent-encoded.",
        examples=[
            "busdox-docid-qns::urn:oasis:names:specification:ubl:schema:xsd:Invoice-2::Invoice##urn:cen.eu:en16931:2017::2.1"
        ],
    ),
]
"""The path parameter `{document_type}`."""
log = structlog.get_logger(__name__)


class ServiceSummary(Model):
    """A service in a list."""

    document_type: CodeModel


@resource.get(SERVICES, Needs(Action.SERVICE_READ, rules.participant), {200: Page[ServiceSummary]})
def list_services(
    call: Call, domain: DomainName, participant: ParticipantId, limit: Limit = 50, cursor: Cursor = None
) -> Page[ServiceSummary]:
    """List the document types that a participant receives."""
    stored, identifier = _located(call, domain, participant)
    after = read_cursor(cursor, str, str)
    key = stored.domain.identifiers.document_type_key
    found = call.context.services.listed(stored, identifier)
    rest = [row for row in found if after is None or (row.document_type.scheme, key(row.document_type)) > after]
    part, following = paged(rest[: limit + 1], limit, lambda row: (row.document_type.scheme, key(row.document_type)))
    items = [
        ServiceSummary(document_type=CodeModel(scheme=row.document_type.scheme, value=row.document_type.value))
        for row in part
    ]
    return Page[ServiceSummary](items=items, next_cursor=following)


@resource.get(SERVICE, Needs(Action.SERVICE_READ, rules.participant), {200: ServiceModel})
def read_service(call: Call, domain: DomainName, participant: ParticipantId, document_type: DocumentTypeId) -> Answer:
    """Read what a participant receives of a document type.

    The signed document for the public is what `Link` names as `alternate`.
    """
    stored, identifier = _located(call, domain, participant)
    wanted = _document_type(stored, document_type)
    found = call.context.services.find(stored, identifier, wanted)
    if found is None:
        raise _no_service(participant, document_type)
    base = (stored.domain.smp.base_url or "").rstrip("/")
    alternate = f'<{base}{service_path(found.participant, found.document_type)}>; rel="alternate"; type="text/xml"'
    return Answer(service_model(found), headers={"link": alternate} if base else {})


@resource.put(SERVICE, Needs(Action.SERVICE_WRITE, rules.participant), {200: ServiceModel, 201: ServiceModel})
def put_service(
    call: Call, domain: DomainName, participant: ParticipantId, document_type: DocumentTypeId, body: ServiceModel
) -> Answer:
    """Publish what a participant receives of a document type, or replace it.

    What is worth knowing comes as `Warning` headers.
    """
    stored, identifier = _located(call, domain, participant)
    wanted = _document_type(stored, document_type)
    _locked(call, stored, identifier, wanted)
    metadata = metadata_of(_same(stored, body, wanted), identifier, wanted)
    published = call.context.publishing.put_service_metadata(call.actor, stored, metadata)
    return _published(call, stored, identifier, wanted, published)


@resource.patch(SERVICE, Needs(Action.SERVICE_WRITE, rules.participant), {200: ServiceModel, 201: ServiceModel})
def patch_service(
    call: Call, domain: DomainName, participant: ParticipantId, document_type: DocumentTypeId, body: ServiceModel
) -> Answer:
    """Say anew a part of what a participant receives of a document type: a process, or one endpoint of it.

    A process is known by its identifier, an endpoint by its process and transport profile. What the body doesn't speak
    of stays as it is; what it speaks of is as it says.
    """
    stored, identifier = _located(call, domain, participant)
    wanted = _document_type(stored, document_type)
    _locked(call, stored, identifier, wanted)
    metadata = metadata_of(_same(stored, body, wanted), identifier, wanted)
    published = call.context.publishing.revise_service_metadata(
        call.actor, stored, identifier, wanted, lambda held: merged(held, metadata, stored.domain.identifiers)
    )
    return _published(call, stored, identifier, wanted, published)


@resource.delete(SERVICE, Needs(Action.SERVICE_WRITE, rules.participant), {204: None})
def delete_service(call: Call, domain: DomainName, participant: ParticipantId, document_type: DocumentTypeId) -> None:
    """Withdraw a document type."""
    stored, identifier = _located(call, domain, participant)
    wanted = _document_type(stored, document_type)
    _locked(call, stored, identifier, wanted)
    call.context.publishing.delete_service_metadata(call.actor, stored, identifier, wanted)


def _located(call: CallState, domain: str, participant: str) -> tuple[StoredDomain, ParticipantIdentifier]:
    stored = call.context.domain(domain)
    return stored, parsed_participant(stored, participant)


def _document_type(stored: StoredDomain, text: str) -> DocumentTypeIdentifier:
    optional = stored.domain.identifiers.document_type.allow_no_scheme
    return DocumentTypeIdentifier.parse(text, scheme_optional=optional)


def _locked(
    call: CallState, stored: StoredDomain, participant: ParticipantIdentifier, document_type: DocumentTypeIdentifier
) -> None:
    """Let nobody else change the participant before the end of the transaction, and look at the conditions."""
    if call.context.participants.lock(call.work, stored, participant) is None:
        raise no_participant(str(participant))

    def current() -> ServiceModel | None:
        found = call.context.services.find(stored, participant, document_type)
        return None if found is None else service_model(found)

    call.match(current)


def _same(stored: StoredDomain, body: ServiceModel, wanted: DocumentTypeIdentifier) -> ServiceModel:
    said = body.document_type
    if said is None:
        return body
    if not stored.domain.identifiers.same_document_type(DocumentTypeIdentifier(said.scheme, said.value), wanted):
        message = f"the body is of {said.scheme}::{said.value}, the path says {wanted}"
        raise ValidationError.of("SMP-ID-MISMATCH", message)
    return body


def _published(
    call: CallState,
    stored: StoredDomain,
    participant: ParticipantIdentifier,
    document_type: DocumentTypeIdentifier,
    published: Published,
) -> Answer:
    found = call.context.services.find(stored, participant, document_type)
    if found is None:
        raise _no_service(str(participant), str(document_type))
    call.after(lambda: sign(call, stored, published))
    headers = warning_header(published.warnings)
    if published.outcome is not Outcome.CREATED:
        return Answer(service_model(found), headers=headers)
    place = url(SERVICE, stored.domain.name, str(found.participant), str(found.document_type))
    return Answer(service_model(found), 201, {**headers, "location": place})


def sign(call: CallState, stored: StoredDomain, published: Published) -> None:
    """Sign what was published, so that its first reader needn't wait; that can be done later, too."""
    if published.service_id is None or not stored.domain.smp.base_url:
        return
    try:
        for dialect in stored.domain.smp.dialects:
            call.context.signer.current(published.service_id, dialect)
    except NotFoundError:
        pass  # somebody has withdrawn it meanwhile
    except RegistryError as error:
        log.error("signing_failed", reason=str(error))  # noqa: TRY400


def _no_service(participant: str, document_type: str) -> NotFoundError:
    return NotFoundError(f"{shorten(participant)} does not receive {shorten(document_type)}")
