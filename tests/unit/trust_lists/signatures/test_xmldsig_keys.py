# SPDX-License-Identifier: Apache-2.0
"""Keys that are not RSA: each signs with the method that suits it, and verification is as strict as for RSA."""

import base64
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.simulators.self_signed import new_keys, self_signed
from trust_lists.certificates.parsing import SigningKey
from trust_lists.errors import SignatureInvalidError, SigningError, TrustListError
from trust_lists.signatures.profiles import (
    ARCHIVE,
    BDXR_2_0,
    C14N_10,
    C14N_11,
    C14N_EXCLUSIVE,
    ECDSA_SHA256,
    ECDSA_SHA384,
    ECDSA_SHA512,
    ED25519,
    ENVELOPED,
    PEPPOL_1_4,
    RSA_SHA256,
    SHA256,
    SignatureProfile,
    restricted,
)
from trust_lists.signatures.xmldsig import VerifiedDocument, sign_enveloped, verify_enveloped
from trust_lists.xml import canonicalise

DS = "{http://www.w3.org/2000/09/xmldsig#}"
TAG = "{urn:smp}Signed"
DOCUMENT = b'<?xml version="1.0" encoding="UTF-8"?>\n<Signed xmlns="urn:smp"><Any a="1">text</Any></Signed >\n'
METHODS = {
    "rsa": RSA_SHA256,
    "p-256": ECDSA_SHA256,
    "p-384": ECDSA_SHA384,
    "p-521": ECDSA_SHA512,
    "ed25519": ED25519,
}
NOT_RSA = ["p-256", "p-384", "p-521", "ed25519"]


@pytest.fixture(scope="module")
def keys() -> dict[str, SigningKey]:
    return new_keys()


@pytest.fixture(scope="module")
def signed(keys: dict[str, SigningKey]) -> dict[str, bytes]:
    return {name: sign_enveloped(DOCUMENT, key, BDXR_2_0) for name, key in keys.items()}


def verify(document: bytes, profile: SignatureProfile = BDXR_2_0) -> VerifiedDocument:
    return verify_enveloped(document, profile=profile, root_tags={TAG})


def refusal(document: bytes, profile: SignatureProfile = BDXR_2_0) -> str:
    with pytest.raises(SignatureInvalidError) as refused:
        verify(document, profile)
    return refused.value.reason_id


def value_of(document: bytes) -> bytes:
    """The SignatureValue, decoded."""
    text = etree.fromstring(document).findtext(f".//{DS}SignatureValue")
    assert text is not None
    return base64.b64decode(text)


def with_value(document: bytes, value: bytes) -> bytes:
    start = document.index(b"<ds:SignatureValue>") + len(b"<ds:SignatureValue>")
    return document[:start] + base64.b64encode(value) + document[document.index(b"</ds:SignatureValue>") :]


def with_key_info_of(document: bytes, other: bytes) -> bytes:
    """`document` with the certificate of another signature."""
    start, end = document.index(b"<ds:KeyInfo"), document.index(b"</ds:KeyInfo>")
    foreign = other[other.index(b"<ds:KeyInfo") : other.index(b"</ds:KeyInfo>")]
    return document[:start] + foreign + document[end:]


@pytest.mark.parametrize("kind", METHODS)
def test_each_key_signs_with_the_method_that_suits_it(
    kind: str, keys: dict[str, SigningKey], signed: dict[str, bytes]
) -> None:
    found = verify(signed[kind])
    assert found.certificate == keys[kind].certificate
    assert (found.signature_algorithm, found.digest_algorithm) == (METHODS[kind], SHA256)
    assert (found.canonicalization, found.transforms) == (C14N_11, (ENVELOPED,))
    assert etree.tostring(found.root) == b'<Signed xmlns="urn:smp"><Any a="1">text</Any></Signed>'


@pytest.mark.parametrize("kind", METHODS)
def test_only_the_signature_is_added_to_the_bytes(kind: str, signed: dict[str, bytes]) -> None:
    start = signed[kind].index(b"<ds:Signature")
    end = signed[kind].index(b"</ds:Signature>") + len(b"</ds:Signature>")
    assert signed[kind][:start] + signed[kind][end:] == DOCUMENT


