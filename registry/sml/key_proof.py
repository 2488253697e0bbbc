# SPDX-License-Identifier: Apache-2.0
"""Proof that who asks for another certificate has its key: a signature of that key over a text that says what is asked.

The text names the domain, the SMP, both certificates and the instant, so a proof is good for nothing else. The
signature is what `openssl dgst -sha256 -sign` makes of it: RSASSA-PKCS1-v1_5 (RFC 8017 §8.2) or ECDSA (DER, RFC 3279
§2.2.3), each with SHA-256; with Ed25519 (RFC 8032) the text itself is signed.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from registry.errors import ValidationError
from trust_lists.certificates.parsing import SigningKey, fingerprint, public_key
from trust_lists.errors import CertificateError

_TITLE = "edelivery-registry: the next certificate of a publisher"


@dataclass(frozen=True, slots=True)
class CertificateChange:
    """What is asked: from `begin` on (whole seconds, aware) `following` speaks for an SMP, beside `present`."""

    domain: str
    """The name of the domain at the SML."""
    smp_id: str
    present: x509.Certificate
    following: x509.Certificate
    begin: datetime

    def text(self) -> bytes:
        """What the key of `following` signs: UTF-8, each line with LF at its end, fingerprints as SHA-256 in hex."""
        lines = (
            _TITLE,
            f"domain: {self.domain}",
            f"smp: {self.smp_id.lower()}",
            f"present: {fingerprint(self.present)}",
            f"next: {fingerprint(self.following)}",
            f"from: {instant_text(self.begin)}",
        )
        return "".join(f"{line}\n" for line in lines).encode()


def instant_text(instant: datetime) -> str:
    """An instant as the text has it: UTC, whole seconds."""
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def read_instant(text: str) -> datetime:
    """An instant in ISO 8601 with its zone, and whole seconds. Raises ValidationError."""
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is not None and not instant.microsecond:
            return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    message = f"an instant with its zone is wanted, such as 2027-01-31T06:00:00Z or …+01:00, not {text[:40]!r}"
    raise ValidationError.of("SML-CERTIFICATE-INSTANT", message, "RFC 3339 §5.6")


def prove(key: SigningKey, change: CertificateChange) -> bytes:
    """The signature of a key over a change to its certificate."""
    private, text = key.private_key, change.text()
    if isinstance(private, RSAPrivateKey):
        return private.sign(text, PKCS1v15(), SHA256())
    if isinstance(private, EllipticCurvePrivateKey):
        return private.sign(text, ECDSA(SHA256()))
    return private.sign(text)


def check_proof(change: CertificateChange, proof: bytes) -> None:
    """Raises ValidationError where `proof` isn't the signature of the key of `change.following`, saying over what."""
    text = change.text()
    try:
        key = public_key(change.following)
        if isinstance(key, RSAPublicKey):
            key.verify(proof, text, PKCS1v15(), SHA256())
        elif isinstance(key, EllipticCurvePublicKey):
            key.verify(proof, text, ECDSA(SHA256()))
        else:
            key.verify(proof, text)
    except InvalidSignature:
        message = f"this is not the signature of the new key over the text {text.decode()!r}"
        raise ValidationError.of("SML-CERTIFICATE-PROOF", message) from None
    except CertificateError as error:
        raise ValidationError.of("SML-CERTIFICATE-PROOF", str(error)) from error
