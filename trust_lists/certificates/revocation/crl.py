# SPDX-License-Identifier: Apache-2.0
"""Certificate revocation lists, cut out of their bytes by position (RFC 5280 §5).

There is one reader for all of them, so that no two can disagree; that of `cryptography` refuses what real lists have (a
version that is missing beside extensions, serial numbers below zero, several times the same entry). The entries are
looked through once, when the first certificate is asked about: then a look-up takes the same time in any list.
"""

import base64
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from trust_lists.certificates import der
from trust_lists.certificates.names import ComparableName, comparable, name_text
from trust_lists.certificates.path_extensions import Extension, split
from trust_lists.certificates.revocation.distribution_points import (
    IssuingDistributionPoint,
    directory_names,
    general_names,
    issuing_distribution_point,
)
from trust_lists.certificates.revocation.extensions import unknown_critical
from trust_lists.certificates.revocation.model import CrlReason
from trust_lists.certificates.revocation.signed_data import SignedData
from trust_lists.errors import CertificateError

MAX_CRL_BYTES = 64_000_000
"""A million entries and more."""

REASON_CODE, INVALIDITY_DATE, CERTIFICATE_ISSUER = "2.5.29.21", "2.5.29.24", "2.5.29.29"
_NUMBER, _DELTA, _SCOPE, _AUTHORITY_KEY = "2.5.29.20", "2.5.29.27", "2.5.29.28", "2.5.29.35"
_EXPIRED_FROM = "2.5.29.60"
_KNOWN = frozenset({_NUMBER, _DELTA, _SCOPE, _AUTHORITY_KEY, _EXPIRED_FROM, "2.5.29.18", "2.5.29.46"})
_KNOWN_IN_ENTRIES = frozenset({REASON_CODE, INVALIDITY_DATE, CERTIFICATE_ISSUER})
_ENUMERATED = 0x0A
_USUAL_LENGTH = 0x7F