@pytest.mark.parametrize("kind", METHODS)
@pytest.mark.parametrize("canonicalization", [C14N_11, C14N_10, C14N_EXCLUSIVE])
@pytest.mark.parametrize("transforms", [(ENVELOPED,), (ENVELOPED, C14N_11), (ENVELOPED, C14N_EXCLUSIVE)])
def test_every_form_of_signature_can_be_made_with_every_key(
    kind: str, canonicalization: str, transforms: tuple[str, ...], keys: dict[str, SigningKey]
) -> None:
    profile = replace(BDXR_2_0, canonicalizations=(canonicalization,), transforms=(transforms,))
    document = DOCUMENT.replace(b"<Any ", b'<Any xmlns:unused="urn:unused" ')
    found = verify(sign_enveloped(document, keys[kind], profile), profile)
    assert (found.canonicalization, found.transforms) == (canonicalization, transforms)


def test_signers_that_name_the_canonical_form_are_understood(keys: dict[str, SigningKey]) -> None:
    """XMLDSig 1.1 §4.4.3.2: without such a transform it is Canonical XML 1.0."""
    for transforms in ((ENVELOPED, C14N_11), (ENVELOPED, C14N_10)):
        by_other = sign_enveloped(DOCUMENT, keys["p-256"], replace(BDXR_2_0, transforms=(transforms,)))
        assert verify(by_other).transforms == transforms
    exclusive = replace(BDXR_2_0, transforms=((ENVELOPED, C14N_EXCLUSIVE),))
    assert refusal(sign_enveloped(DOCUMENT, keys["p-256"], exclusive)) == "ALGORITHM"


def test_canonical_xml_1_0_is_not_what_smp_2_signs_with(keys: dict[str, SigningKey]) -> None:
    by_other = sign_enveloped(DOCUMENT, keys["rsa"], replace(BDXR_2_0, canonicalizations=(C14N_10,)))
    assert refusal(by_other) == "ALGORITHM"
    assert verify(by_other, ARCHIVE).canonicalization == C14N_10


def test_ed25519_signs_the_canonical_octets_of_signed_info(
    keys: dict[str, SigningKey], signed: dict[str, bytes]
) -> None:
    """RFC 9231 §2.3.12: 64 octets in base64, made over what the other methods hash."""
    signed_info = etree.fromstring(signed["ed25519"]).find(f".//{DS}SignedInfo")
    assert signed_info is not None
    public_key = keys["ed25519"].certificate.public_key()
    assert isinstance(public_key, ed25519.Ed25519PublicKey)
    assert len(value_of(signed["ed25519"])) == 64
    public_key.verify(value_of(signed["ed25519"]), canonicalise(signed_info))


def test_ed25519_is_deterministic(keys: dict[str, SigningKey], signed: dict[str, bytes]) -> None:
    assert sign_enveloped(DOCUMENT, keys["ed25519"], BDXR_2_0) == signed["ed25519"]


@pytest.mark.parametrize("kind", NOT_RSA)
@pytest.mark.parametrize(
    ("old", "new", "reason_id"),
    [
        (b"text", b"other", "DIGEST_MISMATCH"),
        (b"</ds:Signature>", b"</ds:Signature>\n", "DIGEST_MISMATCH"),
        (b"<ds:DigestValue>", b"<ds:DigestValue>AAAA", "SIGNATURE_MISMATCH"),
        (b"<ds:SignatureValue>", b"<ds:SignatureValue>AAAA", "SIGNATURE_MISMATCH"),
        (b"<ds:SignatureValue>", b"<ds:SignatureValue>!", "STRUCTURE"),
        (b"</ds:KeyInfo>", b"</ds:KeyInfo><ds:Object/>", "STRUCTURE"),
        (b"<ds:Signature ", b"<ds:Signature Foreign='1' ", "STRUCTURE"),
        (b'URI=""', b'URI="#a"', "REFERENCE"),
        (b"xmlenc#sha256", b"xmlenc#sha512", "SIGNATURE_MISMATCH"),
        (b"enveloped-signature", b"base64", "ALGORITHM"),
    ],
)
def test_each_change_is_refused_for_its_reason(
    kind: str, old: bytes, new: bytes, reason_id: str, signed: dict[str, bytes]
) -> None:
    assert old in signed[kind]
    assert refusal(signed[kind].replace(old, new, 1)) == reason_id


@pytest.mark.parametrize("kind", NOT_RSA)
@pytest.mark.parametrize("other", METHODS)
def test_the_certificate_of_another_kind_of_key_is_refused(kind: str, other: str, signed: dict[str, bytes]) -> None:
    if other == kind:
        return
    both_ec = "p-" in kind and "p-" in other
    reason_id = refusal(with_key_info_of(signed[kind], signed[other]))
    assert reason_id == ("SIGNATURE_MISMATCH" if both_ec else "KEY")


