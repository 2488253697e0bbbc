# SPDX-License-Identifier: Apache-2.0
"""Keys with certificates of their own for signing lists of trusted entities, and compact JWS with any header."""

import json
from base64 import b64encode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from trust_lists.certificates.parsing import PrivateKey, SigningKey
from trust_lists.signatures.profiles import ECDSA_SHA256
from trust_lists.signatures.values import sign_value

SIGNED_AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
CURVES = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
    "secp256k1": ec.SECP256K1(),
    "brainpoolP256r1": ec.BrainpoolP256R1(),
}


@cache
def new_key(kind: str, organization: str = "Example operator") -> SigningKey:
    """A key of a kind (`P-256`, `RSA-2048`, `Ed25519`) with a certificate valid for a year around `SIGNED_AT`."""
    private_key = _private_key(kind)
    name = x509.Name(
        (
            x509.NameAttribute(NameOID.COUNTRY_NAME, "EU"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Signer of lists, {kind}"),
        )
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(SIGNED_AT - timedelta(days=180))
        .not_valid_after(SIGNED_AT + timedelta(days=180))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(private_key, None if kind == "Ed25519" else hashes.SHA256())
    )
    return SigningKey(private_key, certificate)


def _private_key(kind: str) -> PrivateKey:
    if kind == "Ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind.startswith("RSA-"):
        return rsa.generate_private_key(65537, int(kind.removeprefix("RSA-")))
    return ec.generate_private_key(CURVES[kind])


def base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def x5c(key: SigningKey) -> list[str]:
    return [b64encode(key.certificate.public_bytes(Encoding.DER)).decode()]


def jws_with(header: object, payload: bytes, key: SigningKey, *, method: str = ECDSA_SHA256) -> bytes:
    """A JWS with this header, or this text as header, correctly signed."""
    text = header if isinstance(header, str) else json.dumps(header)
    signing_input = f"{base64url(text.encode())}.{base64url(payload)}".encode()
    return signing_input + b"." + base64url(sign_value(key.private_key, method, signing_input)).encode()
