# SPDX-License-Identifier: Apache-2.0
"""Distribution points: which CRL is for which certificates (RFC 5280 §4.2.1.13, §5.2.5).

A name relative to the CRL's issuer means that issuer's name with one RDN more. Names are compared as RFC 5280 §7 wants:
directory names by their attributes, URIs without regard to letter case in scheme and host, all others by their bytes.
"""

from collections.abc import Hashable
from dataclasses import dataclass

from trust_lists.certificates import der
from trust_lists.certificates.names import ComparableName, comparable
from trust_lists.errors import CertificateError

REASON_FLAGS = {
    1: "keyCompromise",
    2: "cACompromise",
    3: "affiliationChanged",
    4: "superseded",
    5: "cessationOfOperation",
    6: "certificateHold",
    7: "privilegeWithdrawn",
    8: "aACompromise",
}
"""The bits of ReasonFlags (RFC 5280 §4.2.1.13), which aren't the numbers of CRLReason."""
ALL_REASONS = frozenset(REASON_FLAGS)

PlaceName = tuple[int, Hashable]
"""A GeneralName: its number in the CHOICE, and its comparable value."""

_DIRECTORY, _URI = 4, 6


@dataclass(frozen=True, slots=True)
class PointName:
    """A DistributionPointName: general names, or an RDN below a CRL issuer."""

    full: frozenset[PlaceName] = frozenset()
    relative: ComparableName = ()
    """One RDN; () where the names are full."""

    def places(self, issuer: ComparableName) -> frozenset[PlaceName]:
        """The full names, below a CRL issuer of this name."""
        return frozenset({directory(issuer + self.relative)}) if self.relative else self.full


@dataclass(frozen=True, slots=True)
class DistributionPoint:
    """One of a certificate's; None stands for what is absent."""

    name: PointName | None = None
    reasons: frozenset[int] | None = None
    crl_issuers: tuple[ComparableName, ...] = ()
    """The directory names in cRLIssuer; () where it is absent."""
    urls: tuple[str, ...] = ()

    def places(self, certificate_issuer: ComparableName) -> frozenset[PlaceName]:
        """What the CRL's own distribution point must be one of (RFC 5280 §6.3.3 (b) (2) (i))."""
        if self.name is None:
            return frozenset(map(directory, self.crl_issuers))
        return frozenset().union(*(self.name.places(issuer) for issuer in self.crl_issuers or (certificate_issuer,)))


@dataclass(frozen=True, slots=True)
class IssuingDistributionPoint:
    """The scope of a CRL; as if absent by default."""

    name: PointName | None = None
    only_users: bool = False
    only_authorities: bool = False
    reasons: frozenset[int] | None = None
    indirect: bool = False
    only_attributes: bool = False


def directory(name: ComparableName) -> PlaceName:
    """A directory name as a general name."""
    return _DIRECTORY, name


def distribution_points(value: bytes) -> tuple[DistributionPoint, ...]:
    """Those of the extension cRLDistributionPoints. Raises CertificateError."""
    return tuple(_distribution_point(each) for each in der.sequence(value))


def issuing_distribution_point(value: bytes) -> IssuingDistributionPoint:
    """The scope in the extension of a CRL. Raises CertificateError."""
    found = {each.tag: each for each in der.sequence(value)}

    def flag(number: int) -> bool:
        each = found.get(der.context(number))
        return each is not None and any(each.content)

    name = found.get(der.context(0, constructed=True))
    reasons = found.get(der.context(3))
    return IssuingDistributionPoint(
        name=_point_name(name) if name else None,
        only_users=flag(1),
        only_authorities=flag(2),
        reasons=_reasons(reasons) if reasons else None,
        indirect=flag(4),
        only_attributes=flag(5),
    )


def general_names(content: bytes) -> tuple[PlaceName, ...]:
    """The names in the content of GeneralNames, comparable. Raises CertificateError."""
    return tuple(_place(each) for each in der.elements(content))


def directory_names(places: tuple[PlaceName, ...]) -> tuple[ComparableName, ...]:
    """The directory names among general names."""
    return tuple(value for kind, value in places if kind == _DIRECTORY and isinstance(value, tuple))


def _distribution_point(found: der.Element) -> DistributionPoint:
    parts = {each.tag: each for each in der.elements(der.expect(found, der.SEQUENCE).content)}
    name = parts.get(der.context(0, constructed=True))
    reasons = parts.get(der.context(1))
    issuer = parts.get(der.context(2, constructed=True))
    if not name and not issuer:
        raise CertificateError("a distribution point has neither a name nor a CRL issuer")
    return DistributionPoint(
        name=_point_name(name) if name else None,
        reasons=_reasons(reasons) if reasons else None,
        crl_issuers=directory_names(general_names(issuer.content)) if issuer else (),
        urls=_urls(name) if name else (),
    )


def _point_name(found: der.Element) -> PointName:
    """The CHOICE inside of `[0]`."""
    choice, _ = der.element(found.content)
    if choice.tag == der.context(0, constructed=True):
        return PointName(full=frozenset(general_names(choice.content)))
    if choice.tag != der.context(1, constructed=True):
        raise CertificateError("a distribution point's name is of no known kind")
    return PointName(relative=comparable(_encoded(der.SEQUENCE, _encoded(der.SET, choice.content))))


def _urls(found: der.Element) -> tuple[str, ...]:
    choice, _ = der.element(found.content)
    if choice.tag != der.context(0, constructed=True):
        return ()
    return tuple(
        each.content.decode("ascii", "replace")
        for each in der.elements(choice.content)
        if each.tag == der.context(_URI)
    )


def _place(found: der.Element) -> PlaceName:
    kind = found.tag & 0x1F
    if found.tag & 0xC0 != 0x80:
        raise CertificateError("a general name is of no known kind")
    if kind == _DIRECTORY:
        return directory(comparable(der.element(found.content)[0].encoded))
    return kind, _comparable_uri(found.content) if kind == _URI else found.content


def _comparable_uri(uri: bytes) -> bytes:
    scheme, separator, rest = uri.partition(b"://")
    host, slash, path = rest.partition(b"/")
    return scheme.lower() + separator + host.lower() + slash + path


def _reasons(found: der.Element) -> frozenset[int]:
    """The numbers of the bits that are set, counted from the first."""
    content = found.content[1:]
    return (
        frozenset(number for number in range(8 * len(content)) if content[number // 8] & 0x80 >> number % 8)
        & ALL_REASONS
    )


def _encoded(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 0x80 else b"\x84" + size.to_bytes(4, "big")
    return bytes([tag]) + length + content
