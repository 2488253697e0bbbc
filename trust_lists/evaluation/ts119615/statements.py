# SPDX-License-Identifier: Apache-2.0
"""What a certificate says of itself, as far as TS 119 615 and the criteria of TS 119 612 ask for it.

Everything is read from the bytes, each extension on its own, so that one broken extension costs nothing but itself and
so that certificates which `cryptography` refuses are read like all others. None always means "is there, and can't be
read"; an extension that isn't there is empty. An extension that stands there twice can't be read (RFC 5280 §4.2).
OIDs are dotted texts. QcStatements: RFC 3739 §3.2.6 and EN 319 412-5.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TypeVar

from trust_lists.certificates import der
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.names import ComparableName
from trust_lists.certificates.usage import USAGES
from trust_lists.errors import CertificateError

QC_COMPLIANCE = "0.4.0.1862.1.1"
QC_SSCD = "0.4.0.1862.1.4"
QC_TYPE = "0.4.0.1862.1.6"
QC_LEGISLATION = "0.4.0.1862.1.7"
QCP = "0.4.0.1456.1.2"
"""qcp-public."""
QCP_PLUS = "0.4.0.1456.1.1"
"""qcp-public-with-sscd."""

_QC_STATEMENTS, _KEY_USAGE, _POLICIES, _EXTENDED_KEY_USAGE = "1.3.6.1.5.5.7.1.3", "2.5.29.15", "2.5.29.32", "2.5.29.37"
_NONE: frozenset[str] = frozenset()
_TYPE_NUMBERS = {f"{QC_TYPE}.{number}": number for number in (1, 2, 3)}
_Value = TypeVar("_Value")
_Argument = TypeVar("_Argument")


@dataclass(frozen=True, slots=True)
class QcStatements:
    """The extension QCStatements."""

    oids: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    """The values of QcType."""
    legislations: frozenset[str] = frozenset()
    """The countries of QcCClegislation."""

    @property
    def compliance(self) -> bool:
        """Whether it claims to be a qualified certificate."""
        return QC_COMPLIANCE in self.oids

    @property
    def sscd(self) -> bool:
        """Whether it claims that its key is in a qualified device."""
        return QC_SSCD in self.oids

    @property
    def type_numbers(self) -> frozenset[int]:
        """1 eSig, 2 eSeal, 3 web, as far as QcType says so."""
        return frozenset(_TYPE_NUMBERS[each] for each in self.types if each in _TYPE_NUMBERS)

    @property
    def unknown_types(self) -> frozenset[str]:
        """The values of QcType that EN 319 412-5 doesn't know."""
        return self.types - _TYPE_NUMBERS.keys()


@dataclass(frozen=True, slots=True)
class Statements:
    """A certificate's own words. None: there, but unreadable."""

    not_before: datetime | None
    subject_types: frozenset[str] | None
    """The types of the subject's attributes."""
    qc_statements: QcStatements | None
    policies: frozenset[str] | None
    key_usage: frozenset[str] | None
    """Of `USAGES`."""
    extended_key_usage: frozenset[str] | None


_UNREADABLE = Statements(None, None, None, None, None, None)


@lru_cache(maxsize=512)
def statements(certificate: ListedCertificate) -> Statements:
    """What the certificate says. Never raises: what can't be read is None."""
    parts = certificate.slices
    if parts is None:
        return _UNREADABLE
    found = None if parts.extensions is None else _readable(_extensions, parts.extensions)

    def read(oid: str, reading: Callable[[bytes], _Value], absent: _Value) -> _Value | None:
        if found is None or len(found.get(oid, ())) > 1:
            return None
        return _readable(reading, found[oid][0]) if oid in found else absent

    dates = _readable(lambda each: each.dates, parts)
    return Statements(
        not_before=dates[0] if dates else None,
        subject_types=_types(certificate.comparable_subject),
        qc_statements=read(_QC_STATEMENTS, _qc_statements, QcStatements()),
        policies=read(_POLICIES, _policies, _NONE),
        key_usage=read(_KEY_USAGE, _key_usage, _NONE),
        extended_key_usage=read(_EXTENDED_KEY_USAGE, _identifiers, _NONE),
    )


def _readable(reading: Callable[[_Argument], _Value], argument: _Argument) -> _Value | None:
    try:
        return reading(argument)
    except CertificateError:
        return None


def _extensions(data: bytes) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    for extension in der.sequence(data) if data else ():
        parts = der.elements(der.expect(extension, der.SEQUENCE).content)
        if len(parts) not in (2, 3):
            raise CertificateError("an extension has two or three parts")
        found.setdefault(der.oid(parts[0]), []).append(der.expect(parts[-1], der.OCTET_STRING).content)
    return found


def _types(name: ComparableName) -> frozenset[str] | None:
    types = frozenset(oid for relative_name in name for oid, _value in relative_name)
    return None if "" in types else types


def _qc_statements(data: bytes) -> QcStatements:
    oids, types, legislations = set(), set(), set()
    for statement in _only(data):
        parts = der.elements(der.expect(statement, der.SEQUENCE).content)
        if len(parts) not in (1, 2):
            raise CertificateError("a statement has an identifier, and at most one value")
        oid = der.oid(parts[0])
        oids.add(oid)
        if oid == QC_TYPE:
            types |= {der.oid(each) for each in _inside(parts)}
        elif oid == QC_LEGISLATION:
            legislations |= {(der.text(each) or "").upper() for each in _inside(parts)}
    return QcStatements(frozenset(oids), frozenset(types), frozenset(legislations))


def _inside(parts: list[der.Element]) -> list[der.Element]:
    if len(parts) != 2:
        raise CertificateError("a statement that needs a value has none")
    return der.elements(der.expect(parts[1], der.SEQUENCE).content)


def _policies(data: bytes) -> frozenset[str]:
    found = (der.elements(der.expect(policy, der.SEQUENCE).content) for policy in _only(data))
    return frozenset(der.oid(_first(parts)) for parts in found)


def _identifiers(data: bytes) -> frozenset[str]:
    return frozenset(der.oid(each) for each in _only(data))


def _key_usage(data: bytes) -> frozenset[str]:
    value, end = der.element(data)
    if end != len(data):
        raise CertificateError("something follows the key usage")
    octets = der.bits(value)
    asserted = (octets[position // 8] >> (7 - position % 8) & 1 for position in range(min(len(octets) * 8, 9)))
    return frozenset(name for name, bit in zip(USAGES, asserted, strict=False) if bit)


def _only(data: bytes) -> list[der.Element]:
    found, end = der.element(data)
    if end != len(data):
        raise CertificateError("something follows the extension's value")
    return der.elements(der.expect(found, der.SEQUENCE).content)


def _first(parts: list[der.Element]) -> der.Element:
    if not parts:
        raise CertificateError("a sequence is empty where it must not be")
    return parts[0]
