# SPDX-License-Identifier: Apache-2.0
"""Signature values: which key makes and verifies which, by the methods' URIs.

In XML an ECDSA value is the two numbers side by side, each as long as the curve's order, never DER (XML Signature 1.1
§6.4.3); RSASSA-PSS has a salt as long as the digest and MGF1 with the same digest (RFC 9231 §2.3.9-10); Ed25519 signs
the octets themselves (RFC 9231 §2.3.12).
"""

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, AsymmetricPadding, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from trust_lists.certificates.parsing import PrivateKey, PublicKey
from trust_lists.errors import SigningError
from trust_lists.signatures import profiles
from trust_lists.signatures.profiles import ED25519, SignatureProfile

_WRONG_KIND = "the certificate's key is not of the kind that the signature method needs"
_DIGESTS: dict[str, hashes.HashAlgorithm] = {
    profiles.RSA_SHA1: hashes.SHA1(),  # noqa: S303 - for lists and documents of former years, where a policy says so
    profiles.RSA_SHA256: hashes.SHA256(),
    profiles.RSA_SHA384: hashes.SHA384(),
    profiles.RSA_SHA512: hashes.SHA512(),
    profiles.PSS_SHA256: hashes.SHA256(),
    profiles.PSS_SHA384: hashes.SHA384(),
    profiles.PSS_SHA512: hashes.SHA512(),
    profiles.ECDSA_SHA256: hashes.SHA256(),
    profiles.ECDSA_SHA384: hashes.SHA384(),
    profiles.ECDSA_SHA512: hashes.SHA512(),
}
_PSS = (profiles.PSS_SHA256, profiles.PSS_SHA384, profiles.PSS_SHA512)


def key_error(key: PublicKey, method: str, profile: SignatureProfile) -> str | None:
    """Why this key can't be used with this method; None where it can."""
    match key:
        case RSAPublicKey():
            name, minimum, of_its_kind = "an RSA key", profile.minimum_rsa_bits, "#rsa-" in method or method in _PSS
        case EllipticCurvePublicKey():
            name, minimum, of_its_kind = "an EC key", profile.minimum_ec_bits, "#ecdsa-" in method
        case Ed25519PublicKey():
            return None if method == ED25519 else _WRONG_KIND
    if not of_its_kind:
        return _WRONG_KIND
    if key.key_size < minimum:
        return f"{name} of {key.key_size} bits is too short; {minimum} are needed"
    return None


def method_for(key: PublicKey, profile: SignatureProfile) -> str:
    """The first method that suits the key: for a large curve one whose digest is as long as its numbers, if there is.

    A shorter digest would leave the strength of the curve unused (FIPS 186-5 §6.4). Raises SigningError.
    """
    suitable = [method for method in profile.signature_methods if key_error(key, method, profile) is None]
    if not suitable:
        raise SigningError(f"{profile.name} does not allow to sign with a key of this kind or size")
    if isinstance(key, EllipticCurvePublicKey):
        enough = min(key.key_size, 512)
        return next((method for method in suitable if int(method[-3:]) >= enough), suitable[0])
    return suitable[0]


def verify_value(key: PublicKey, method: str, value: bytes, data: bytes) -> bool:
    """Whether `value` is this key's signature of `data`; the key is of the kind that the method needs."""
    try:
        match key:
            case RSAPublicKey():
                key.verify(value, data, _padding(method), _DIGESTS[method])
            case EllipticCurvePublicKey():
                key.verify(_to_der(value, key), data, ECDSA(_DIGESTS[method]))
            case Ed25519PublicKey():
                key.verify(value, data)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def sign_value(key: PrivateKey, method: str, data: bytes) -> bytes:
    """The signature of `data`, as it stands in XML; the key is of the kind that the method needs."""
    match key:
        case Ed25519PrivateKey():
            return key.sign(data)
        case EllipticCurvePrivateKey():
            length = _length(key.public_key())
            numbers = decode_dss_signature(key.sign(data, ECDSA(_DIGESTS[method])))
            return b"".join(number.to_bytes(length, "big") for number in numbers)
        case _:
            return key.sign(data, _padding(method), _DIGESTS[method])


def _padding(method: str) -> AsymmetricPadding:
    digest = _DIGESTS[method]
    return PSS(MGF1(digest), digest.digest_size) if method in _PSS else PKCS1v15()


def _to_der(value: bytes, key: EllipticCurvePublicKey) -> bytes:
    length = _length(key)
    if len(value) != 2 * length:
        raise ValueError("the value is not two numbers as long as the curve's order")
    return encode_dss_signature(int.from_bytes(value[:length], "big"), int.from_bytes(value[length:], "big"))


def _length(key: EllipticCurvePublicKey) -> int:
    return (key.key_size + 7) // 8
