# SPDX-License-Identifier: Apache-2.0
"""Signatures on certificates, also of algorithms and keys that nobody uses any more."""

import time

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, x25519
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.simulators.certificate_chains import Authority, der, ec_key, rsa_key, with_algorithm
from tests.simulators.dsa_chains import dsa_chain
from trust_lists.certificates.der import SEQUENCE
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.signed import (
    Signatures,
    is_signed_with,
    lacks_parameters,
    public_key,
    signature_holds,
    with_parameters,
)
from trust_lists.errors import CertificateError, PathLimitError

SHA1_WITH_RSA, PSS = bytes.fromhex("06092a864886f70d010105"), bytes.fromhex("06092a864886f70d01010a")


def test_sha_1_verifies_for_history_though_nobody_signs_certificates_with_it() -> None:
    root = Authority("root", key=rsa_key(2048))
    algorithm = der(SEQUENCE, SHA1_WITH_RSA + b"\x05\x00")
    sha1 = hashes.SHA1()  # noqa: S303
    leaf = with_algorithm(root.issue(), algorithm, lambda told: rsa_key(2048).sign(told, padding.PKCS1v15(), sha1))
    assert is_signed_with(leaf, root.anchor.key)
    assert not is_signed_with(leaf, Authority("other", key=rsa_key(1024)).anchor.key)


def test_sha_1_verifies_with_elliptic_curves() -> None:
    key = ec_key()
    root = Authority("root", key=key)
    algorithm = der(SEQUENCE, bytes.fromhex("06072a8648ce3d0401"))
    sha1 = hashes.SHA1()  # noqa: S303
    leaf = with_algorithm(root.issue(), algorithm, lambda told: key.sign(told, ec.ECDSA(sha1)))
    assert is_signed_with(leaf, root.anchor.key)
    assert not is_signed_with(leaf, Authority("other").anchor.key)


def test_a_key_of_another_kind_did_not_sign() -> None:
    signed_by_rsa, signed_by_ec = Authority("rsa", key=rsa_key(2048)), Authority("ec")
    assert not is_signed_with(signed_by_rsa.issue(), signed_by_ec.anchor.key)
    assert not is_signed_with(signed_by_ec.issue(), signed_by_rsa.anchor.key)


def test_absent_pss_parameters_mean_sha_1_and_20_bytes_of_salt() -> None:
    root = Authority("root", key=rsa_key(2048))
    algorithm = der(SEQUENCE, PSS + b"\x30\x00")
    sha1 = hashes.SHA1()  # noqa: S303
    scheme = padding.PSS(padding.MGF1(sha1), 20)
    leaf = with_algorithm(root.issue(), algorithm, lambda told: rsa_key(2048).sign(told, scheme, sha1))
    assert is_signed_with(leaf, root.anchor.key)


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ("3012a110300e06092a864886f70d0101093001", "longer"),
        ("3011a10f300d06092a864886f70d0101093000", "MGF1"),
        ("300ba009300706052b0e03021b", "hash"),
        ("3006a2040202ffff", "salt"),
        ("a000", "tag"),
    ],
)
def test_pss_parameters_that_make_no_sense_can_not_be_verified(parameters: str, told: str) -> None:
    plain = Authority("root", key=rsa_key(2048)).certificate
    algorithm = der(SEQUENCE, PSS + bytes.fromhex(parameters))
    leaf = with_algorithm(plain, algorithm, lambda told: bytes(256))
    with pytest.raises(CertificateError, match=told):
        is_signed_with(leaf, plain.key)


@pytest.mark.parametrize(
    ("oid", "algorithm"),
    [
        ("06072a8648ce380403", hashes.SHA1()),  # noqa: S303
        ("0609608648016503040301", hashes.SHA224()),
        ("0609608648016503040302", hashes.SHA256()),
        ("0609608648016503040303", hashes.SHA384()),
        ("0609608648016503040304", hashes.SHA512()),
    ],
)
def test_dsa_verifies_for_history_on_certificates_only(oid: str, algorithm: hashes.HashAlgorithm) -> None:
    key = dsa.generate_private_key(1024)  # noqa: S505
    encoded = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    leaf = with_algorithm(
        Authority("root").issue(), der(SEQUENCE, bytes.fromhex(oid)), lambda told: key.sign(told, algorithm)
    )
    assert is_signed_with(leaf, encoded)
    assert not is_signed_with(leaf, Authority("other").anchor.key)
    assert not is_signed_with(Authority("other").issue(), encoded)
    with pytest.raises(CertificateError, match="neither"):
        public_key(encoded)


