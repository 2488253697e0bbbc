# SPDX-License-Identifier: Apache-2.0
"""Metadata and statements that somebody has changed: whatever they are, nothing is raised, and nobody is let in."""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.simulators.certificate_chains import Authority
from tests.simulators.federations import MARK, NAMES, Federation, public
from tests.simulators.jades_keys import base64url, new_key
from tests.simulators.saml_metadata import AT, NODE, OTHER, by_certificate, entities, entity, key, location
from tests.simulators.saml_metadata import service_list as service_list_of
from tests.simulators.saml_metadata import signed as signed_metadata
from trust_lists.certificates.jwk import read_jwks
from trust_lists.certificates.listed import ListedCertificate, listed
from trust_lists.documents.entity_statements import read_statement
from trust_lists.documents.key_info import read_key_info
from trust_lists.documents.metadata_service_list import read_service_list
from trust_lists.documents.saml_metadata import read_saml_metadata
from trust_lists.documents.trust_marks import read_trust_mark
from trust_lists.errors import TrustListError
from trust_lists.evaluation.decisions import Case, Evidence
from trust_lists.evaluation.decisions.evidence import MetadataAtHand, StatementsAtHand
from trust_lists.evaluation.decisions.federation_grounds import FederationGrounds
from trust_lists.evaluation.decisions.grounds import Offer
from trust_lists.evaluation.decisions.metadata_grounds import MetadataGrounds
from trust_lists.evaluation.trust_configuration.model import (
    CertificateReference,
    Context,
    FederationSource,
    InFederation,
    InMetadata,
    KeyUse,
    OnExpired,
    Role,
    SamlMetadataSource,
    UrlOrFile,
)
from trust_lists.signatures.jws import read_jws
from trust_lists.xml import to_utf8

SIGNER, NODE_SIGNER, ATTACKER = (new_key("P-256", name) for name in ("operator", "node", "attacker"))
ROOT = Authority("authority")
CERTIFICATE, STRANGER = ROOT.issue("node"), ROOT.issue("stranger")
DAY = timedelta(days=1)
SAML_SOURCE = SamlMetadataSource(
    id="nodes",
    location=UrlOrFile(url="https://example.org/metadata.xml"),
    signers=(CertificateReference(listed(SIGNER.certificate).sha256, certificate=listed(SIGNER.certificate)),),
    entities=None,
    uses=(KeyUse.SIGNING,),
    max_age=None,
    on_expired=OnExpired.REJECT,
)
METADATA = MetadataGrounds(InMetadata(("nodes",)), "accept", {"nodes": SAML_SOURCE}, timedelta())
NODE_METADATA = signed_metadata(entity(NODE, key(by_certificate(CERTIFICATE)), until=AT + DAY), NODE_SIGNER)
GROUP = signed_metadata(
    entities(entity(NODE, key(by_certificate(CERTIFICATE), "signing")), entity(OTHER, key(by_certificate(STRANGER)))),
    SIGNER,
)
LIST = signed_metadata(
    service_list_of(
        location(NODE, [listed(NODE_SIGNER.certificate)], NODE),
        location(OTHER, [listed(ATTACKER.certificate)], OTHER),
    ),
    SIGNER,
)
EVIL_METADATA = signed_metadata(entity(NODE, key(by_certificate(STRANGER)), until=AT + DAY), ATTACKER)

FEDERATION = Federation()
FEDERATION.leaf_metadata = {"access_point": {"jwks": public(FEDERATION.keys["owner"])}}
FEDERATION.marks.append(FEDERATION.mark())
STATEMENTS = FEDERATION.statements()
LEAF = ROOT.issue("access point", key=FEDERATION.keys["owner"].private_key)
INTRUDER = ROOT.issue("intruder", key=FEDERATION.keys["stranger"].private_key)
ANCHOR_KEYS = (FEDERATION.keys["anchor"].thumbprint(),)
ITALY = FederationSource("italy", NAMES["anchor"], ANCHOR_KEYS, max_path_length=None, trust_marks=(MARK,))
FEDERATION_GROUNDS = FederationGrounds(InFederation(("italy",)), "accept", {"italy": ITALY}, timedelta())


def accepts(offer: Offer) -> bool:
    return any(not ground.checks for ground in offer.direct)


def saml(documents: dict[str, bytes], certificate: ListedCertificate) -> bool:
    evidence = Evidence(saml_metadata={name: MetadataAtHand(each, AT) for name, each in documents.items()})
    return accepts(METADATA.offer(Case(Role.AP_SIGN, certificate, AT, context={Context.PARTY: NODE}), evidence))


def federation(statements: tuple[str, ...], certificate: ListedCertificate) -> bool:
    evidence = Evidence(openid_federation={"italy": StatementsAtHand(statements, AT)})
    case = Case(Role.AP_SIGN, certificate, AT, context={Context.PARTY: NAMES["leaf"]})
    return accepts(FEDERATION_GROUNDS.offer(case, evidence))


