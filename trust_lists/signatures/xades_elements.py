# SPDX-License-Identifier: Apache-2.0
"""The Signature element of a list, read strictly: what it says, before anything of it is believed.

What is looked for is found by its place, never by its Id: an Id only has to agree with what was found. That, one
Signature in the whole document and no list inside of the list are the rules against signature wrapping. Clauses:
TS 119 612 §5.7 and B.1; EN 319 132-1 §4 to §6; W3C XML Signature 1.1 §4.4.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lxml import etree

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.parsing import MAX_CERTIFICATE_BYTES
from trust_lists.errors import SignatureInvalidError, shown
from trust_lists.signatures.elements import (
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
from trust_lists.signatures.list_policies import ListPolicy
from trust_lists.signatures.profiles import C14N_10, C14N_11, C14N_EXCLUSIVE

XADES = "http://uri.etsi.org/01903/v1.3.2#"
SIGNED_PROPERTIES_TYPE = "http://uri.etsi.org/01903#SignedProperties"
LIST_TAGS = (
    "{http://uri.etsi.org/02231/v2#}TrustServiceStatusList",
    "{http://uri.etsi.org/019602/v1#}ListOfTrustedEntities",
)

_IDS: Any = etree.XPath("//@Id | //@ID | //@id | //@xml:id")
_SIGNING_CERTIFICATE = {
    "V2": f"{{{XADES}}}SigningCertificateV2",
    "V1": f"{{{XADES}}}SigningCertificate",
}
_PART_TRANSFORMS = ((), (C14N_EXCLUSIVE,), (C14N_10,), (C14N_11,))


def xades(name: str) -> str:
    """The name of an element of XAdES, as lxml writes it."""
    return f"{{{XADES}}}{name}"


@dataclass(frozen=True, slots=True)
class Reference:
    """A digest and what it is of; `element` is None where that is the whole list."""

    element: etree._Element | None
    transforms: tuple[str, ...]
    digest_method: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class CertificateDigest:
    """One `xades:Cert`."""

    method: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class SignatureElement:
    """What a Signature says, checked for form only; algorithms are URIs."""

    element: etree._Element
    signed_info: etree._Element
    canonicalization: str
    method: str
    value: bytes
    references: tuple[Reference, ...]
    certificates: tuple[ListedCertificate, ...]
    """Those of KeyInfo: one or more."""
    only_certificate: bool
    """Whether KeyInfo has nothing else, as B.1 wants it."""
    signing_certificate: str
    """"V1" or "V2": how the signed properties name the signer."""
    certificate_digests: tuple[tuple[CertificateDigest, ...], ...]
    """Of each property that names the signer, with the signer among them."""
    signing_time: datetime | None

    @property
    def document(self) -> Reference:
        """The reference to the list."""
        return next(reference for reference in self.references if reference.element is None)


def read_signature(root: etree._Element, policy: ListPolicy) -> SignatureElement:
    """The one signature of the list whose root this is.

    Raises SignatureInvalidError: ROOT, OUTSIDE_ROOT, NO_SIGNATURE, NESTED_LIST, SEVERAL_SIGNATURES, MISPLACED,
    DUPLICATE_ID, STRUCTURE, NOT_XADES, REFERENCE, TRANSFORM, ALGORITHM, XML_ATTRIBUTE, CERTIFICATE,
    SIGNING_CERTIFICATE.
    """
    signature = _find_signature(root)
    signed_info, value, key_info, wrapper = _parts(signature)
    properties = _signed_properties(signature, wrapper)
    if len(signed_info) < 2:
        raise SignatureInvalidError("STRUCTURE", "SignedInfo is incomplete")
    children(signed_info, "CanonicalizationMethod", "SignatureMethod", *["Reference"] * (len(signed_info) - 2))
    canonicalization = allowed(signed_info[0], policy.canonicalizations, policy.name)
    if canonicalization != C14N_EXCLUSIVE:
        _refuse_inherited(signed_info)
    version, digests, signing_time = _read_properties(properties, policy)
    return SignatureElement(
        element=signature,
        signed_info=signed_info,
        canonicalization=canonicalization,
        method=allowed(signed_info[1], policy.signature_methods, policy.name),
        value=octets_of(value),
        references=_references(list(signed_info)[2:], root, key_info, properties, policy),
        certificates=_certificates(key_info),
        only_certificate=[child.tag for child in key_info] == [ds("X509Data")] and len(key_info[0]) == 1,
        signing_certificate=version,
        certificate_digests=digests,
        signing_time=signing_time,
    )


def _find_signature(root: etree._Element) -> etree._Element:
    if root.tag not in LIST_TAGS:
        raise SignatureInvalidError("ROOT", f"the document is a {shown(str(root.tag))}, not a trusted list")
    refuse_outside_root(root)
    if sum(1 for _ in root.iter(*LIST_TAGS)) > 1:
        raise SignatureInvalidError("NESTED_LIST", "there is a list inside of the list; one of them was not signed")
    found = list(root.iter(ds("Signature")))
    if not found:
        raise SignatureInvalidError("NO_SIGNATURE", "the list is not signed")
    if len(found) > 1:
        raise SignatureInvalidError("SEVERAL_SIGNATURES", f"the list has {len(found)} signatures; one is allowed")
    if found[0].getparent() is not root:
        raise SignatureInvalidError("MISPLACED", "the signature is not a child of the root element")
    counted = Counter(_IDS(root))
    twice = next((str(each) for each, times in counted.items() if times > 1), None)
    if twice is not None:
        raise SignatureInvalidError("DUPLICATE_ID", f"the Id {shown(twice)!r} stands in several places")
    return found[0]


def _parts(signature: etree._Element) -> list[etree._Element]:
    if signature.find(ds("Object")) is None:
        raise SignatureInvalidError("NOT_XADES", "the signature has no signed properties: it is not XAdES")
    return children(signature, "SignedInfo", "SignatureValue", "KeyInfo", "Object")


def _signed_properties(signature: etree._Element, wrapper: etree._Element) -> etree._Element:
    """The one `SignedProperties`; what the signature doesn't cover may only be `UnsignedProperties` beside it."""
    if [child.tag for child in wrapper] != [xades("QualifyingProperties")]:
        raise SignatureInvalidError("STRUCTURE", "Object must hold QualifyingProperties and nothing else")
    if wrapper[0].get("Target") != f"#{signature.get('Id')}":
        raise SignatureInvalidError("STRUCTURE", "QualifyingProperties are about another signature (Target)")
    names = [child.tag for child in wrapper[0]]
    if not names or names[0] != xades("SignedProperties") or names[1:] not in ([], [xades("UnsignedProperties")]):
        raise SignatureInvalidError("STRUCTURE", "QualifyingProperties must begin with the one SignedProperties")
    return wrapper[0][0]


