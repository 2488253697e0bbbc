# SPDX-License-Identifier: Apache-2.0
"""Lists of trusted entities as XML (TS 119 602 V1.1.1 §6, Annex A): `TrustedList` to an unsigned tree.

Elements come in the order of the XSD; what a list doesn't say has no element, so that the tree is valid where the list
says all that the XSD wants. That is more than the standard does: a `Locality` in each address, for one (§6.3.5.1).
"""

from collections.abc import Iterable, Sequence

from lxml import etree

from trust_lists.documents.model import (
    Address,
    DigitalIdentity,
    Extension,
    Pointer,
    PointerQualifier,
    Scheme,
    ServiceState,
    Text,
    TrustedList,
    TrustService,
    TrustServiceProvider,
    UnknownExtension,
)
from trust_lists.documents.ts119612.building import Builder
from trust_lists.documents.ts119612.values import LANGUAGE, write_bytes
from trust_lists.documents.vocabulary import LOTE, TSLX, XMLDSIG
from trust_lists.errors import ListRefusedError
from trust_lists.instants import write_instant
from trust_lists.xml import MAX_LIST_BYTES

LOTE_TAG = "http://uri.etsi.org/19602/LoTETag"

_KEY_VALUE = f"{{{XMLDSIG}}}KeyValue"


def write_xml(document: TrustedList) -> etree._Element:
    """The root element of the list; `LOTE_TAG` where the list has no tag.

    Raises ListRefusedError LIST_UNWRITABLE for what has no form in XML: keys and extensions that are JSON, and
    characters that XML doesn't know; XmlRefusedError for trees that we wouldn't read again.
    """
    attributes = {"LOTETag": document.tag or LOTE_TAG} | ({"Id": document.id} if document.id else {})
    builder = Builder(
        "ListOfTrustedEntities",
        attributes,
        max_bytes=MAX_LIST_BYTES,
        namespace=LOTE,
        prefixes={"lote": LOTE, "tslx": TSLX, "ds": XMLDSIG},
    )
    try:
        _Writer(builder).write(document)
    except ValueError as error:
        raise ListRefusedError("LIST_UNWRITABLE", f"the list has no form in XML: {error}") from None
    return builder.finished()


