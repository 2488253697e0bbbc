# SPDX-License-Identifier: Apache-2.0
"""What it costs to sign and to verify one document, beside the bare RSA operation in it."""

from typing import Any

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from documents import demo_pki, service_metadata
from measuring import cpu_milliseconds

from registry.demo.pki import DemoPki
from registry.smp.documents.busdox import write_service_metadata
from registry.smp.documents.busdox.dialect import BUSDOX
from registry.smp.documents.busdox.names import SIGNED_SERVICE_METADATA
from registry.smp.documents.signing import sign_document, verify_document
from trust_lists.signatures.xmldsig import PEPPOL_1_4, verify_enveloped

TEXT = b"as long as SignedInfo: " + 600 * b"x"


def signing_key(pki: DemoPki) -> rsa.RSAPrivateKey:
    """The RSA-2048 key of the test PKI's SMP."""
    if not isinstance(pki.smp.private_key, rsa.RSAPrivateKey):
        raise TypeError("the SMP of the test PKI has no RSA key")
    return pki.smp.private_key


def sign(seconds: float = 4.0) -> dict[str, Any]:
    """From the neutral model to signed bytes, and the signature alone."""
    pki = demo_pki()
    metadata, key = service_metadata(1, pki), signing_key(pki)
    unsigned = write_service_metadata(metadata)
    written, signed, bare = cpu_milliseconds(
        seconds,
        lambda: write_service_metadata(metadata),
        lambda: sign_document(unsigned, pki.smp, BUSDOX),
        lambda: key.sign(TEXT, padding.PKCS1v15(), SHA256()),
    )
    return {
        "name": "sign",
        "milliseconds": round(signed, 3),
        "bare_rsa_milliseconds": round(bare, 3),
        "times_bare_rsa": round(signed / bare, 2),
        "documents_per_second_and_core": round(1e3 / signed),
        "write_milliseconds": round(written, 3),
        "document_bytes": len(unsigned),
    }


def verify(seconds: float = 4.0) -> dict[str, Any]:
    """The signature alone, and the whole way from signed bytes to the neutral model."""
    pki = demo_pki()
    key = signing_key(pki)
    signed = sign_document(write_service_metadata(service_metadata(1, pki)), pki.smp, BUSDOX)
    signature, public_key = key.sign(TEXT, padding.PKCS1v15(), SHA256()), key.public_key()
    verified, read, bare = cpu_milliseconds(
        seconds,
        lambda: verify_enveloped(signed, profile=PEPPOL_1_4, root_tags={SIGNED_SERVICE_METADATA}),
        lambda: verify_document(signed),
        lambda: public_key.verify(signature, TEXT, padding.PKCS1v15(), SHA256()),
    )
    return {
        "name": "verify",
        "milliseconds": round(verified, 3),
        "bare_rsa_milliseconds": round(bare, 3),
        "times_bare_rsa": round(verified / bare, 2),
        "documents_per_second_and_core": round(1e3 / verified),
        "with_reading_milliseconds": round(read, 3),
        "document_bytes": len(signed),
    }
