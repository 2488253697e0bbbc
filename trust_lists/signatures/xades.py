# SPDX-License-Identifier: Apache-2.0
"""XAdES signatures of lists: TS 119 612 (B.1) and TS 119 602 in XML, verified and made.

Traps that this module knows of:

- The signer is the certificate that the list of lists announces, byte by byte, as KeyInfo shows it. Neither a path nor
  a key usage is asked for: 71 of 175 real signers may only "nonRepudiation".
- A signature proves nothing about what surrounds the signed data, so `root` is what was hashed: no comments, no
  Signature. Namespace declarations that no name uses are not signed.
- signxml isn't used here: it would parse and serialise a list three times per reference, and what it makes of exclusive
  canonicalisation (no Transform, where it digested with one) neither xmlsec1 nor itself can verify.

Clauses: TS 119 612 §5.7 and B.1; EN 319 132-1 §6.3 (XAdES-B-B); W3C XML Signature 1.1 §3.
"""

import hashlib
from base64 import b64encode
from collections.abc import Collection
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from lxml import etree

from trust_lists.certificates.listed import ListedCertificate, listed
from trust_lists.certificates.parsing import PublicKey, SigningKey, public_key
from trust_lists.certificates.signed import public_key as verifying_key
from trust_lists.errors import CertificateError, SignatureInvalidError, SigningError, XmlRefusedError
from trust_lists.signatures.elements import DS, ds, take_out
from trust_lists.signatures.list_policies import ARCHIVE, CURRENT, PRESCRIBED_TRANSFORMS, ListPolicy
from trust_lists.signatures.list_signers import deviations, forbidden_for_signing, name_of, was_valid
from trust_lists.signatures.profiles import C14N_EXCLUSIVE, SHA1, SHA256, SHA384, SHA512
from trust_lists.signatures.values import key_error, method_for, sign_value, verify_value
from trust_lists.signatures.xades_elements import (
    SIGNED_PROPERTIES_TYPE,
    XADES,
    CertificateDigest,
    SignatureElement,
    read_signature,
    xades,
)
from trust_lists.xml import canonicalise, parse_xml, to_utf8

__all__ = ["ARCHIVE", "CURRENT", "ListPolicy", "VerifiedXades", "sign_xades", "verify_xades"]

_COMFORTABLE_RSA_BITS = 2048
_HASHES = {SHA1: hashlib.sha1, SHA256: hashlib.sha256, SHA384: hashlib.sha384, SHA512: hashlib.sha512}
_NAMESPACES = {"ds": DS, "xades": XADES}


@dataclass(frozen=True, slots=True)
class VerifiedXades:
    """What was signed, and by whom; whether that may be is said by who gave the `signers`.

    `root` is the list without its Signature and without comments. Algorithms are URIs. `signing_time` is the signer's
    claim, in UTC; None where there is no readable one. `signing_certificate`: `V1` or `V2`, which a list of version 6
    must have. `warnings` are sentences about what deviates from the standards and doesn't matter for security.
    """

    root: etree._Element
    signer: ListedCertificate
    signing_time: datetime | None
    signature_algorithm: str
    digest_algorithm: str
    signing_certificate: str
    warnings: tuple[str, ...]


def verify_xades(
    data: bytes,
    *,
    signers: Collection[ListedCertificate] | None,
    policy: ListPolicy = CURRENT,
    verification_time: datetime | None = None,
) -> VerifiedXades:
    """Verify the one signature of a list in XML, and that it is of one of the `signers`.

    With `signers` None anybody may have signed: only for procedures that look at the signer themselves (TS 119 615
    §4.1, §4.2). With a `verification_time` the signer's certificate must be valid then; without one it is an anchor,
    whose dates don't count, and a warning tells where it was not valid at the signing time.

    Raises XmlRefusedError, and SignatureInvalidError with the reasons of `read_signature`, and SIGNING_CERTIFICATE,
    SIGNER_NOT_EXPECTED, SIGNER_NOT_VALID, CERTIFICATE, KEY, SIGNATURE_MISMATCH, DIGEST_MISMATCH.
    """
    root = parse_xml(data, max_bytes=policy.max_bytes)
    found = read_signature(root, policy)
    signer = _signer(found)
    if signers is not None and signer not in signers:
        raise SignatureInvalidError(
            "SIGNER_NOT_EXPECTED", f"the list is signed by {name_of(signer)}, who is not expected"
        )
    key = _key(signer, found.method, policy)
    if verification_time is not None and not was_valid(signer, verification_time):
        raise SignatureInvalidError(
            "SIGNER_NOT_VALID", f"the certificate of {name_of(signer)} is not valid at {verification_time.isoformat()}"
        )
    _check_signature(found, key)
    _check_digests(found, root)
    return VerifiedXades(
        root=root,
        signer=signer,
        signing_time=found.signing_time,
        signature_algorithm=found.method,
        digest_algorithm=found.document.digest_method,
        signing_certificate=found.signing_certificate,
        warnings=_warnings(found, signer, key),
    )


