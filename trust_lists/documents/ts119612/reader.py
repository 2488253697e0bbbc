# SPDX-License-Identifier: Apache-2.0
"""Reads a trusted list in XML, of version 5 or 6, and of 3 and 4 as archives have them (TS 119 612 §5, Annex B, C).

The versions differ in URIs and in what must be there, not in structure, so one reader takes all of them. What the
model can't do without (version, sequence number, dates) must be there; anything else that is missing comes out empty,
and elements that the schema doesn't know are passed over, except in extensions: `trust_lists.documents.checks` tells
both. An element with another list inside is refused: that is what signature wrapping looks like, and no list has use
for it.
"""

import re
from itertools import chain

from lxml import etree

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.documents.model import (
    Address,
    Dialect,
    DigitalIdentity,
    Pointer,
    PostalAddress,
    Scheme,
    ServiceState,
    SupplyPoint,
    TrustedList,
    TrustService,
    TrustServiceProvider,
)
from trust_lists.documents.ts119612.extensions import read_extensions
from trust_lists.documents.ts119612.values import (
    LANGUAGE,
    bytes_of,
    canonical,
    children_of,
    content_of,
    instant,
    local_name,
    path_of,
    text_of,
    texts_in,
)
from trust_lists.documents.vocabulary import TSL, TSLX, XMLDSIG
from trust_lists.errors import ListRefusedError

ROOT = f"{{{TSL}}}TrustServiceStatusList"

_NAME = f"{{{TSL}}}Name"
_URI = f"{{{TSL}}}URI"
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")


def read(root: etree._Element) -> TrustedList:
    """The list whose root element is `root`; the tree stays as it is.

    Raises ListRefusedError: LIST_NOT_A_LIST (another root element), LIST_NESTED (a list inside the list),
    LIST_STRUCTURE (something that can't be done without is missing, unreadable or there twice; the text has its path).
    """
    if root.tag != ROOT:
        raise ListRefusedError("LIST_NOT_A_LIST", f"the root element is {root.tag:.200}, not that of a trusted list")
    nested = next(root.iterdescendants(ROOT), None)
    if nested is not None:
        raise ListRefusedError("LIST_NESTED", f"there is a list inside the list, at {path_of(nested)}")
    parts = children_of(root)
    scheme = parts.get(f"{{{TSL}}}SchemeInformation")
    providers = parts.get(f"{{{TSL}}}TrustServiceProviderList")
    return TrustedList(
        dialect=Dialect.TS_119_612,
        scheme=_scheme(_needed(scheme, "SchemeInformation", root)),
        providers=() if providers is None else _providers(providers),
        tag=root.get("TSLTag", "").strip(),
        id=root.get("Id", "").strip(),
    )


# Scheme information (§5.3)


def _scheme(element: etree._Element) -> Scheme:
    parts = {local_name(tag): child for tag, child in children_of(element).items() if _is_ours(tag)}
    update = children_of(_needed(parts.get("NextUpdate"), "NextUpdate", element)).get(f"{{{TSL}}}dateTime")
    issued_at = instant(text_of(parts.get("ListIssueDateTime")))
    if issued_at is None:
        raise _structure(element, "ListIssueDateTime", parts)
    next_update = instant(text_of(update))
    if next_update is None and text_of(update):
        raise _structure(element, "NextUpdate", parts)
    notice = parts.get("PolicyOrLegalNotice")
    points = texts_in(parts.get("DistributionPoints"), _URI)
    return Scheme(
        version=_needed_number(element, "TSLVersionIdentifier", parts),
        sequence=_needed_number(element, "TSLSequenceNumber", parts),
        list_type=text_of(parts.get("TSLType")),
        operator_names=texts_in(parts.get("SchemeOperatorName"), _NAME),
        issued_at=issued_at,
        next_update=next_update,
        operator_address=_address(parts.get("SchemeOperatorAddress")),
        names=texts_in(parts.get("SchemeName"), _NAME),
        information_uris=texts_in(parts.get("SchemeInformationURI"), _URI),
        status_determination=text_of(parts.get("StatusDeterminationApproach")),
        community_rules=texts_in(parts.get("SchemeTypeCommunityRules"), _URI),
        territory=text_of(parts.get("SchemeTerritory")),
        policies=texts_in(notice, f"{{{TSL}}}TSLPolicy"),
        legal_notices=texts_in(notice, f"{{{TSL}}}TSLLegalNotice"),
        historical_period=_number(parts.get("HistoricalInformationPeriod")),
        pointers=_pointers(parts.get("PointersToOtherTSL")),
        distribution_points=tuple(point.value for point in points),
        extensions=read_extensions(parts.get("SchemeExtensions")),
    )


