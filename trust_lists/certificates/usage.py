# SPDX-License-Identifier: Apache-2.0
"""What a certificate says that its key is for: key usage and extended key usage (RFC 5280 §4.2.1.3, §4.2.1.12)."""

from dataclasses import dataclass
from functools import lru_cache

from trust_lists.certificates import der
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.path_extensions import KEY_USAGE, split
from trust_lists.errors import CertificateError

EXTENDED_KEY_USAGE = "2.5.29.37"
ANY_PURPOSE = "2.5.29.37.0"
USAGES = (
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
)
"""By the number of their bit."""


@dataclass(frozen=True, slots=True)
class Usages:
    """None where there is no such extension."""

    key: frozenset[str] | None = None
    """Of `USAGES`."""
    extended: frozenset[str] | None = None
    """Dotted OIDs."""


def usages(certificate: ListedCertificate) -> Usages:
    """Both of a certificate. Raises CertificateError where they can't be read."""
    slices = certificate.slices
    if slices is None or slices.extensions is None:
        raise CertificateError("the extensions can't be found")
    return _usages(slices.extensions)


@lru_cache(maxsize=2048)
def _usages(extensions: bytes) -> Usages:
    found = split(extensions)
    key, extended = found.get(KEY_USAGE), found.get(EXTENDED_KEY_USAGE)
    return Usages(_bits(key.value) if key else None, _purposes(extended.value) if extended else None)


def _bits(value: bytes) -> frozenset[str]:
    bits = der.bits(der.element(value)[0])
    return frozenset(
        name
        for number, name in enumerate(USAGES)
        if number // 8 < len(bits) and bits[number // 8] & (0x80 >> number % 8)
    )


def _purposes(value: bytes) -> frozenset[str]:
    return frozenset(map(der.oid, der.sequence(value)))
