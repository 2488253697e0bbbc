# SPDX-License-Identifier: Apache-2.0
"""Lists of trusted entities in XML (TS 119 602 V1.1.1 §6, Annex A, namespace `http://uri.etsi.org/019602/v1#`).

The tree may be of a document that nobody verified, or the signed root of one that was; its signature is passed over.
Some publishers write `lang` for `xml:lang`, and leave out what the XSD wants: that is taken. Where two readers could
see two lists, because something stands twice or a list stands inside a list, it isn't.

How a pointer's qualifiers are written in XML isn't laid down: they are taken where TS 119 612 has them, in
`OtherInformation`, and one that stands there again begins the qualifiers of another list.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lxml import etree

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.documents.lote.unread import Unread
from trust_lists.documents.lote.xml_values import XmlParts, place_of, read_element, text_with_language
from trust_lists.documents.model import (
    Address,
    Dialect,
    DigitalIdentity,
    Extension,
    Pointer,
    PointerQualifier,
    PostalAddress,
    Scheme,
    ServiceState,
    SupplyPoint,
    Text,
    TrustedList,
    TrustService,
    TrustServiceProvider,
    UnknownExtension,
)
from trust_lists.documents.ts119612.values import bytes_of, canonical, content_of, text_of
from trust_lists.documents.vocabulary import LOTE, TSLX, XMLDSIG
from trust_lists.errors import ListRefusedError

ROOT = f"{{{LOTE}}}ListOfTrustedEntities"
_NOT_CRITICAL = ("false", "0")
_WHITE_SPACE = " \t\r\n"


def read_xml(root: etree._Element) -> TrustedList:
    """The list whose root element is `root`; the tree stays as it is.

    Raises ListRefusedError: LIST_NOT_A_LIST (another root element), LIST_NESTED (a list inside the list),
    LIST_STRUCTURE (something that can't be done without is missing, unreadable or there twice; the text has its path).
    """
    if root.tag != ROOT:
        raise ListRefusedError("LIST_NOT_A_LIST", f"the root element is {root.tag}, not that of a list of entities")
    nested = next(root.iterdescendants(ROOT), None)
    if nested is not None:
        raise ListRefusedError("LIST_NESTED", f"there is a list inside the list, at {place_of(nested)}")
    unread = Unread()
    document = read_element(root, _list, unread)
    return replace(
        document,
        tag=root.get("LOTETag", "").strip(_WHITE_SPACE),
        id=root.get("Id", "").strip(_WHITE_SPACE),
        unread=tuple(unread.places),
    )


def _list(parts: XmlParts) -> TrustedList:
    parts.child("Signature", XMLDSIG)
    return TrustedList(
        dialect=Dialect.LOTE_XML,
        scheme=parts.needed_member("ListAndSchemeInformation", _scheme),
        providers=parts.members("TrustedEntitiesList", "TrustedEntity", _provider),
    )


def _scheme(parts: XmlParts) -> Scheme:
    notices = parts.all_in("PolicyOrLegalNotice", {"LoTEPolicy": _policy, "LoTELegalNotice": _legal_notice})
    return Scheme(
        version=parts.needed_integer("LoTEVersionIdentifier"),
        sequence=parts.needed_integer("LoTESequenceNumber"),
        list_type=parts.text("LoTEType"),
        operator_names=parts.texts("SchemeOperatorName", "Name"),
        issued_at=parts.needed_instant("ListIssueDateTime"),
        next_update=parts.needed_member("NextUpdate", lambda update: update.instant("dateTime")),
        operator_address=parts.member("SchemeOperatorAddress", _address) or Address(),
        names=parts.texts("SchemeName", "Name"),
        information_uris=parts.texts("SchemeInformationURI", "URI"),
        status_determination=parts.text("StatusDeterminationApproach"),
        community_rules=parts.texts("SchemeTypeCommunityRules", "URI"),
        territory=parts.text("SchemeTerritory"),
        policies=tuple(text for is_policy, text in notices if is_policy),
        legal_notices=tuple(text for is_policy, text in notices if not is_policy),
        historical_period=parts.integer("HistoricalInformationPeriod"),
        pointers=parts.members("PointersToOtherLoTE", "OtherLoTEPointer", _pointer),
        distribution_points=parts.all_in("DistributionPoints", {"URI": text_of}),
        extensions=parts.all_in("SchemeExtensions", _EXTENSION),
    )


def _policy(element: etree._Element) -> tuple[bool, Text]:
    return True, text_with_language(element)


def _legal_notice(element: etree._Element) -> tuple[bool, Text]:
    return False, text_with_language(element)


def _address(parts: XmlParts) -> Address:
    return Address(
        postal=parts.members("PostalAddresses", "PostalAddress", _postal),
        electronic=parts.texts("ElectronicAddress", "URI"),
    )


def _postal(parts: XmlParts) -> PostalAddress:
    return PostalAddress(
        lang=parts.lang,
        street=parts.text("StreetAddress"),
        locality=parts.text("Locality"),
        state=parts.text("StateOrProvince"),
        postal_code=parts.text("PostalCode"),
        country=parts.text("CountryName"),
    )


def _pointer(parts: XmlParts) -> Pointer:
    texts: list[Text] = []
    other: list[str] = []
    known: list[etree._Element] = []

    def other_information(element: etree._Element) -> None:
        ours = [child for child in element if child.tag in _OF_QUALIFIERS]
        known.extend(ours)
        if rest := content_of(element, without=ours):
            other.append(rest)

    identities = parts.all_in("ServiceDigitalIdentities", {"ServiceDigitalIdentity": _identity})
    parts.all_in(
        "AdditionalInformation",
        {
            "TextualInformation": lambda element: texts.append(text_with_language(element)),
            "OtherInformation": other_information,
        },
    )
    first, *more = _qualifiers(known) or [PointerQualifier()]
    return Pointer(
        location=parts.text("LoTELocation"),
        identities=identities,
        territory=first.territory,
        mime_type=first.mime_type,
        list_type=first.list_type,
        operator_names=first.operator_names,
        community_rules=first.community_rules,
        texts=tuple(texts),
        other=tuple(other),
        more_qualifiers=tuple(more),
    )


def _qualifiers(elements: list[etree._Element]) -> list[PointerQualifier]:
    found: list[dict[str, Any]] = []
    for element in elements:
        name = _OF_QUALIFIERS[element.tag]
        if not found or name in found[-1]:
            found.append({})
        is_list = name in {"operator_names", "community_rules"}
        found[-1][name] = (
            tuple(map(text_with_language, element.iterchildren(etree.Element))) if is_list else text_of(element)
        )
    return [PointerQualifier(**each) for each in found]


_OF_QUALIFIERS = {
    f"{{{LOTE}}}LoTEType": "list_type",
    f"{{{LOTE}}}SchemeOperatorName": "operator_names",
    f"{{{LOTE}}}SchemeTypeCommunityRules": "community_rules",
    f"{{{LOTE}}}SchemeTerritory": "territory",
    f"{{{LOTE}}}MimeType": "mime_type",
    f"{{{TSLX}}}MimeType": "mime_type",
}


def _provider(parts: XmlParts) -> TrustServiceProvider:
    provider = parts.needed_member("TrustedEntityInformation", _provider_information)
    return replace(provider, services=parts.members("TrustedEntityServices", "TrustedEntityService", _service))


def _provider_information(parts: XmlParts) -> TrustServiceProvider:
    return TrustServiceProvider(
        names=parts.texts("TEName", "Name"),
        trade_names=parts.texts("TETradeName", "Name"),
        address=parts.member("TEAddress", _address) or Address(),
        information_uris=parts.texts("TEInformationURI", "URI"),
        services=(),
        extensions=parts.all_in("TEInformationExtensions", _EXTENSION),
    )


def _service(parts: XmlParts) -> TrustService:
    service = parts.needed_member("ServiceInformation", _service_information)
    return replace(service, history=parts.members("ServiceHistory", "ServiceHistoryInstance", _state))


def _service_information(parts: XmlParts) -> TrustService:
    return TrustService(
        current=_state(parts),
        scheme_definition_uris=parts.texts("SchemeServiceDefinitionURI", "URI"),
        supply_points=parts.all_in("ServiceSupplyPoints", {"ServiceSupplyPoint": _supply_point}),
        provider_definition_uris=parts.texts("TEServiceDefinitionURI", "URI"),
    )


def _supply_point(element: etree._Element) -> SupplyPoint:
    return SupplyPoint(text_of(element), element.get("type", "").strip(_WHITE_SPACE))


def _state(parts: XmlParts) -> ServiceState:
    identity = parts.child("ServiceDigitalIdentity")
    return ServiceState(
        type=parts.text("ServiceTypeIdentifier"),
        names=parts.texts("ServiceName", "Name"),
        identity=DigitalIdentity() if identity is None else _identity(identity),
        status=parts.text("ServiceStatus"),
        starting_time=parts.instant("StatusStartingTime"),
        extensions=parts.all_in("ServiceInformationExtensions", _EXTENSION),
    )


def _identity(element: etree._Element) -> DigitalIdentity:
    certificates: list[ListedCertificate] = []
    names: list[str] = []
    skis: list[bytes] = []
    keys: list[str] = []
    other: list[str] = []
    for value in _values(element):
        match value.tag.removeprefix(f"{{{LOTE}}}"):
            case "X509Certificate":
                certificates.append(ListedCertificate(bytes_of(value)))
            case "X509SKI":
                skis.append(bytes_of(value))
            case "X509SubjectName":
                names.append(text_of(value))
            case "OtherId":
                other.append(content_of(value))
            case tag if tag == f"{{{XMLDSIG}}}KeyValue":
                keys.append(canonical(value))
            case _:
                other.append(canonical(value))
    return DigitalIdentity(tuple(certificates), tuple(names), tuple(skis), tuple(keys), tuple(other))


def _values(element: etree._Element) -> Iterator[etree._Element]:
    for child in element.iterchildren(etree.Element):
        if child.tag == f"{{{LOTE}}}DigitalId":
            yield from child.iterchildren(etree.Element)
        else:
            yield child


def _extension(element: etree._Element) -> Extension:
    """Critical is what doesn't say that it isn't; without the attribute, which the XSD wants, it isn't."""
    first = next(element.iterchildren(etree.Element), None)
    critical = element.get("Critical", "false").strip(_WHITE_SPACE) not in _NOT_CRITICAL
    return Extension(critical, UnknownExtension("" if first is None else first.tag, content_of(element)))


_EXTENSION = {"Extension": _extension}
