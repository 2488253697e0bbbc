# SPDX-License-Identifier: Apache-2.0
"""Enveloped signatures of SAML metadata and of eIDAS service lists, by keys that are known beforehand.

Traps that this module knows of:

- What is signed is the root, found by its place; its ID only has to agree. What moves elsewhere in the document, or
  stands there with the same ID, therefore is no candidate. Signatures of entities further inside are content.
- KeyInfo isn't signed and has no say: one of the expected keys made the signature, or nobody did.
- OpenSAML writes InclusiveNamespaces where values have an `xsi:type`, as those of eIDAS nodes do; the list of prefixes
  changes which declarations are hashed, never which elements.

Clauses: saml-core-2.0 §5.4 (what saml-metadata-2.0 §3 refers to); W3C Exclusive XML Canonicalization §2.3, §4.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from lxml import etree

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.parsing import PublicKey
from trust_lists.certificates.signed import public_key
from trust_lists.errors import CertificateError, SignatureInvalidError, shown
from trust_lists.signatures import profiles
from trust_lists.signatures.elements import allowed, children, ds, octets_of, refuse_outside_root, take_out
from trust_lists.signatures.list_signers import name_of
from trust_lists.signatures.profiles import C14N_EXCLUSIVE, ENVELOPED, SHA256, SHA384, SHA512, SignatureProfile
from trust_lists.signatures.values import key_error, verify_value
from trust_lists.xml import MAX_LIST_BYTES, canonicalise, parse_xml

SAML = SignatureProfile(
    name="SAML metadata",
    canonicalizations=(C14N_EXCLUSIVE,),
    signature_methods=(
        profiles.RSA_SHA256,
        profiles.RSA_SHA384,
        profiles.RSA_SHA512,
        profiles.PSS_SHA256,
        profiles.PSS_SHA384,
        profiles.PSS_SHA512,
        profiles.ECDSA_SHA256,
        profiles.ECDSA_SHA384,
        profiles.ECDSA_SHA512,
        profiles.ED25519,
    ),
    digest_methods=(SHA256, SHA384, SHA512),
    transforms=((ENVELOPED, C14N_EXCLUSIVE),),
)

_HASHES = {SHA256: hashlib.sha256, SHA384: hashlib.sha384, SHA512: hashlib.sha512}
_IDS: Any = etree.XPath("//@Id | //@ID | //@id | //@xml:id")
_INCLUSIVE = f"{{{C14N_EXCLUSIVE}}}InclusiveNamespaces"
_PREFIX = re.compile(r"#default|[A-Za-z_][\w.-]{0,99}")
_MAX_PREFIXES = 32


@dataclass(frozen=True, slots=True)
class VerifiedSaml:
    """What was signed (`root`: without its Signature and without comments), and by which of those expected."""

    root: etree._Element
    signer: ListedCertificate


def verify_saml(data: bytes, *, signers: Collection[ListedCertificate], root_tags: Collection[str]) -> VerifiedSaml:
    """Verify the one signature of the root, by the key of one of the `signers`, whose dates don't count.

    Raises XmlRefusedError, and SignatureInvalidError: ROOT, OUTSIDE_ROOT, NO_SIGNATURE, SEVERAL_SIGNATURES,
    DUPLICATE_ID, STRUCTURE, REFERENCE, TRANSFORM, ALGORITHM, KEY, SIGNATURE_MISMATCH, DIGEST_MISMATCH.
    """
    root = parse_xml(data, max_bytes=MAX_LIST_BYTES)
    if root.tag not in root_tags:
        raise SignatureInvalidError("ROOT", f"the document is a {shown(str(root.tag))}, which is not expected here")
    refuse_outside_root(root)
    signature = _signature(root)
    signed_info, value = _parts(signature)
    c14n, method, reference = children(signed_info, "CanonicalizationMethod", "SignatureMethod", "Reference")
    allowed(c14n, SAML.canonicalizations, SAML.name)
    digest, octets_of_digest, prefixes = _reference(reference, root)
    signed = canonicalise(signed_info, exclusive=True)
    signer = _signer(signers, allowed(method, SAML.signature_methods, SAML.name), octets_of(value), signed)
    take_out(signature)
    if _HASHES[digest](canonicalise(root, exclusive=True, prefixes=prefixes)).digest() != octets_of_digest:
        raise SignatureInvalidError("DIGEST_MISMATCH", "the document was changed after it was signed")
    return VerifiedSaml(root, signer)


def _signature(root: etree._Element) -> etree._Element:
    found = root.findall(ds("Signature"))
    if not found:
        raise SignatureInvalidError("NO_SIGNATURE", "the root of the document is not signed")
    if len(found) > 1:
        raise SignatureInvalidError("SEVERAL_SIGNATURES", f"the root has {len(found)} signatures; one is allowed")
    twice = next((str(each) for each, times in Counter(_IDS(root)).items() if times > 1), None)
    if twice is not None:
        raise SignatureInvalidError("DUPLICATE_ID", f"the ID {shown(twice)!r} stands in several places")
    return found[0]


def _parts(signature: etree._Element) -> tuple[etree._Element, etree._Element]:
    with_key_info = signature.find(ds("KeyInfo")) is not None
    found = children(signature, "SignedInfo", "SignatureValue", *(["KeyInfo"] if with_key_info else []))
    return found[0], found[1]


def _reference(reference: etree._Element, root: etree._Element) -> tuple[str, bytes, tuple[str, ...]]:
    """Digest method, digest, and the prefixes that are canonicalised inclusively."""
    uri, own = reference.get("URI"), root.get("ID")
    if uri != "" and not (own and uri == f"#{own}"):
        raise SignatureInvalidError("REFERENCE", "the Reference is not to the root of the document, by its ID")
    transforms, method, value = children(reference, "Transforms", "DigestMethod", "DigestValue")
    found = children(transforms, *["Transform"] * len(transforms))
    if tuple(each.get("Algorithm", "") for each in found) not in SAML.transforms:
        raise SignatureInvalidError("TRANSFORM", "the transforms are not enveloped-signature and exclusive c14n")
    enveloped, exclusive = found
    if len(enveloped):
        raise SignatureInvalidError("TRANSFORM", "enveloped-signature has no parameters")
    return allowed(method, SAML.digest_methods, SAML.name), octets_of(value), _prefixes(exclusive)


def _prefixes(transform: etree._Element) -> tuple[str, ...]:
    if not len(transform):
        return ()
    if [each.tag for each in transform] != [_INCLUSIVE] or len(transform[0]):
        raise SignatureInvalidError("TRANSFORM", "exclusive c14n has no parameters but InclusiveNamespaces")
    found = tuple(transform[0].get("PrefixList", "").split())
    if len(found) > _MAX_PREFIXES or not all(map(_PREFIX.fullmatch, found)):
        raise SignatureInvalidError("TRANSFORM", "InclusiveNamespaces has no list of prefixes")
    return found


def _signer(signers: Iterable[ListedCertificate], method: str, value: bytes, signed: bytes) -> ListedCertificate:
    problems = []
    for each in signers:
        try:
            key = _key(each, method)
        except CertificateError as error:
            problems.append(str(error))
            continue
        if verify_value(key, method, value, signed):
            return each
        problems.append("")
    if all(problems):
        told = "; ".join(problems) or "there is none"
        raise SignatureInvalidError("KEY", f"no expected signer has a key for this signature: {told}")
    raise SignatureInvalidError("SIGNATURE_MISMATCH", "the signature is wrong, or of somebody who is not expected")


def _key(signer: ListedCertificate, method: str) -> PublicKey:
    key = public_key(signer.key)
    problem = key_error(key, method, SAML) if isinstance(key, PublicKey) else "a key of this kind signs no XML"
    if not isinstance(key, PublicKey) or problem is not None:
        raise CertificateError(f"{name_of(signer)}: {problem}")
    return key