def _references(
    found: Sequence[etree._Element],
    root: etree._Element,
    key_info: etree._Element,
    properties: etree._Element,
    policy: ListPolicy,
) -> tuple[Reference, ...]:
    """Each reference with its target: the list and the signed properties (both must be there), and KeyInfo."""
    references: dict[str, Reference] = {}
    for each in found:
        name, element = _target(each, root, key_info, properties)
        if name in references:
            raise SignatureInvalidError("REFERENCE", f"there are two references to {name}")
        references[name] = _reference(each, element, policy)
    if "the list" not in references:
        raise SignatureInvalidError("REFERENCE", "no reference is to the root of the document")
    if "the signed properties" not in references:
        raise SignatureInvalidError("REFERENCE", "no reference is to the signed properties")
    return tuple(references.values())


def _target(
    reference: etree._Element, root: etree._Element, key_info: etree._Element, properties: etree._Element
) -> tuple[str, etree._Element | None]:
    uri, kind = reference.get("URI"), reference.get("Type", "")
    if uri == "" or uri == _own_uri(root):
        if kind:
            raise SignatureInvalidError("REFERENCE", f"the reference to the list is of type {shown(kind)!r}")
        return "the list", None
    if uri == _own_uri(properties):
        if kind != SIGNED_PROPERTIES_TYPE:
            raise SignatureInvalidError("REFERENCE", "the reference to the signed properties lacks its Type")
        return "the signed properties", properties
    if uri == _own_uri(key_info):
        return "KeyInfo", key_info
    what = f"{shown(uri or '')!r}" + (f" of type {shown(kind)!r}" if kind else "")
    raise SignatureInvalidError(
        "REFERENCE", f"a reference is to {what}, which is neither the root, nor the signed properties, nor KeyInfo"
    )


