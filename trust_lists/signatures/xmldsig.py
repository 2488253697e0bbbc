# SPDX-License-Identifier: Apache-2.0
"""Enveloped XML signatures over whole documents: the only module that imports signxml.

Clauses: W3C XML Signature 1.1; RFC 9231 §2.3.12 (Ed25519); Peppol SMP 1.4.0 "Message signature"; OASIS BDXR SMP 1.0
§3.6 and SMP 2.0 §3.6.2.

Traps that this module knows of:

- libxml2 canonicalises parts of a document wrongly, so stock signxml refuses what Java publishers sign; `canonicalise`
  parses the part on its own first.
- signxml writes a second Transform unless told otherwise, signs `#Id` instead of `""` where the root has an `Id`, and
  gives a meaning to nested signatures called `placeholder`.
- A signature proves nothing about what surrounds the signed data: only `VerifiedDocument.root` was signed.

Methods of signxml that begin with an underscore are overridden here; its version is therefore pinned to a minor one.
"""

import base64
import re
from collections.abc import Collection
from copy import deepcopy
from dataclasses import dataclass
from enum import Enum
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureConstructionMethod, SignatureMethod
from signxml.exceptions import InvalidDigest, SignXMLException
from signxml.signer import SignatureReference, XMLSigner
from signxml.verifier import SignatureConfiguration, XMLVerifier

from trust_lists.certificates.parsing import SigningKey, load_certificate, public_key
from trust_lists.errors import CertificateError, SignatureInvalidError, SigningError
from trust_lists.signatures.elements import (
    DS,
    MAX_CERTIFICATES,
    algorithm_of,
    allowed,
    children,
    ds,
    has_xml_attribute,
    octets_of,
    refuse_outside_root,
    text_of,
)
from trust_lists.signatures.profiles import (
    ARCHIVE,
    BDXR_1_0,
    BDXR_2_0,
    C14N_10,
    C14N_EXCLUSIVE,
    ED25519,
    PEPPOL_1_4,
    SignatureProfile,
)
from trust_lists.signatures.values import key_error, method_for
from trust_lists.xml import canonicalise, parse_xml, to_utf8

__all__ = [
    "ARCHIVE",
    "BDXR_1_0",
    "BDXR_2_0",
    "PEPPOL_1_4",
    "SignatureProfile",
    "VerifiedDocument",
    "create_signature",
    "sign_enveloped",
    "verify_enveloped",
]

_SIGNATURE = ds("Signature")
_END_TAG = re.compile(rb"</[^<>/]+>\s*")


class _MoreMethods(Enum):
    """Signature methods that signxml doesn't know; it writes their URI and leaves the rest to us."""

    EDDSA_ED25519 = ED25519


@dataclass(frozen=True, slots=True)
class VerifiedDocument:
    """What a signature covers, and who made it; nothing here is trusted yet.

    `root` is built from the signed bytes alone (without the Signature and without comments). `other_certificates`
    came with the signer's in X509Data. Algorithms are URIs.
    """

    root: etree._Element
    certificate: x509.Certificate
    signature_algorithm: str
    digest_algorithm: str
    canonicalization: str
    transforms: tuple[str, ...]
    other_certificates: tuple[x509.Certificate, ...] = ()


def create_signature(document: bytes, key: SigningKey, profile: SignatureProfile) -> bytes:
    """The `<ds:Signature>` that makes `document` a signed one, to be put right before the end tag of its root.

    No white space may be added around it, since that would be part of what is signed. The bytes are ASCII and stand
    on their own. Raises XmlRefusedError, SigningError.
    """
    signature, _ = _sign(parse_xml(document), key, profile)
    return signature


def sign_enveloped(document: bytes, key: SigningKey, profile: SignatureProfile) -> bytes:
    """`document` with a signature as last child of its root, all other bytes untouched.

    The result was read again, and what a verifier hashes in it is what was hashed for signing.

    Raises XmlRefusedError; SigningError where the document (already signed, an empty root, UTF-16) or the key does not
    fit the profile.
    """
    root = parse_xml(document)
    end = document.rfind(b"</")
    if end < 0 or not _END_TAG.fullmatch(document, end):
        raise SigningError("there is no place for a signature: the document does not end with its root's end tag")
    signature, hashed = _sign(root, key, profile)
    signed = document[:end] + signature + document[end:]
    if not _reads_as(signed, hashed, profile):
        raise SigningError("the document cannot be signed: it reads differently once the signature is in it")
    return signed