def _address(element: etree._Element | None) -> Address:
    if element is None:
        return Address()
    parts = children_of(element)
    postal = parts.get(f"{{{TSL}}}PostalAddresses")
    return Address(
        postal=() if postal is None else tuple(map(_postal, postal.iterchildren(f"{{{TSL}}}PostalAddress"))),
        electronic=texts_in(parts.get(f"{{{TSL}}}ElectronicAddress"), _URI),
    )


def _postal(element: etree._Element) -> PostalAddress:
    parts = children_of(element)
    return PostalAddress(
        lang=element.get(LANGUAGE, ""),
        street=text_of(parts.get(f"{{{TSL}}}StreetAddress")),
        locality=text_of(parts.get(f"{{{TSL}}}Locality")),
        state=text_of(parts.get(f"{{{TSL}}}StateOrProvince")),
        postal_code=text_of(parts.get(f"{{{TSL}}}PostalCode")),
        country=text_of(parts.get(f"{{{TSL}}}CountryName")),
    )


def _pointers(element: etree._Element | None) -> tuple[Pointer, ...]:
    return () if element is None else tuple(map(_pointer, element.iterchildren(f"{{{TSL}}}OtherTSLPointer")))


def _pointer(element: etree._Element) -> Pointer:
    parts = children_of(element)
    identities = parts.get(f"{{{TSL}}}ServiceDigitalIdentities")
    information = parts.get(f"{{{TSL}}}AdditionalInformation")
    known: dict[str, etree._Element] = {}
    other: list[str] = []
    others = () if information is None else information.iterchildren(f"{{{TSL}}}OtherInformation")
    for each in others:
        ours = {child for child in each if child.tag in _OF_POINTERS}
        for child in ours:
            if child.tag in known:
                raise ListRefusedError(
                    "LIST_STRUCTURE", f"{path_of(element)} has more than one {local_name(child.tag)}"
                )
            known[child.tag] = child
        rest = content_of(each, without=ours)
        if rest:
            other.append(rest)
    return Pointer(
        location=text_of(parts.get(f"{{{TSL}}}TSLLocation")),
        identities=()
        if identities is None
        else tuple(map(_identity, identities.iterchildren(f"{{{TSL}}}ServiceDigitalIdentity"))),
        territory=text_of(known.get(f"{{{TSL}}}SchemeTerritory")),
        mime_type=text_of(known.get(f"{{{TSLX}}}MimeType")),
        list_type=text_of(known.get(f"{{{TSL}}}TSLType")),
        operator_names=texts_in(known.get(f"{{{TSL}}}SchemeOperatorName"), _NAME),
        community_rules=texts_in(known.get(f"{{{TSL}}}SchemeTypeCommunityRules"), _URI),
        texts=texts_in(information, f"{{{TSL}}}TextualInformation"),
        other=tuple(other),
    )


_OF_POINTERS = frozenset(
    (
        f"{{{TSL}}}TSLType",
        f"{{{TSL}}}SchemeOperatorName",
        f"{{{TSL}}}SchemeTypeCommunityRules",
        f"{{{TSL}}}SchemeTerritory",
        f"{{{TSLX}}}MimeType",
    )
)


# Providers and services (§5.4, §5.5, §5.6)


def _providers(element: etree._Element) -> tuple[TrustServiceProvider, ...]:
    return tuple(map(_provider, element.iterchildren(f"{{{TSL}}}TrustServiceProvider")))


def _provider(element: etree._Element) -> TrustServiceProvider:
    outer = children_of(element)
    information = outer.get(f"{{{TSL}}}TSPInformation")
    parts = {} if information is None else children_of(information)
    services = outer.get(f"{{{TSL}}}TSPServices")
    return TrustServiceProvider(
        names=texts_in(parts.get(f"{{{TSL}}}TSPName"), _NAME),
        trade_names=texts_in(parts.get(f"{{{TSL}}}TSPTradeName"), _NAME),
        address=_address(parts.get(f"{{{TSL}}}TSPAddress")),
        information_uris=texts_in(parts.get(f"{{{TSL}}}TSPInformationURI"), _URI),
        services=()
        if services is None
        else tuple(chain.from_iterable(map(_services, services.iterchildren(f"{{{TSL}}}TSPService")))),
        extensions=read_extensions(parts.get(f"{{{TSL}}}TSPInformationExtensions")),
    )


