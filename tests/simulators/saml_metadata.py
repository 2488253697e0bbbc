# SPDX-License-Identifier: Apache-2.0
"""SAML metadata and eIDAS lists of them, signed by keys made at run time; and what may stand wrong in them."""

import hashlib
from base64 import b64encode
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.parsing import SigningKey
from trust_lists.certificates.signed import public_key
from trust_lists.signatures.elements import ds
from trust_lists.signatures.profiles import C14N_EXCLUSIVE, ECDSA_SHA256, ENVELOPED, SHA256
from trust_lists.signatures.values import sign_value
from trust_lists.xml import canonicalise, parse_xml, to_utf8

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
"""When the metadata are looked at."""
MD = "urn:oasis:names:tc:SAML:2.0:metadata"
NODE = "https://node.example.be/metadata"
OTHER = "https://node.example.de/metadata"
_NAMESPACES = f'xmlns:md="{MD}" xmlns:ds="http://www.w3.org/2000/09/xmldsig#"'


def by_certificate(certificate: ListedCertificate) -> str:
    """The content of a KeyInfo."""
    encoded = b64encode(certificate.der).decode()
    return f"<ds:X509Data><ds:X509Certificate>{encoded}</ds:X509Certificate></ds:X509Data>"


def by_value(certificate: ListedCertificate) -> str:
    """The same with the numbers of the key only."""
    key = public_key(certificate.key)
    if isinstance(key, RSAPublicKey):
        numbers = key.public_numbers()
        modulus, exponent = (_number(each) for each in (numbers.n, numbers.e))
        inside = f"<ds:Modulus>{modulus}</ds:Modulus><ds:Exponent>{exponent}</ds:Exponent>"
        return f"<ds:KeyValue><ds:RSAKeyValue>{inside}</ds:RSAKeyValue></ds:KeyValue>"
    assert isinstance(key, EllipticCurvePublicKey)
    point = b64encode(key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)).decode()
    return (
        '<ds:KeyValue><e:ECKeyValue xmlns:e="http://www.w3.org/2009/xmldsig11#">'
        '<e:NamedCurve URI="urn:oid:1.2.840.10045.3.1.7"/>'
        f"<e:PublicKey>{point}</e:PublicKey></e:ECKeyValue></ds:KeyValue>"
    )


def by_der(certificate: ListedCertificate) -> str:
    """The same as SubjectPublicKeyInfo."""
    encoded = b64encode(certificate.key).decode()
    return f'<e:DEREncodedKeyValue xmlns:e="http://www.w3.org/2009/xmldsig11#">{encoded}</e:DEREncodedKeyValue>'


def key(content: str, use: str | None = None) -> str:
    """A KeyDescriptor."""
    return f"<md:KeyDescriptor{_attribute('use', use)}><ds:KeyInfo>{content}</ds:KeyInfo></md:KeyDescriptor>"


def entity(
    name: str,
    *keys: str,
    until: datetime | None = None,
    role_until: datetime | None = None,
    cached: str | None = None,
    role: str = "IDPSSODescriptor",
    extensions: str = "",
) -> str:
    """An EntityDescriptor."""
    attributes = _attribute("validUntil", until) + _attribute("cacheDuration", cached)
    of_role = f'{_attribute("validUntil", role_until)} protocolSupportEnumeration="{MD}"'
    return (
        f'<md:EntityDescriptor {_NAMESPACES} ID="e-{hashlib.sha256(name.encode()).hexdigest()[:16]}"'
        f' entityID="{name}"{attributes}>{extensions}'
        f"<md:{role}{of_role}>{''.join(keys)}</md:{role}>"
        "</md:EntityDescriptor>"
    )


def entities(
    *inside: str, until: datetime | None = AT + timedelta(days=7), cached: str | None = None, name: str = "root"
) -> str:
    """An EntitiesDescriptor."""
    attributes = _attribute("validUntil", until) + _attribute("cacheDuration", cached)
    return f'<md:EntitiesDescriptor {_NAMESPACES} ID="{name}"{attributes}>{"".join(inside)}</md:EntitiesDescriptor>'