def verify_enveloped(document: bytes, *, profile: SignatureProfile, root_tags: Collection[str]) -> VerifiedDocument:
    """Verifies the one signature that is a direct child of the root and covers the whole document.

    `root_tags` are the names of acceptable roots, as `{namespace}name`. Signatures deeper inside are content. Whether
    the certificate is valid, or anybody's, is not looked at.

    Raises XmlRefusedError, and SignatureInvalidError with reason_id ROOT, OUTSIDE_ROOT, XML_ATTRIBUTE, NO_SIGNATURE,
    SEVERAL_SIGNATURES, STRUCTURE, REFERENCE, ALGORITHM, CERTIFICATE, KEY, SIGNATURE_MISMATCH or DIGEST_MISMATCH.
    """
    root = parse_xml(document)
    if root.tag not in root_tags:
        raise SignatureInvalidError("ROOT", f"the document is a {root.tag}, which is not expected here")
    _refuse_ambiguous(root)
    claims = _read_claims(_only_signature(root), profile)
    try:
        result = _Verifier().verify_claims(root, claims)
    except InvalidDigest:
        raise SignatureInvalidError("DIGEST_MISMATCH", "the document was changed after it was signed") from None
    except InvalidSignature as error:
        told = f": {error}" if str(error) else ""
        raise SignatureInvalidError("SIGNATURE_MISMATCH", f"the signature value is wrong{told}") from None
    except (SignXMLException, etree.LxmlError, ValueError, UnsupportedAlgorithm) as error:
        raise SignatureInvalidError("STRUCTURE", f"the signature cannot be verified: {error}") from None
    if result.signed_xml is None:
        raise SignatureInvalidError("STRUCTURE", "the signed bytes are no document")
    return VerifiedDocument(
        root=result.signed_xml,
        certificate=claims.certificate,
        signature_algorithm=claims.signature_algorithm,
        digest_algorithm=claims.digest_algorithm,
        canonicalization=claims.canonicalization,
        transforms=claims.transforms,
        other_certificates=claims.other_certificates,
    )


@dataclass(frozen=True, slots=True)
class _Claims:
    """What the Signature element says, checked for form only."""

    certificate: x509.Certificate
    other_certificates: tuple[x509.Certificate, ...]
    signature_algorithm: str
    digest_algorithm: str
    canonicalization: str
    transforms: tuple[str, ...]


class _Verifier(XMLVerifier):
    def verify_claims(self, root: etree._Element, claims: _Claims) -> Any:
        """signxml's VerifyResult. Raises what signxml, lxml and cryptography raise."""
        by_ed25519 = claims.signature_algorithm == ED25519
        methods = set() if by_ed25519 else {SignatureMethod(claims.signature_algorithm)}
        configuration = SignatureConfiguration(
            location="./",
            expect_references=1,
            signature_methods=frozenset(methods),
            digest_algorithms=frozenset({DigestAlgorithm(claims.digest_algorithm)}),
            # The key is always the certificate's; a KeyValue beside it is not signed and has no say.
            ignore_ambiguous_key_info=True,
            # Validity in time is a matter of trust, so the question is put at a moment when the answer is yes.
            verification_time=claims.certificate.not_valid_before_utc,
            default_reference_c14n_method=CanonicalizationMethod(C14N_10),
        )
        if by_ed25519:
            return self._verify_ed25519(root, claims, configuration)
        return self.verify(root, x509_cert=claims.certificate, expect_config=configuration)

    def _verify_ed25519(self, root: etree._Element, claims: _Claims, configuration: SignatureConfiguration) -> Any:
        """What `verify` does, but for the one step that it can't."""
        validate: Any = self.validate_schema  # neither of these has types
        verify_reference: Any = self._verify_reference
        self.config = configuration
        signature = _only_signature(root)
        validate(signature)
        signed_info, signature_value, _ = signature
        c14n = CanonicalizationMethod(claims.canonicalization)
        key: Any = claims.certificate.public_key()
        key.verify(base64.b64decode(text_of(signature_value)), self._c14n(signed_info, c14n))
        return verify_reference(signed_info[2], 0, root, None, c14n, signature, key)

    def get_root(self, data: etree._Element) -> etree._Element:
        return data

    def _tostring(self, xml_node: etree._Element, **_options: object) -> bytes:
        return to_utf8(xml_node)  # in ASCII, which is signxml's choice, names of other letters can't be written

    def _c14n(
        self, nodes: etree._Element, algorithm: CanonicalizationMethod, inclusive_ns_prefixes: object = None
    ) -> bytes:
        return _canonical(nodes, algorithm)