@pytest.mark.parametrize("null", [b"", b"\x05\x00"])
def test_a_dsa_key_without_parameters_has_those_of_its_issuer(null: bytes) -> None:
    chain = dsa_chain(null)
    assert lacks_parameters(chain.lower.key)
    with pytest.raises(CertificateError):
        is_signed_with(chain.leaf, chain.lower.key)
    complete = with_parameters(chain.lower.key, chain.upper.key)
    assert not lacks_parameters(complete)
    assert is_signed_with(chain.leaf, complete)


def test_only_a_dsa_key_takes_parameters_and_only_from_a_dsa_key() -> None:
    chain = dsa_chain()
    assert not lacks_parameters(chain.root.anchor.key)
    assert not lacks_parameters(b"junk")
    assert with_parameters(chain.root.anchor.key, chain.upper.key) == chain.root.anchor.key
    assert with_parameters(chain.upper.key, chain.upper.key) == chain.upper.key
    for above in (chain.root.anchor.key, chain.lower.key, b""):
        assert with_parameters(chain.lower.key, above) == chain.lower.key


def test_what_is_signed_need_not_be_a_certificate() -> None:
    key = ec_key()
    encoded = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    algorithm = der(SEQUENCE, bytes.fromhex("06082a8648ce3d040302"))
    signature = key.sign(b"anything", ec.ECDSA(hashes.SHA256()))
    assert signature_holds(b"anything", algorithm, signature, encoded)
    assert not signature_holds(b"something", algorithm, signature, encoded)
    with pytest.raises(CertificateError, match="parts"):
        signature_holds(b"anything", algorithm, signature, b"\x30\x00")
    with pytest.raises(CertificateError, match="no name"):
        signature_holds(b"anything", b"\x30\x00", signature, encoded)


def test_rsa_keys_with_numbers_that_are_not_der_are_read() -> None:
    numbers = rsa_key(2048).public_key().public_numbers()
    modulus = numbers.n.to_bytes(256, "big")  # without the zero that makes it positive
    body = der(0x30, der(0x02, modulus) + der(0x02, numbers.e.to_bytes(3, "big")))
    algorithm = der(0x30, bytes.fromhex("06092a864886f70d0101010500"))
    found = public_key(der(0x30, algorithm + der(0x03, b"\x00" + body)))
    assert isinstance(found, RSAPublicKey)
    assert found.public_numbers() == numbers


@pytest.mark.parametrize(
    "key",
    [
        b"",
        b"\x30\x00",
        ec_key(ec.SECP256R1()).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)[:-5],
        der(0x30, der(0x30, bytes.fromhex("06092a864886f70d0101010500")) + der(0x03, b"\x00\x30\x00")),
        der(
            0x30,
            der(0x30, bytes.fromhex("06092a864886f70d0101010500")) + der(0x03, b"\x00\x30\x06\x02\x01\x00\x02\x01\x00"),
        ),
        x25519.X25519PrivateKey.generate().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    ],
    ids=["nothing", "an empty one", "cut off", "RSA without numbers", "RSA of zeros", "no signing key"],
)
def test_keys_that_verify_nothing_are_refused(key: bytes) -> None:
    with pytest.raises(CertificateError):
        public_key(key)


@pytest.mark.parametrize("bits", [64, 16_392, 100_000])
def test_a_key_of_any_size_verifies_soon_or_not_at_all(bits: int) -> None:
    modulus = (1 << bits) - 1
    body = der(SEQUENCE, der(0x02, modulus.to_bytes(bits // 8 + 1, "big")) + der(0x02, b"\x01\x00\x01"))
    key = der(SEQUENCE, der(SEQUENCE, bytes.fromhex("06092a864886f70d0101010500")) + der(0x03, b"\x00" + body))
    root = Authority("root", key=rsa_key(2048))
    algorithm = der(SEQUENCE, bytes.fromhex("06092a864886f70d01010b0500"))
    leaf = with_algorithm(root.issue(), algorithm, lambda told: bytes(bits // 8))
    begin = time.thread_time()
    assert not is_signed_with(leaf, key)
    assert time.thread_time() - begin < 5


def test_what_has_no_signature_can_not_be_verified() -> None:
    root = Authority("root")
    with pytest.raises(CertificateError, match="no signature"):
        is_signed_with(ListedCertificate(b"\x30\x00"), root.anchor.key)
    good = root.issue()
    assert good.slices is not None
    with pytest.raises(CertificateError, match="no signature"):
        is_signed_with(ListedCertificate(der(SEQUENCE, good.slices.signed)), root.anchor.key)


def test_a_limit_counts_different_signatures() -> None:
    root = Authority("root")
    first, second = root.issue("first"), root.issue("second")
    signatures = Signatures(1)
    assert signatures.hold(first, root.anchor.key)
    assert signatures.hold(first, root.anchor.key)
    with pytest.raises(PathLimitError):
        signatures.hold(second, root.anchor.key)
