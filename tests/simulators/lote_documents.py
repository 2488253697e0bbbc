# SPDX-License-Identifier: Apache-2.0
"""Lists of trusted entities to test with: one that is right, and any that hypothesis comes up with."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.documents.model import (
    Address,
    CertificateForm,
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
from trust_lists.strict_json import canonical_json

ISSUED = datetime(2026, 11, 1, 12, tzinfo=UTC)
ADDRESS = Address(
    (PostalAddress("en", "1 Example Street", "Brussels", "", "1000", "BE"),),
    (Text("en", "mailto:lists@example.org"), Text("en", "https://example.org/")),
)
STATE = ServiceState(
    type="http://example.org/SvcType/AccessPoint/CA",
    names=(Text("en", "Access-point authority"),),
    identity=DigitalIdentity(skis=(b"\x01" * 20,)),
    status="",
    starting_time=None,
)
LIST = TrustedList(
    dialect=Dialect.LOTE_JSON,
    scheme=Scheme(
        version=1,
        sequence=7,
        list_type="http://example.org/LoTEType/EDeliveryProvidersList",
        operator_names=(Text("en", "Example operator"),),
        issued_at=ISSUED,
        next_update=ISSUED + timedelta(days=90),
        operator_address=ADDRESS,
        names=(Text("en", "EU:Providers of an example network"),),
        information_uris=(Text("en", "https://example.org/scheme"),),
        status_determination="http://example.org/StatusDetn",
        community_rules=(Text("en", "http://example.org/rules"),),
        territory="EU",
        policies=(Text("en", "https://example.org/policy"),),
    ),
    providers=(
        TrustServiceProvider(
            names=(Text("en", "Example authority"),),
            trade_names=(Text("en", "VATBE-0123456789"),),
            address=ADDRESS,
            information_uris=(Text("en", "https://authority.example.org/"),),
            services=(TrustService(STATE),),
        ),
    ),
)
"""Conforms to TS 119 602 in every rule that we know."""


def with_scheme(document: TrustedList, **fields: object) -> TrustedList:
    return replace(document, scheme=replace(document.scheme, **fields))  # type: ignore[arg-type]


def with_state(document: TrustedList, **fields: object) -> TrustedList:
    """The list, with other fields of its one service's present state."""
    provider = document.providers[0]
    service = provider.services[0]
    changed = replace(service, current=replace(service.current, **fields))  # type: ignore[arg-type]
    return replace(document, providers=(replace(provider, services=(changed,)),))


def _words(characters: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.text(characters, min_size=1, max_size=8).map(lambda text: text.strip(" \t\r\n")).filter(bool)


JSON_TEXT = _words(st.characters(exclude_categories=["Cs"]))
XML_TEXT = _words(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="<\ufffe\uffff"))
INSTANTS = st.integers(-(10**10), 10**11).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


def documents(dialect: Dialect) -> st.SearchStrategy[TrustedList]:
    """Any list that can be written in a dialect; certificates are any bytes."""
    text = JSON_TEXT if dialect is Dialect.LOTE_JSON else XML_TEXT
    return st.builds(
        TrustedList,
        dialect=st.just(dialect),
        scheme=_schemes(dialect, text),
        providers=_few(_providers(dialect, text)),
        tag=st.just("") if dialect is Dialect.LOTE_JSON else text,
        id=st.just("") if dialect is Dialect.LOTE_JSON else st.sampled_from(("", "list-1")),
        unread=st.just(()),
    )


def _few(items: st.SearchStrategy[object], **sizes: int) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(items, max_size=2, **sizes).map(tuple)


def _texts(text: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[object, ...]]:
    return _few(st.builds(Text, st.sampled_from(("", "en", "el")), text))


def _schemes(dialect: Dialect, text: st.SearchStrategy[str]) -> st.SearchStrategy[Scheme]:
    optional = text | st.just("")
    notices = _few(st.builds(Text, st.just(""), text)) if dialect is Dialect.LOTE_JSON else _texts(text)
    return st.builds(
        Scheme,
        version=st.integers(0, 9),
        sequence=st.integers(0, 10**9),
        list_type=optional,
        operator_names=_texts(text),
        issued_at=INSTANTS,
        next_update=st.none() | INSTANTS,
        operator_address=_addresses(text),
        names=_texts(text),
        information_uris=_texts(text),
        status_determination=optional,
        community_rules=_texts(text),
        territory=optional,
        policies=_texts(text),
        legal_notices=notices,
        historical_period=st.none() | st.integers(0, 70_000),
        pointers=_few(_pointers(dialect, text)),
        distribution_points=_few(text),
        extensions=_few(_extensions(dialect, text)),
    )