def _own_uri(element: etree._Element) -> str:
    """No URI begins with a line break, so an element without an Id is referred to by nobody."""
    return f"#{element.get('Id')}" if element.get("Id") else "\n"


def _reference(reference: etree._Element, element: etree._Element | None, policy: ListPolicy) -> Reference:
    names = [child.tag for child in reference]
    transforms = reference[0] if names[:1] == [ds("Transforms")] else None
    method, digest = children(
        reference, *(["Transforms"] if transforms is not None else []), "DigestMethod", "DigestValue"
    )[-2:]
    sequence = _transforms(transforms) if transforms is not None else ()
    expected = policy.transforms if element is None else _PART_TRANSFORMS
    if sequence not in expected:
        named = shown(", ".join(sequence)) or "none"
        raise SignatureInvalidError("TRANSFORM", f"non-conformant transform: {policy.name} does not allow {named}")
    if element is not None and sequence != (C14N_EXCLUSIVE,):
        _refuse_inherited(element)
    return Reference(element, sequence, allowed(method, policy.digest_methods, policy.name), octets_of(digest))


def _transforms(transforms: etree._Element) -> tuple[str, ...]:
    found = children(transforms, *["Transform"] * len(transforms))
    odd = next((each.get("Algorithm", "") for each in found if len(each)), None)
    if odd is not None:
        raise SignatureInvalidError("TRANSFORM", f"non-conformant transform: {shown(odd)} with parameters")
    return tuple(algorithm_of(each) for each in found)


def _refuse_inherited(element: etree._Element) -> None:
    """Inclusive canonicalisation of a part takes over what ancestors say of `xml:lang`; ours doesn't."""
    if any(has_xml_attribute(ancestor) for ancestor in element.iterancestors()):
        raise SignatureInvalidError("XML_ATTRIBUTE", "an element above signed data has an attribute like xml:lang")


def _certificates(key_info: etree._Element) -> tuple[ListedCertificate, ...]:
    found = key_info.findall(f"{ds('X509Data')}/{ds('X509Certificate')}")
    if not 1 <= len(found) <= MAX_CERTIFICATES:
        raise SignatureInvalidError("CERTIFICATE", f"KeyInfo has {len(found)} X509Certificate elements; one is needed")
    ders = [octets_of(each) for each in found]
    if any(len(der) > MAX_CERTIFICATE_BYTES for der in ders):
        raise SignatureInvalidError("CERTIFICATE", "a certificate in KeyInfo is too large to be one")
    return tuple(ListedCertificate(der) for der in dict.fromkeys(ders))


def _read_properties(
    properties: etree._Element, policy: ListPolicy
) -> tuple[str, tuple[tuple[CertificateDigest, ...], ...], datetime | None]:
    holders = properties.findall(xades("SignedSignatureProperties"))
    found = {each.tag: each for holder in holders for each in holder}
    if len(holders) != 1 or len(found) != len(holders[0]):
        raise SignatureInvalidError("STRUCTURE", "signed properties stand there more than once, or not at all")
    named = [(version, found[tag]) for version, tag in _SIGNING_CERTIFICATE.items() if tag in found]
    if not named:
        raise SignatureInvalidError("SIGNING_CERTIFICATE", "the signed properties do not name the signer")
    digests = tuple(
        tuple(_certificate_digest(each, policy) for each in list(element)[:MAX_CERTIFICATES]) for _, element in named
    )
    return named[0][0], digests, _instant(found.get(xades("SigningTime")))


def _certificate_digest(cert: etree._Element, policy: ListPolicy) -> CertificateDigest:
    digest = cert.find(xades("CertDigest"))
    if digest is None:
        raise SignatureInvalidError("STRUCTURE", "a Cert has no CertDigest")
    method, value = children(digest, "DigestMethod", "DigestValue")
    return CertificateDigest(allowed(method, policy.certificate_digests, policy.name), octets_of(value))


def _instant(element: etree._Element | None) -> datetime | None:
    """The SigningTime in UTC; None for none, and for what is no instant."""
    try:
        found = datetime.fromisoformat(text_of(element).strip()) if element is not None else None
        return found.astimezone(UTC) if found is not None and found.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
