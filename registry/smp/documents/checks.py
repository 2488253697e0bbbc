# SPDX-License-Identifier: Apache-2.0
"""Checks that the rules of every dialect are made of: texts, URIs, moments, the content of extensions."""

from collections.abc import Container
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from registry.errors import Reason
from registry.identifiers.text import shorten
from registry.metadata import Extension
from registry.smp.documents.extensions import content_error
from registry.smp.documents.lexical import XML_SPACE, collapse, is_text, is_uri
from registry.smp.documents.vocabulary import Vocabulary

V = TypeVar("V", bound=Vocabulary)


class Checks(Generic[V]):
    """Collects the reasons why a model can't be written in a dialect."""

    def __init__(self, vocabulary: V) -> None:
        self.vocabulary = vocabulary
        self.reasons: list[Reason] = []

    def refuse(self, reason_id: str, message: str, clause: str) -> None:
        """Keep a reason (`Vocabulary.reason`)."""
        self.reasons.append(self.vocabulary.reason(reason_id, message, clause))

    def text(self, text: str, what: str, *, trimmed: bool = False) -> None:
        """Any characters of XML; `trimmed` allows no white space around them, which readers would take away."""
        if not is_text(text):
            self.refuse("CHARACTER", f"{what} has a character that XML can't carry", "XML 1.0 §2.2")
        if trimmed and text != text.strip(XML_SPACE):
            self.refuse("WHITE-SPACE", f"{what} {shorten(text)} has white space around it", "PFUOI 4.4.0")

    def required(self, text: str, what: str, reason_id: str, xsd_type: str) -> None:
        """A trimmed text that must be there."""
        if not text:
            self.refuse(reason_id, f"{what} is missing", xsd_type)
        self.text(text, what, trimmed=True)

    def uri(self, text: str, what: str, reason_id: str, xsd_type: str, *, required: bool = False) -> None:
        """An xs:anyURI that validators accept."""
        if required and not text:
            self.refuse(reason_id, f"{what} is missing", xsd_type)
        elif text != collapse(text) or not is_text(text) or not is_uri(text):
            self.refuse(reason_id, f"{what} {shorten(text)} is no URI", "RFC 3986 §4.1")

    def utc(self, moment: datetime | None, what: str, xsd_type: str) -> None:
        """A moment in UTC, or none."""
        if moment is not None and moment.utcoffset() != timedelta(0):
            self.refuse("DATE", f"{what} {moment} is not in UTC", xsd_type)

    def extension_content(
        self, extension: Extension, where: str, xsd_type: str, barred: Container[str] = frozenset()
    ) -> None:
        """Exactly one foreign element, of none of the `barred` namespaces, that can be written and signed."""
        error = content_error(extension, barred)
        if error:
            self.refuse("EXTENSION", f"{where}: the extension can't be written: {error}", xsd_type)
