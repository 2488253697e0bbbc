# SPDX-License-Identifier: Apache-2.0
"""Extensions of certificates, CRLs, their entries and OCSP responses, read where revocation needs them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from trust_lists.certificates import der
from trust_lists.certificates.path_extensions import Extension, split
from trust_lists.certificates.revocation.distribution_points import DistributionPoint, distribution_points
from trust_lists.certificates.slices import cut
from trust_lists.errors import CertificateError

CRL_POINTS, ACCESS = "2.5.29.31", "1.3.6.1.5.5.7.1.1"
KEY_USAGE, EXTENDED_KEY_USAGE = "2.5.29.15", "2.5.29.37"
NO_REVOCATION_AVAILABLE, OCSP_NO_CHECK = "2.5.29.56", "1.3.6.1.5.5.7.48.1.5"
OCSP_SIGNING, _OCSP_ACCESS = "1.3.6.1.5.5.7.3.9", "1.3.6.1.5.5.7.48.1"
_DIGITAL_SIGNATURE, _CONTENT_COMMITMENT, _CRL_SIGN = 0x80, 0x40, 0x02
_URI = 6
_USUAL_BYTES = 4_000
"""What is larger isn't remembered."""


def unknown_critical(found: Mapping[str, Extension], known: Iterable[str]) -> frozenset[str]:
    """The OIDs of those that nobody here can process, and that say that one must."""
    return frozenset(name for name, each in found.items() if each.critical) - frozenset(known)


@dataclass(frozen=True, slots=True)
class RevocationExtensions:
    """What a certificate says about revocation, its own and that of others; the defaults are what absence means."""

    points: tuple[DistributionPoint, ...] = ()
    points_broken: str = ""
    """What is wrong with the distribution points; then there are none."""
    declares_ocsp: bool = False
    ocsp_urls: tuple[str, ...] = ()
    none_available: bool = False
    """noRevAvail (RFC 9608 §2)."""
    may_sign_crls: bool = True
    ocsp_signing: bool = False
    """Whether it is for OCSP responses: extended key usage, and key usage where there is any (RFC 5280 §4.2.1.12)."""
    ocsp_no_check: bool = False

    @property
    def declared(self) -> bool:
        """Whether it says where its status can be asked for."""
        return bool(self.points) or bool(self.points_broken) or self.declares_ocsp

    @property
    def crl_urls(self) -> tuple[str, ...]:
        """Of all distribution points, each once, in their order."""
        return tuple(dict.fromkeys(url for point in self.points for url in point.urls))


def revocation_extensions(certificate: bytes) -> RevocationExtensions:
    """Those of a certificate in DER.

    Raises CertificateError where the extensions can't be taken apart, or key usages can't be read.
    """
    slices = cut(certificate)
    if slices is None or slices.extensions is None:
        raise CertificateError("the extensions of the certificate can't be found")
    usual = len(slices.extensions) <= _USUAL_BYTES
    return _read_or_remembered(slices.extensions) if usual else _read(slices.extensions)


def _read(extensions: bytes) -> RevocationExtensions:
    found = split(extensions)
    try:
        points, broken = distribution_points(found[CRL_POINTS].value) if CRL_POINTS in found else (), ""
    except CertificateError as error:
        points, broken = (), str(error)
    usage = _key_usage(found[KEY_USAGE].value) if KEY_USAGE in found else None
    purposes = _purposes(found[EXTENDED_KEY_USAGE].value) if EXTENDED_KEY_USAGE in found else frozenset()
    places = _ocsp_places(found[ACCESS].value) if ACCESS in found else []
    return RevocationExtensions(
        points=points,
        points_broken=broken,
        declares_ocsp=bool(places),
        ocsp_urls=tuple(each.content.decode("ascii", "replace") for each in places if each.tag == der.context(_URI)),
        none_available=NO_REVOCATION_AVAILABLE in found,
        may_sign_crls=usage is None or bool(usage & _CRL_SIGN),
        ocsp_signing=OCSP_SIGNING in purposes
        and (usage is None or bool(usage & (_DIGITAL_SIGNATURE | _CONTENT_COMMITMENT))),
        ocsp_no_check=OCSP_NO_CHECK in found,
    )


_read_or_remembered = lru_cache(maxsize=2048)(_read)


def _key_usage(value: bytes) -> int:
    """The first eight bits."""
    return (der.bits(der.element(value)[0]) or b"\x00")[0]


def _purposes(value: bytes) -> frozenset[str]:
    return frozenset(der.oid(each) for each in der.sequence(value))


def _ocsp_places(value: bytes) -> list[der.Element]:
    """Where OCSP is spoken (RFC 5280 §4.2.2.1); [] where the extension can't be read: it is a hint, nothing more."""
    places = []
    try:
        for each in der.sequence(value):
            method, place = der.elements(der.expect(each, der.SEQUENCE).content)
            if der.oid(method) == _OCSP_ACCESS:
                places.append(place)
    except (CertificateError, ValueError):
        return []
    return places