def _signer(found: SignatureElement) -> ListedCertificate:
    """The certificate in KeyInfo that the signed properties name; real lists have just one."""
    for each in found.certificates:
        if all(_names(digests, each) for digests in found.certificate_digests):
            return each
    raise SignatureInvalidError(
        "SIGNING_CERTIFICATE", "the signed properties name another certificate than KeyInfo as the signer's"
    )


def _names(digests: tuple[CertificateDigest, ...], certificate: ListedCertificate) -> bool:
    return any(_HASHES[each.method](certificate.der).digest() == each.digest for each in digests)


def _key(signer: ListedCertificate, method: str, policy: ListPolicy) -> PublicKey:
    try:
        key = verifying_key(signer.key)
    except CertificateError as error:
        raise SignatureInvalidError("KEY", f"the key of {name_of(signer)}: {error}") from None
    if not isinstance(key, PublicKey):
        raise SignatureInvalidError("KEY", f"the key of {name_of(signer)} is neither RSA, EC nor Ed25519")
    unfit = key_error(key, method, policy)
    if unfit is not None:
        raise SignatureInvalidError("KEY", unfit)
    return key


def _check_signature(found: SignatureElement, key: PublicKey) -> None:
    signed = canonicalise(found.signed_info, exclusive=found.canonicalization == C14N_EXCLUSIVE)
    if not verify_value(key, found.method, found.value, signed):
        raise SignatureInvalidError("SIGNATURE_MISMATCH", "the signature value is wrong")


def _check_digests(found: SignatureElement, root: etree._Element) -> None:
    """Leaves the tree without its Signature, which is the enveloped-signature transform."""
    for reference in found.references:
        if reference.element is not None:
            octets = canonicalise(reference.element, exclusive=reference.transforms == (C14N_EXCLUSIVE,))
            if _HASHES[reference.digest_method](octets).digest() != reference.digest:
                name = etree.QName(reference.element).localname
                raise SignatureInvalidError("DIGEST_MISMATCH", f"the {name} were changed after they were signed")
    take_out(found.element)
    document = found.document
    octets = canonicalise(root, exclusive=C14N_EXCLUSIVE in document.transforms)
    if _HASHES[document.digest_method](octets).digest() != document.digest:
        raise SignatureInvalidError("DIGEST_MISMATCH", "the list was changed after it was signed")


def _warnings(found: SignatureElement, signer: ListedCertificate, key: PublicKey) -> tuple[str, ...]:
    warnings: list[str] = []
    if found.canonicalization != C14N_EXCLUSIVE:
        warnings.append(f"SignedInfo is canonicalised by {found.canonicalization}, not exclusively (TS 119 612 B.1)")
    if found.document.transforms != PRESCRIBED_TRANSFORMS:
        warnings.append("the list has other transforms than enveloped-signature and exclusive c14n (TS 119 612 B.1)")
    if not found.only_certificate:
        warnings.append("KeyInfo has more than the signer's certificate (TS 119 612 B.1)")
    if any(each.method == SHA1 for digests in found.certificate_digests for each in digests):
        warnings.append("the signed properties name the signer by a SHA-1 digest (TS 119 312)")
    if isinstance(key, RSAPublicKey) and key.key_size < _COMFORTABLE_RSA_BITS:
        warnings.append(f"the signer's RSA key has only {key.key_size} bits (TS 119 312)")
    if found.signing_time is None:
        warnings.append("there is no readable signing time (EN 319 132-1 §6.3)")
    elif not was_valid(signer, found.signing_time):
        warnings.append("the signer's certificate was not valid at the signing time")
    certificate = signer.certificate
    return (*warnings, *(deviations(certificate) if certificate else (f"the signer: {signer.problem}",)))


