# SPDX-License-Identifier: Apache-2.0
"""Documents of SMP 1.0 and 2.0 as DomiSMP stores them: unsigned, and with `${placeholders}` that it fills in when it
publishes.

Which participant and which document type a document is about is said by its row; the document may not say otherwise.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from registry.errors import Reason, ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.text import ascii_lower
from registry.metadata import Extension, ServiceMetadata
from registry.smp.documents.catalogue import read_document
from registry.smp.documents.lexical import escape_attribute
from registry.smp.documents.parsed import ParsedDocument

_PLACEHOLDER = re.compile(rb"\$\{([A-Za-z0-9_.-]+)\}")


def read_group(
    content: bytes, participant: ParticipantIdentifier, properties: Mapping[str, str]
) -> tuple[Extension, ...]:
    """The extensions of a service group. Raises ValidationError with every reason."""
    document = _read(content, participant, None, properties)
    if document.service_group is None:
        raise ValidationError.of("MOVE-IN-DOCUMENT", "the resource's document is no service group")
    return document.service_group.extensions


def read_service(
    content: bytes,
    participant: ParticipantIdentifier,
    document_type: DocumentTypeIdentifier,
    properties: Mapping[str, str],
) -> ServiceMetadata:
    """A service's metadata, or its redirect. Raises ValidationError with every reason."""
    try:
        metadata = _read(content, participant, document_type, properties).metadata
        if metadata is None:
            raise ValidationError.of("MOVE-IN-DOCUMENT", "the sub-resource's document is no service metadata")
        if metadata.redirect is None and not _same(str(metadata.document_type), str(document_type)):
            raise ValidationError.of("MOVE-IN-DOCUMENT", f"its document is about {metadata.document_type}")
    except ValidationError as error:
        raise ValidationError(
            Reason(each.id, f"{document_type}: {each.message}", each.clause) for each in error.reasons
        ) from error
    return replace(metadata, participant=participant, document_type=document_type)


def _read(
    content: bytes,
    participant: ParticipantIdentifier,
    document_type: DocumentTypeIdentifier | None,
    properties: Mapping[str, str],
) -> ParsedDocument:
    known = {
        **properties,
        "resource.identifier.scheme": participant.scheme,
        "resource.identifier.value": participant.value,
    }
    if document_type is not None:
        known |= {
            "subresource.identifier.scheme": document_type.scheme,
            "subresource.identifier.value": document_type.value,
        }
    missing: set[str] = set()

    def filled(match: "re.Match[bytes]") -> bytes:
        name = match[1].decode()
        if name not in known:
            missing.add(name)
        return escape_attribute(known.get(name, "")).encode()

    whole = _PLACEHOLDER.sub(filled, content)
    if missing:
        names = ", ".join(sorted(missing))
        raise ValidationError.of("MOVE-IN-PLACEHOLDER", f"the document has placeholders that nothing fills: {names}")
    document = read_document(whole)[1]
    if document.kind != "redirect" and not _same(str(document.participant), str(participant)):
        raise ValidationError.of("MOVE-IN-DOCUMENT", f"the document is about {document.participant}")
    return document


def _same(one: str, other: str) -> bool:
    return ascii_lower(one) == ascii_lower(other)
