# SPDX-License-Identifier: Apache-2.0
"""Keys of every kind with a certificate of their own making; made anew for every run."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from trust_lists.certificates.parsing import PrivateKey, SigningKey


def self_signed(key: PrivateKey, subject: str = "CN=POP000001,O=Example,C=BE") -> SigningKey:
    """`key` with a certificate for `subject` (RFC 4514), valid from 2026 for ten years."""
    name = x509.Name.from_rfc4514_string(subject)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(start).not_valid_after(start + timedelta(days=3650))
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return SigningKey(key, builder.sign(key, digest))


def new_keys() -> dict[str, SigningKey]:
    """One of each kind: "rsa", "p-256", "p-384", "p-521", "ed25519"."""
    keys: dict[str, PrivateKey] = {
        "rsa": rsa.generate_private_key(65537, 2048),
        "p-256": ec.generate_private_key(ec.SECP256R1()),
        "p-384": ec.generate_private_key(ec.SECP384R1()),
        "p-521": ec.generate_private_key(ec.SECP521R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate(),
    }
    return {name: self_signed(key) for name, key in keys.items()}