def sign_xades(root: etree._Element, key: SigningKey, at: datetime) -> bytes:
    """The list with a XAdES-B-B signature as last child of its root, as an XML document in UTF-8.

    That is: one reference to the whole list (`URI=""`) with the two prescribed transforms, one to the signed
    properties; SigningCertificateV2, SigningTime `at`, KeyInfo with the signer's certificate only; RSA or EC, since
    neither xmlsec1 1.2 nor signxml verifies Ed25519. `root` stays as it is. The result was verified.

    Raises SigningError: for a certificate that is not valid `at` that time or breaks a "shall" of TS 119 612 §5.7.1
    (an authority's; a key usage for other things), for a key off the policy, and for a document that no verifier may
    accept (no list, signed already, Ids twice).
    """
    try:
        method = method_for(public_key(key.certificate), CURRENT)
        forbidden = forbidden_for_signing(key.certificate)
    except CertificateError as error:
        raise SigningError(str(error)) from None
    if forbidden is not None:
        raise SigningError(forbidden)
    signer = listed(key.certificate)
    document = deepcopy(root)
    try:
        _add_signature(document, key, signer, method, at)
        signed = b'<?xml version="1.0" encoding="UTF-8"?>\n' + to_utf8(document) + b"\n"
        verify_xades(signed, signers=(signer,), verification_time=at)
    except (SignatureInvalidError, XmlRefusedError) as error:
        raise SigningError(f"the list cannot be signed: {error}") from None
    return signed


def _add_signature(
    document: etree._Element, key: SigningKey, signer: ListedCertificate, method: str, at: datetime
) -> None:
    """Builds the Signature where it stays: lxml takes prefixes from the list where it declares the same namespaces."""
    digest = _digest(canonicalise(document, exclusive=True))
    # An Id must be of its own in the document, and the same list signed twice be the same document.
    name = f"id-{hashlib.sha256(digest.encode() + signer.der).hexdigest()[:32]}"
    signature = etree.SubElement(document, ds("Signature"), nsmap=_NAMESPACES, Id=name)
    signed_info = etree.SubElement(signature, ds("SignedInfo"))
    value = etree.SubElement(signature, ds("SignatureValue"))
    key_info = etree.SubElement(signature, ds("KeyInfo"))
    _text(etree.SubElement(key_info, ds("X509Data")), ds("X509Certificate"), b64encode(signer.der).decode())
    properties = _signed_properties(etree.SubElement(signature, ds("Object")), name, signer, at)

    etree.SubElement(signed_info, ds("CanonicalizationMethod"), Algorithm=C14N_EXCLUSIVE)
    etree.SubElement(signed_info, ds("SignatureMethod"), Algorithm=method)
    _reference(signed_info, PRESCRIBED_TRANSFORMS, digest, Id=f"{name}-list", URI="")
    _reference(
        signed_info,
        (C14N_EXCLUSIVE,),
        _digest(canonicalise(properties, exclusive=True)),
        Type=SIGNED_PROPERTIES_TYPE,
        URI=f"#{properties.get('Id')}",
    )
    value.text = b64encode(sign_value(key.private_key, method, canonicalise(signed_info, exclusive=True))).decode()


def _signed_properties(wrapper: etree._Element, name: str, signer: ListedCertificate, at: datetime) -> etree._Element:
    qualifying = etree.SubElement(wrapper, xades("QualifyingProperties"), Target=f"#{name}")
    properties = etree.SubElement(qualifying, xades("SignedProperties"), Id=f"{name}-properties")
    of_signature = etree.SubElement(properties, xades("SignedSignatureProperties"))
    _text(of_signature, xades("SigningTime"), at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    cert = etree.SubElement(etree.SubElement(of_signature, xades("SigningCertificateV2")), xades("Cert"))
    _add_digest(etree.SubElement(cert, xades("CertDigest")), _digest(signer.der))
    of_data = etree.SubElement(properties, xades("SignedDataObjectProperties"))
    data_format = etree.SubElement(of_data, xades("DataObjectFormat"), ObjectReference=f"#{name}-list")
    _text(data_format, xades("MimeType"), "text/xml")
    return properties


def _reference(signed_info: etree._Element, transforms: tuple[str, ...], digest: str, **attributes: str) -> None:
    reference = etree.SubElement(signed_info, ds("Reference"), attributes)
    holder = etree.SubElement(reference, ds("Transforms"))
    for transform in transforms:
        etree.SubElement(holder, ds("Transform"), Algorithm=transform)
    _add_digest(reference, digest)


def _add_digest(parent: etree._Element, digest: str) -> None:
    etree.SubElement(parent, ds("DigestMethod"), Algorithm=SHA256)
    _text(parent, ds("DigestValue"), digest)


def _digest(octets: bytes) -> str:
    return b64encode(hashlib.sha256(octets).digest()).decode()


def _text(parent: etree._Element, tag: str, text: str) -> None:
    etree.SubElement(parent, tag).text = text
