# SPDX-License-Identifier: Apache-2.0
"""What kind of key and which hash a certificate has, in the words that people have (`rsa`, `p256`, `sha256`)."""

from dataclasses import dataclass
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.signed import public_key, signature_hash
from trust_lists.errors import CertificateError

_CURVES = {
    "secp256r1": "p256",
    "secp384r1": "p384",
    "secp521r1": "p521",
    "brainpoolP256r1": "bp256",
    "brainpoolP384r1": "bp384",
    "brainpoolP512r1": "bp512",
}


@dataclass(frozen=True, slots=True)
class KeyKind:
    """`rsa`, a curve (`p256`; its own name where it has no short one), `ed25519` or `ed448`; and its size in bits."""

    name: str
    bits: int

    def __str__(self) -> str:
        return f"{self.name} of {self.bits} bits" if self.name == "rsa" else self.name


@lru_cache(maxsize=2048)
def key_kind(key: bytes) -> KeyKind:
    """Of a SubjectPublicKeyInfo. Raises CertificateError where it can't be read, or is of another kind."""
    match public_key(key):
        case rsa.RSAPublicKey() as found:
            return KeyKind("rsa", found.key_size)
        case ec.EllipticCurvePublicKey() as found:
            return KeyKind(_CURVES.get(found.curve.name, found.curve.name), found.key_size)
        case ed25519.Ed25519PublicKey():
            return KeyKind("ed25519", 256)
        case ed448.Ed448PublicKey():
            return KeyKind("ed448", 448)


def hash_of_signature(certificate: ListedCertificate) -> str | None:
    """The hash that the certificate was signed with, such as `sha256`; None where the algorithm has no choice (EdDSA).

    Raises CertificateError where it can't be told.
    """
    slices = certificate.slices
    if slices is None:
        raise CertificateError("it can't be read")
    return signature_hash(slices.algorithm)
