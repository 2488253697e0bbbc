# SPDX-License-Identifier: Apache-2.0
"""A list of trusted entities as it stands in its document: one model for TS 119 612 and TS 119 602.

The names are those of TS 119 612; TS 119 602 generalises them (its Table A.1): a trust service provider is a trusted
entity there, an `OtherTSLPointer` one to another list. Nothing is judged here and nothing is left out: what could be
wrong with a list is said by `trust_lists.documents.checks`. Instants are aware, in UTC.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from trust_lists.certificates.listed import ListedCertificate


class Dialect(StrEnum):
    """In which form a list is written."""

    TS_119_612 = "TS 119 612"
    LOTE_JSON = "TS 119 602 JSON"
    LOTE_XML = "TS 119 602 XML"


@dataclass(frozen=True, slots=True)
class Text:
    """A text, or a URI, in a language (`xml:lang`, RFC 5646; empty where it isn't said)."""

    lang: str
    value: str


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """TS 119 612 §5.3.5.1; empty texts for what isn't there."""

    lang: str
    street: str
    locality: str
    state: str
    postal_code: str
    country: str


@dataclass(frozen=True, slots=True)
class Address:
    """TS 119 612 §5.3.5: by post, and by `mailto:`, web and `tel:` URIs."""

    postal: tuple[PostalAddress, ...] = ()
    electronic: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class CertificateForm:
    """What a list says about how it writes one of its certificates (JSON member `encoding`, `specRef`)."""

    sha256: str
    """Of the certificate, 64 lower-case hexadecimal digits."""
    encoding: str = ""
    specification: str = ""


@dataclass(frozen=True, slots=True)
class DigitalIdentity:
    """Who a service, or the signer of a list, is (TS 119 612 §5.5.3, TS 119 602 §6.6.3)."""

    certificates: tuple[ListedCertificate, ...] = ()
    subject_names: tuple[str, ...] = ()
    """For people: RFC 4514 texts, in whatever order the operator wrote them."""
    skis: tuple[bytes, ...] = ()
    """Subject key identifiers."""
    key_values: tuple[str, ...] = ()
    """`ds:KeyValue` as exclusive canonical XML, or JWK as JSON with sorted keys."""
    other: tuple[str, ...] = ()
    """URIs of services without a key, and other identifiers: texts, or canonical XML where they hold elements."""
    forms: tuple[CertificateForm, ...] = ()
    """For certificates about whose form TS 119 602's JSON says something."""


# Extensions (TS 119 612 §5.5.9)


class Assertion(StrEnum):
    """How many criteria of a list must hold (`CriteriaList/@assert`)."""

    ALL = "all"
    AT_LEAST_ONE = "atLeastOne"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class KeyUsageCriterion:
    """Bits of the key usage, each as (name as in the XSD, expected value); all must be so."""

    bits: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class PolicyNote:
    """What a list says, for people, of a policy that it names by OID."""

    oid: str
    description: str = ""
    documentation: tuple[str, ...] = ()
    """URIs."""


@dataclass(frozen=True, slots=True)
class PolicyCriterion:
    """Certificate policies, as dotted OIDs; all must be there."""

    oids: tuple[str, ...]
    notes: tuple[PolicyNote, ...] = ()
    """Of those policies that have one."""


@dataclass(frozen=True, slots=True)
class ExtendedKeyUsageCriterion:
    """Extended key usages, as dotted OIDs; all must be there."""

    oids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SubjectAttributeCriterion:
    """Attribute types that the subject must have, as dotted OIDs."""

    oids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QcStatement:
    """A QCStatement that a certificate must have; "" for what it needn't say (`QcStatementInfo`)."""

    oid: str
    type: str = ""
    """A QcType that it must name, as a dotted OID."""
    legislation: str = ""
    """A country whose legislation it must name (`QcCClegislation`)."""


@dataclass(frozen=True, slots=True)
class QcStatementCriterion:
    """QCStatements, all of which the certificate must have (of mutual recognition agreements)."""

    statements: tuple[QcStatement, ...]

    @property
    def oids(self) -> tuple[str, ...]:
        """The dotted OIDs of the statements; a type or a legislation asks for more than them."""
        return tuple(statement.oid for statement in self.statements)


@dataclass(frozen=True, slots=True)
class UnknownCriterion:
    """A criterion that we don't know, by its qualified name; nobody can say whether it holds."""

    name: str
    content: str = ""
    """Canonical XML."""


@dataclass(frozen=True, slots=True)
class CriteriaList:
    """Criteria and how many of them must hold; nested lists are criteria, too."""

    assertion: Assertion
    criteria: tuple["Criterion", ...]
    description: str = ""


Criterion = (
    KeyUsageCriterion
    | PolicyCriterion
    | ExtendedKeyUsageCriterion
    | SubjectAttributeCriterion
    | QcStatementCriterion
    | UnknownCriterion
    | CriteriaList
)


@dataclass(frozen=True, slots=True)
class QualificationElement:
    """Qualifiers (URIs) that hold for the certificates which fulfil the criteria."""

    qualifiers: tuple[str, ...]
    criteria: CriteriaList


@dataclass(frozen=True, slots=True)
class Qualifications:
    """`sie:Qualifications`."""

    elements: tuple[QualificationElement, ...]


@dataclass(frozen=True, slots=True)
class AdditionalServiceInformation:
    """`tsl:AdditionalServiceInformation`: what a service is for, as a URI."""

    uri: str
    value: str = ""
    other: str = ""
    """What `OtherInformation` holds, as canonical XML."""
    lang: str = "en"
    """Of the URI."""


@dataclass(frozen=True, slots=True)
class TakenOverBy:
    """`tslx:TakenOverBy`: who answers for the service now; no verdict follows from it."""

    uri: str
    names: tuple[Text, ...]
    operator_names: tuple[Text, ...]
    territory: str
    other_qualifiers: tuple[str, ...] = ()
    """Canonical XML."""
    lang: str = "en"
    """Of the URI."""


@dataclass(frozen=True, slots=True)
class ExpiredCertsRevocationInfo:
    """`tsl:ExpiredCertsRevocationInfo`: since when the revocation of expired certificates is still told."""

    since: datetime


@dataclass(frozen=True, slots=True)
class UnknownExtension:
    """An extension that we don't know, or can't read: its qualified name, and its content as canonical XML or JSON.

    Old lists have extensions of several elements (`ExtensionOID`, `ExtensionValue`): `name` is that of the first one.
    """

    name: str
    content: str


ExtensionContent = (
    Qualifications | AdditionalServiceInformation | TakenOverBy | ExpiredCertsRevocationInfo | UnknownExtension
)


@dataclass(frozen=True, slots=True)
class Extension:
    """An extension; who doesn't understand a critical one must refuse what it stands in."""

    critical: bool
    content: ExtensionContent


# Services and their providers


@dataclass(frozen=True, slots=True)
class ServiceState:
    """A service during one time: the present one (`ServiceInformation`), or a `ServiceHistoryInstance`.

    In TS 119 602 `status` and `starting_time` may be absent: "" and None. In TS 119 612 they may not; where a list
    breaks that, or writes an instant that can't be read, they are "" and None, too, and no status is known.
    """

    type: str
    names: tuple[Text, ...]
    identity: DigitalIdentity
    status: str
    starting_time: datetime | None
    extensions: tuple[Extension, ...] = ()


@dataclass(frozen=True, slots=True)
class SupplyPoint:
    """Where a service is reached; `type` is of TLv6 (TS 119 612 §5.5.7)."""

    uri: str
    type: str = ""


@dataclass(frozen=True, slots=True)
class TrustService:
    """A service with its history, in the order of the document: newest first, if the list is right."""

    current: ServiceState
    history: tuple[ServiceState, ...] = ()
    scheme_definition_uris: tuple[Text, ...] = ()
    supply_points: tuple[SupplyPoint, ...] = ()
    provider_definition_uris: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class TrustServiceProvider:
    """A provider (TS 119 612 §5.4), or a trusted entity (TS 119 602 §6.5)."""

    names: tuple[Text, ...]
    trade_names: tuple[Text, ...]
    address: Address
    information_uris: tuple[Text, ...]
    services: tuple[TrustService, ...]
    extensions: tuple[Extension, ...] = ()


# The list


@dataclass(frozen=True, slots=True)
class PointerQualifier:
    """What a pointer says about the list there (`LoTEQualifier`); "" for what isn't said."""

    list_type: str = ""
    operator_names: tuple[Text, ...] = ()
    community_rules: tuple[Text, ...] = ()
    territory: str = ""
    mime_type: str = ""


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where another list is, and by whom it may be signed (`OtherTSLPointer`, §5.3.13); "" for what isn't said."""

    location: str
    identities: tuple[DigitalIdentity, ...]
    territory: str = ""
    mime_type: str = ""
    list_type: str = ""
    operator_names: tuple[Text, ...] = ()
    community_rules: tuple[Text, ...] = ()
    texts: tuple[Text, ...] = ()
    """For people (`TextualInformation`)."""
    other: tuple[str, ...] = ()
    """Information of other kinds, as canonical XML: agreements on mutual recognition, for one."""
    more_qualifiers: tuple[PointerQualifier, ...] = ()
    """TS 119 602 allows several; the first of them is in the fields above."""

    @property
    def certificates(self) -> tuple[ListedCertificate, ...]:
        """All certificates of the signers, each once."""
        found = (each for identity in self.identities for each in identity.certificates)
        return tuple({each.sha256: each for each in found}.values())


@dataclass(frozen=True, slots=True)
class Scheme:
    """What a list says of itself (`SchemeInformation`, TS 119 612 §5.3; `ListAndSchemeInformation`, 119 602 §6.3)."""

    version: int
    sequence: int
    list_type: str
    operator_names: tuple[Text, ...]
    issued_at: datetime
    next_update: datetime | None
    """None where the list is closed (§5.3.15)."""
    operator_address: Address = field(default_factory=Address)
    names: tuple[Text, ...] = ()
    information_uris: tuple[Text, ...] = ()
    status_determination: str = ""
    community_rules: tuple[Text, ...] = ()
    territory: str = ""
    policies: tuple[Text, ...] = ()
    """URIs (`TSLPolicy`)."""
    legal_notices: tuple[Text, ...] = ()
    historical_period: int | None = None
    """Days; 65535 where history is never removed."""
    pointers: tuple[Pointer, ...] = ()
    distribution_points: tuple[str, ...] = ()
    extensions: tuple[Extension, ...] = ()


@dataclass(frozen=True, slots=True)
class TrustedList:
    """A list, as its document says it; whether to believe that is another question."""

    dialect: Dialect
    scheme: Scheme
    providers: tuple[TrustServiceProvider, ...] = ()
    tag: str = ""
    """`@TSLTag` or `@LOTETag`."""
    id: str = ""
    """`@Id` of the root."""
    unread: tuple[str, ...] = ()
    """Places in the document for which this model has none: unknown members, and containers that are empty."""

    @property
    def services(self) -> tuple[TrustService, ...]:
        """All services of all providers, in the order of the document."""
        return tuple(service for provider in self.providers for service in provider.services)
