# SPDX-License-Identifier: Apache-2.0
"""Whether a key that stands beside certificates is that of one of them (TS 119 602 §6.6.3).

Keys are JWK (RFC 7517, RFC 7518 §6) in JSON, and `ds:KeyValue` in XML; RSA and EC are looked into.
"""

import binascii

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from lxml import etree

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.signed import public_key
from trust_lists.documents.vocabulary import XMLDSIG
from trust_lists.errors import CertificateError, JsonRefusedError, XmlRefusedError
from trust_lists.strict_json import parse_json
from trust_lists.xml import parse_xml

_EC = "{http://www.w3.org/2009/xmldsig11#}ECKeyValue/{http://www.w3.org/2009/xmldsig11#}PublicKey"
_MAX_KEY_BYTES = 1_000_000

_Numbers = tuple[int, ...]


def is_key_of(key_value: str, certificate: ListedCertificate) -> bool:
    """Whether the key of the certificate is `key_value`, as `DigitalIdentity.key_values` has it."""
    numbers = _of_xml(key_value) if key_value.startswith("<") else _of_jwk(key_value)
    return bool(numbers) and numbers == _of_certificate(certificate)


def _of_certificate(certificate: ListedCertificate) -> _Numbers:
    try:
        key = public_key(certificate.key)
    except CertificateError:
        return ()
    match key:
        case RSAPublicKey():
            rsa = key.public_numbers()
            return rsa.n, rsa.e
        case EllipticCurvePublicKey():
            ec = key.public_numbers()
            return ec.x, ec.y
    return ()


def _of_jwk(text: str) -> _Numbers:
    try:
        key = parse_json(text.encode(), max_bytes=_MAX_KEY_BYTES)
        if not isinstance(key, dict):
            return ()
        names = {"RSA": ("n", "e"), "EC": ("x", "y")}[key["kty"]]
        return tuple(_number(key[name]) for name in names)
    except (ValueError, KeyError, TypeError, JsonRefusedError):
        return ()


def _of_xml(text: str) -> _Numbers:
    try:
        key = parse_xml(text.encode())
        if key.find(_EC) is not None:
            point = _decoded(key.findtext(_EC, ""))
            half = len(point) // 2
            return (_int(point[1 : half + 1]), _int(point[half + 1 :])) if point[:1] == b"\x04" else ()
        return tuple(_int(_decoded(_text(key, name))) for name in ("Modulus", "Exponent"))
    except (ValueError, XmlRefusedError):
        return ()


def _text(key: etree._Element, name: str) -> str:
    return key.findtext(f"{{{XMLDSIG}}}RSAKeyValue/{{{XMLDSIG}}}{name}", "")


def _number(text: object) -> int:
    if not isinstance(text, str):
        raise TypeError("a number of a key is no text")
    return _int(_decoded(text.translate(str.maketrans("-_", "+/")) + "=" * (-len(text) % 4)))


def _decoded(text: str) -> bytes:
    decoded = binascii.a2b_base64("".join(text.split()).encode(), strict_mode=True)
    if not decoded:
        raise ValueError("a number of a key is missing")
    return decoded


def _int(data: bytes) -> int:
    return int.from_bytes(data, "big")