@dataclass(frozen=True, slots=True)
class _Hashed:
    """The canonical forms that a signature rests on: of the document, and of SignedInfo."""

    document: bytes
    signed_info: bytes


class _Signer(XMLSigner):
    """Puts the signature last, refers to the whole document always, and remembers what it hashed."""

    def __init__(self, method: str, profile: SignatureProfile) -> None:
        super().__init__(
            method=SignatureConstructionMethod.enveloped,
            signature_algorithm=SignatureMethod.RSA_SHA256 if method == ED25519 else method,
            digest_algorithm=profile.digest_methods[0],
            c14n_algorithm=profile.canonicalizations[0],
        )
        if method == ED25519:
            self.sign_alg = _MoreMethods.EDDSA_ED25519
        self.reference_c14n = _reference_c14n(profile.transforms[0])
        self.only_enveloped = len(profile.transforms[0]) == 1
        self.canonical: list[bytes] = []

    def sign_root(self, root: etree._Element, key: SigningKey) -> None:
        key_info = _key_info(key.certificate)
        if isinstance(key.private_key, Ed25519PrivateKey):
            self._sign_ed25519(root, key.private_key, key_info)
        else:
            self.sign(
                root,
                key=key.private_key,
                key_info=key_info,
                exclude_c14n_transform_element=self.only_enveloped,
            )

    def _sign_ed25519(self, root: etree._Element, key: Ed25519PrivateKey, key_info: etree._Element) -> None:
        """What `sign` does, but for the one step that it can't: 64 bytes in base64 (RFC 9231 §2.3.12)."""
        signature, _, documents, references = self._unpack(root, None)
        build: Any = self._build_sig  # it has no types
        signed_info, value = build(signature, references, documents, None, self.only_enveloped)
        signature.append(key_info)
        value.text = base64.b64encode(key.sign(self._c14n(signed_info, self.c14n_alg))).decode()

    def _unpack(
        self, data: etree._Element, references: object
    ) -> tuple[etree._Element, etree._Element, list[etree._Element], list[SignatureReference]]:
        document = deepcopy(data)
        signature = etree.SubElement(data, _SIGNATURE, nsmap=self.namespaces)
        return signature, data, [document], [SignatureReference(URI="", c14n_method=self.reference_c14n)]

    def _ds_tag(self, tag: str) -> str:
        return f"{{{DS}}}{tag}"  # the QName objects of signxml cost a tenth of a signature

    def _c14n(
        self, nodes: etree._Element, algorithm: CanonicalizationMethod, inclusive_ns_prefixes: object = None
    ) -> bytes:
        canonical = _canonical(nodes, algorithm)
        self.canonical.append(canonical)
        return canonical


def _reference_c14n(transforms: tuple[str, ...]) -> CanonicalizationMethod:
    """How the signed data is canonicalised: by Canonical XML 1.0 where no transform says it (XMLDSig 1.1 §4.4.3.2)."""
    return CanonicalizationMethod(transforms[1] if len(transforms) > 1 else C14N_10)


def _canonical(element: etree._Element, algorithm: CanonicalizationMethod) -> bytes:
    # 1.0 and 1.1 differ in attributes of the xml namespace only, which _refuse_ambiguous keeps out
    return canonicalise(element, exclusive=algorithm.value == C14N_EXCLUSIVE)


def _sign(root: etree._Element, key: SigningKey, profile: SignatureProfile) -> tuple[bytes, _Hashed]:
    """Signs the document whose root this is; the tree is spent afterwards."""
    if root.find(_SIGNATURE) is not None:
        raise SigningError("the document is signed already")
    try:
        _refuse_ambiguous(root)
        method = method_for(public_key(key.certificate), profile)
    except (SignatureInvalidError, CertificateError) as error:
        raise SigningError(str(error)) from None
    signer = _Signer(method, profile)
    signer.sign_root(root, key)
    signature = root[-1]
    root.remove(signature)
    return to_utf8(signature), _Hashed(*signer.canonical)


