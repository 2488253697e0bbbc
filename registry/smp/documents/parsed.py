# SPDX-License-Identifier: Apache-2.0
"""What every dialect's reader gives back."""

from dataclasses import dataclass
from typing import Literal

from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.metadata import ServiceGroup, ServiceMetadata


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """A document that was understood.

    `service_group` is set for kind "service_group", `metadata` and `document_type` for the two others; a "redirect"
    is metadata with a redirect in it. `signed` says that a signature is there, not that it is good. `notes` tell in
    words what was mended or left out.
    """

    kind: Literal["service_group", "service_metadata", "redirect"]
    participant: ParticipantIdentifier
    document_type: DocumentTypeIdentifier | None = None
    service_group: ServiceGroup | None = None
    metadata: ServiceMetadata | None = None
    signed: bool = False
    notes: tuple[str, ...] = ()