def _services(element: etree._Element) -> list[TrustService]:
    """What a `TSPService` holds: one service, or several where it has several `ServiceInformation` (one list does)."""
    found: list[TrustService] = []
    history: list[ServiceState] = []
    # From the end, since a history follows what it is the history of.
    for child in reversed(element):
        if child.tag == f"{{{TSL}}}ServiceHistory":
            history += map(_instance, reversed(list(child.iterchildren(f"{{{TSL}}}ServiceHistoryInstance"))))
        elif child.tag == f"{{{TSL}}}ServiceInformation":
            found.append(_service(child, tuple(reversed(history))))
            history = []
    if history or not found:
        found.append(TrustService(_state({}), tuple(reversed(history))))
    return found[::-1]


def _service(element: etree._Element, history: tuple[ServiceState, ...]) -> TrustService:
    parts = children_of(element)
    points = parts.get(f"{{{TSL}}}ServiceSupplyPoints")
    return TrustService(
        current=_state(parts),
        history=history,
        scheme_definition_uris=texts_in(parts.get(f"{{{TSL}}}SchemeServiceDefinitionURI"), _URI),
        supply_points=()
        if points is None
        else tuple(
            SupplyPoint(text_of(point), point.get("type", "").strip())
            for point in points.iterchildren(f"{{{TSL}}}ServiceSupplyPoint")
        ),
        provider_definition_uris=texts_in(parts.get(f"{{{TSL}}}TSPServiceDefinitionURI"), _URI),
    )


def _instance(element: etree._Element) -> ServiceState:
    return _state(children_of(element))


def _state(parts: dict[str, etree._Element]) -> ServiceState:
    return ServiceState(
        type=text_of(parts.get(f"{{{TSL}}}ServiceTypeIdentifier")),
        names=texts_in(parts.get(f"{{{TSL}}}ServiceName"), _NAME),
        identity=_identity(parts.get(f"{{{TSL}}}ServiceDigitalIdentity")),
        status=text_of(parts.get(f"{{{TSL}}}ServiceStatus")),
        starting_time=instant(text_of(parts.get(f"{{{TSL}}}StatusStartingTime"))),
        extensions=read_extensions(parts.get(f"{{{TSL}}}ServiceInformationExtensions")),
    )


def _identity(element: etree._Element | None) -> DigitalIdentity:
    if element is None:
        return DigitalIdentity()
    certificates: list[ListedCertificate] = []
    names: list[str] = []
    skis: list[bytes] = []
    keys: list[str] = []
    other: list[str] = []
    for digital_id in element.iterchildren(f"{{{TSL}}}DigitalId"):
        for value in digital_id.iterchildren(etree.Element):
            match value.tag:
                case _Tag.CERTIFICATE:
                    certificates.append(ListedCertificate(bytes_of(value)))
                case _Tag.SKI:
                    skis.append(bytes_of(value))
                case _Tag.SUBJECT_NAME:
                    names.append(text_of(value))
                case _Tag.KEY_VALUE:
                    keys.append(canonical(value))
                case _:
                    other.append(content_of(value) if value.tag == _Tag.OTHER else canonical(value))
    return DigitalIdentity(tuple(certificates), tuple(names), tuple(skis), tuple(keys), tuple(other))


class _Tag:
    CERTIFICATE = f"{{{TSL}}}X509Certificate"
    SKI = f"{{{TSL}}}X509SKI"
    SUBJECT_NAME = f"{{{TSL}}}X509SubjectName"
    KEY_VALUE = f"{{{XMLDSIG}}}KeyValue"
    OTHER = f"{{{TSL}}}Other"


# What must be there


def _is_ours(tag: object) -> bool:
    return isinstance(tag, str) and tag.startswith(f"{{{TSL}}}")


def _needed(found: etree._Element | None, name: str, parent: etree._Element) -> etree._Element:
    if found is None:
        raise ListRefusedError("LIST_STRUCTURE", f"{path_of(parent)} has no {name}")
    return found


def _needed_number(parent: etree._Element, name: str, parts: dict[str, etree._Element]) -> int:
    number = _number(parts.get(name))
    if number is None:
        raise _structure(parent, name, parts)
    return number


def _number(element: etree._Element | None) -> int | None:
    value = text_of(element)
    return int(value) if _NUMBER.fullmatch(value) else None


def _structure(parent: etree._Element, name: str, parts: dict[str, etree._Element]) -> ListRefusedError:
    problem = (
        f"has no {name}" if name not in parts else f"has a {name} that can't be read: {text_of(parts[name])!r:.60}"
    )
    return ListRefusedError("LIST_STRUCTURE", f"{path_of(parent)} {problem}")
