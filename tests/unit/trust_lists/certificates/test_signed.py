# SPDX-License-Identifier: Apache-2.0
"""Signatures on certificates, also of algorithms and keys that nobody uses any more."""

import time

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, x25519
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.simulators.certificate_chains import Authority, der, ec_key, rsa_key, with_algorithm
from trust_lists.certificates.der import SEQUENCE
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.signed import Signatures, is_signed_with, public_key
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
    begin = time.process_time()
    assert not is_signed_with(leaf, key)
    assert time.process_time() - begin < 0.5


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