def test_what_nobody_changed_is_accepted() -> None:
    assert saml({"nodes": GROUP}, CERTIFICATE)
    assert saml({"nodes": LIST, NODE: NODE_METADATA}, CERTIFICATE)
    assert federation(STATEMENTS, LEAF)


# Bytes


def changed_bytes(data: bytes) -> st.SearchStrategy[bytes]:
    """The same with a few bytes changed, put in, taken out, or moved."""

    def change(parts: tuple[int, int, bytes]) -> bytes:
        start, length, put = parts
        return data[:start] + put + data[start + length :]

    places = st.integers(0, len(data))
    put = st.one_of(
        st.binary(max_size=4),
        st.tuples(places, st.integers(0, 400)).map(lambda cut: data[cut[0] : cut[0] + cut[1]]),
        st.sampled_from([b"<!--x-->", b"&amp;", b"<", b">", b'"', b" ", b"\n", b"<?x?>", b"]]>"]),
    )
    return st.tuples(places, st.integers(0, 400), put).map(change)


@settings(max_examples=150, deadline=None)
@given(changed_bytes(GROUP))
def test_changed_metadata_let_nobody_in(data: bytes) -> None:
    assert not saml({"nodes": data}, STRANGER)
    saml({"nodes": data}, CERTIFICATE)


@settings(max_examples=150, deadline=None)
@given(changed_bytes(LIST), st.booleans())
def test_a_changed_service_list_lets_nobody_in(data: bytes, evil: bool) -> None:
    assert not saml({"nodes": data, NODE: EVIL_METADATA if evil else NODE_METADATA}, STRANGER)


# Trees: signature wrapping


def move(one: etree._Element, other: etree._Element) -> None:
    other.append(one)


def copy(one: etree._Element, other: etree._Element) -> None:
    other.append(etree.fromstring(to_utf8(one)))


def put_before(one: etree._Element, other: etree._Element) -> None:
    if other.getparent() is not None:
        other.addprevious(one)


def wrap(one: etree._Element, _: etree._Element) -> None:
    one.append(etree.fromstring(to_utf8(one.getroottree().getroot())))


def drop(one: etree._Element, _: etree._Element) -> None:
    parent = one.getparent()
    assert parent is not None
    parent.remove(one)


def exchange_attributes(one: etree._Element, other: etree._Element) -> None:
    for name in ("ID", "entityID", "validUntil", "Location", "EntityID"):
        mine, theirs = one.get(name), other.get(name)
        for element, value in ((one, theirs), (other, mine)):
            if value is not None:
                element.set(name, value)


def exchange_texts(one: etree._Element, other: etree._Element) -> None:
    one.text, other.text = other.text, one.text


def rename(one: etree._Element, other: etree._Element) -> None:
    one.tag = other.tag


CHANGES = {each.__name__: each for each in (move, copy, put_before, wrap, drop, exchange_attributes, exchange_texts)}
CHANGES["rename"] = rename


OF_SIGNED_INFO = {
    *("CanonicalizationMethod", "SignatureMethod", "Reference", "Transforms", "Transform"),
    *("DigestMethod", "DigestValue"),
}


def rearranged(data: bytes, steps: list[tuple[str, int, int]]) -> bytes:
    """Elements are copied, moved and taken away, and attributes exchanged."""
    root = etree.fromstring(data)
    for what, first, second in steps:
        # what is inside of SignedInfo is left alone: changes there are found by the signature, whatever they are
        found = [each for each in root.iter(etree.Element) if etree.QName(each).localname not in OF_SIGNED_INFO]
        one, other = found[first % len(found)], found[second % len(found)]
        if what in {"move", "put_before", "drop"} and (one is root or one is other or one in other.iterancestors()):
            continue
        CHANGES[what](one, other)
    return etree.tostring(root)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(sorted(CHANGES)),
        st.integers(0, 20),
        st.integers(0, 20),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=400, deadline=None)
@given(STEPS)
def test_metadata_whose_elements_were_moved_let_nobody_in(steps: list[tuple[str, int, int]]) -> None:
    assert not saml({"nodes": rearranged(GROUP, steps)}, STRANGER)


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_a_service_list_whose_elements_were_moved_lets_nobody_in(steps: list[tuple[str, int, int]]) -> None:
    assert not saml({"nodes": rearranged(LIST, steps), NODE: EVIL_METADATA}, STRANGER)


# Statements


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, len(STATEMENTS) - 1),
    st.integers(0, 10_000),
    st.sampled_from("ABCDEFabcdef0123-_=.+/ \n\u20ac"),
)
def test_a_statement_with_another_character_is_no_statement(number: int, place: int, character: str) -> None:
    text = STATEMENTS[number]
    place %= len(text)
    changed = text[:place] + character + text[place + 1 :]
    statements = (*STATEMENTS[:number], changed, *STATEMENTS[number + 1 :])
    assert federation(statements, LEAF) is (changed == text)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, len(STATEMENTS) - 1)] * 3), max_size=12))
