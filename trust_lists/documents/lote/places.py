# SPDX-License-Identifier: Apache-2.0
"""Where things stand in a list of trusted entities, as paths that begin below the root and count from 1."""

from collections.abc import Iterator

from trust_lists.documents.model import (
    Address,
    Dialect,
    DigitalIdentity,
    Extension,
    Pointer,
    ServiceState,
    Text,
    TrustedList,
    TrustService,
    TrustServiceProvider,
)

SCHEME = "ListAndSchemeInformation"


def entities(document: TrustedList) -> Iterator[tuple[str, TrustServiceProvider]]:
    """Each trusted entity with its path."""
    for number, entity in enumerate(document.providers, 1):
        yield f"TrustedEntity[{number}]", entity


def services(document: TrustedList) -> Iterator[tuple[str, TrustService]]:
    """Each service with its path."""
    for path, entity in entities(document):
        for number, service in enumerate(entity.services, 1):
            yield f"{path}/TrustedEntityService[{number}]", service


def states(document: TrustedList) -> Iterator[tuple[str, ServiceState]]:
    """Each state of each service, present and former, with its path."""
    for path, service in services(document):
        yield f"{path}/ServiceInformation", service.current
        for number, state in enumerate(service.history, 1):
            yield f"{path}/ServiceHistoryInstance[{number}]", state


def pointers(document: TrustedList) -> Iterator[tuple[str, Pointer]]:
    """Each pointer to another list with its path."""
    for number, pointer in enumerate(document.scheme.pointers, 1):
        yield f"{SCHEME}/OtherLoTEPointer[{number}]", pointer


def identities(document: TrustedList) -> Iterator[tuple[str, DigitalIdentity]]:
    """Each digital identity, of signers and of services, with its path."""
    for path, pointer in pointers(document):
        for number, identity in enumerate(pointer.identities, 1):
            yield f"{path}/ServiceDigitalIdentity[{number}]", identity
    for path, state in states(document):
        yield f"{path}/ServiceDigitalIdentity", state.identity


def extensions(document: TrustedList) -> Iterator[tuple[str, str, Extension]]:
    """Each extension with the clause that is about its kind, and its path."""
    for number, extension in enumerate(document.scheme.extensions, 1):
        yield "6.3.17", f"{SCHEME}/SchemeExtensions[{number}]", extension
    for path, entity in entities(document):
        for number, extension in enumerate(entity.extensions, 1):
            yield "6.5.5", f"{path}/TEInformationExtensions[{number}]", extension
    for path, state in states(document):
        for number, extension in enumerate(state.extensions, 1):
            yield "6.6.9", f"{path}/ServiceInformationExtensions[{number}]", extension


def texts(document: TrustedList) -> Iterator[tuple[str, tuple[Text, ...]]]:
    """Each field that is written in languages, with its path."""
    scheme = document.scheme
    yield f"{SCHEME}/SchemeOperatorName", scheme.operator_names
    yield f"{SCHEME}/SchemeOperatorAddress", _of_address(scheme.operator_address)
    yield f"{SCHEME}/SchemeName", scheme.names
    yield f"{SCHEME}/SchemeInformationURI", scheme.information_uris
    yield f"{SCHEME}/SchemeTypeCommunityRules", scheme.community_rules
    yield f"{SCHEME}/PolicyOrLegalNotice", scheme.policies
    if document.dialect is not Dialect.LOTE_JSON:  # whose schema has no place for a notice's language
        yield f"{SCHEME}/PolicyOrLegalNotice", scheme.legal_notices
    for path, entity in entities(document):
        yield f"{path}/TEName", entity.names
        yield f"{path}/TETradeName", entity.trade_names
        yield f"{path}/TEAddress", _of_address(entity.address)
        yield f"{path}/TEInformationURI", entity.information_uris
    for path, service in services(document):
        yield f"{path}/SchemeServiceDefinitionURI", service.scheme_definition_uris
        yield f"{path}/ServiceDefinitionURI", service.provider_definition_uris
    for path, state in states(document):
        yield f"{path}/ServiceName", state.names


def _of_address(address: Address) -> tuple[Text, ...]:
    return (*(Text(each.lang, each.street) for each in address.postal), *address.electronic)


def uris(document: TrustedList) -> Iterator[tuple[str, str]]:
    """Each URI with its path; fields that aren't there are left out."""
    for path, uri in _all_uris(document):
        if uri:
            yield path, uri


def _all_uris(document: TrustedList) -> Iterator[tuple[str, str]]:
    scheme = document.scheme
    yield f"{SCHEME}/LoTEType", scheme.list_type
    yield f"{SCHEME}/StatusDeterminationApproach", scheme.status_determination
    yield from ((f"{SCHEME}/SchemeInformationURI", each.value) for each in scheme.information_uris)
    yield from ((f"{SCHEME}/SchemeTypeCommunityRules", each.value) for each in scheme.community_rules)
    yield from ((f"{SCHEME}/PolicyOrLegalNotice", each.value) for each in scheme.policies)
    yield from ((f"{SCHEME}/DistributionPoints", each) for each in scheme.distribution_points)
    for path, pointer in pointers(document):
        yield f"{path}/LoTELocation", pointer.location
        yield f"{path}/LoTEType", pointer.list_type
    for path, entity in entities(document):
        yield from ((f"{path}/TEInformationURI", each.value) for each in entity.information_uris)
    for path, state in states(document):
        yield f"{path}/ServiceTypeIdentifier", state.type
        yield f"{path}/ServiceStatus", state.status
    for path, service in services(document):
        yield from ((f"{path}/ServiceSupplyPoints", each.uri) for each in service.supply_points)
        yield from ((f"{path}/SchemeServiceDefinitionURI", each.value) for each in service.scheme_definition_uris)
        yield from ((f"{path}/ServiceDefinitionURI", each.value) for each in service.provider_definition_uris)
