# SPDX-License-Identifier: Apache-2.0
"""Writes a trusted list in XML, in the order of the schema of TS 119 612 V2.4.1 (§5, Annex C); a list is read back as
it was.

What the model leaves empty is left out: whether the list is complete is for `trust_lists.documents.checks` to say. The
version is the one that the model has.
"""

from lxml import etree

from trust_lists.documents.model import (
    Address,
    DigitalIdentity,
    Pointer,
    Scheme,
    ServiceState,
    TrustedList,
    TrustService,
    TrustServiceProvider,
)
from trust_lists.documents.ts119612.building import Builder, add, add_language, add_list, add_some, add_texts
from trust_lists.documents.ts119612.extension_writer import add_extensions
from trust_lists.documents.ts119612.values import write_bytes
from trust_lists.documents.vocabulary import LIST_TAG, TSLX, XMLDSIG
from trust_lists.errors import ListRefusedError
from trust_lists.instants import write_instant
from trust_lists.xml import MAX_LIST_BYTES


def write(document: TrustedList) -> etree._Element:
    """The unsigned list as a tree; its root has `@TSLTag`, and `@Id` where the model has one.

    Raises ListRefusedError LIST_UNWRITABLE for what XML, or TS 119 612, has no form for: characters that XML doesn't
    know, keys in another form than `ds:KeyValue`.
    """
    attributes = {"TSLTag": document.tag or LIST_TAG} | ({"Id": document.id} if document.id else {})
    try:
        builder = Builder("TrustServiceStatusList", attributes, max_bytes=MAX_LIST_BYTES)
        _add_scheme(builder, document.scheme)
        if document.providers:
            providers = add(builder.root, "TrustServiceProviderList")
            for provider in document.providers:
                _add_provider(builder, providers, provider)
        return builder.finished()
    except ValueError as error:
        raise ListRefusedError("LIST_UNWRITABLE", f"the list can't be written as XML: {error}") from None


# Scheme information (§5.3)


def _add_scheme(builder: Builder, scheme: Scheme) -> None:
    parent = add(builder.root, "SchemeInformation")
    add(parent, "TSLVersionIdentifier", str(scheme.version))
    add(parent, "TSLSequenceNumber", str(scheme.sequence))
    add_some(parent, "TSLType", scheme.list_type)
    add_list(parent, "SchemeOperatorName", "Name", scheme.operator_names)
    _add_address(parent, "SchemeOperatorAddress", scheme.operator_address)
    add_list(parent, "SchemeName", "Name", scheme.names)
    add_list(parent, "SchemeInformationURI", "URI", scheme.information_uris)
    add_some(parent, "StatusDeterminationApproach", scheme.status_determination)
    add_list(parent, "SchemeTypeCommunityRules", "URI", scheme.community_rules)
    add_some(parent, "SchemeTerritory", scheme.territory)
    if scheme.policies or scheme.legal_notices:
        notice = add(parent, "PolicyOrLegalNotice")
        add_texts(notice, "TSLPolicy", scheme.policies)
        add_texts(notice, "TSLLegalNotice", scheme.legal_notices)
    if scheme.historical_period is not None:
        add(parent, "HistoricalInformationPeriod", str(scheme.historical_period))
    if scheme.pointers:
        pointers = add(parent, "PointersToOtherTSL")
        for pointer in scheme.pointers:
            _add_pointer(builder, pointers, pointer)
    add(parent, "ListIssueDateTime", write_instant(scheme.issued_at))
    update = add(parent, "NextUpdate")
    if scheme.next_update is not None:
        add(update, "dateTime", write_instant(scheme.next_update))
    if scheme.distribution_points:
        points = add(parent, "DistributionPoints")
        for point in scheme.distribution_points:
            add(points, "URI", point)
    add_extensions(builder, parent, "SchemeExtensions", scheme.extensions)


def _add_address(parent: etree._Element, name: str, address: Address) -> None:
    if not address.postal and not address.electronic:
        return
    element = add(parent, name)
    if address.postal:
        postal = add(element, "PostalAddresses")
        for each in address.postal:
            one = add(postal, "PostalAddress")
            add_language(one, each.lang)
            add_some(one, "StreetAddress", each.street)
            add_some(one, "Locality", each.locality)
            add_some(one, "StateOrProvince", each.state)
            add_some(one, "PostalCode", each.postal_code)
            add_some(one, "CountryName", each.country)
    add_list(element, "ElectronicAddress", "URI", address.electronic)


