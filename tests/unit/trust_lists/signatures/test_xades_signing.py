# SPDX-License-Identifier: Apache-2.0
"""XAdES signatures that we make: their form, and what is never signed."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from lxml import etree

from tests.simulators.signed_lists import ISSUED, operator_key, signed_list, unsigned_list
from trust_lists.certificates.listed import listed
from trust_lists.certificates.parsing import SigningKey
from trust_lists.errors import SigningError
from trust_lists.signatures import profiles
from trust_lists.signatures.elements import ds
from trust_lists.signatures.list_policies import PRESCRIBED_TRANSFORMS
from trust_lists.signatures.xades import CURRENT, ListPolicy, VerifiedXades, sign_xades, verify_xades
from trust_lists.signatures.xades_elements import xades
from trust_lists.xml import parse_xml, to_utf8

TSL = "{http://uri.etsi.org/02231/v2#}"


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return operator_key()


@pytest.fixture(scope="module")
def signed(key: SigningKey) -> bytes:
    return signed_list(key)


def verify(
    data: bytes, key: SigningKey, policy: ListPolicy = CURRENT, *, at: datetime | None = ISSUED
) -> VerifiedXades:
    return verify_xades(data, signers=[listed(key.certificate)], policy=policy, verification_time=at)


def test_a_list_is_signed_as_b1_wants(signed: bytes, key: SigningKey) -> None:
    signature = parse_xml(signed)[-1]
    assert signature[0][0].get("Algorithm") == profiles.C14N_EXCLUSIVE
    references = signature[0].findall(ds("Reference"))
    assert [each.get("URI", "")[:4] for each in references] == ["", "#id-"]
    assert tuple(each.get("Algorithm") for each in references[0].iter(ds("Transform"))) == PRESCRIBED_TRANSFORMS
    assert [each.get("Algorithm") for each in references[1].iter(ds("Transform"))] == [profiles.C14N_EXCLUSIVE]
    assert [each.tag for each in signature.iter(ds("X509Certificate"))] == [ds("X509Certificate")]
    assert [each.tag for each in signature[2]] == [ds("X509Data")]
    assert next(signature.iter(xades("SigningTime"))).text == "2026-11-02T08:00:00Z"
    assert next(signature.iter(xades("DataObjectFormat"))).get("ObjectReference") == f"#{references[0].get('Id')}"


def rsa_of(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


def test_signing_leaves_the_tree_alone_and_is_repeatable_with_rsa() -> None:
    rsa_key = operator_key(rsa_of(2048))
    root = unsigned_list()
    before = to_utf8(root)
    assert sign_xades(root, rsa_key, ISSUED) == sign_xades(root, rsa_key, ISSUED)
    assert to_utf8(root) == before


@pytest.mark.parametrize(
    ("curve", "method"),
    [
        (ec.SECP256R1(), profiles.ECDSA_SHA256),
        (ec.SECP384R1(), profiles.ECDSA_SHA384),
        (ec.SECP521R1(), profiles.ECDSA_SHA512),
        (ec.BrainpoolP256R1(), profiles.ECDSA_SHA256),
        (ec.BrainpoolP512R1(), profiles.ECDSA_SHA512),
    ],
)
def test_curves_sign_with_a_digest_of_their_size(curve: ec.EllipticCurve, method: str) -> None:
    on_curve = operator_key(ec.generate_private_key(curve))
    assert verify(signed_list(on_curve), on_curve).signature_algorithm == method


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (lambda: operator_key(ca=True), "CA=true"),
        (lambda: operator_key(usages=("digital_signature", "key_cert_sign")), "key usage"),
        (lambda: operator_key(usages=("key_encipherment",)), "key usage"),
        (lambda: operator_key(start=datetime(2027, 1, 1, tzinfo=UTC)), "not valid at"),
        (lambda: operator_key(days=30), "not valid at"),
        (lambda: operator_key(ed25519.Ed25519PrivateKey.generate()), "key of this kind"),
        (lambda: operator_key(rsa_of(1024)), "kind or size"),
        (lambda: operator_key(ec.generate_private_key(ec.SECP192R1())), "kind or size"),
    ],
)
def test_keys_that_must_not_sign(made: Callable[[], SigningKey], text: str) -> None:
    with pytest.raises(SigningError, match=text):
        sign_xades(unsigned_list(), made(), ISSUED)


def test_documents_that_no_verifier_accepts_are_not_signed(signed: bytes, key: SigningKey) -> None:
    nested = unsigned_list()
    nested[0].append(unsigned_list())
    twice = unsigned_list()
    twice[0].set("Id", "list")
    for root, text in [
        (parse_xml(signed), "2 signatures"),
        (etree.Element("List"), "not a trusted list"),
        (nested, "inside of the list"),
        (twice, "several places"),
    ]:
        with pytest.raises(SigningError, match=text):
            sign_xades(root, key, ISSUED)


def test_a_list_that_declares_the_namespaces_of_signatures_itself_is_signed(key: SigningKey) -> None:
    """lxml then takes the list's prefixes for the Signature, which changes what has to be hashed."""
    root = unsigned_list()
    assert "http://www.w3.org/2000/09/xmldsig#" in root.nsmap.values()
    assert verify(sign_xades(root, key, ISSUED), key).warnings == ()


def test_a_list_with_another_meaning_of_the_prefix_is_signed(key: SigningKey) -> None:
    text = to_utf8(unsigned_list()).replace(b"xmlns:ns2=", b'xmlns:ds="urn:other" xmlns:xades="urn:another" xmlns:ns2=')
    assert verify(sign_xades(parse_xml(text), key, ISSUED), key).warnings == ()
