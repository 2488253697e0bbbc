# SPDX-License-Identifier: Apache-2.0
"""The public key that a `ds:KeyInfo` holds, by value or in a certificate: XML Signature 1.1 §4.5.2, §4.5.4, §4.5.9.

What names a key only (KeyName, X509SubjectName …) is nothing to find one by, and what fetches one is never followed.
Where several things stand there, all of them have to be one key (SAML V2.0 Metadata Interoperability Profile §2.5.1).
"""

import binascii
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.parsing import MAX_CERTIFICATE_BYTES
from trust_lists.certificates.public_keys import canonical_key, ec_key, rsa_key
from trust_lists.documents.vocabulary import XMLDSIG
from trust_lists.errors import CertificateError

KEY_INFO = f"{{{XMLDSIG}}}KeyInfo"

_MAX_VALUES = 20
_DSIG11 = "http://www.w3.org/2009/xmldsig11#"
_CERTIFICATE = f"{{{XMLDSIG}}}X509Data/{{{XMLDSIG}}}X509Certificate"
_KEY_VALUE = f"{{{XMLDSIG}}}KeyValue"
_DER = f"{{{_DSIG11}}}DEREncodedKeyValue"
_OID = "urn:oid:"


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """A key, and the certificate that it was in, if it was in one."""

    key: bytes
    """SubjectPublicKeyInfo, as `canonical_key` has it."""
    certificate: ListedCertificate | None = None


def read_key_info(element: etree._Element) -> KeyInfo:
    """The one key of a KeyInfo. Raises CertificateError where there is none, or more than one, or none can be read."""
    certificates = certificates_of(element)
    keys = {canonical_key(each.key) for each in certificates} | set(_values(element))
    if not keys or b"" in keys:
        raise CertificateError("a KeyInfo has no key that can be read")
    if len(keys) > 1:
        raise CertificateError(f"a KeyInfo has {len(keys)} different keys")
    return KeyInfo(keys.pop(), certificates[0] if certificates else None)


def certificates_of(element: etree._Element) -> tuple[ListedCertificate, ...]:
    """All certificates of a KeyInfo, each once, in their order. Raises CertificateError."""
    found = element.findall(_CERTIFICATE)
    if len(found) > _MAX_VALUES:
        raise CertificateError(f"a KeyInfo has {len(found)} certificates")
    ders = [_octets(each) for each in found]
    if any(len(der) > MAX_CERTIFICATE_BYTES for der in ders):
        raise CertificateError("a certificate in a KeyInfo is too large to be one")
    return tuple(ListedCertificate(der) for der in dict.fromkeys(ders))


def _values(element: etree._Element) -> Iterator[bytes]:
    values = element.findall(_KEY_VALUE)
    encoded = element.findall(_DER)
    if len(values) + len(encoded) > _MAX_VALUES:
        raise CertificateError("a KeyInfo has too many keys")
    for each in values:
        yield canonical_key(_key_value(each))
    for each in encoded:
        yield canonical_key(_octets(each))


def _key_value(value: etree._Element) -> bytes:
    rsa = value.find(f"{{{XMLDSIG}}}RSAKeyValue")
    if rsa is not None:
        modulus, exponent = (_octets(rsa.find(f"{{{XMLDSIG}}}{name}")) for name in ("Modulus", "Exponent"))
        return rsa_key(modulus, exponent)
    ec = value.find(f"{{{_DSIG11}}}ECKeyValue")
    curve = ec.find(f"{{{_DSIG11}}}NamedCurve") if ec is not None else None
    if ec is None or curve is None:
        raise CertificateError("a KeyValue is neither of RSA nor of a named curve")
    return ec_key(curve.get("URI", "").removeprefix(_OID), _octets(ec.find(f"{{{_DSIG11}}}PublicKey")))


def _octets(element: etree._Element | None) -> bytes:
    text = "" if element is None or len(element) else element.text or ""
    try:
        found = binascii.a2b_base64("".join(text.split()).encode("ascii"), strict_mode=True)
    except ValueError:
        found = b""
    if not found:
        raise CertificateError("a part of a KeyInfo is not base64")
    return found
