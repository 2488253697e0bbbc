# SPDX-License-Identifier: Apache-2.0
"""One element of a phoss export, its values by name, and everything that is wrong or worth a note."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from registry.errors import Reason, ValidationError
from registry.identifiers.text import shorten
from registry.metadata import CustomProperty, Extension
from registry.smp.documents.lexical import XML_SPACE, parse_boolean, parse_date_time
from registry.smp.exchange.phoss_extensions import parse_extensions
from registry.smp.exchange.verdicts import Content, Statement
from trust_lists.certificates.parsing import load_certificate
from trust_lists.errors import CertificateError

_MAX_REASONS = 100
_PUBLIC = ("pub", "public")
_PROPERTY_TYPES = (*_PUBLIC, "priv", "private")
_T = TypeVar("_T")


class PhossPart:
    """What is wrong is collected, and something empty handed on; the parts below share the lists of the whole."""

    def __init__(self, element: etree._Element, where: str = "") -> None:
        self.element = element
        self.reasons: list[Reason] = []
        self.notes: list[str] = []
        self._where = where

    def below(self, element: etree._Element, where: str) -> "PhossPart":
        """An element inside, with the same lists of reasons and notes."""
        inner = PhossPart(element, f"{where}: ")
        inner.reasons, inner.notes = self.reasons, self.notes
        return inner

    def statement(
        self, where: str, kind: str, participant: str, document_type: str, read: Callable[[], Content]
    ) -> Statement:
        """What `read` makes of the element, or everything that is wrong with it."""
        content = self.content(read)
        if content is not None:
            return Statement.of(where, content, tuple(self.notes))
        reasons = tuple(map(str, self.reasons))
        return Statement(where, kind, participant, document_type, notes=tuple(self.notes), reasons=reasons)

    def content(self, read: Callable[[], _T]) -> _T | None:
        """What `read` makes of the element; None where anything is wrong with it, and `reasons` say what."""
        try:
            made = read()
        except ValidationError as error:
            self.reasons += [reason for reason in error.reasons if reason not in self.reasons]
            return None
        return None if self.reasons else made

    def refuse(self, reason: Reason) -> None:
        """Keep a reason, with where it is; raises ValidationError once there are more than anybody reads."""
        self.reasons.append(replace(reason, message=self._where + reason.message))
        if len(self.reasons) >= _MAX_REASONS:
            raise ValidationError(self.reasons)

    def note_unknown(self, known: set[str]) -> None:
        """Tell of children that have no meaning here."""
        names = {str(child.tag)[:100] for child in self.element.iterchildren("*")} - known
        self.notes += [f"{self._where}left out: {name}" for name in sorted(names)[:_MAX_REASONS]]

    def identifier(self, name: str) -> tuple[str, str]:
        """Scheme and value of a child."""
        child = self.element.find(name)
        if child is None:
            self.refuse(Reason("SMP-PHOSS-IDENTIFIER", f"there is no {name}"))
            return "", ""
        return child.get("scheme", "").strip(XML_SPACE), child.get("value", "").strip(XML_SPACE)

    def text(self, name: str) -> str:
        return (self.element.findtext(name) or "").strip(XML_SPACE)

    def flag(self, name: str) -> bool:
        text = self.element.get(name, "")
        try:
            return parse_boolean(text) if text else False
        except ValueError as error:
            self.refuse(Reason("SMP-PHOSS-BOOLEAN", f"{name} is neither true nor false: {error}"))
            return False

    def moment(self, name: str) -> datetime | None:
        text = self.element.get(name, "")
        if not text:
            return None
        try:
            moment, note = parse_date_time(text)
        except ValueError as error:
            self.refuse(Reason("SMP-PHOSS-DATE", f"{name} is no date: {error}"))
            return None
        if note:
            self.notes.append(f"{self._where}{name}: {note}")
        return moment

    def properties(self) -> tuple[CustomProperty, ...] | None:
        """The custom properties, which phoss SMP has since version 8.1; None where nothing is said of them."""
        listed = self.element.find("customproperties")
        if listed is None:
            return None
        found = []
        for child in listed.iterchildren("customproperty"):
            kind = child.get("type", "")
            if kind not in _PROPERTY_TYPES:
                self.refuse(Reason("SMP-PHOSS-PROPERTY", f"a custom property has the type {shorten(kind)}"))
            found.append(CustomProperty(child.get("name", ""), child.get("value", ""), kind in _PUBLIC))
        return tuple(found)

    def certificates(self) -> tuple[bytes, ...]:
        """The certificate as DER bytes, if there is one."""
        text = self.text("certificate")
        try:
            return (load_certificate(text).public_bytes(Encoding.DER),) if text else ()
        except CertificateError as error:
            self.refuse(Reason("SMP-PHOSS-CERTIFICATE", f"the certificate: {error}"))
            return ()

    def extensions(self) -> tuple[Extension, ...]:
        try:
            return parse_extensions(self.text("extension"))
        except ValidationError as error:
            self.reasons += error.reasons
            return ()