def _key_info(certificate: x509.Certificate) -> etree._Element:
    key_info = etree.Element(ds("KeyInfo"), nsmap={"ds": DS})
    data = etree.SubElement(key_info, ds("X509Data"))
    text = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
    etree.SubElement(data, ds("X509Certificate")).text = text
    return key_info


def _reads_as(signed: bytes, hashed: _Hashed, profile: SignatureProfile) -> bool:
    """Whether a verifier of the finished document will come to the same canonical forms as the signer did.

    A whole verification would cost as much as signing; the algorithms behind the hashes are not in doubt here.
    """
    root = parse_xml(signed)
    signature = root[-1] if len(root) else root
    if signature.tag != _SIGNATURE:
        return False  # it went into a comment
    signed_info = _canonical(signature[0], CanonicalizationMethod(profile.canonicalizations[0]))
    root.remove(signature)
    document = _canonical(root, _reference_c14n(profile.transforms[0]))
    return _Hashed(document, signed_info) == hashed


def _refuse_ambiguous(root: etree._Element) -> None:
    """Refuses what verifiers treat differently; neither occurs in documents of the networks that we know."""
    refuse_outside_root(root)
    if has_xml_attribute(root):
        raise SignatureInvalidError("XML_ATTRIBUTE", "the root has an attribute like xml:lang or xml:base")


def _only_signature(root: etree._Element) -> etree._Element:
    signatures = root.findall(_SIGNATURE)
    if not signatures:
        raise SignatureInvalidError("NO_SIGNATURE", "the document is not signed")
    if len(signatures) > 1:
        raise SignatureInvalidError("SEVERAL_SIGNATURES", f"the document has {len(signatures)} signatures")
    return signatures[0]


def _read_claims(signature: etree._Element, profile: SignatureProfile) -> _Claims:
    signed_info, signature_value, key_info = children(signature, "SignedInfo", "SignatureValue", "KeyInfo")
    if len(signed_info.findall(ds("Reference"))) != 1:
        raise SignatureInvalidError("REFERENCE", "there must be exactly one Reference")
    c14n, method, reference = children(signed_info, "CanonicalizationMethod", "SignatureMethod", "Reference")
    if reference.get("URI") != "":
        raise SignatureInvalidError("REFERENCE", 'the Reference must be to the whole document (URI="")')
    transforms, digest_method, digest_value = children(reference, "Transforms", "DigestMethod", "DigestValue")
    sequence = tuple(algorithm_of(transform) for transform in children(transforms, *["Transform"] * len(transforms)))
    if sequence not in profile.transforms:
        raise SignatureInvalidError("ALGORITHM", f"{profile.name} does not allow these transforms: {sequence}")
    certificate, others = _read_certificates(key_info)
    claims = _Claims(
        certificate=certificate,
        other_certificates=others,
        signature_algorithm=allowed(method, profile.signature_methods, profile.name),
        digest_algorithm=allowed(digest_method, profile.digest_methods, profile.name),
        canonicalization=allowed(c14n, profile.canonicalizations, profile.name),
        transforms=sequence,
    )
    for value in (signature_value, digest_value):
        octets_of(value)
    try:
        error = key_error(public_key(certificate), claims.signature_algorithm, profile)
    except CertificateError as unreadable:
        error = str(unreadable)
    if error is not None:
        raise SignatureInvalidError("KEY", error)
    return claims


def _read_certificates(key_info: etree._Element) -> tuple[x509.Certificate, tuple[x509.Certificate, ...]]:
    """The signer's certificate and the others. X509Data has no order: the signer's is the one that issued no other."""
    elements = key_info.findall(f"{ds('X509Data')}/{ds('X509Certificate')}")
    if not 1 <= len(elements) <= MAX_CERTIFICATES:
        raise SignatureInvalidError("CERTIFICATE", f"KeyInfo has {len(elements)} X509Certificate elements")
    try:
        found = [load_certificate(text_of(element)) for element in elements]
    except CertificateError as error:
        raise SignatureInvalidError("CERTIFICATE", str(error)) from None
    issuers = {certificate.issuer for certificate in found if certificate.issuer != certificate.subject}
    signer = next((certificate for certificate in found if certificate.subject not in issuers), found[0])
    return signer, tuple(certificate for certificate in found if certificate is not signer)
