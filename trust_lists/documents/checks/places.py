# SPDX-License-Identifier: Apache-2.0
"""Where things stand in a list, as paths that begin below the root and count from 1, and walks over all of a kind."""

from collections.abc import Iterator
from dataclasses import dataclass

from trust_lists.documents.model import (
    Address,
    Extension,
    ServiceState,
    TakenOverBy,
    Text,
    TrustedList,
    TrustService,
    TrustServiceProvider,
)

SCHEME = "SchemeInformation"


@dataclass(frozen=True, slots=True)
class ServicePlace:
    """A service, with its provider and its path (`TrustServiceProvider[2]/TSPService[1]`)."""

    path: str
    provider: TrustServiceProvider
    service: TrustService

    @property
    def current_path(self) -> str:
        """The path of its present state."""
        return f"{self.path}/ServiceInformation"

    def states(self) -> Iterator[tuple[str, ServiceState]]:
        """The present state and those of the history, each with its path."""
        yield self.current_path, self.service.current
        for number, state in enumerate(self.service.history, 1):
            yield f"{self.path}/ServiceHistoryInstance[{number}]", state


def providers(document: TrustedList) -> Iterator[tuple[str, TrustServiceProvider]]:
    """Each provider with its path."""
    for number, provider in enumerate(document.providers, 1):
        yield f"TrustServiceProvider[{number}]", provider


def services(document: TrustedList) -> Iterator[ServicePlace]:
    """Each service with its provider and its path."""
    for path, provider in providers(document):
        for number, service in enumerate(provider.services, 1):
            yield ServicePlace(f"{path}/TSPService[{number}]", provider, service)


def states(document: TrustedList) -> Iterator[tuple[str, ServiceState]]:
    """Each state of each service, present and former, with its path."""
    for place in services(document):
        yield from place.states()


def extensions(document: TrustedList) -> Iterator[tuple[str, Extension]]:
    """Each extension of the scheme, of providers and of services, with its path."""
    yield from _numbered(f"{SCHEME}/SchemeExtensions", document.scheme.extensions)
    for path, provider in providers(document):
        yield from _numbered(f"{path}/TSPInformation/TSPInformationExtensions", provider.extensions)
    for path, state in states(document):
        yield from state_extensions(path, state)


def state_extensions(path: str, state: ServiceState) -> Iterator[tuple[str, Extension]]:
    """Each extension of one state of a service, with its path."""
    return _numbered(f"{path}/ServiceInformationExtensions", state.extensions)


def texts(document: TrustedList) -> Iterator[tuple[str, tuple[Text, ...]]]:
    """Each field that is written in languages, with its path; fields without any text are left out."""
    for path, found in _all_texts(document):
        if found:
            yield path, found


def _all_texts(document: TrustedList) -> Iterator[tuple[str, tuple[Text, ...]]]:
    scheme = document.scheme
    yield f"{SCHEME}/SchemeOperatorName", scheme.operator_names
    yield from _address_texts(f"{SCHEME}/SchemeOperatorAddress", scheme.operator_address)
    yield f"{SCHEME}/SchemeName", scheme.names
    yield f"{SCHEME}/SchemeInformationURI", scheme.information_uris
    yield f"{SCHEME}/SchemeTypeCommunityRules", scheme.community_rules
    yield f"{SCHEME}/PolicyOrLegalNotice", scheme.policies + scheme.legal_notices
    for path, provider in providers(document):
        yield f"{path}/TSPInformation/TSPName", provider.names
        yield f"{path}/TSPInformation/TSPTradeName", provider.trade_names
        yield from _address_texts(f"{path}/TSPInformation/TSPAddress", provider.address)
        yield f"{path}/TSPInformation/TSPInformationURI", provider.information_uris
    for place in services(document):
        for path, state in place.states():
            yield f"{path}/ServiceName", state.names
        yield f"{place.current_path}/SchemeServiceDefinitionURI", place.service.scheme_definition_uris
        yield f"{place.current_path}/TSPServiceDefinitionURI", place.service.provider_definition_uris
    for path, extension in extensions(document):
        if isinstance(extension.content, TakenOverBy):
            yield f"{path}/TakenOverBy/TSPName", extension.content.names
            yield f"{path}/TakenOverBy/SchemeOperatorName", extension.content.operator_names


def _address_texts(path: str, address: Address) -> Iterator[tuple[str, tuple[Text, ...]]]:
    yield f"{path}/PostalAddresses", tuple(Text(each.lang, each.street) for each in address.postal)
    yield f"{path}/ElectronicAddress", address.electronic


def _numbered(path: str, found: tuple[Extension, ...]) -> Iterator[tuple[str, Extension]]:
    for number, extension in enumerate(found, 1):
        yield f"{path}/Extension[{number}]", extension
