# SPDX-License-Identifier: Apache-2.0
"""The identifier of a document type, such as
`busdox-docid-qns::urn:oasis:…:Invoice-2::Invoice##urn:cen.eu:en16931:2017#…::2.1`.
"""

from dataclasses import dataclass
from typing import ClassVar

from registry.identifiers.scheme_value import SEPARATOR, SchemedIdentifier

BUSDOX = "busdox-docid-qns"
PEPPOL_WILDCARD = "peppol-doctype-wildcard"


@dataclass(frozen=True, slots=True)
class DocumentTypeParts:
    """The value `{syntax_specific_id}##{customization_id}::{version}` in its parts (PFUOI 4.4.0 POLICY 20).

    The syntax specific part of an XML document is `{root namespace}::{local name}`; that of EDIFACT or PDF is
    not, and both stand in OpenPeppol's code list.
    """

    syntax_specific_id: str
    customization_id: str
    version: str

    def __str__(self) -> str:
        return f"{self.syntax_specific_id}##{self.customization_id}{SEPARATOR}{self.version}"


@dataclass(frozen=True, slots=True, order=True)
class DocumentTypeIdentifier(SchemedIdentifier):
    """What is received."""

    kind: ClassVar[str] = "document type identifier"

    @property
    def is_wildcard(self) -> bool:
        """Whether clients match it by parts (`registry.identifiers.wildcard`); a server never does."""
        return self.scheme == PEPPOL_WILDCARD

    @property
    def parts(self) -> DocumentTypeParts | None:
        """The parts of the value; None when it has another form, as real networks' values sometimes have.

        The first `##` and the last `::` are the borders: customization ids hold single `#` and `:`.
        """
        return split_document_type(self.value)

    @property
    def customization_id(self) -> str | None:
        """The customization id; None when the value has another form."""
        parts = self.parts
        return None if parts is None else parts.customization_id


def split_document_type(value: str) -> DocumentTypeParts | None:
    """See `DocumentTypeIdentifier.parts`."""
    syntax_specific_id, _, rest = value.partition("##")
    customization_id, _, version = rest.rpartition(SEPARATOR)
    if not (syntax_specific_id and customization_id and version):
        return None
    return DocumentTypeParts(syntax_specific_id, customization_id, version)
