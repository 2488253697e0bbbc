# SPDX-License-Identifier: Apache-2.0
"""What a source says, one statement at a time, and what became of each statement."""

from dataclasses import dataclass
from enum import Enum

from registry.errors import ValidationError
from registry.metadata import ServiceGroup, ServiceMetadata
from registry.smp.documents.business_card import BusinessCard


class Verdict(Enum):
    """What became of a document."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SUPERSEDED = "superseded"
    LEFT_OUT = "left out"
    REFUSED = "refused"


TAKEN = frozenset({Verdict.CREATED, Verdict.UPDATED, Verdict.UNCHANGED})
"""The verdicts of documents that are published now."""


Content = ServiceGroup | ServiceMetadata | BusinessCard


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that a source says about a participant, in a form that can be published.

    `content` is None where the source could not be understood; `reasons` say why.
    """

    source: str
    kind: str
    participant: str = ""
    document_type: str = ""
    content: Content | None = None
    notes: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()

    @classmethod
    def of(cls, source: str, content: Content, notes: tuple[str, ...] = ()) -> "Statement":
        """A statement that was understood."""
        document_type = str(content.document_type) if isinstance(content, ServiceMetadata) else ""
        return cls(source, kind_of(content), str(content.participant), document_type, content, notes)


@dataclass(frozen=True, slots=True)
class ImportedDocument:
    """One document of an import: what it was, what became of it, why, and what is worth knowing."""

    source: str
    verdict: Verdict
    kind: str = ""
    participant: str = ""
    document_type: str = ""
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def kind_of(content: Content) -> str:
    """The word for it, as in `ParsedDocument.kind`: metadata that only lead elsewhere are a redirect."""
    if isinstance(content, ServiceGroup):
        return "service_group"
    if isinstance(content, BusinessCard):
        return "business_card"
    redirects = any(item.redirect is not None for item in content.process_metadata)
    endpoints = any(item.endpoints for item in content.process_metadata)
    return "redirect" if redirects and not endpoints else "service_metadata"


def result_of(
    statement: Statement, verdict: Verdict, *, reasons: tuple[str, ...] = (), notes: tuple[str, ...] = ()
) -> ImportedDocument:
    """What became of a statement."""
    return ImportedDocument(
        source=statement.source,
        verdict=verdict,
        kind=statement.kind,
        participant=statement.participant,
        document_type=statement.document_type,
        reasons=(*statement.reasons, *reasons),
        notes=(*statement.notes, *notes),
    )


def reasons_of(error: Exception) -> tuple[str, ...]:
    """Every reason of an error, in words."""
    if isinstance(error, ValidationError):
        return tuple(str(reason) for reason in error.reasons)
    if isinstance(error, OSError):
        return (f"the file can't be read: {error.strerror or error}",)
    return (str(error),)
