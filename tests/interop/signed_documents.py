# SPDX-License-Identifier: Apache-2.0
"""Documents of every dialect, signed with keys of every kind that an SMP of the dialect may have."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from registry.demo.content import demo_metadata
from registry.demo.pki import SMP_UNIT, DemoPki
from registry.metadata import Extension, ServiceGroup, ServiceMetadata
from registry.smp.documents.catalogue import DIALECTS
from registry.smp.documents.signing import sign_document
from trust_lists.certificates.parsing import PrivateKey, SigningKey

BASE = "https://smp.example.org"
ADDRESS = b"https://ap1.demo.example/as4"
EXTENSIONS = (
    Extension(b'<x:any xmlns:x="urn:x" x:a="1">\n  <x:deep><x:deeper/></x:deep>\n</x:any>'),
    Extension(
        b'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>'
        b'<ds:CanonicalizationMethod Algorithm="urn:c"/><ds:SignatureMethod Algorithm="urn:s"/><ds:Reference URI="">'
        b'<ds:DigestMethod Algorithm="urn:d"/><ds:DigestValue>QQ==</ds:DigestValue></ds:Reference></ds:SignedInfo>'
        b"<ds:SignatureValue>QQ==</ds:SignatureValue></ds:Signature>"
    ),
    Extension("<x:any xmlns:x='urn:x'>é €\r\n&#13;\t<![CDATA[<b>]]><!-- c --></x:any>".encode()),
)


def signing_keys(pki: DemoPki) -> dict[str, SigningKey]:
    """A signer of each kind, all of the SMP authority; RSA is the SMP of the PKI itself."""
    now = datetime.now(UTC)

    def issued(name: str, key: PrivateKey) -> SigningKey:
        day = timedelta(days=1)
        return pki.smp_ca.issue(name, SMP_UNIT, not_before=now - day, not_after=now + day, key=key)

    return {
        "rsa": pki.smp,
        "p-256": issued("SMP_P256", ec.generate_private_key(ec.SECP256R1())),
        "p-384": issued("SMP_P384", ec.generate_private_key(ec.SECP384R1())),
        "ed25519": issued("SMP_ED25519", ed25519.Ed25519PrivateKey.generate()),
    }


def signed_documents(pki: DemoPki) -> dict[str, bytes]:
    """`dialect/kind of document/kind of key` -> document. In 1.x only RSA signs, and no service group is signed."""
    keys = signing_keys(pki)
    plain = demo_metadata(pki.access_points)[0]
    signed = {}
    for name, dialect in DIALECTS.items():
        unsigned = {
            "metadata": dialect.write_service_metadata(plain),
            "extended": dialect.write_service_metadata(_extended(plain, name)),
        }
        if dialect.signs_service_groups:
            group = ServiceGroup(plain.participant, (plain.document_type,))
            unsigned["group"] = dialect.write_service_group(group, BASE)
        for kind in keys if name == "bdxr2" else ("rsa",):
            for which, document in unsigned.items():
                signed[f"{name}/{which}/{kind}"] = sign_document(document, keys[kind], dialect)
    return signed


def altered(document: bytes) -> bytes:
    """The document with another participant: one character of what was signed."""
    at = document.index(b"7300010000001")
    return document[:at] + b"8" + document[at + 1 :]


def _extended(metadata: ServiceMetadata, dialect: str) -> ServiceMetadata:
    return replace(metadata, extensions=EXTENSIONS if dialect != "busdox" else EXTENSIONS[:1])
