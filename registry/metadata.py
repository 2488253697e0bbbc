# SPDX-License-Identifier: Apache-2.0
"""The neutral service metadata model: what every SMP dialect says, in one shape.

It follows SMP 2.0, the widest dialect: processes are grouped in `ProcessMetadata`, and a redirect belongs to such a
group. The 1.x dialects are the narrow cases: one process a group; a redirect of the whole document is one group
without processes (no process means any process, SMP 2.0 §2.4).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier


@dataclass(frozen=True, slots=True)
class Extension:
    """Foreign XML that is carried byte for byte.

    `content` is the UTF-8 source between the extension element's tags, untouched; `namespaces` are the (prefix, URI)
    pairs that it inherits from outside and needs (prefix "" is the default namespace); `properties` are the
    descriptive children that BDXR 1.0 and SMP 2.0 put beside the content, as (local name, text) in document order.
    """

    content: bytes
    namespaces: tuple[tuple[str, str], ...] = ()
    properties: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class EndpointCertificate:
    """A certificate of an endpoint: DER bytes, and what SMP 2.0 says about it ("" or None in other dialects).

    The empty `mime_code` is `application/base64`. `activation` is inclusive, `expiration` exclusive; aware UTC, None
    means unlimited.
    """

    der: bytes
    type_code: str = ""
    mime_code: str = ""
    description: str = ""
    activation: datetime | None = None
    expiration: datetime | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where and how a document is received. Dates are aware UTC; None means unlimited. Expiration is exclusive."""

    transport_profile: str
    address: str
    certificates: tuple[EndpointCertificate, ...]
    require_business_level_signature: bool = False
    minimum_authentication_level: str | None = None
    activation: datetime | None = None
    expiration: datetime | None = None
    description: str = ""
    technical_contact: str = ""
    technical_information: str | None = None
    extensions: tuple[Extension, ...] = ()

    def active_at(self, instant: datetime) -> bool:
        """Whether a sender may use this endpoint at `instant` (P14 §2: others MUST be ignored)."""
        return (self.activation is None or self.activation <= instant) and (
            self.expiration is None or instant < self.expiration
        )


@dataclass(frozen=True, slots=True)
class Redirect:
    """Another SMP holds the metadata; `certificate_uid` names that SMP's certificate (in practice its subject).

    `href` is the URL of the other SMP's document in the 1.x dialects, and the base URL of that SMP (PublisherURI) in
    SMP 2.0. `certificate` is the DER of that SMP's certificate, which only SMP 2.0 can carry.
    """

    href: str
    certificate_uid: str = ""
    extensions: tuple[Extension, ...] = ()
    certificate: bytes | None = None


@dataclass(frozen=True, slots=True)
class Process:
    """A process in which a document is exchanged; `roles` exist in SMP 2.0 only."""

    identifier: ProcessIdentifier
    roles: tuple[str, ...] = ()
    extensions: tuple[Extension, ...] = ()


@dataclass(frozen=True, slots=True)
class ProcessMetadata:
    """Either endpoints or a redirect, for these processes; for any process where there are none."""

    processes: tuple[Process, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    redirect: Redirect | None = None
    extensions: tuple[Extension, ...] = ()


@dataclass(frozen=True, slots=True)
class ServiceMetadata:
    """How a participant receives one document type."""

    participant: ParticipantIdentifier
    document_type: DocumentTypeIdentifier
    process_metadata: tuple[ProcessMetadata, ...]
    extensions: tuple[Extension, ...] = ()

    @property
    def redirect(self) -> Redirect | None:
        """The redirect of the whole document, as the 1.x dialects know it."""
        if len(self.process_metadata) == 1 and not self.process_metadata[0].processes:
            return self.process_metadata[0].redirect
        return None


@dataclass(frozen=True, slots=True)
class CustomProperty:
    """A word of the operator about a participant; no document of an SMP carries it.

    `public` says whether whoever shows the participant to others may show it, too.
    """

    name: str
    value: str
    public: bool = False


class Visibility(StrEnum):
    """Who learns of a participant (ADR 0092)."""

    PUBLIC = "public"
    """Everybody: it is looked up, listed, and pushed to directories."""
    INTERNAL = "internal"
    """Whoever knows its identifier: it is looked up, and told of nowhere."""
    PRIVATE = "private"
    """Nobody outside: public listeners answer as if it weren't there."""


@dataclass(frozen=True, slots=True)
class ServiceGroup:
    """A participant and the document types that it receives.

    `properties` and `visibility` are None where nothing is said of them.
    """

    participant: ParticipantIdentifier
    document_types: tuple[DocumentTypeIdentifier, ...] = ()
    extensions: tuple[Extension, ...] = ()
    properties: tuple[CustomProperty, ...] | None = None
    visibility: Visibility | None = None
