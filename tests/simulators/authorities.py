# SPDX-License-Identifier: Apache-2.0
"""Certification authorities for tests; every key is made when it is first asked for."""

from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from trust_lists.certificates.parsing import SigningKey

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "BE"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Testers, Inc."),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _key_usage(*names: str) -> x509.KeyUsage:
    usages = [
        *["digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"],
        *["key_cert_sign", "crl_sign", "encipher_only", "decipher_only"],
    ]
    return x509.KeyUsage(**{usage: usage in names for usage in usages})


class Authority:
    """A root that issues certificates for end entities."""

    def __init__(self, common_name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        name = _name(common_name)
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=1000))
            .not_valid_after(NOW + timedelta(days=1000))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_key_usage("key_cert_sign", "crl_sign"), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )

    @property
    def pem(self) -> str:
        """The root certificate."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def issue(self, common_name: str, *, expires: datetime = NOW + timedelta(days=365)) -> SigningKey:
        """A key with a certificate in which digitalSignature and keyEncipherment are asserted."""
        key = _rsa_key(common_name)
        subject_key_id = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        certificate = (
            x509.CertificateBuilder()
            .subject_name(_name(common_name))
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=365))
            .not_valid_after(expires)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage("digital_signature", "key_encipherment"), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(subject_key_id), critical=False
            )
            .sign(self._key, hashes.SHA256())
        )
        return SigningKey(key, certificate)


@cache
def _rsa_key(_name: str) -> rsa.RSAPrivateKey:
    # RSA keys are slow to make; a name has the same key through all of a run.
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)
