# SPDX-License-Identifier: Apache-2.0
"""Names in certificates, comparable as RFC 5280 §7.1 wants it, also where `cryptography` doesn't load or warns.

Two names are equal if they have the same attributes in the same order of RDNs; letter case, kind of string, Unicode
form and runs of white space don't count (RFC 4518 §2, without its prohibitions: what may not be in a name is in some).
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from cryptography import x509

from trust_lists.certificates import der
from trust_lists.errors import CertificateError

ComparableName = tuple[frozenset[tuple[str, str | bytes]], ...]
"""The RDNs; a value that is no readable string is compared by its bytes."""

COMMON_NAME = "2.5.4.3"
EMAIL_ADDRESS = "1.2.840.113549.1.9.1"

_SHORT = {
    "2.5.4.3": "CN",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.6": "C",
    "2.5.4.9": "STREET",
    "0.9.2342.19200300.100.1.25": "DC",
    "0.9.2342.19200300.100.1.1": "UID",
}
_USUAL_BYTES = 1_000
"""What is larger isn't remembered."""
_SPECIAL = re.compile(r'[\\"+,;<>\x00]|^[ #]| $')
_SPECIAL_ANYWHERE = re.compile(r"""[,+="\\<>;#\x00-\x1f\x7f]""")
_Attribute = tuple[str, "str | bytes"]


def comparable_text(value: str) -> str:
    """The text without what doesn't count in a comparison (RFC 4518 §2.2, §2.3, §2.6.1)."""
    if value.isascii():
        return " ".join(value.casefold().split())
    mapped = "".join(each for each in value if unicodedata.category(each) not in {"Cf", "Cc"} or each.isspace())
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", mapped).casefold())
    return " ".join(folded.split())


def comparable_name(name: x509.Name) -> ComparableName:
    """A name that equals another where RFC 5280 §7.1 says so. Hashable."""
    return comparable(name.public_bytes())


def comparable(name: bytes) -> ComparableName:
    """The same for a Name in DER. One that can't be read equals only its own bytes."""
    return _compared_or_remembered(name) if len(name) <= _USUAL_BYTES else _compared(name)


def _compared(name: bytes) -> ComparableName:
    try:
        return tuple(
            frozenset(
                (oid, comparable_text(value) if isinstance(value, str) else value) for oid, value in relative_name
            )
            for relative_name in _relative_names(name)
        )
    except CertificateError:
        return (frozenset({("", name)}),)


_compared_or_remembered = lru_cache(maxsize=8192)(_compared)


def attribute_values(name: x509.Name | bytes, oid: x509.ObjectIdentifier | str) -> tuple[str, ...]:
    """The values of all attributes of a type, in the order of the name (or of its DER); texts only."""
    encoded = name if isinstance(name, bytes) else name.public_bytes()
    wanted = oid if isinstance(oid, str) else oid.dotted_string
    try:
        relative_names = _relative_names(encoded)
    except CertificateError:
        return ()
    return tuple(
        value
        for relative_name in relative_names
        for found, value in relative_name
        if found == wanted and isinstance(value, str)
    )


def name_text(name: bytes) -> str:
    """A Name in DER as `CN=..,OU=..,O=..,C=..` (RFC 4514, no spaces), common name first in either order.

    "" where it can't be read.
    """
    try:
        relative_names = _common_name_first(name)
    except CertificateError:
        return ""
    return ",".join("+".join(_attribute_text(*each) for each in relative_name) for relative_name in relative_names)


def unmistakable_text(name: bytes) -> str:
    """The same, with all special characters of values as hexadecimal pairs (RFC 4514 §2.4): what is between two bare
    commas is an attribute for certain, and not part of a name that somebody chose for themselves.
    """
    plain = _SPECIAL_ANYWHERE.sub
    try:
        relative_names = _common_name_first(name)
    except CertificateError:
        return ""
    return ",".join(
        "+".join(
            f"{_SHORT.get(oid, oid)}={plain(_hexadecimal, value if isinstance(value, str) else value.hex())}"
            for oid, value in relative_name
        )
        for relative_name in relative_names
    )


def _hexadecimal(match: re.Match[str]) -> str:
    return "".join(f"\\{byte:02X}" for byte in match[0].encode())


def _common_name_first(name: bytes) -> Sequence[Sequence[_Attribute]]:
    relative_names = _relative_names(name)[::-1]
    if relative_names and not _has_common_name(relative_names[0]) and _has_common_name(relative_names[-1]):
        return relative_names[::-1]
    return relative_names


def _relative_names(name: bytes) -> Sequence[Sequence[_Attribute]]:
    return _parsed_or_remembered(name) if len(name) <= _USUAL_BYTES else _parsed(name)


def _parsed(name: bytes) -> Sequence[Sequence[_Attribute]]:
    return tuple(
        tuple(
            _attribute(der.expect(each, der.SEQUENCE))
            for each in der.elements(der.expect(relative_name, der.SET).content)
        )
        for relative_name in der.sequence(name)
    )


_parsed_or_remembered = lru_cache(maxsize=8192)(_parsed)


def _attribute(found: der.Element) -> _Attribute:
    kind, after = der.element(found.content)
    value, _ = der.element(found.content, after)
    text = der.text(value)
    return der.oid(kind), value.encoded if text is None else text


def _has_common_name(relative_name: Sequence[_Attribute]) -> bool:
    return any(oid == COMMON_NAME for oid, _ in relative_name)


def _attribute_text(oid: str, value: str | bytes) -> str:
    if isinstance(value, bytes):
        return f"{_SHORT.get(oid, oid)}=#{value.hex()}"
    escaped = _SPECIAL.sub(lambda match: "\\00" if match[0] == "\x00" else f"\\{match[0]}", value)
    return f"{_SHORT.get(oid, oid)}={escaped}"
