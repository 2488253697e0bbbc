# SPDX-License-Identifier: Apache-2.0
"""The form of a list's signature and the certificate of its signer (TS 119 612 §5.7, B.1); nothing is verified here.

Of 175 real lists, many have signers without the extended key usage, with other key usages, or with keys of 2032 bits,
and are in force all the same: those are warnings. `trust_lists.signatures.xades` says whether a signature is valid.
"""

import base64
import binascii
from collections.abc import Iterator
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from lxml import etree

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.names import comparable_text
from trust_lists.certificates.parsing import public_key
from trust_lists.certificates.path_extensions import path_extensions
from trust_lists.documents.checks.rules import Rule
from trust_lists.documents.findings import Finding, Level
from trust_lists.documents.model import TrustedList
from trust_lists.documents.vocabulary import TERRITORY_GROUPS
from trust_lists.errors import CertificateError

_DS = "{http://www.w3.org/2000/09/xmldsig#}"
_XADES = "{http://uri.etsi.org/01903/v1.3.2#}"
_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
_TRANSFORMS = ("http://www.w3.org/2000/09/xmldsig#enveloped-signature", _EXCLUSIVE)
_OBSOLETE = ("rsa-sha1", "dsa-sha1", "ecdsa-sha1", "rsa-md5", "xmldsig#sha1")
TSL_SIGNING = x509.ObjectIdentifier("0.4.0.2231.3.0")
LEAST_RSA_BITS = 2048
_Extension = TypeVar("_Extension", bound=x509.ExtensionType)

SIGNED = Rule("TS119612-5.7", "5.7", "The list carries exactly one signature, as the last child of its root.")
REFERENCE = Rule("TS119612-B.1", "B.1", "The signature refers to the whole list.", since=5)
TRANSFORMS = Rule(
    "TS119612-B.1-TRANSFORMS", "B.1", "The list is transformed by enveloped-signature and exclusive c14n.", since=5
)
CANONICAL = Rule("TS119612-B.1-C14N", "B.1", "What is signed is canonicalised exclusively.", since=5)
PROPERTY = Rule(
    "TS119612-B.1-PROPERTY", "B.1", "The signature names its certificate: SigningCertificateV2 in version 6.", since=5
)
KEY_INFO = Rule("TS119612-B.1-KEYINFO", "B.1", "The signature carries the signer's certificate and no other.", since=5)
ALGORITHM = Rule("TS119612-B.1-ALGORITHM", "B.1", "The algorithms are still good: no SHA-1, no MD5.", since=5)
COUNTRY = Rule("TS119612-5.7-COUNTRY", "5.7", "The signer's country is the list's territory.", Level.WARNING, since=5)
OPERATOR = Rule(
    "TS119612-5.7-OPERATOR", "5.7", "The signer's organisation is the scheme operator.", Level.WARNING, since=5
)
KEY_USAGE = Rule(
    "TS119612-5.7-KU", "5.7", "The signer's key is for signatures or non-repudiation only.", Level.WARNING, since=5
)
EXTENDED = Rule(
    "TS119612-5.7-EKU", "5.7", "The signer's key is for signing lists (0.4.0.2231.3.0).", Level.WARNING, since=5
)
SKI = Rule("TS119612-5.7-SKI", "5.7", "The signer's certificate has a subject key identifier.", Level.WARNING, since=5)
NO_CA = Rule("TS119612-5.7-CA", "5.7", "The signer isn't a certification authority.", Level.WARNING, since=5)
KEY_SIZE = Rule("TS119612-5.7-KEY", "5.7", "The signer's RSA key has at least 2048 bits.", Level.WARNING, since=5)
READABLE = Rule("LIST-SIGNER-UNREADABLE", "", "The signer's certificate can be read.", Level.WARNING)

SIGNING_RULES = (
    *(SIGNED, REFERENCE, TRANSFORMS, CANONICAL, PROPERTY, KEY_INFO, ALGORITHM, COUNTRY, OPERATOR, KEY_USAGE),
    *(EXTENDED, SKI, NO_CA, KEY_SIZE, READABLE),
)


def check_signature(root: etree._Element, document: TrustedList | None, version: int) -> Iterator[Finding]:
    """Findings about the signature's form and, where the list could be read, about its signer."""
    signatures = list(root.iter(f"{_DS}Signature"))
    if len(signatures) != 1:
        yield SIGNED.broken(f"there are {len(signatures)} signatures, not one")
        return
    (signature,) = signatures
    if signature.getparent() is not root or list(root.iterchildren(etree.Element))[-1] is not signature:
        yield SIGNED.broken("the signature is not the last child of the root", "Signature")
    yield from _form(signature, root, version)
    certificates = [each.text or "" for each in signature.iterfind(f"{_DS}KeyInfo/{_DS}X509Data/{_DS}X509Certificate")]
    where = "Signature/KeyInfo"
    if len(certificates) != 1:
        yield KEY_INFO.broken(f"the signature carries {len(certificates)} certificates, not one", where)
    if certificates and document is not None:
        yield from _signer(certificates[0], document, where)


