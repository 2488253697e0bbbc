# SPDX-License-Identifier: Apache-2.0
"""The signatures on SMP documents (Peppol SMP 1.4.0 "Message signature"; OASIS SMP 1.0 and 2.0 §3.6; TAD TA22, TA23).

Says who signed and that nothing was changed, never whether that somebody is trusted: that is asked of the domain's
trust model.
"""

from dataclasses import dataclass, replace

from cryptography import x509
from lxml import etree

from registry.domains.domain import Domain
from registry.errors import ValidationError
from registry.smp.documents.catalogue import dialect_of
from registry.smp.documents.dialect import Dialect
from registry.smp.documents.parsed import ParsedDocument
from registry.smp.documents.source import read_source, refused
from trust_lists.certificates.parsing import SigningKey
from trust_lists.errors import SigningError, XmlRefusedError
from trust_lists.signatures.profiles import restricted
from trust_lists.signatures.xmldsig import ARCHIVE, SignatureProfile, sign_enveloped, verify_enveloped
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
class VerifiedDocument:
    """A document of which every word was signed with the key of `certificate`.

    `other_certificates` came along in the signature: evidence for building a path, worth nothing by themselves.
    """

    dialect: Dialect
    parsed: ParsedDocument
    certificate: x509.Certificate
    algorithms: SignatureAlgorithms
    other_certificates: tuple[x509.Certificate, ...] = ()


def signature_profile(domain: Domain, dialect: Dialect) -> SignatureProfile:
    """What a dialect allows to sign with, narrowed to what the domain allows."""
    return restricted(dialect.signature, domain.smp.signature_algorithms)


def sign_document(unsigned: bytes, key: SigningKey, dialect: Dialect, profile: SignatureProfile | None = None) -> bytes:
    """`unsigned`, written in `dialect`, with the signature that the dialect asks for; no other byte changes.

    `profile` may narrow the dialect's algorithms to those of a domain. Raises ValidationError when the document is
    none that is signed, is signed already, or the key isn't fit.
    """
    root, _ = read_source(unsigned)
    if root.tag not in dialect.signed_roots:
        raise ValidationError.of(
            "SMP-NOT-SIGNABLE", f"{root.tag} is not what an SMP signs", f"{dialect.title}; eDelivery SMP TAD TA22"
        )
    try:
        return sign_enveloped(unsigned, key, profile or dialect.signature)
    except XmlRefusedError as error:
        raise refused(error) from error
    except SigningError as error:
        raise ValidationError.of("SMP-NOT-SIGNABLE", str(error), f"{dialect.title}, signatures") from error


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


def verify_document(
    data: bytes, *, archive: bool = False, dialect: Dialect | None = None, profile: SignatureProfile | None = None
) -> VerifiedDocument:
    """Verify the signature, then read what it covers; bytes that aren't signed are not looked at.

    `dialect` is the document's, where the caller has looked already (`dialect_of` parses it). `profile` may narrow the
    dialect's algorithms; `archive` also lets in what networks signed with
    before today's rules (SHA-1, exclusive canonicalisation). Byte for byte equality of extensions isn't kept here.
    Raises `trust_lists.errors.SignatureInvalidError` when the signature is wrong, missing or of another form;
    ValidationError when the document can't be understood.
    """
    dialect = dialect or dialect_of(data)
    algorithms = ARCHIVE if archive else profile or dialect.signature
    try:
        verified = verify_enveloped(data, profile=algorithms, root_tags=dialect.signed_roots)
    except XmlRefusedError as error:
        raise refused(error) from error
    parsed = dialect.read(etree.tostring(verified.root, encoding="UTF-8"))
    made_with = SignatureAlgorithms(
        verified.signature_algorithm, verified.digest_algorithm, verified.canonicalization, verified.transforms
    )
    return VerifiedDocument(
        dialect, replace(parsed, signed=True), verified.certificate, made_with, verified.other_certificates
    )
