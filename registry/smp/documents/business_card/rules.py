# SPDX-License-Identifier: Apache-2.0
"""What a business card may say, and what each version of its XML form has a place for.

The official schemas ask for little: a name, two characters of country. What goes further is said here: codes have the
form of their standards, identifiers are not empty, and a website is one that a browser opens (who shows a card makes
links of these, so `javascript:` has no business there).
"""

import re

from registry.errors import Reason
from registry.identifiers.text import shorten
from registry.smp.documents.business_card.model import BusinessCard, BusinessEntity, Version
from registry.smp.documents.lexical import XML_SPACE, collapse, is_text, is_uri

MAX_BYTES = 500_000
"""Of a card in XML, read or written."""
MAX_REASONS = 100  # nobody mends more in one go

_COUNTRY = re.compile("[A-Z]{2}")
_LANGUAGE = re.compile("[a-z]{2}")
_SCHEME = re.compile("[A-Za-z][A-Za-z0-9+.-]*:")
_WEB = ("http:", "https:")


def check_business_card(card: BusinessCard, version: Version = Version.V3) -> tuple[Reason, ...]:
    """All reasons (the first hundred) why a card can't be written in a version; none when it can."""
    check = _Check(version)
    check.texts("the participant", card.participant.scheme, card.participant.value)
    if not card.participant.value:
        check.refuse("PARTICIPANT", "the ParticipantIdentifier is missing", "BusinessCardType")
    for number, entity in enumerate(card.entities, 1):
        check.entity(entity, f"entity {number}")
        if len(check.reasons) >= MAX_REASONS:
            break
    return tuple(check.reasons[:MAX_REASONS])


class _Check:
    """Collects the reasons."""

    def __init__(self, version: Version) -> None:
        self.reasons: list[Reason] = []
        self._version = version

    def refuse(self, reason_id: str, message: str, clause: str) -> None:
        clause = clause if " " in clause else f"{self._version.schema} {clause}"
        self.reasons.append(Reason(f"BUSINESS-CARD-{reason_id}", message, clause))

    def entity(self, entity: BusinessEntity, where: str) -> None:
        self._names(entity, where)
        if not _COUNTRY.fullmatch(entity.country_code):
            message = f"{where}: {shorten(entity.country_code)} is no country code of two letters"
            self.refuse("COUNTRY", message, "ISO 3166-1 alpha-2")
        for identifier in entity.identifiers:
            self.texts(f"{where}: an identifier", identifier.scheme, identifier.value)
            if not identifier.scheme or not identifier.value:
                self.refuse("IDENTIFIER", f"{where}: an identifier needs a scheme and a value", "IdentifierType")
        for website in entity.websites:
            self._website(website, where)
        for contact in entity.contacts:
            self.texts(f"{where}: a contact", contact.type, contact.name, contact.phone, contact.email)
        self.texts(f"{where}: an information", entity.geographical_information, entity.additional_information)
        if self._version is Version.V2:
            self._no_place(where, "websites", bool(entity.websites))
            self._no_place(where, "contacts", bool(entity.contacts))
            self._no_place(where, "additional information", bool(entity.additional_information))

    def _names(self, entity: BusinessEntity, where: str) -> None:
        if not entity.names:
            self.refuse("NAME", f"{where}: there is no name", "BusinessEntityType")
        for name in entity.names:
            self.texts(f"{where}: a name", name.text)
            if not name.text.strip(XML_SPACE):
                self.refuse("NAME", f"{where}: a name is empty", "NonEmptyString")
            if name.language and not _LANGUAGE.fullmatch(name.language):
                message = f"{where}: {shorten(name.language)} is no language code of two letters"
                self.refuse("LANGUAGE", message, "ISO 639-1")
        if self._version is not Version.V3:
            self._no_place(where, "several names", len(entity.names) > 1)
            self._no_place(where, "the language of a name", any(name.language for name in entity.names))

    def _website(self, website: str, where: str) -> None:
        scheme = _SCHEME.match(website)
        is_web = scheme is None or scheme[0].lower() in _WEB
        if not website or website != collapse(website) or not is_text(website) or not is_uri(website) or not is_web:
            self.refuse("WEBSITE", f"{where}: {shorten(website)} is no address of a website", "BusinessEntityType")

    def _no_place(self, where: str, what: str, is_said: bool) -> None:
        if is_said:
            message = f"{where}: version {self._version.name[1:]} of business cards has no place for {what}"
            self.refuse("VERSION", message, "BusinessEntityType")

    def texts(self, what: str, *texts: str) -> None:
        if not all(map(is_text, texts)):
            self.refuse("CHARACTER", f"{what} has a character that XML can't carry", "XML 1.0 §2.2")
