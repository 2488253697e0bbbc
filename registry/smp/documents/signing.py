# SPDX-License-Identifier: Apache-2.0
"""The signature on service metadata (Peppol SMP 1.4.0 "Message signature"; eDelivery SMP TAD TA22, TA23).

Says who signed and that nothing was changed, never whether that somebody is trusted: that is asked of the domain's
trust model.
"""

from dataclasses import dataclass, replace

from cryptography import x509
from lxml import etree

from registry.errors import ValidationError
from registry.smp.documents.busdox import read
from registry.smp.documents.busdox.names import SIGNED_SERVICE_METADATA, SPECIFICATION, TAD
from registry.smp.documents.dialects import expect
from registry.smp.documents.parsed import ParsedDocument
from registry.smp.documents.source import read_source, refused
from trust_lists.certificates.parsing import SigningKey
from trust_lists.errors import SigningError, XmlRefusedError
from trust_lists.signatures.xmldsig import ARCHIVE, PEPPOL_1_4, sign_enveloped, verify_enveloped
from trust_lists.xml import parse_xml

_STAND_IN = b'<s:Signature xmlns:s="urn:x">%b%b</s:Signature>' % (b"<s:x></s:x>" * 32, b"=" * 12_000)
"""More bytes and more elements than any signature that we make."""


@dataclass(frozen=True, slots=True)
class SignatureAlgorithms:
    """What a signature was made with, as URIs of XML Signature."""

    signature: str
    digest: str
    canonicalization: str
    transforms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VerifiedServiceMetadata:
    """Service metadata, or a redirect, of which every word was signed with the key of `certificate`.

    `other_certificates` came along in the signature: evidence for building a path, worth nothing by themselves.
    """

    parsed: ParsedDocument
    certificate: x509.Certificate
    algorithms: SignatureAlgorithms
    other_certificates: tuple[x509.Certificate, ...] = ()


def sign_service_metadata(unsigned: bytes, key: SigningKey) -> bytes:
    """`unsigned`, a SignedServiceMetadata without signature, signed as Peppol SMP 1.4.0 asks; no other byte changes.

    Raises ValidationError when the document is something else, is signed already, or the key isn't fit (RSA).
    """
    root, _ = read_source(unsigned)
    if root.tag != SIGNED_SERVICE_METADATA:
        raise ValidationError.of(
            "SMP-NOT-SIGNABLE", f"{root.tag} is not what an SMP signs", f"{SPECIFICATION} §2; {TAD} TA22"
        )
    try:
        return sign_enveloped(unsigned, key, PEPPOL_1_4)
    except XmlRefusedError as error:
        raise refused(error) from error
    except SigningError as error:
        raise ValidationError.of("SMP-NOT-SIGNABLE", str(error), f"{SPECIFICATION} 'Message signature'") from error


def check_signable(unsigned: bytes) -> None:
    """Raises ValidationError where a document that was written by us is beyond what can be signed and read again.

    Whoever publishes asks this first: what is stored must be servable. A signature adds to the size and the cost of a
    document, so something larger is put in its place for the occasion.
    """
    end = unsigned.rfind(b"</")
    try:
        parse_xml(unsigned[:end] + _STAND_IN + unsigned[end:])
    except XmlRefusedError as error:
        raise refused(error) from error


def verify_service_metadata(data: bytes, *, archive: bool = False) -> VerifiedServiceMetadata:
    """Verify the signature, then read what it covers; bytes that aren't signed are not looked at.

    `archive` also lets in what networks signed with before today's rules (SHA-1, exclusive canonicalisation). Byte
    for byte equality of extensions isn't kept here. Raises `trust_lists.errors.SignatureInvalidError` when the
    signature is wrong, missing or of another form; ValidationError when the document can't be understood.
    """
    root, _ = read_source(data)
    expect(root.tag, "busdox")
    profile = ARCHIVE if archive else PEPPOL_1_4
    try:
        verified = verify_enveloped(data, profile=profile, root_tags={SIGNED_SERVICE_METADATA})
    except XmlRefusedError as error:
        raise refused(error) from error
    parsed = read(etree.tostring(verified.root, encoding="UTF-8"))
    algorithms = SignatureAlgorithms(
        verified.signature_algorithm, verified.digest_algorithm, verified.canonicalization, verified.transforms
    )
    return VerifiedServiceMetadata(
        replace(parsed, signed=True), verified.certificate, algorithms, verified.other_certificates
    )