def _addresses(text: st.SearchStrategy[str]) -> st.SearchStrategy[Address]:
    optional = text | st.just("")
    postal = st.builds(PostalAddress, st.just("en"), text, optional, optional, optional, text)
    return st.builds(Address, _few(postal), _texts(text))


def _pointers(dialect: Dialect, text: st.SearchStrategy[str]) -> st.SearchStrategy[Pointer]:
    optional = text | st.just("")
    qualifier = st.builds(PointerQualifier, text, _texts(text), _texts(text), optional, optional)
    in_xml = dialect is Dialect.LOTE_XML
    return st.builds(
        lambda first, more, location, identities, texts: Pointer(
            location=location,
            identities=identities,
            territory=first.territory,
            mime_type=first.mime_type,
            list_type=first.list_type,
            operator_names=first.operator_names,
            community_rules=first.community_rules,
            texts=texts,
            more_qualifiers=more,
        ),
        qualifier,
        _few(qualifier),
        text,
        _few(_identities(dialect, text)),
        _texts(text) if in_xml else st.just(()),
    )


def _identities(dialect: Dialect, text: st.SearchStrategy[str]) -> st.SearchStrategy[DigitalIdentity]:
    certificates = st.builds(ListedCertificate, st.binary(max_size=12))
    keys = st.dictionaries(text, text, max_size=3).map(canonical_json)
    identities = st.builds(
        DigitalIdentity,
        certificates=_few(certificates),
        subject_names=_few(text),
        skis=_few(st.binary(max_size=6)),
        key_values=_few(keys) if dialect is Dialect.LOTE_JSON else st.just(()),
        other=_few(text),
        forms=st.just(()),
    )
    return st.builds(_with_form, identities, text) if dialect is Dialect.LOTE_JSON else identities


def _with_form(identity: DigitalIdentity, text: str) -> DigitalIdentity:
    """The first certificate gets a form, unless another one equals it."""
    if len(identity.certificates) != 1:
        return identity
    return replace(identity, forms=(CertificateForm(identity.certificates[0].sha256, text, ""),))


def _extensions(dialect: Dialect, text: st.SearchStrategy[str]) -> st.SearchStrategy[Extension]:
    if dialect is Dialect.LOTE_XML:
        return st.builds(Extension, st.booleans(), st.builds(UnknownExtension, st.just(""), text))
    return st.builds(
        lambda name, value, critical: Extension(
            critical,
            UnknownExtension(name, canonical_json({name: value} | ({"critical": True} if critical else {}))),
        ),
        text.filter(lambda name: name.lower() != "critical"),
        text | st.integers(0, 9) | st.lists(text, max_size=2),
        st.booleans(),
    )


def _providers(dialect: Dialect, text: st.SearchStrategy[str]) -> st.SearchStrategy[TrustServiceProvider]:
    return st.builds(
        TrustServiceProvider,
        names=_texts(text),
        trade_names=_texts(text),
        address=_addresses(text),
        information_uris=_texts(text),
        services=_few(_services(dialect, text), min_size=1),
        extensions=_few(_extensions(dialect, text)),
    )


def _services(dialect: Dialect, text: st.SearchStrategy[str]) -> st.SearchStrategy[TrustService]:
    optional = text | st.just("")
    states = st.builds(
        ServiceState,
        type=optional,
        names=_few(st.builds(Text, st.just("en"), text), min_size=1),
        identity=_identities(dialect, text),
        status=optional,
        starting_time=st.none() | INSTANTS,
        extensions=_few(_extensions(dialect, text)),
    )
    return st.builds(
        TrustService,
        current=states,
        history=_few(states),
        scheme_definition_uris=_texts(text),
        supply_points=_few(st.builds(SupplyPoint, text, optional)),
        provider_definition_uris=_texts(text),
    )
