# SPDX-License-Identifier: Apache-2.0
"""A small network that publishes a list of its own: its authorities, the operator's signing key, and the source."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from trust_lists.certificates.listed import ListedCertificate, listed
from trust_lists.certificates.parsing import SigningKey
from trust_lists.documents.model import Dialect
from trust_lists.publishing.issuing import Issue, allowed_signers, prepare, publish, sign_all
from trust_lists.publishing.source import read_source

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
OPERATOR = "Example Network Authority"
PROVIDER = "Example Certification Authority"
BASE = "https://trust.example.org/edelivery/"
TSL_SIGNING = x509.ObjectIdentifier("0.4.0.2231.3.0")
START, END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2035, 1, 1, tzinfo=UTC)


def new_key(
    name: str,
    organisation: str,
    *,
    authority: bool = False,
    key: ec.EllipticCurvePrivateKey | None = None,
    end: datetime = END,
) -> SigningKey:
    """A self-signed certificate with its key: of an authority, or of somebody who signs lists (§5.7.1)."""
    private = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "BE"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    usage = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"), False
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(START)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
        .add_extension(
            x509.KeyUsage(
                digital_signature=not authority,
                content_commitment=not authority,
                key_cert_sign=authority,
                crl_sign=authority,
                **usage,
            ),
            critical=True,
        )
    )
    if not authority:
        builder = builder.add_extension(x509.ExtendedKeyUsage([TSL_SIGNING]), critical=False)
    return SigningKey(private, builder.sign(private, hashes.SHA256()))


def certificate_pem(key: SigningKey) -> bytes:
    return key.certificate.public_bytes(Encoding.PEM)


def key_pem(key: SigningKey, password: bytes | None = None) -> bytes:
    """The key with its certificate, encrypted where a password is given."""
    protection = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection) + certificate_pem(key)


@dataclass(frozen=True)
class OwnNetwork:
    """The network's folder; `tlso` signs its lists, `ap_ca` and `smp_ca` are listed."""

    folder: Path
    tlso: SigningKey
    ap_ca: SigningKey
    smp_ca: SigningKey

    @property
    def source(self) -> Path:
        return self.folder / "example.yaml"

    @property
    def signers(self) -> tuple[ListedCertificate, ...]:
        return (listed(self.tlso.certificate),)

    def write(self, content: Mapping[str, Any]) -> Path:
        """The source, written anew."""
        self.source.write_text(yaml.safe_dump(dict(content), sort_keys=False), encoding="utf-8")
        return self.source

    def add(self, name: str, key: SigningKey) -> None:
        """A file with a certificate beside the source."""
        (self.folder / name).write_bytes(certificate_pem(key))


def own_network(folder: Path) -> OwnNetwork:
    """The network with its certificates in `folder`, and the source `content()`."""
    network = OwnNetwork(
        folder,
        tlso=new_key("List Signing", OPERATOR),
        ap_ca=new_key("Access Point CA", PROVIDER, authority=True),
        smp_ca=new_key("SMP CA", PROVIDER, authority=True),
    )
    network.add("ap-ca.pem", network.ap_ca)
    network.add("smp-ca.pem", network.smp_ca)
    (folder / "tlso.key.pem").write_bytes(key_pem(network.tlso))
    network.write(content())
    return network


def content() -> dict[str, Any]:
    """A source as YAML would give it, to be changed as a test likes."""
    return {
        "profile": "edelivery",
        "base_uri": BASE,
        "files": {"trusted_list": "example-tl.xml", "lote": "example-lote.json"},
        "scheme": {
            "territory": "EU",
            "operator": {
                "name": OPERATOR,
                "post": {"street": "Example Street 1", "locality": "Brussels", "country": "BE"},
                "email": "trust@example.org",
                "web": "https://trust.example.org/",
            },
            "name": "Trusted list of the Example Network",
            "information": "https://trust.example.org/lists",
            "policy": "https://trust.example.org/policy",
        },
        "providers": [
            {
                "name": PROVIDER,
                "trade_name": "VATBE-0123456789",
                "post": {"street": "Example Street 2", "locality": "Brussels", "country": "BE"},
                "email": "ca@example.org",
                "web": "https://ca.example.org/",
                "information": "https://ca.example.org/policies",
                "services": [
                    {"type": "AccessPoint/CA", "name": "Access points", "certificates": "ap-ca.pem"},
                    {"type": "SMP/CA", "name": "SMPs", "certificates": "smp-ca.pem"},
                ],
            }
        ],
    }


def services_of(content: dict[str, Any]) -> list[dict[str, Any]]:
    """The services of the one provider, to be changed in place."""
    found: list[dict[str, Any]] = content["providers"][0]["services"]
    return found


def issue(
    network: OwnNetwork,
    said: dict[str, Any] | None = None,
    at: datetime = AT,
    before: Mapping[Dialect, bytes] | None = None,
    key: SigningKey | None = None,
) -> dict[Dialect, Issue]:
    """The signed lists of a source, without a place."""
    key = key or network.tlso
    source = read_source(network.write(said or content()))
    signed = sign_all(prepare(source, before or {}, allowed_signers(source, key), at), key, at)
    return dict(zip(source.files, signed, strict=True))


def data_of(issues: Mapping[Dialect, Issue]) -> dict[Dialect, bytes]:
    return {dialect: each.verified.data for dialect, each in issues.items()}


def published(
    network: OwnNetwork, folder: Path, said: dict[str, Any] | None = None, at: datetime = AT, *, again: bool = False
) -> list[Path]:
    """The lists of a source in their place, for the first time or `again`."""
    source = read_source(network.write(said or content()))
    before = {dialect: (folder / name).read_bytes() for dialect, name in source.files.items()} if again else {}
    prepared = prepare(source, before, network.signers, at)
    return publish(prepared, sign_all(prepared, network.tlso, at), folder)
