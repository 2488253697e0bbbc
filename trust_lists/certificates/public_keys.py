# SPDX-License-Identifier: Apache-2.0
"""Public keys as SubjectPublicKeyInfo, from the numbers that XML and JSON write, and whether two are the same key.

One key has several encodings: RSA with and without NULL parameters, points compressed or not. Whoever compares keys
compares `canonical_key`. Clauses: RFC 5280 §4.1.2.7, RFC 3279 §2.3, RFC 8410 §4.
"""

from functools import lru_cache

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from trust_lists.certificates.signed import VerifyingKey, public_key
from trust_lists.errors import CertificateError

MAX_RSA_BYTES = 2_048
"""Of a modulus: no real key has more than half of it."""

_CURVES: dict[str, ec.EllipticCurve] = {
    "1.2.840.10045.3.1.7": ec.SECP256R1(),
    "1.3.132.0.34": ec.SECP384R1(),
    "1.3.132.0.35": ec.SECP521R1(),
    "1.3.36.3.3.2.8.1.1.7": ec.BrainpoolP256R1(),
    "1.3.36.3.3.2.8.1.1.11": ec.BrainpoolP384R1(),
    "1.3.36.3.3.2.8.1.1.13": ec.BrainpoolP512R1(),
}
_EDWARDS: dict[str, type[ed25519.Ed25519PublicKey | ed448.Ed448PublicKey]] = {
    "Ed25519": ed25519.Ed25519PublicKey,
    "Ed448": ed448.Ed448PublicKey,
}


def rsa_key(modulus: bytes, exponent: bytes) -> bytes:
    """The SubjectPublicKeyInfo of an RSA key, whose numbers are big-endian. Raises CertificateError."""
    if len(modulus) > MAX_RSA_BYTES or len(exponent) > MAX_RSA_BYTES:
        raise CertificateError("an RSA key has numbers that are too large")
    numbers = rsa.RSAPublicNumbers(int.from_bytes(exponent, "big"), int.from_bytes(modulus, "big"))
    try:
        return _encoded(numbers.public_key())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateError(f"this is no RSA key: {error}") from None


def ec_key(curve: str, point: bytes) -> bytes:
    """The same of an EC key: the OID of its curve, its point as X9.62 encodes it. Raises CertificateError."""
    if curve not in _CURVES:
        raise CertificateError(f"an EC key is on a curve that is not supported: {curve[:40]}")
    try:
        return _encoded(ec.EllipticCurvePublicKey.from_encoded_point(_CURVES[curve], point))
    except (ValueError, UnsupportedAlgorithm):
        raise CertificateError("the point of an EC key is none of its curve") from None


def edwards_key(curve: str, point: bytes) -> bytes:
    """The same of a key on Ed25519 or Ed448. Raises CertificateError."""
    if curve not in _EDWARDS:
        raise CertificateError(f"a key is on a curve that is not supported: {curve[:40]}")
    try:
        return _encoded(_EDWARDS[curve].from_public_bytes(point))
    except (ValueError, UnsupportedAlgorithm):
        raise CertificateError(f"a key on {curve} has not the length that it should have") from None


@lru_cache(maxsize=4096)
def canonical_key(key: bytes) -> bytes:
    """The one encoding of a SubjectPublicKeyInfo; as it stands where the key can't be read, b"" for none."""
    if not key:
        return b""
    try:
        return _encoded(public_key(key))
    except CertificateError:
        return key


def _encoded(key: VerifyingKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