def _form(signature: etree._Element, root: etree._Element, version: int) -> Iterator[Finding]:
    where = "Signature/SignedInfo"
    own_id = root.get("Id")
    references = list(signature.iterfind(f"{_DS}SignedInfo/{_DS}Reference"))
    whole = [each for each in references if each.get("URI") == "" or (own_id and each.get("URI") == f"#{own_id}")]
    if len(whole) != 1:
        yield REFERENCE.broken(f"{len(whole)} references are to the whole list", where)
    for reference in whole:
        transforms = tuple(each.get("Algorithm") for each in reference.iterfind(f"{_DS}Transforms/{_DS}Transform"))
        if transforms != _TRANSFORMS:
            yield TRANSFORMS.broken(
                f"the transforms are {', '.join(map(str, transforms)) or 'none'}", f"{where}/Reference"
            )
    method = signature.find(f"{_DS}SignedInfo/{_DS}CanonicalizationMethod")
    if method is None or method.get("Algorithm") != _EXCLUSIVE:
        found = None if method is None else method.get("Algorithm")
        yield CANONICAL.broken(f"the canonicalisation is {found}", f"{where}/CanonicalizationMethod")
    algorithms = [signature.find(f"{_DS}SignedInfo/{_DS}SignatureMethod")]
    algorithms += [each.find(f"{_DS}DigestMethod") for each in references]
    for name in {each.get("Algorithm", "") for each in algorithms if each is not None}:
        if name.endswith(_OBSOLETE):
            yield ALGORITHM.broken(f"the algorithm is {name}", where)
    name = "SigningCertificateV2" if version >= 6 else "SigningCertificate"
    given = {
        etree.QName(each).localname
        for each in signature.iter(f"{_XADES}SigningCertificate", f"{_XADES}SigningCertificateV2")
    }
    if given != {name}:
        yield PROPERTY.broken(
            f"the signature has {' and '.join(sorted(given)) or 'nothing'}, not {name}", "Signature/Object"
        )


def _signer(text: str, document: TrustedList, where: str) -> Iterator[Finding]:
    try:
        listed = ListedCertificate(base64.b64decode("".join(text.split()), validate=True))
    except binascii.Error:
        yield READABLE.broken("the signer's certificate is no base64", where)
        return
    certificate = listed.certificate
    if certificate is None:
        yield READABLE.broken(listed.problem, where)
        return
    yield from check_signer(listed, document, where)


def check_signer(listed: ListedCertificate, document: TrustedList, where: str = "") -> Iterator[Finding]:
    """Findings about a certificate that signs, or is to sign, a list."""
    certificate = listed.certificate
    if certificate is None:
        yield READABLE.broken(listed.problem, where)
        return
    scheme = document.scheme
    countries = {each.strip().upper() for each in listed.subject_values(NameOID.COUNTRY_NAME)}
    territory = {"UK": "GB", "EL": "GR"}.get(scheme.territory, scheme.territory)
    if scheme.territory not in TERRITORY_GROUPS and not countries & {scheme.territory, territory}:
        yield COUNTRY.broken(
            f"the signer's country is {', '.join(sorted(countries)) or 'not said'}, not {scheme.territory}", where
        )
    operators = {comparable_text(each.value) for each in scheme.operator_names}
    organisations = listed.subject_values(NameOID.ORGANIZATION_NAME)
    if not any(comparable_text(each) in operators for each in organisations):
        yield OPERATOR.broken(f"the signer's organisation is {', '.join(organisations) or 'not said'}", where)
    try:
        yield from _usages(certificate, where)
    except (x509.DuplicateExtension, x509.UnsupportedGeneralNameType, ValueError):
        yield READABLE.broken("the extensions of the signer's certificate can't be read", where)
    if not path_extensions(listed.der).subject_key:
        yield SKI.broken("the signer's certificate has no subject key identifier", where)
    yield from _key(certificate, where)


def _usages(certificate: x509.Certificate, where: str) -> Iterator[Finding]:
    usage = _extension(certificate, x509.KeyUsage)
    if usage is None:
        yield KEY_USAGE.broken("the signer's certificate doesn't say the key usage", where)
    elif not _only_signs(usage):
        yield KEY_USAGE.broken(f"the signer's key usage is {_usage_text(usage)}", where)
    extended = _extension(certificate, x509.ExtendedKeyUsage)
    if extended is None or TSL_SIGNING not in extended:
        yield EXTENDED.broken(
            "the signer's certificate names no extended key usage"
            if extended is None
            else "the signer's extended key usage is another",
            where,
        )
    constraints = _extension(certificate, x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        yield NO_CA.broken("the signer's certificate is an authority's", where)


def _only_signs(usage: x509.KeyUsage) -> bool:
    others = (usage.key_encipherment, usage.data_encipherment, usage.key_agreement, usage.key_cert_sign, usage.crl_sign)
    return (usage.digital_signature or usage.content_commitment) and not any(others)


def _usage_text(usage: x509.KeyUsage) -> str:
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    return ", ".join(name for name in (*names, "key_cert_sign", "crl_sign") if getattr(usage, name)) or "empty"


def _extension(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _key(certificate: x509.Certificate, where: str) -> Iterator[Finding]:
    try:
        key = public_key(certificate)
    except CertificateError as error:
        yield READABLE.broken(str(error), where)
        return
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < LEAST_RSA_BITS:
        yield KEY_SIZE.broken(f"the signer's key has {key.key_size} bits", where)
