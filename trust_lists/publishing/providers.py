# SPDX-License-Identifier: Apache-2.0
"""Providers and their services, as a source writes them (TS 119 612 §5.4, §5.5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches

from trust_lists.documents.model import Address, DigitalIdentity, Extension, PostalAddress, SupplyPoint, Text
from trust_lists.publishing.extensions import read_extensions
from trust_lists.publishing.identities import Certificates, service_identity
from trust_lists.publishing.nodes import ENGLISH, Node, Section
from trust_lists.publishing.profiles import Profile

ADDRESS_KEYS = ("post", "email", "web")


@dataclass(frozen=True, slots=True)
class PastState:
    """A former state of a service, as the source tells it; "" and () mean: as it is now."""

    path: str
    status: str
    since: datetime
    type: str
    names: tuple[Text, ...]
    extensions: tuple[Extension, ...]


@dataclass(frozen=True, slots=True)
class ServiceSource:
    """A service, as the source tells it; `since` is None where the status begins with the issue that first has it."""

    path: str
    type: str
    names: tuple[Text, ...]
    status: str
    since: datetime | None
    identity: DigitalIdentity
    extensions: tuple[Extension, ...]
    history: tuple[PastState, ...]
    scheme_definition_uris: tuple[Text, ...]
    provider_definition_uris: tuple[Text, ...]
    supply_points: tuple[SupplyPoint, ...]


@dataclass(frozen=True, slots=True)
class ProviderSource:
    """A provider, as the source tells it."""

    names: tuple[Text, ...]
    trade_names: tuple[Text, ...]
    address: Address
    information_uris: tuple[Text, ...]
    services: tuple[ServiceSource, ...]


def read_provider(node: Node, profile: Profile, certificates: Certificates) -> ProviderSource:
    """One provider with its services."""
    section = node.section(
        required=("name", *ADDRESS_KEYS, "information", "services"), optional=("trade_name", "telephone")
    )
    services = tuple(_service(item, profile, certificates) for item in section["services"].items())
    if section["services"] and not services:
        section["services"].wrong("a provider has at least one service (§5.4.6)")
    return ProviderSource(
        names=section["name"].texts(),
        trade_names=section["trade_name"].texts(),
        address=read_address(section),
        information_uris=section["information"].uris(),
        services=services,
    )


def read_address(section: Section) -> Address:
    """The address in a section with `ADDRESS_KEYS` and `telephone` (§5.3.5): by post, and by URIs."""
    electronic = (
        *section["email"].addresses("mailto"),
        *section["web"].uris(),
        *section["telephone"].addresses("tel"),
    )
    postal = tuple(_postal(item) for item in section["post"].items())
    if postal and not any(address.lang == ENGLISH for address in postal):
        section["post"].wrong("English (lang: en) is missing, which lists must have (§5.1.4)")
    return Address(postal, electronic)


def _postal(node: Node) -> PostalAddress:
    section = node.section(required=("street", "locality", "country"), optional=("lang", "state", "postal_code"))
    country = section["country"].line()
    if country and not (len(country) == 2 and country.isascii() and country.isupper()):
        section["country"].wrong(f"{country!r} is no country code of two capital letters (ISO 3166-1)")
    return PostalAddress(
        lang=section["lang"].text(ENGLISH),
        street=section["street"].line(),
        locality=section["locality"].line(),
        state=section["state"].line(),
        postal_code=section["postal_code"].line(),
        country=country,
    )


def _service(node: Node, profile: Profile, certificates: Certificates) -> ServiceSource:
    section = node.section(
        required=("type", "name"),
        optional=(
            *("status", "since", "certificates", "other_ids", "extensions", "history"),
            *("scheme_definition", "provider_definition", "supply_points"),
        ),
    )
    kind = _uri(section["type"], profile.service_types)
    found = certificates.read(section["certificates"])
    identity = service_identity(section["certificates"], found, authority=kind in profile.authorities)
    other = tuple(item.uri() for item in section["other_ids"].items())
    if not (section["certificates"] or other):
        node.wrong("certificates are missing (or other_ids, for a service that has no key; §5.5.3)")
    if identity.certificates and other:
        section["other_ids"].wrong("other_ids are for services without certificates (§5.5.3)")
    return ServiceSource(
        path=node.path,
        type=kind,
        names=section["name"].texts(),
        status=_uri(section["status"], profile.statuses) if section["status"] else profile.statuses["granted"],
        since=section["since"].instant(),
        identity=identity if identity.certificates else DigitalIdentity(other=other),
        extensions=read_extensions(section["extensions"]),
        history=tuple(
            state for item in section["history"].items() if (state := _past_state(item, profile)) is not None
        ),
        scheme_definition_uris=section["scheme_definition"].uris(),
        provider_definition_uris=section["provider_definition"].uris(),
        supply_points=tuple(_supply_point(item, profile) for item in section["supply_points"].items()),
    )


def _past_state(node: Node, profile: Profile) -> PastState | None:
    section = node.section(required=("status", "since"), optional=("type", "name", "extensions"))
    status, kind = _uri(section["status"], profile.statuses), _uri(section["type"], profile.service_types)
    names, extensions = section["name"].texts(), read_extensions(section["extensions"])
    since = section["since"].instant()
    return None if since is None else PastState(node.path, status, since, kind, names, extensions)


def _supply_point(node: Node, profile: Profile) -> SupplyPoint:
    if not node.is_mapping:
        return SupplyPoint(node.uri())
    section = node.section(required=("uri",), optional=("type",))
    return SupplyPoint(section["uri"].uri(), _uri(section["type"], profile.service_types))


def _uri(node: Node, known: Mapping[str, str]) -> str:
    """A URI by its short name or in full; "" where there is none."""
    value = node.text()
    if ":" in value:
        return node.uri()
    if value and value not in known:
        near = get_close_matches(value, known, 3, 0.4) or [*known][:3]
        node.wrong(f"{value!r} is neither a URI nor a short name, such as {', '.join(near)}")
    return known.get(value, "")
