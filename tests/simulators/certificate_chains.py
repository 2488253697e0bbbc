# SPDX-License-Identifier: Apache-2.0
"""Authorities and certificates for tests of paths, made when they run: any names, dates, extensions and algorithms."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from trust_lists.certificates.der import BIT_STRING, SEQUENCE, element
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.rfc5280 import TrustAnchor

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
YEAR = timedelta(days=365)
AUTHORITY = x509.BasicConstraints(ca=True, path_length=None)

CertificateKey = CertificateIssuerPrivateKeyTypes
Extensions = Sequence[tuple[x509.ExtensionType, bool]]


def ec_key(curve: ec.EllipticCurve | None = None) -> ec.EllipticCurvePrivateKey:
    """A new key; P-256 if nothing else is said."""
    return ec.generate_private_key(curve or ec.SECP256R1())


@cache
def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    """One key of a length: they take long to make."""
    return rsa.generate_private_key(65537, bits)


def dn(common_name: str, organization: str = "Testers") -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "BE"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def key_usage(*names: str) -> x509.KeyUsage:
    usages = [
        *["digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"],
        *["key_cert_sign", "crl_sign", "encipher_only", "decipher_only"],
    ]
    return x509.KeyUsage(**{usage: usage in names for usage in usages})


class Authority:
    """A name and a key, with a certificate: its own (of a root), or one from an authority above it."""

    def __init__(
        self,
        name: x509.Name | str,
        issuer: "Authority | None" = None,
        *,
        key: CertificateKey | None = None,
        path_length: int | None = None,
        extensions: Extensions = (),
        basic: x509.BasicConstraints | None = AUTHORITY,
        usage: x509.KeyUsage | None = None,
        begin: datetime = NOW - 5 * YEAR,
        end: datetime = NOW + 5 * YEAR,
    ) -> None:
        self.name = dn(name) if isinstance(name, str) else name
        self.key = key or ec_key()
        all_extensions = [
            (usage or key_usage("key_cert_sign", "crl_sign"), True),
            (x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), False),
            *extensions,
        ]
        if basic is not None:
            basic = x509.BasicConstraints(ca=True, path_length=path_length) if basic.ca else basic
            all_extensions.append((basic, True))
        self.certificate = (issuer or self).issue(
            self.name, key=self.key, extensions=all_extensions, begin=begin, end=end
        )

    @property
    def anchor(self) -> TrustAnchor:
        found = TrustAnchor.of(self.certificate)
        assert found is not None
        return found

    def issue(
        self,
        name: x509.Name | str = "leaf",
        *,
        key: CertificateKey | None = None,
        issuer_name: x509.Name | None = None,
        extensions: Extensions = (),
        begin: datetime = NOW - YEAR,
        end: datetime = NOW + YEAR,
        algorithm: hashes.HashAlgorithm | None = None,
        pss: padding.PSS | None = None,
    ) -> ListedCertificate:
        """A certificate; without `extensions` one that any program could have."""
        builder = (
            x509.CertificateBuilder()
            .subject_name(dn(name) if isinstance(name, str) else name)
            .issuer_name(issuer_name or self.name)
            .public_key((key or ec_key()).public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(end)
        )
        for extension, critical in extensions or [(key_usage("digital_signature"), True)]:
            builder = builder.add_extension(extension, critical=critical)
        wanted = algorithm
        if wanted is None and isinstance(self.key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            wanted = hashes.SHA256()
        certificate = builder.sign(self.key, wanted, rsa_padding=pss)
        return ListedCertificate(certificate.public_bytes(Encoding.DER))


def der(tag: int, content: bytes) -> bytes:
    """A value in DER, of less than 64 kilobytes."""
    size = len(content)
    length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + content


def with_algorithm(
    certificate: ListedCertificate, algorithm: bytes, sign: Callable[[bytes], bytes]
) -> ListedCertificate:
    """The same certificate with another AlgorithmIdentifier in both places, signed again."""
    slices = certificate.slices
    assert slices is not None
    told = der(SEQUENCE, element(slices.signed)[0].content.replace(slices.inner_algorithm, algorithm))
    return ListedCertificate(der(SEQUENCE, told + algorithm + der(BIT_STRING, b"\x00" + sign(told))))


def refused_by_cryptography(certificate: ListedCertificate, issuer: "Authority") -> ListedCertificate:
    """The same certificate with NULL parameters for ECDSA, as some in the Norwegian list have; its signature holds."""
    key = issuer.key
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    algorithm = der(SEQUENCE, bytes.fromhex("06082a8648ce3d040302") + b"\x05\x00")
    return with_algorithm(certificate, algorithm, lambda told: key.sign(told, ec.ECDSA(hashes.SHA256())))


def chain_of(length: int) -> tuple[Authority, list[ListedCertificate]]:
    """A root, and a path below it of `length` certificates, the last of which is no authority."""
    root = Authority("root")
    authorities = [root]
    for number in range(length - 1):
        authorities.append(Authority(f"authority {number}", authorities[-1]))
    return root, [*(each.certificate for each in authorities[1:]), authorities[-1].issue()]
