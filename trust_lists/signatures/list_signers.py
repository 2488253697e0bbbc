# SPDX-License-Identifier: Apache-2.0
"""What TS 119 612 §5.7.1 asks of the certificate that signs a list, beside being announced.

Of 175 lists in force between 2015 and 2026 hardly half name the extended key usage and 15 have no key usage at all;
who verifies therefore hears of it as a warning. Who signs does not get far with what breaks a "shall".
"""

from datetime import datetime

from cryptography import x509

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.parsing import extensions, key_usages
from trust_lists.errors import CertificateError, shown

TSL_SIGNING = "0.4.0.2231.3.0"
"""id-tsl-kp-tslSigning."""

_CLAUSE = "(TS 119 612 §5.7.1)"
_SIGNING = frozenset({"digital_signature", "content_commitment"})


def name_of(signer: ListedCertificate) -> str:
    """Who that is, for messages: subject and fingerprint."""
    return f"{shown(signer.subject_text) or 'an unreadable certificate'} (SHA-256 {signer.sha256})"


def was_valid(signer: ListedCertificate, at: datetime) -> bool:
    """Whether the certificate was valid then; False where its dates can't be read."""
    slices = signer.slices
    if slices is None:
        return False
    try:
        start, end = slices.dates
    except CertificateError:
        return False
    return start <= at <= end


def forbidden_for_signing(certificate: x509.Certificate) -> str | None:
    """Which "shall" of §5.7.1 a certificate breaks, so that no list may be signed with it; None where none.

    Raises CertificateError where its extensions can't be read.
    """
    if _is_authority(certificate):
        return f"the signer's certificate is an authority's, with CA=true {_CLAUSE}"
    usages = key_usages(certificate)
    if usages is not None and (not usages or usages - _SIGNING):
        found = ", ".join(sorted(usages)) or "nothing"
        return (
            f"the signer's key usage is {found}; only digital_signature and content_commitment "
            f"(nonRepudiation) are allowed {_CLAUSE}"
        )
    return None


def deviations(certificate: x509.Certificate) -> tuple[str, ...]:
    """Everything in the certificate alone that deviates from §5.7.1, as sentences."""
    try:
        return tuple(_deviations(certificate))
    except CertificateError as error:
        return (str(error),)


def _deviations(certificate: x509.Certificate) -> list[str]:
    forbidden = forbidden_for_signing(certificate)
    found = [forbidden] if forbidden else []
    known = extensions(certificate)
    if key_usages(certificate) is None:
        found.append(f"the signer's certificate has no key usage {_CLAUSE}")
    if TSL_SIGNING not in _extended_key_usages(known):
        found.append(f"the signer's certificate lacks the extended key usage tslSigning, {TSL_SIGNING} {_CLAUSE}")
    if not any(isinstance(each.value, x509.SubjectKeyIdentifier) for each in known):
        found.append(f"the signer's certificate has no subject key identifier {_CLAUSE}")
    return found


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return extensions(certificate).get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _extended_key_usages(known: x509.Extensions) -> frozenset[str]:
    try:
        usages = known.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return frozenset()
    return frozenset(usage.dotted_string for usage in usages)
