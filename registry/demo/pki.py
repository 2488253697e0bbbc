# SPDX-License-Identifier: Apache-2.0
"""A test PKI in memory, shaped like Peppol's: one root, a CA for SMPs, a CA for access points, and their certificates.

Never for production: the CAs' keys live in the same process. RSA keys cost about 100 ms each, and only what Peppol
wants to be RSA is RSA (SMP and access points); the CAs and the TLS server use P-256.
"""

import ipaddress
import os
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from trust_lists.certificates.parsing import PrivateKey, PublicKey, SigningKey

SMP_UNIT = "PEPPOL TEST SMP"
AP_UNIT = "PEPPOL TEST AP"

_AUTHORITY_LIFETIME = timedelta(days=3650)
_LEAF_LIFETIME = timedelta(days=730)
_SERVER_LIFETIME = timedelta(days=397)


@dataclass(frozen=True, slots=True)
class Authority:
    """A certification authority that can issue; the chain of its identity leads to the root."""

    identity: SigningKey

    @property
    def certificate(self) -> x509.Certificate:
        """The authority's own certificate."""
        return self.identity.certificate

    def issue(
        self,
        common_name: str,
        unit: str = "",
        *,
        not_before: datetime,
        not_after: datetime,
        key: PrivateKey | None = None,
        organisation: str = "Demo",
        country: str = "BE",
        key_usage: Collection[str] = ("digital_signature", "key_encipherment"),
        extended_key_usage: Collection[ObjectIdentifier] = (ExtendedKeyUsageOID.CLIENT_AUTH,),
        host_names: Collection[str] = (),
        path_length: int | None = None,
    ) -> SigningKey:
        """A certificate from this authority; `key` is a new RSA-2048 key if none is given.

        `key_usage` has names of `cryptography.x509.KeyUsage` arguments. `host_names` (DNS names and IP addresses)
        become the subjectAltName. A `path_length` makes the certificate that of an authority.
        """
        private_key = key or new_rsa_key()
        issuer = self.identity
        certificate = _certificate(
            subject=_name(common_name, unit, organisation, country),
            public_key=private_key.public_key(),
            issuer=issuer.certificate.subject,
            issuer_key=issuer.private_key,
            window=(not_before, not_after),
            key_usage=key_usage,
            extended_key_usage=extended_key_usage,
            host_names=host_names,
            path_length=path_length,
        )
        return SigningKey(private_key, certificate, (issuer.certificate, *issuer.chain))


@dataclass(frozen=True, slots=True)
class DemoPkiFiles:
    """Where `DemoPki.write` put things. Files of keys have mode 0600 and hold key, certificate and issuers."""

    root: Path
    smp_ca: Path
    ap_ca: Path
    tls_certificate: Path
    tls_key: Path
    smp: Path
    access_points: tuple[Path, ...]

    @classmethod
    def in_folder(cls, directory: Path, access_points: int = 2) -> "DemoPkiFiles":
        """The names that `DemoPki.write` uses."""
        return cls(
            root=directory / "root.pem",
            smp_ca=directory / "smp-ca.pem",
            ap_ca=directory / "ap-ca.pem",
            tls_certificate=directory / "tls-certificate.pem",
            tls_key=directory / "tls-key.pem",
            smp=directory / "smp.pem",
            access_points=tuple(directory / f"ap-{number}.pem" for number in range(1, access_points + 1)),
        )


@dataclass(frozen=True, slots=True)
class DemoPki:
    """The whole test PKI. `smp` signs documents and is the client of the SML; `tls` serves localhost."""

    root: Authority
    smp_ca: Authority
    ap_ca: Authority
    tls: SigningKey
    smp: SigningKey
    access_points: tuple[SigningKey, ...]

    def write(self, directory: Path) -> DemoPkiFiles:
        """Writes PEM files into `directory`, which is created if need be; files of the same names are replaced."""
        directory.mkdir(parents=True, exist_ok=True)
        files = DemoPkiFiles.in_folder(directory, len(self.access_points))
        files.root.write_bytes(certificates_pem(self.root.certificate))
        files.smp_ca.write_bytes(certificates_pem(self.smp_ca.certificate))
        files.ap_ca.write_bytes(certificates_pem(self.ap_ca.certificate))
        files.tls_certificate.write_bytes(certificates_pem(self.tls.certificate))
        write_secret(files.tls_key, private_key_pem(self.tls.private_key))
        write_secret(files.smp, identity_pem(self.smp))
        for path, access_point in zip(files.access_points, self.access_points, strict=True):
            write_secret(path, identity_pem(access_point))
        return files