@pytest.mark.parametrize("kind", NOT_RSA)
def test_another_key_of_the_same_kind_is_refused(kind: str, signed: dict[str, bytes]) -> None:
    other = new_keys()[kind]
    assert refusal(with_key_info_of(signed[kind], sign_enveloped(DOCUMENT, other, BDXR_2_0))) == "SIGNATURE_MISMATCH"


@pytest.mark.parametrize("kind", NOT_RSA)
def test_a_method_of_another_kind_of_key_is_refused(kind: str, signed: dict[str, bytes]) -> None:
    assert refusal(signed[kind].replace(METHODS[kind].encode(), RSA_SHA256.encode())) == "KEY"


@pytest.mark.parametrize("kind", NOT_RSA)
def test_a_signature_value_of_another_length_is_refused(kind: str, signed: dict[str, bytes]) -> None:
    value = value_of(signed[kind])
    half = len(value) // 2
    longer = b"\0" + value[:half] + b"\0" + value[half:]
    for altered in (value[:-1], value + b"\0", longer, b"\0" * len(value), value[half:] + value[:half]):
        assert refusal(with_value(signed[kind], altered)) == "SIGNATURE_MISMATCH"


@pytest.mark.parametrize("kind", ["p-256", "p-384", "p-521"])
def test_the_der_form_of_an_ecdsa_signature_is_refused(kind: str, signed: dict[str, bytes]) -> None:
    """XMLDSig 1.1 §6.4.3: the two numbers one after the other, nothing else."""
    value = value_of(signed[kind])
    half = len(value) // 2
    der = encode_dss_signature(int.from_bytes(value[:half]), int.from_bytes(value[half:]))
    assert refusal(with_value(signed[kind], der)) == "SIGNATURE_MISMATCH"


def test_a_large_curve_may_sign_with_a_short_digest_if_there_is_no_other(keys: dict[str, SigningKey]) -> None:
    only = restricted(BDXR_2_0, ["ecdsa-sha256"])
    assert verify(sign_enveloped(DOCUMENT, keys["p-384"], only)).signature_algorithm == ECDSA_SHA256


def test_small_curves_are_refused() -> None:
    small = self_signed(ec.generate_private_key(ec.SECP224R1()))
    with pytest.raises(SigningError, match="size"):
        sign_enveloped(DOCUMENT, small, BDXR_2_0)
    by_small = sign_enveloped(DOCUMENT, small, replace(ARCHIVE, canonicalizations=(C14N_11,)))
    assert refusal(by_small) == "KEY"
    assert verify(by_small, ARCHIVE).certificate == small.certificate


@pytest.mark.parametrize("kind", NOT_RSA)
def test_a_profile_without_the_method_neither_signs_nor_accepts(
    kind: str, keys: dict[str, SigningKey], signed: dict[str, bytes]
) -> None:
    for profile in (PEPPOL_1_4, restricted(BDXR_2_0, ["rsa-sha256"])):
        with pytest.raises(SigningError, match="key of this kind"):
            sign_enveloped(DOCUMENT, keys[kind], profile)
    assert refusal(signed[kind], restricted(BDXR_2_0, ["rsa-sha256"])) == "ALGORITHM"


def test_a_signature_that_was_made_for_another_context_is_refused(
    keys: dict[str, SigningKey], signed: dict[str, bytes]
) -> None:
    """Values over anything but the canonical SignedInfo: its source text, its digest."""
    private_key = keys["ed25519"].private_key
    assert isinstance(private_key, ed25519.Ed25519PrivateKey)
    document = signed["ed25519"]
    signed_info = etree.fromstring(document).find(f".//{DS}SignedInfo")
    assert signed_info is not None
    digest = hashes.Hash(hashes.SHA256())
    digest.update(canonicalise(signed_info))
    for text in (b"", digest.finalize(), canonicalise(signed_info) + b"\n"):
        assert refusal(with_value(document, private_key.sign(text))) == "SIGNATURE_MISMATCH"


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_change_of_a_bit_gives_another_content(data: st.DataObject, signed: dict[str, bytes]) -> None:
    document = signed[data.draw(st.sampled_from(NOT_RSA))]
    at, bit = data.draw(st.integers(0, len(document) - 1)), data.draw(st.integers(0, 7))
    altered = document[:at] + bytes([document[at] ^ 1 << bit]) + document[at + 1 :]
    try:
        found = verify(altered)
    except TrustListError:
        return
    assert etree.tostring(found.root, method="c14n") == etree.tostring(verify(document).root, method="c14n")
