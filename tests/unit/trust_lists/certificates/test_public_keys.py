# SPDX-License-Identifier: Apache-2.0
"""Keys from their numbers, and the one encoding by which they are compared."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.simulators.certificate_chains import rsa_key as private_rsa_key
from trust_lists.certificates.public_keys import canonical_key, ec_key, edwards_key, rsa_key
from trust_lists.errors import CertificateError

CURVES = {
    "1.2.840.10045.3.1.7": ec.SECP256R1(),
    "1.3.132.0.34": ec.SECP384R1(),
    "1.3.132.0.35": ec.SECP521R1(),
    "1.3.36.3.3.2.8.1.1.7": ec.BrainpoolP256R1(),
    "1.3.36.3.3.2.8.1.1.11": ec.BrainpoolP384R1(),
    "1.3.36.3.3.2.8.1.1.13": ec.BrainpoolP512R1(),
}


def encoded(key: ec.EllipticCurvePublicKey, *, compressed: bool = False) -> bytes:
    form = PublicFormat.CompressedPoint if compressed else PublicFormat.UncompressedPoint
    return key.public_bytes(Encoding.X962, form)


@pytest.mark.parametrize("curve", CURVES)
def test_a_point_has_one_key_compressed_or_not(curve: str) -> None:
    key = ec.generate_private_key(CURVES[curve]).public_key()
    expected = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert ec_key(curve, encoded(key)) == ec_key(curve, encoded(key, compressed=True)) == expected


def test_a_key_with_a_compressed_point_is_the_same_key() -> None:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    plain = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    short = encoded(key, compressed=True)
    algorithm = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")
    compressed = b"\x30" + bytes([len(algorithm) + 36]) + algorithm + b"\x03\x22\x00" + short
    assert compressed != plain
    assert canonical_key(compressed) == canonical_key(plain) == plain


def test_an_rsa_key_has_one_encoding_with_and_without_null() -> None:
    numbers = private_rsa_key(2048).public_key().public_numbers()
    made = rsa_key(numbers.n.to_bytes(256, "big"), b"\x01\x00\x01")
    without_null = made.replace(
        bytes.fromhex("300d06092a864886f70d0101010500"), bytes.fromhex("300b06092a864886f70d010101")
    )
    shorter = bytes([0x30, 0x82]) + (int.from_bytes(made[2:4], "big") - 2).to_bytes(2, "big") + without_null[4:]
    assert canonical_key(shorter) == canonical_key(made) == made


def test_an_edwards_key_is_its_32_bytes() -> None:
    key = ed25519.Ed25519PrivateKey.generate().public_key()
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    assert edwards_key("Ed25519", raw) == key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_what_is_no_key_is_refused() -> None:
    with pytest.raises(CertificateError):
        ec_key("1.3.132.0.10", b"\x04" + bytes(64))
    with pytest.raises(CertificateError):
        ec_key("1.2.840.10045.3.1.7", b"\x04" + bytes(64))
    with pytest.raises(CertificateError):
        edwards_key("Ed25519", b"short")
    with pytest.raises(CertificateError):
        edwards_key("X25519", bytes(32))
    with pytest.raises(CertificateError):
        rsa_key(b"\x0f", b"\x02")
    with pytest.raises(CertificateError):
        rsa_key(bytes(10_000), b"\x03")


def test_what_cannot_be_read_stays_as_it_is() -> None:
    assert canonical_key(b"no key") == b"no key"
    assert canonical_key(b"") == b""