def service_list(*locations: str, until: datetime | None = AT + timedelta(days=7)) -> str:
    """A MetadataServiceList."""
    return (
        '<ser:MetadataServiceList xmlns:ser="http://eidas.europa.eu/metadata/servicelist" '
        f'xmlns:ds="http://www.w3.org/2000/09/xmldsig#" ID="list" Version="1.0"{_attribute("NextUpdate", until)}>'
        "<ser:SchemeInformation/>"
        f'<ser:MetadataList Territory="BE">{"".join(locations)}</ser:MetadataList></ser:MetadataServiceList>'
    )


def location(url: str, signers: Iterable[ListedCertificate], *names: str) -> str:
    """A MetadataLocation."""
    endpoints = "".join(
        f'<ser:Endpoint EndpointType="http://eidas.europa.eu/metadata/ept/ProxyService" EntityID="{name}"/>'
        for name in names
    )
    certificates = "".join(map(by_certificate, signers))
    return (
        f'<ser:MetadataLocation Location="{url}">{endpoints}'
        f"<ds:KeyInfo>{certificates}</ds:KeyInfo></ser:MetadataLocation>"
    )


def signed(
    document: str,
    signer: SigningKey,
    *,
    method: str = ECDSA_SHA256,
    uri: str | None = None,
    transforms: tuple[str, ...] = (ENVELOPED, C14N_EXCLUSIVE),
    prefixes: str | None = None,
    at: int = 0,
    change: Callable[[etree._Element], object] = lambda _signed_info: None,
) -> bytes:
    """The document with an enveloped signature as child number `at` of its root, made as SAML prescribes it.

    `change` gets SignedInfo before it is signed; `prefixes` are those of InclusiveNamespaces.
    """
    root = parse_xml(document.encode())
    # canonicalised by lxml itself, so that what is tested here isn't made by what it tests
    inclusive = prefixes.split() if prefixes is not None else None
    octets = etree.tostring(root, method="c14n", exclusive=True, with_comments=False, inclusive_ns_prefixes=inclusive)
    signature = etree.Element(ds("Signature"), nsmap={"ds": "http://www.w3.org/2000/09/xmldsig#"})
    root.insert(at, signature)
    signed_info = etree.SubElement(signature, ds("SignedInfo"))
    etree.SubElement(signed_info, ds("CanonicalizationMethod"), Algorithm=C14N_EXCLUSIVE)
    etree.SubElement(signed_info, ds("SignatureMethod"), Algorithm=method)
    reference = etree.SubElement(signed_info, ds("Reference"), URI=f"#{root.get('ID')}" if uri is None else uri)
    holder = etree.SubElement(reference, ds("Transforms"))
    for each in transforms:
        transform = etree.SubElement(holder, ds("Transform"), Algorithm=each)
    if prefixes is not None:
        tag = f"{{{C14N_EXCLUSIVE}}}InclusiveNamespaces"
        etree.SubElement(transform, tag, nsmap={"ec": C14N_EXCLUSIVE}, PrefixList=prefixes)
    etree.SubElement(reference, ds("DigestMethod"), Algorithm=SHA256)
    etree.SubElement(reference, ds("DigestValue")).text = b64encode(hashlib.sha256(octets).digest()).decode()
    change(signed_info)
    value = sign_value(signer.private_key, method, canonicalise(signed_info, exclusive=True))
    etree.SubElement(signature, ds("SignatureValue")).text = b64encode(value).decode()
    return to_utf8(root)


def _attribute(name: str, value: datetime | str | None) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else f"{value:%Y-%m-%dT%H:%M:%SZ}"
    return f' {name}="{text}"'


def _number(value: int) -> str:
    return b64encode(value.to_bytes((value.bit_length() + 7) // 8, "big")).decode()
