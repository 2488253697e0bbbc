# SPDX-License-Identifier: Apache-2.0
"""ASN.1 in DER, read by position: as tolerant as real certificates need, and never deeper than it is asked to.

Lengths that aren't minimal, values that equal their default and more elements than expected are let pass (X.690 §8 to
§11 forbid some of them); what doesn't fit into the bytes at hand is a CertificateError. Every call takes time in
proportion to the bytes that it is given.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from trust_lists.errors import CertificateError

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, OID, UTC_TIME, GENERALIZED_TIME = 0x01, 0x02, 0x03, 0x04, 0x06, 0x17, 0x18
SEQUENCE, SET = 0x30, 0x31

_TIME = re.compile(rb"(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})?(?:\.\d+)?(?:Z|([+-])(\d{2})(\d{2}))")
_STRINGS = {
    0x0C: "utf-8",
    0x12: "ascii",
    0x13: "ascii",
    0x14: "latin-1",  # TeletexString: what everybody means by it
    0x16: "ascii",
    0x1A: "ascii",
    0x1C: "utf-32-be",
    0x1E: "utf-16-be",
}


class Element(NamedTuple):
    """A value: its tag byte, its content, and the whole of it with tag and length."""

    tag: int
    content: bytes
    encoded: bytes


def context(number: int, *, constructed: bool = False) -> int:
    """The tag byte of `[number]`."""
    return (0xA0 if constructed else 0x80) | number


def element(data: bytes, start: int = 0) -> tuple[Element, int]:
    """The element that begins at `start`, and where the next one begins. Raises CertificateError."""
    try:
        tag, length = data[start], data[start + 1]
    except IndexError:
        raise CertificateError("the bytes end inside of a value") from None
    begin = start + 2
    if tag & 0x1F == 0x1F:
        raise CertificateError("a tag of more than one byte is no part of a certificate")
    if length & 0x80:
        count = length & 0x7F
        if not 1 <= count <= 4:
            raise CertificateError("a length is indefinite or too long")
        length = int.from_bytes(data[begin : begin + count], "big")
        begin += count
    end = begin + length
    if end > len(data):
        raise CertificateError("a value is longer than what it stands in")
    return Element(tag, data[begin:end], data[start:end]), end


def encoded(tag: int, content: bytes) -> bytes:
    """The value in DER (X.690 §10.1)."""
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def elements(data: bytes) -> list[Element]:
    """All elements of `data`, one after the other. Raises CertificateError."""
    found, start = [], 0
    while start < len(data):
        each, start = element(data, start)
        found.append(each)
    return found


def sequence(data: bytes, tag: int = SEQUENCE) -> list[Element]:
    """The elements inside of the one SEQUENCE, or other constructed value, at the start of `data`.

    Raises CertificateError.
    """
    return elements(expect(element(data)[0], tag).content)


def expect(found: Element, *tags: int) -> Element:
    """`found`, if it has one of the tags. Raises CertificateError."""
    if found.tag not in tags:
        raise CertificateError(f"a value has the tag {found.tag:#04x} where another is expected")
    return found


def integer(found: Element, tag: int = INTEGER) -> int:
    """The number. Raises CertificateError."""
    return int.from_bytes(expect(found, tag).content, "big", signed=True)


def boolean(found: Element) -> bool:
    """The truth value; anything but zero is true, as in BER. Raises CertificateError."""
    return any(expect(found, BOOLEAN).content)


def bits(found: Element) -> bytes:
    """The bits in whole bytes, without the count of unused ones. Raises CertificateError."""
    content = expect(found, BIT_STRING).content
    if not content:
        raise CertificateError("a bit string has no length")
    return content[1:]


def oid(found: Element) -> str:
    """The identifier in dotted form. Raises CertificateError."""
    return dotted(expect(found, OID).content)


@lru_cache(maxsize=1024)
def dotted(content: bytes) -> str:
    """The dotted form of an identifier's content (X.690 §8.19). Raises CertificateError."""
    if not content or content[-1] & 0x80 or len(content) > 64:
        raise CertificateError("an object identifier is cut off or too long")
    numbers, value = [], 0
    for byte in content:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))


def text(found: Element) -> str | None:
    """The characters of a string of any kind; None where it is no string, or not well encoded."""
    encoding = _STRINGS.get(found.tag)
    if encoding is None:
        return None
    try:
        return found.content.decode(encoding)
    except UnicodeDecodeError:
        return None


def instant(found: Element) -> datetime:
    """A UTCTime or GeneralizedTime, in UTC; fractions of seconds are left out. Raises CertificateError.

    Seconds may be absent and a zone may be an offset, as X.680 allows and RFC 5280 §4.1.2.5 doesn't. Two digits of a
    year mean 1950 to 2049.
    """
    match = _TIME.fullmatch(expect(found, UTC_TIME, GENERALIZED_TIME).content)
    if match is None or len(match[1]) != (2 if found.tag == UTC_TIME else 4):
        raise CertificateError("a time is no time")
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    if found.tag == UTC_TIME:
        year += 1900 if year >= 50 else 2000
    try:
        local = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        offset = timedelta(hours=int(match[8] or 0), minutes=int(match[9] or 0))
        return local + offset if match[7] == b"-" else local - offset
    except (ValueError, OverflowError):
        raise CertificateError("a time is no time") from None