_PEM = re.compile(rb"-----BEGIN X509 CRL-----(.*?)-----END X509 CRL-----", re.DOTALL)
# What may be a critical extension of an entry, or names another issuer: only then are all entries taken apart.
_SPECIAL = re.compile(
    rb"\x06\x03\x55\x1d\x1d|\x01(?:\x01|\x81\x01|\x82\x00\x01|\x83\x00\x00\x01|\x84\x00\x00\x00\x01)[^\x00]\x04",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class CrlEntry:
    """That a serial number stands in a list."""

    serial: int
    date: datetime
    reason: CrlReason
    invalid_since: datetime | None


@dataclass(frozen=True, slots=True)
class _Index:
    """Where the entries of a list start."""

    first: dict[int, int]
    """By serial number."""
    more: dict[int, list[int]]
    """Of serial numbers that stand there again, for another issuer or by mistake."""
    sections: list[int]
    """Where another issuer of certificates begins; and who it is, under each of its names."""
    issuers: list[tuple[ComparableName, ...]]
    unknown: frozenset[str]

    @classmethod
    def of(cls, content: bytes, crl_issuer: ComparableName) -> "_Index":
        found = cls({}, {}, [0], [(crl_issuer,)], frozenset())
        for start, _, serial in _spans(content):
            if serial in found.first:
                found.more.setdefault(serial, []).append(start)
            else:
                found.first[serial] = start
        return replace(found, unknown=found.take_apart(content)) if _SPECIAL.search(content) else found

    def take_apart(self, content: bytes) -> frozenset[str]:
        """Reads the extensions of all entries: the sections are noted, and unknown critical extensions returned."""
        unknown: set[str] = set()
        read: dict[bytes, dict[str, Extension]] = {}
        for start, end, _ in _spans(content):
            if not _SPECIAL.search(content, start, end):
                continue
            encoded = _entry_parts(content, start)[2]
            found = read.get(encoded)
            if found is None:
                found = read[encoded] = split(encoded)
                unknown |= unknown_critical(found, _KNOWN_IN_ENTRIES)
            if CERTIFICATE_ISSUER in found:
                names = der.expect(der.element(found[CERTIFICATE_ISSUER].value)[0], der.SEQUENCE).content
                self.sections.append(start)
                self.issuers.append(directory_names(general_names(names)))
        return frozenset(unknown)

    def starts(self, serial: int, issuer: ComparableName) -> list[int]:
        """Of the entries of a certificate. An entry is about the last issuer named up to there (RFC 5280 §5.3.3)."""
        first = self.first.get(serial)
        found = [] if first is None else [first, *self.more.get(serial, ())]
        return [start for start in found if issuer in self.issuers[bisect_right(self.sections, start) - 1]]


class CrlEntries:
    """The revoked certificates of a list, looked up by serial number and issuer."""

    def __init__(self, content: bytes, crl_issuer: ComparableName) -> None:
        self._content = content
        self._issuer = crl_issuer
        self._index: _Index | CertificateError | None = None

    def find(self, serial: int, issuer: ComparableName) -> tuple[CrlEntry, ...]:
        """All entries of a certificate; there should be one at most. Raises CertificateError."""
        return tuple(_entry(self._content, start) for start in self._looked_through().starts(serial, issuer))

    @property
    def unknown_critical(self) -> frozenset[str]:
        """Critical extensions of any entry that nobody here knows: then none counts (RFC 5280 §5.3).

        Raises CertificateError.
        """
        return self._looked_through().unknown

    def __len__(self) -> int:
        """How many entries there are. Raises CertificateError."""
        index = self._looked_through()
        return len(index.first) + sum(map(len, index.more.values()))

    def _looked_through(self) -> _Index:
        if self._index is None:
            try:
                self._index = _Index.of(self._content, self._issuer)
            except CertificateError as error:
                self._index = error
        if isinstance(self._index, CertificateError):
            raise CertificateError(str(self._index))
        return self._index


@dataclass(frozen=True, slots=True, eq=False)
class Crl:
    """A list; who may have signed it, and for what it is good, is another question."""

    data: SignedData
    issuer: ComparableName
    issuer_text: str
    this_update: datetime
    next_update: datetime | None
    entries: CrlEntries
    number: int | None
    base_number: int | None
    """Set on a delta CRL: what it is a difference to (RFC 5280 §5.2.4)."""
    scope: IssuingDistributionPoint | None
    authority_key: bytes
    """A hint whose key signed it; b"" where there is none."""
    expired_kept_from: datetime | None
    """expiredCertsOnCRL (X.509): certificates that expired since are still in it."""
    unknown_critical: frozenset[str]
    number_critical: bool
    """Whether its number is critical, which RFC 5280 §5.2.3 forbids its issuer."""

    @property
    def is_delta(self) -> bool:
        """Whether it is only a difference."""
        return self.base_number is not None

    @property
    def indirect(self) -> bool:
        """Whether it may be about certificates of other issuers."""
        return self.scope is not None and self.scope.indirect


def read_crl(data: bytes) -> Crl:
    """A list in DER or PEM. Raises CertificateError for what can't be read; entries are not looked at yet."""
    if len(data) > MAX_CRL_BYTES:
        raise CertificateError(f"a CRL of {len(data)} bytes is too large")
    data = data if data.startswith(b"\x30") else _from_pem(data)
    parts = der.sequence(data)
    if len(parts) != 3:
        raise CertificateError("a CRL has three parts")
    inner, algorithm, signature = parts
    content = der.elements(der.expect(inner, der.SEQUENCE).content)
    if content and content[0].tag == der.INTEGER:
        content = content[1:]
    if len(content) < 3:
        raise CertificateError("a CRL has an algorithm, an issuer and a time")
    if content[0].encoded != algorithm.encoded:
        raise CertificateError("the CRL names two different signature algorithms")  # RFC 5280 §5.1.1.2
    issuer = comparable(der.expect(content[1], der.SEQUENCE).encoded)
    this_update, rest = der.instant(content[2]), content[3:]
    next_update = None
    if rest and rest[0].tag in {der.UTC_TIME, der.GENERALIZED_TIME}:
        next_update, rest = der.instant(rest[0]), rest[1:]
    revoked = b""
    if rest and rest[0].tag == der.SEQUENCE:
        revoked, rest = rest[0].content, rest[1:]
    extensions: dict[str, Extension] = {}
    if rest:
        extensions = split(der.element(der.expect(rest[0], der.context(0, constructed=True)).content)[0].encoded)
    scope = extensions.get(_SCOPE)
    return Crl(
        data=SignedData(sha256(data).hexdigest(), inner.encoded, algorithm.encoded, der.bits(signature)),
        issuer=issuer,
        issuer_text=name_text(content[1].encoded),
        this_update=this_update,
        next_update=next_update,
        entries=CrlEntries(revoked, issuer),
        number=_number(extensions.get(_NUMBER)),
        base_number=_number(extensions.get(_DELTA)),
        scope=issuing_distribution_point(scope.value) if scope else None,
        authority_key=_authority_key(extensions.get(_AUTHORITY_KEY)),
        expired_kept_from=_time(extensions.get(_EXPIRED_FROM)),
        unknown_critical=unknown_critical(extensions, _KNOWN),
        number_critical=_NUMBER in extensions and extensions[_NUMBER].critical,
    )


def _from_pem(data: bytes) -> bytes:
    pem = _PEM.search(data)
    if pem is None:
        raise CertificateError("this is no CRL: neither DER nor PEM")
    try:
        return base64.b64decode(b"".join(pem[1].split()), validate=True)
    except ValueError:
        raise CertificateError("this PEM text holds no CRL") from None


def _spans(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Where each entry starts and ends, and its serial number. Raises CertificateError."""
    start, size = 0, len(content)
    try:
        while start < size:
            length, serial_length = content[start + 1], content[start + 3]
            if length <= _USUAL_LENGTH >= serial_length:
                if content[start] != der.SEQUENCE or content[start + 2] != der.INTEGER or serial_length + 2 > length:
                    raise CertificateError("an entry of the CRL has no serial number")
                end = start + 2 + length
                serial = int.from_bytes(content[start + 4 : start + 4 + serial_length], "big", signed=True)
            else:
                found, end = der.element(content, start)
                serial = der.integer(der.element(der.expect(found, der.SEQUENCE).content)[0])
            yield start, end, serial
            start = end
    except IndexError:
        raise CertificateError("the entries of the CRL end inside of one") from None
    if start != size:
        raise CertificateError("the entries of the CRL end inside of one")


def _entry_parts(content: bytes, start: int) -> tuple[der.Element, der.Element, bytes]:
    """Serial number, date, and the SEQUENCE of extensions or b""."""
    parts = der.elements(der.element(content, start)[0].content)
    if not 2 <= len(parts) <= 3:
        raise CertificateError("an entry of the CRL has not the parts that it should have")
    return parts[0], parts[1], parts[2].encoded if len(parts) == 3 else b""


def _entry(content: bytes, start: int) -> CrlEntry:
    serial, date, extensions = _entry_parts(content, start)
    found = split(extensions)
    code = found.get(REASON_CODE)
    return CrlEntry(
        serial=der.integer(serial),
        date=der.instant(date),
        reason=reason(der.element(code.value)[0]) if code else CrlReason.UNSPECIFIED,
        invalid_since=_time(found.get(INVALIDITY_DATE)),
    )


def reason(found: der.Element) -> CrlReason:
    """Of an ENUMERATED. Raises CertificateError."""
    return CrlReason.of(der.integer(found, _ENUMERATED))


def _number(extension: Extension | None) -> int | None:
    return der.integer(der.element(extension.value)[0]) if extension else None


def _time(extension: Extension | None) -> datetime | None:
    return der.instant(der.element(extension.value)[0]) if extension else None


def _authority_key(extension: Extension | None) -> bytes:
    parts = der.sequence(extension.value) if extension else []
    return next((each.content for each in parts if each.tag == der.context(0)), b"")
