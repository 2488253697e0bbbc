# SPDX-License-Identifier: Apache-2.0
"""Certificates of sub-domains as the admin service names and lists them, and as settings of trust keep them.

A root certificate is an anchor of the role of SML clients, any other one a pin; a truststore certificate may stand
between. Who was accepted over the intermediates of other roles goes on to be: a role that names none takes all.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from registry.domains.domain import Domain
from registry.domains.trust_models import pem_text
from registry.errors import AlreadyExistsError, ConfigurationError, ConflictError, Reason, ValidationError
from registry.sml.admin_model import SubDomainCertificate
from registry.sml.admin_sub_domains import ROLE, trust_settings
from registry.sml.authorization import TrustOf
from registry.trust import Role
from registry.trust.authorities import Authorities
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.parsing import fingerprint, load_certificate
from trust_lists.errors import CertificateError

_IN_IDENTIFIER: Final = ((NameOID.COMMON_NAME, "CN"), (NameOID.ORGANIZATION_NAME, "O"), (NameOID.COUNTRY_NAME, "C"))
_LONGEST: Final = 255


@dataclass(frozen=True, slots=True)
class Held:
    """A certificate of a sub-domain: who is accepted by it, or what may only stand in paths (`lets_in` is False)."""

    domain: Domain
    certificate: ListedCertificate
    is_root: bool
    lets_in: bool = True

    @property
    def identifier(self) -> str:
        """The parts of its subject and its serial number, by which DomiSML knows certificates (sml.md §1.4)."""
        try:
            parsed = load_certificate(self.certificate.der)
            parts = [
                f"{label}={attribute.value!s}"
                for oid, label in _IN_IDENTIFIER
                for attribute in parsed.subject.get_attributes_for_oid(oid)[:1]
            ]
        except (CertificateError, ValueError):
            return f"sha256:{self.certificate.sha256}"
        serial = f":{parsed.serial_number:016x}"
        return ",".join(parts)[: _LONGEST - len(serial)] + serial

    @property
    def alias(self) -> str:
        """What it is called in the truststore: sub-domain, name, and for certain the beginning of its digest."""
        name = self.certificate.subject_text.split(",")[0].removeprefix("CN=").lower()
        slug = re.sub("[^a-z0-9]+", "-", name).strip("-")[:60] or "certificate"
        return f"{self.domain.dns.zone}:{slug}-{self.certificate.sha256[:12]}"[-_LONGEST:]

    @property
    def crl_url(self) -> str | None:
        """Where its issuer says that the list of revoked certificates is."""
        try:
            points = load_certificate(self.certificate.der).extensions.get_extension_for_class(
                x509.CRLDistributionPoints
            )
        except (x509.ExtensionNotFound, CertificateError, ValueError):
            return None
        names = (name for point in points.value for name in point.full_name or ())
        return next((name.value for name in names if isinstance(name, x509.UniformResourceIdentifier)), None)

    def shown(self) -> SubDomainCertificate:
        """As the service tells it; administrators are accounts, and not certificates of sub-domains."""
        zone = self.domain.dns.zone
        return SubDomainCertificate(
            zone,
            is_root=self.is_root,
            is_admin=False,
            identifier=self.identifier,
            alias=self.alias,
            crl_url=self.crl_url,
        )


def certificates_of(domain: Domain, trust_of: TrustOf, pinned: Iterable[bytes]) -> Iterator[Held]:
    """What a sub-domain holds for its clients: anchors, pins (those of which there is the certificate), and between."""
    authorities = _authorities(domain, trust_of)
    for anchor in authorities.anchors:
        yield Held(domain, anchor, is_root=True)
    for der in pinned:
        yield Held(domain, ListedCertificate(der), is_root=False)
    for between in authorities.intermediates:
        yield Held(domain, between, is_root=True, lets_in=False)


def read_certificate(data: bytes) -> x509.Certificate:
    """A certificate of a request, DER or PEM. Raises ValidationError."""
    try:
        return load_certificate(data)
    except CertificateError as error:
        raise ValidationError([Reason("SML-CERTIFICATE-FORM", str(error))]) from error


def with_certificate(domain: Domain, certificate: x509.Certificate, *, is_root: bool) -> dict[str, Any]:
    """Settings of trust with one more certificate that lets in. Raises AlreadyExistsError, ConflictError."""
    role, sha256 = domain.trust.role(ROLE), fingerprint(certificate)
    if not is_root:
        _refuse_twice(domain, sha256, role.pins)
        return trust_settings(domain, pins=[*role.pins, sha256])
    _refuse_twice(domain, sha256, _digests(role.anchors))
    return trust_settings(domain, anchors=[*role.anchors, _pem(certificate)])


def with_truststore_certificate(domain: Domain, certificate: x509.Certificate) -> dict[str, Any]:
    """Settings of trust with one more certificate between. Raises AlreadyExistsError, ConflictError."""
    role = domain.trust.role(ROLE)
    _refuse_twice(domain, fingerprint(certificate), [*_digests(role.intermediates), *_digests(role.anchors)])
    others = (pem for each in domain.trust.roles.values() for pem in each.intermediates)
    known = dict.fromkeys(role.intermediates or others)
    return trust_settings(domain, intermediates=[*known, _pem(certificate)])


def without_certificate(domain: Domain, sha256: str) -> dict[str, Any]:
    """Settings of trust without a certificate, wherever it is in them. Raises ConflictError."""
    role = domain.trust.role(ROLE)
    anchors, intermediates = (
        [pem for pem, digest in zip(pems, _digests(pems), strict=True) if digest != sha256]
        for pems in (role.anchors, role.intermediates)
    )
    pins = [pin for pin in role.pins if pin != sha256]
    return trust_settings(domain, anchors=anchors, intermediates=intermediates, pins=pins)


def _authorities(domain: Domain, trust_of: TrustOf) -> Authorities:
    if domain.trust.configuration is None:
        role = domain.trust.role(ROLE)
        return Authorities(*(tuple(map(_listed, pems)) for pems in (role.anchors, role.intermediates)))
    try:
        return trust_of(domain).authorities(Role.SML_CLIENT)
    except ConfigurationError as error:
        raise ConflictError(str(error)) from error


def _listed(pem: str) -> ListedCertificate:
    return ListedCertificate(load_certificate(pem).public_bytes(Encoding.DER))


def _refuse_twice(domain: Domain, sha256: str, held: Sequence[str]) -> None:
    if sha256 in held:
        raise AlreadyExistsError(f"the sub-domain {domain.dns.zone} has the certificate {sha256} already")


def _digests(pems: Sequence[str]) -> list[str]:
    return [fingerprint(load_certificate(pem)) for pem in pems]


def _pem(certificate: x509.Certificate) -> str:
    return pem_text(certificate.public_bytes(Encoding.DER))