def _add_pointer(builder: Builder, parent: etree._Element, pointer: Pointer) -> None:
    element = add(parent, "OtherTSLPointer")
    if pointer.identities:
        identities = add(element, "ServiceDigitalIdentities")
        for identity in pointer.identities:
            _add_identity(builder, identities, identity)
    add_some(element, "TSLLocation", pointer.location)
    information = add(element, "AdditionalInformation")
    add_texts(information, "TextualInformation", pointer.texts)
    if pointer.list_type:
        add(add(information, "OtherInformation"), "TSLType", pointer.list_type)
    if pointer.operator_names:
        add_list(add(information, "OtherInformation"), "SchemeOperatorName", "Name", pointer.operator_names)
    if pointer.community_rules:
        add_list(add(information, "OtherInformation"), "SchemeTypeCommunityRules", "URI", pointer.community_rules)
    if pointer.territory:
        add(add(information, "OtherInformation"), "SchemeTerritory", pointer.territory)
    if pointer.mime_type:
        add(add(information, "OtherInformation"), "MimeType", pointer.mime_type, namespace=TSLX)
    for other in pointer.other:
        builder.content(add(information, "OtherInformation"), other)
    if not len(information):
        element.remove(information)


# Providers and services (§5.4, §5.5, §5.6)


def _add_provider(builder: Builder, parent: etree._Element, provider: TrustServiceProvider) -> None:
    element = add(parent, "TrustServiceProvider")
    information = add(element, "TSPInformation")
    add_list(information, "TSPName", "Name", provider.names)
    add_list(information, "TSPTradeName", "Name", provider.trade_names)
    _add_address(information, "TSPAddress", provider.address)
    add_list(information, "TSPInformationURI", "URI", provider.information_uris)
    add_extensions(builder, information, "TSPInformationExtensions", provider.extensions)
    services = add(element, "TSPServices")
    for service in provider.services:
        _add_service(builder, services, service)


def _add_service(builder: Builder, parent: etree._Element, service: TrustService) -> None:
    element = add(parent, "TSPService")
    information = add(element, "ServiceInformation")
    _add_state(builder, information, service.current)
    add_list(information, "SchemeServiceDefinitionURI", "URI", service.scheme_definition_uris)
    if service.supply_points:
        points = add(information, "ServiceSupplyPoints")
        for point in service.supply_points:
            one = add(points, "ServiceSupplyPoint", point.uri)
            if point.type:
                one.set("type", point.type)
    add_list(information, "TSPServiceDefinitionURI", "URI", service.provider_definition_uris)
    add_extensions(builder, information, "ServiceInformationExtensions", service.current.extensions)
    if service.history:
        history = add(element, "ServiceHistory")
        for state in service.history:
            instance = add(history, "ServiceHistoryInstance")
            _add_state(builder, instance, state)
            add_extensions(builder, instance, "ServiceInformationExtensions", state.extensions)


def _add_state(builder: Builder, parent: etree._Element, state: ServiceState) -> None:
    add_some(parent, "ServiceTypeIdentifier", state.type)
    add_list(parent, "ServiceName", "Name", state.names)
    _add_identity(builder, parent, state.identity)
    add_some(parent, "ServiceStatus", state.status)
    if state.starting_time is not None:
        add(parent, "StatusStartingTime", write_instant(state.starting_time))


def _add_identity(builder: Builder, parent: etree._Element, identity: DigitalIdentity) -> None:
    element = add(parent, "ServiceDigitalIdentity")
    for certificate in identity.certificates:
        add(add(element, "DigitalId"), "X509Certificate", write_bytes(certificate.der))
    for name in identity.subject_names:
        add(add(element, "DigitalId"), "X509SubjectName", name)
    for key in identity.key_values:
        builder.element(add(element, "DigitalId"), key, tag=f"{{{XMLDSIG}}}KeyValue")
    for ski in identity.skis:
        add(add(element, "DigitalId"), "X509SKI", write_bytes(ski))
    for other in identity.other:
        builder.content(add(add(element, "DigitalId"), "Other"), other)
