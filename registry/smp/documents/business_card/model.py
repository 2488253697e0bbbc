# SPDX-License-Identifier: Apache-2.0
"""A business card: what the Peppol Directory shows of a participant, in one shape for all versions of its XML form.

Version 3 has a place for everything here; versions 1 and 2 for parts of it (`rules` says which). A text that is
absent is "". Contacts may be natural persons: nothing of a card belongs in logs or audit events.
"""

from dataclasses import dataclass
from datetime import date
from enum import IntEnum

from registry.identifiers.participant import ParticipantIdentifier


class Version(IntEnum):
    """A version of the XML form, with the date that its namespace carries."""

    V1 = 20160112
    V2 = 20161123
    V3 = 20180621

    @property
    def namespace(self) -> str:
        """The namespace of all elements."""
        return f"http://www.peppol.eu/schema/pd/businesscard/{self.value}/"

    @property
    def schema(self) -> str:
        """The file name of the official schema, for clauses."""
        return f"peppol-directory-business-card-{self.value}.xsd"


@dataclass(frozen=True, slots=True)
class EntityName:
    """The name of an entity; `language` is an ISO 639-1 code in lower case, or ""."""

    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class EntityIdentifier:
    """One more identifier of an entity, such as a VAT number; the scheme is any text that people understand."""

    scheme: str
    value: str


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to talk to: a person or a department."""

    type: str = ""
    name: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class BusinessEntity:
    """A company or public body behind a participant; `country_code` is an ISO 3166-1 alpha-2 code in upper case."""

    names: tuple[EntityName, ...]
    country_code: str
    geographical_information: str = ""
    identifiers: tuple[EntityIdentifier, ...] = ()
    websites: tuple[str, ...] = ()
    contacts: tuple[Contact, ...] = ()
    additional_information: str = ""
    registration_date: date | None = None


@dataclass(frozen=True, slots=True)
class BusinessCard:
    """All entities of a participant; none says that the SMP has cards, and tells nothing of this participant."""

    participant: ParticipantIdentifier
    entities: tuple[BusinessEntity, ...] = ()