def build_demo_pki(now: datetime, *, access_points: int = 2) -> DemoPki:
    """A fresh PKI whose certificates are valid from an hour before `now` (aware UTC): authorities 10 years, the
    others 2 years, the TLS server 397 days."""
    start = now - timedelta(hours=1)
    root = _root(start)
    authority_until = start + _AUTHORITY_LIFETIME

    def subordinate(common_name: str) -> Authority:
        identity = root.issue(
            common_name,
            "FOR TEST ONLY",
            not_before=start,
            not_after=authority_until,
            key=new_ec_key(),
            key_usage=("key_cert_sign", "crl_sign"),
            extended_key_usage=(),
            path_length=0,
        )
        return Authority(identity)

    smp_ca = subordinate("DEMO SERVICE METADATA PUBLISHER TEST CA")
    ap_ca = subordinate("DEMO ACCESS POINT TEST CA")
    return DemoPki(
        root=root,
        smp_ca=smp_ca,
        ap_ca=ap_ca,
        tls=root.issue(
            "localhost",
            not_before=start,
            not_after=start + _SERVER_LIFETIME,
            key=new_ec_key(),
            key_usage=("digital_signature",),
            extended_key_usage=(ExtendedKeyUsageOID.SERVER_AUTH,),
            host_names=("localhost", "127.0.0.1", "::1"),
        ),
        smp=smp_ca.issue("SMP_DEMO000001", SMP_UNIT, not_before=start, not_after=start + _LEAF_LIFETIME),
        access_points=tuple(
            ap_ca.issue(f"POP{number:06}", AP_UNIT, not_before=start, not_after=start + _LEAF_LIFETIME)
            for number in range(1, access_points + 1)
        ),
    )


def new_root(now: datetime, common_name: str = "DEMO Root TEST CA") -> Authority:
    """Another root, unrelated to any: valid from an hour before `now` for 10 years."""
    return _root(now - timedelta(hours=1), common_name)


def new_rsa_key() -> rsa.RSAPrivateKey:
    """A new RSA-2048 key, about 100 ms of work."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def new_ec_key() -> ec.EllipticCurvePrivateKey:
    """A new P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def certificates_pem(*certificates: x509.Certificate) -> bytes:
    """The certificates as one PEM text."""
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates)


def private_key_pem(key: PrivateKey) -> bytes:
    """The key as PKCS#8 PEM, not encrypted."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def identity_pem(identity: SigningKey) -> bytes:
    """Key, certificate and issuers as one PEM text, as `load_signing_key` reads it."""
    return private_key_pem(identity.private_key) + certificates_pem(identity.certificate, *identity.chain)


def _root(start: datetime, common_name: str = "DEMO Root TEST CA") -> Authority:
    key = new_ec_key()
    name = _name(common_name, "FOR TEST ONLY", "Demo", "BE")
    certificate = _certificate(
        subject=name,
        public_key=key.public_key(),
        issuer=name,
        issuer_key=key,
        window=(start, start + _AUTHORITY_LIFETIME),
        key_usage=("key_cert_sign", "crl_sign"),
        path_length=1,
    )
    return Authority(SigningKey(key, certificate))


def _name(common_name: str, unit: str, organisation: str, country: str) -> x509.Name:
    parts = (
        (NameOID.COUNTRY_NAME, country),
        (NameOID.ORGANIZATION_NAME, organisation),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
        (NameOID.COMMON_NAME, common_name),
    )
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts if value])


def _certificate(
    *,
    subject: x509.Name,
    public_key: PublicKey,
    issuer: x509.Name,
    issuer_key: PrivateKey,
    window: tuple[datetime, datetime],
    key_usage: Collection[str],
    extended_key_usage: Collection[ObjectIdentifier] = (),
    host_names: Collection[str] = (),
    path_length: int | None = None,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(window[0])
        .not_valid_after(window[1])
        .add_extension(x509.BasicConstraints(ca=path_length is not None, path_length=path_length), critical=True)
        .add_extension(_key_usage(key_usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if extended_key_usage:
        builder = builder.add_extension(x509.ExtendedKeyUsage(extended_key_usage), critical=False)
    if host_names:
        names = x509.SubjectAlternativeName([_host(name) for name in host_names])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _key_usage(names: Collection[str]) -> x509.KeyUsage:
    every = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: name in names for name in every})


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def write_secret(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)  # an existing file would keep its mode
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