def test_parts_of_different_statements_make_none(parts: list[tuple[int, int, int]]) -> None:
    split = [each.split(".") for each in STATEMENTS]
    mixed = tuple(".".join((split[a][0], split[b][1], split[c][2])) for a, b, c in parts)
    assert not federation((*mixed, *STATEMENTS), INTRUDER)
    genuine = {STATEMENTS[a] for a, b, c in parts if a == b == c}
    assert federation(mixed, LEAF) is (genuine == set(STATEMENTS))


CLAIM = st.sampled_from(
    [
        *("iss", "sub", "iat", "exp", "jwks", "keys", "metadata", "crit", "authority_hints", "trust_marks"),
        *("trust_mark_issuers", "trust_mark_owners", "trust_mark_type", "trust_mark", "delegation", "constraints"),
        *("max_path_length", "naming_constraints", "permitted", "excluded", "allowed_entity_types"),
        *("metadata_policy", "metadata_policy_crit", "kty", "crv", "x", "y", "n", "e", "kid", "use", "alg", "x5c"),
        *("access_point", MARK, ""),
    ]
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**18), 10**18),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(
        [*NAMES.values(), "RSA", "EC", "OKP", "P-256", "Ed25519", "AQAB", "AA", "https://[::1]/", "https://"]
    ),
)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(CLAIM, inner, max_size=5))
OBJECTS = st.dictionaries(CLAIM, VALUES, max_size=12)
WHOLE = {"iss": NAMES["leaf"], "sub": NAMES["leaf"], "iat": 1, "exp": 2, "jwks": public(FEDERATION.keys["leaf"])}


def only_our_errors(read: Callable[[], object]) -> None:
    with suppress(TrustListError):
        read()


@settings(max_examples=300, deadline=None)
@given(OBJECTS, st.sampled_from(sorted(NAMES.values())))
def test_readers_of_claims_raise_our_errors_only(members: dict[str, Any], issuer: str) -> None:
    for claims in (members, WHOLE | members, WHOLE | {"iss": issuer} | members):
        payload = json.dumps(claims).encode()
        only_our_errors(lambda payload=payload: read_statement(payload))  # type: ignore[misc]
        only_our_errors(lambda payload=payload: read_trust_mark(payload))  # type: ignore[misc]
    only_our_errors(lambda: read_jwks(members))
    only_our_errors(lambda: read_jwks({"keys": [members]}))


@settings(max_examples=200, deadline=None)
@given(
    OBJECTS | st.sampled_from([{"typ": "t", "alg": "ES256", "kid": "k"}]), st.text(max_size=30), st.binary(max_size=30)
)
def test_the_reader_of_jws_raises_our_errors_only(header: dict[str, Any], text: str, data: bytes) -> None:
    protected = base64url(json.dumps(header).encode())
    for each in (text, f"{protected}.{text}.{text}", f"{protected}.{base64url(data)}.{base64url(data)}"):
        only_our_errors(lambda each=each: read_jws(each, "t"))  # type: ignore[misc]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_no_payload_makes_a_reader_crash(data: bytes) -> None:
    only_our_errors(lambda: read_statement(data))
    only_our_errors(lambda: read_trust_mark(data))


@settings(max_examples=200, deadline=None)
@given(STEPS, st.sampled_from([GROUP, LIST]), st.sampled_from(["", "PT1X", "P1M", "2026", "\u0663", "-P1D", "P1D"]))
def test_readers_of_metadata_raise_our_errors_only(steps: list[tuple[str, int, int]], data: bytes, date: str) -> None:
    root = etree.fromstring(rearranged(data, steps))
    for number, each in enumerate(root.iter(etree.Element)):
        each.set(("validUntil", "cacheDuration", "NextUpdate", "use")[number % 4], date)
        only_our_errors(lambda each=each: read_key_info(each))  # type: ignore[misc]
    only_our_errors(lambda: read_saml_metadata(root))
    only_our_errors(lambda: read_service_list(root))


@pytest.mark.parametrize("party", ["", " ", "https://", "\u0000", "x" * 5_000, "\ud800"])
def test_no_party_makes_a_source_crash(party: str) -> None:
    case = Case(Role.AP_SIGN, LEAF, AT, context={Context.PARTY: party})
    evidence = Evidence(
        saml_metadata={"nodes": MetadataAtHand(GROUP, AT)},
        openid_federation={"italy": StatementsAtHand(STATEMENTS, AT)},
    )
    assert not accepts(METADATA.offer(case, evidence))
    assert not accepts(FEDERATION_GROUNDS.offer(case, evidence))
