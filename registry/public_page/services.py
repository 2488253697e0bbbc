# SPDX-License-Identifier: Apache-2.0
"""What a participant receives, as its documents show it to everybody."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from registry.domains.domain import Domain
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import WILDCARD, ParticipantIdentifier
from registry.identifiers.url_form import service_path
from registry.metadata import Endpoint, ServiceMetadata
from registry.smp.documents.catalogue import DIALECTS
from registry.smp.routes import smp_url
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Database
from registry.storage.queries import public_groups, service_groups, services
from registry.storage.queries.service_groups import ServiceGroupRow
from registry.storage.unit_of_work import Connection
from trust_lists.certificates.parsing import fingerprint, load_certificate, subject_text
from trust_lists.errors import CertificateError

SIZE = 20
"""Services on a page."""


@dataclass(frozen=True, slots=True)
class ShownCertificate:
    """A certificate of an endpoint; None for what can't be read of it."""

    subject: str | None
    not_before: datetime | None
    not_after: datetime | None
    sha256: str | None


@dataclass(frozen=True, slots=True)
class ShownEndpoint:
    """Where a document is received."""

    address: str
    transport_profile: str
    activation: datetime | None
    expiration: datetime | None
    certificates: tuple[ShownCertificate, ...]


@dataclass(frozen=True, slots=True)
class ShownProcesses:
    """The processes that are served alike, and where; `redirect` is the other SMP that has to say so."""

    processes: tuple[str, ...]
    endpoints: tuple[ShownEndpoint, ...]
    redirect: str


@dataclass(frozen=True, slots=True)
class ShownService:
    """What is said of a document type; `documents` are title and URL of the signed XML in each dialect."""

    document_type: str
    parts: tuple[ShownProcesses, ...]
    documents: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ShownServices:
    """A part of what a participant receives; `following` is the number of the next one that isn't shown."""

    participant: str
    total: int
    services: tuple[ShownService, ...]
    following: int | None


def services_of(
    database: Database, stored: StoredDomain, participant: ParticipantIdentifier, start: int
) -> ShownServices | None:
    """What a participant receives, from number `start` on; None where there is nothing of which everybody is told."""
    with database.read() as connection:
        group = _public_group(connection, stored, participant)
        if group is None:
            return None
        shown = group.participant if not group.participant.is_wildcard else participant
        rows = services.of_group(connection, group.id)
        part = rows[start : start + SIZE]
        now = database.now()
        loaded = [services.load(connection, row.id, now) for row in part]
    following = start + SIZE if start + SIZE < len(rows) else None
    return ShownServices(
        str(shown), len(rows), tuple(_service(stored.domain, shown, each) for each in loaded), following
    )


def _public_group(
    connection: Connection, stored: StoredDomain, participant: ParticipantIdentifier
) -> ServiceGroupRow | None:
    keys = [stored.domain.identifiers.participant_key(participant)]
    if participant.scheme in stored.domain.sml.wildcard_owners and not participant.is_wildcard:
        keys.append(WILDCARD)
    for key in keys:
        if public_groups.is_public(connection, stored.id, participant.scheme, key):
            return service_groups.find(connection, stored.id, participant.scheme, key)
    return None


def _service(domain: Domain, participant: ParticipantIdentifier, metadata: ServiceMetadata) -> ShownService:
    parts = tuple(
        ShownProcesses(
            tuple(str(process.identifier) for process in part.processes),
            tuple(map(_endpoint, part.endpoints)),
            "" if part.redirect is None else part.redirect.href,
        )
        for part in metadata.process_metadata
    )
    documents = tuple(_documents(domain, participant, metadata.document_type))
    return ShownService(str(metadata.document_type), parts, documents)


def _documents(
    domain: Domain, participant: ParticipantIdentifier, document_type: DocumentTypeIdentifier
) -> Iterator[tuple[str, str]]:
    for name in domain.smp.dialects if domain.smp.base_url else ():
        dialect = DIALECTS[name]
        yield dialect.title, smp_url(domain, dialect) + service_path(participant, document_type)


def _endpoint(endpoint: Endpoint) -> ShownEndpoint:
    return ShownEndpoint(
        endpoint.address,
        endpoint.transport_profile,
        endpoint.activation,
        endpoint.expiration,
        tuple(_certificate(each.der) for each in endpoint.certificates),
    )


def _certificate(der: bytes) -> ShownCertificate:
    try:
        read = load_certificate(der)
        return ShownCertificate(
            subject_text(read), read.not_valid_before_utc, read.not_valid_after_utc, fingerprint(read)
        )
    except (CertificateError, ValueError):
        return ShownCertificate(None, None, None, None)