class _Writer:
    def __init__(self, builder: Builder) -> None:
        self._builder = builder

    def write(self, document: TrustedList) -> None:
        root = self._builder.root
        self._scheme(_add(root, "ListAndSchemeInformation"), document.scheme)
        if document.providers:
            providers = _add(root, "TrustedEntitiesList")
            for provider in document.providers:
                self._provider(_add(providers, "TrustedEntity"), provider)

    def _scheme(self, parent: etree._Element, scheme: Scheme) -> None:
        _add(parent, "LoTEVersionIdentifier", str(scheme.version))
        _add(parent, "LoTESequenceNumber", str(scheme.sequence))
        _optional(parent, "LoTEType", scheme.list_type)
        _texts(parent, "SchemeOperatorName", "Name", scheme.operator_names)
        _address(parent, "SchemeOperatorAddress", scheme.operator_address)
        _texts(parent, "SchemeName", "Name", scheme.names)
        _texts(parent, "SchemeInformationURI", "URI", scheme.information_uris)
        _optional(parent, "StatusDeterminationApproach", scheme.status_determination)
        _texts(parent, "SchemeTypeCommunityRules", "URI", scheme.community_rules)
        _optional(parent, "SchemeTerritory", scheme.territory)
        if scheme.policies or scheme.legal_notices:
            notices = _add(parent, "PolicyOrLegalNotice")
            _add_texts(notices, "LoTEPolicy", scheme.policies)
            _add_texts(notices, "LoTELegalNotice", scheme.legal_notices)
        if scheme.historical_period is not None:
            _add(parent, "HistoricalInformationPeriod", str(scheme.historical_period))
        if scheme.pointers:
            pointers = _add(parent, "PointersToOtherLoTE")
            for pointer in scheme.pointers:
                self._pointer(_add(pointers, "OtherLoTEPointer"), pointer)
        _add(parent, "ListIssueDateTime", write_instant(scheme.issued_at))
        update = _add(parent, "NextUpdate")
        if scheme.next_update:
            _add(update, "dateTime", write_instant(scheme.next_update))
        if scheme.distribution_points:
            points = _add(parent, "DistributionPoints")
            for uri in scheme.distribution_points:
                _add(points, "URI", uri)
        self._extensions(parent, "SchemeExtensions", scheme.extensions)

    def _pointer(self, parent: etree._Element, pointer: Pointer) -> None:
        if pointer.identities:
            identities = _add(parent, "ServiceDigitalIdentities")
            for identity in pointer.identities:
                self._identity(identities, identity)
        _add(parent, "LoTELocation", pointer.location)
        first = PointerQualifier(
            pointer.list_type, pointer.operator_names, pointer.community_rules, pointer.territory, pointer.mime_type
        )
        qualifiers = [each for each in (first, *pointer.more_qualifiers) if each != PointerQualifier()]
        if not (pointer.texts or pointer.other or qualifiers):
            return
        information = _add(parent, "AdditionalInformation")
        _add_texts(information, "TextualInformation", pointer.texts)
        for qualifier in qualifiers:
            _qualifier(information, qualifier)
        for content in pointer.other:
            self._builder.content(_add(information, "OtherInformation"), content)

    def _provider(self, parent: etree._Element, provider: TrustServiceProvider) -> None:
        information = _add(parent, "TrustedEntityInformation")
        _texts(information, "TEName", "Name", provider.names)
        _texts(information, "TETradeName", "Name", provider.trade_names)
        _address(information, "TEAddress", provider.address)
        _texts(information, "TEInformationURI", "URI", provider.information_uris)
        self._extensions(information, "TEInformationExtensions", provider.extensions)
        services = _add(parent, "TrustedEntityServices")
        for service in provider.services:
            self._service(_add(services, "TrustedEntityService"), service)

    def _service(self, parent: etree._Element, service: TrustService) -> None:
        information = _add(parent, "ServiceInformation")
        self._state(information, service.current)
        _texts(information, "SchemeServiceDefinitionURI", "URI", service.scheme_definition_uris)
        if service.supply_points:
            points = _add(information, "ServiceSupplyPoints")
            for point in service.supply_points:
                element = _add(points, "ServiceSupplyPoint", point.uri)
                if point.type:
                    element.set("type", point.type)
        _texts(information, "TEServiceDefinitionURI", "URI", service.provider_definition_uris)
        self._extensions(information, "ServiceInformationExtensions", service.current.extensions)
        if service.history:
            history = _add(parent, "ServiceHistory")
            for state in service.history:
                instance = _add(history, "ServiceHistoryInstance")
                self._state(instance, state)
                self._extensions(instance, "ServiceInformationExtensions", state.extensions)

    def _state(self, parent: etree._Element, state: ServiceState) -> None:
        _optional(parent, "ServiceTypeIdentifier", state.type)
        _texts(parent, "ServiceName", "Name", state.names)
        self._identity(parent, state.identity)
        _optional(parent, "ServiceStatus", state.status)
        if state.starting_time:
            _add(parent, "StatusStartingTime", write_instant(state.starting_time))

    def _identity(self, parent: etree._Element, identity: DigitalIdentity) -> None:
        if identity.forms:
            raise ListRefusedError("LIST_UNWRITABLE", "the encoding of a certificate has no form in a LoTE in XML")
        element = _add(parent, "ServiceDigitalIdentity")
        for certificate in identity.certificates:
            _add(_add(element, "DigitalId"), "X509Certificate", write_bytes(certificate.der))
        for name in identity.subject_names:
            _add(_add(element, "DigitalId"), "X509SubjectName", name)
        for key in identity.key_values:
            self._builder.element(_add(element, "DigitalId"), key, tag=_KEY_VALUE)
        for ski in identity.skis:
            _add(_add(element, "DigitalId"), "X509SKI", write_bytes(ski))
        for other in identity.other:
            self._builder.content(_add(_add(element, "DigitalId"), "OtherId"), other)

    def _extensions(self, parent: etree._Element, name: str, extensions: Sequence[Extension]) -> None:
        if not extensions:
            return
        element = _add(parent, name)
        for extension in extensions:
            match extension.content:
                # An extension of JSON with a name is an object; of one without we keep the text.
                case UnknownExtension(name=known, content=content) if not (known and content.startswith("{")):
                    child = _add(element, "Extension")
                    child.set("Critical", "true" if extension.critical else "false")
                    self._builder.content(child, content)
                case content:
                    what = content.name if isinstance(content, UnknownExtension) else type(content).__name__
                    raise ListRefusedError("LIST_UNWRITABLE", f"the extension {what} has no form in a LoTE in XML")


def _address(parent: etree._Element, name: str, address: Address) -> None:
    if address == Address():
        return
    element = _add(parent, name)
    if address.postal:
        addresses = _add(element, "PostalAddresses")
        for postal in address.postal:
            child = _add(addresses, "PostalAddress")
            child.set(LANGUAGE, postal.lang)
            _optional(child, "StreetAddress", postal.street)
            _optional(child, "Locality", postal.locality)
            _optional(child, "StateOrProvince", postal.state)
            _optional(child, "PostalCode", postal.postal_code)
            _optional(child, "CountryName", postal.country)
    _texts(element, "ElectronicAddress", "URI", address.electronic)


def _qualifier(information: etree._Element, qualifier: PointerQualifier) -> None:
    def other() -> etree._Element:
        return _add(information, "OtherInformation")

    if qualifier.list_type:
        _add(other(), "LoTEType", qualifier.list_type)
    if qualifier.operator_names:
        _texts(other(), "SchemeOperatorName", "Name", qualifier.operator_names)
    if qualifier.community_rules:
        _texts(other(), "SchemeTypeCommunityRules", "URI", qualifier.community_rules)
    if qualifier.territory:
        _add(other(), "SchemeTerritory", qualifier.territory)
    if qualifier.mime_type:
        mime_type = etree.SubElement(other(), f"{{{TSLX}}}MimeType", nsmap={"tslx": TSLX})
        mime_type.text = qualifier.mime_type


def _add(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    element = etree.SubElement(parent, f"{{{LOTE}}}{name}")
    element.text = text
    return element


def _optional(parent: etree._Element, name: str, text: str) -> None:
    if text:
        _add(parent, name, text)


def _texts(parent: etree._Element, name: str, tag: str, texts: Sequence[Text]) -> None:
    if texts:
        _add_texts(_add(parent, name), tag, texts)


def _add_texts(parent: etree._Element, tag: str, texts: Iterable[Text]) -> None:
    for text in texts:
        _add(parent, tag, text.value).set(LANGUAGE, text.lang)
