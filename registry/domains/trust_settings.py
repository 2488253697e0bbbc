# SPDX-License-Identifier: Apache-2.0
"""Whom a domain trusts in which role, as it was configured; `registry.trust` makes decisions of it.

Certificates are texts here, whatever is in them: this package knows no cryptography.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Self

from registry.domains.section import Section

ROLES = ("smp-sign", "ap-encrypt", "ap-sign", "sml-client", "tls-server")
KEY_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)
Enforcement = Literal["refuse", "warn"]
ENFORCEMENTS: tuple[Enforcement, ...] = ("refuse", "warn")

_BEGIN = "-----BEGIN CERTIFICATE-----"
_END = "-----END CERTIFICATE-----"
_FINGERPRINT = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class RoleSettings:
    """What a certificate must be in one role. Without anchors and pins no certificate is trusted."""

    anchors: tuple[str, ...] = ()
    """Certificates that a path may end at; each a PEM text with one certificate."""
    intermediates: tuple[str, ...] = ()
    """Certificates that may stand between; each a PEM text with one certificate."""
    pins: tuple[str, ...] = ()
    """SHA-256 fingerprints (lower-case hex) of certificates that are accepted as they are."""
    subject_patterns: tuple[str, ...] = ()
    """Regular expressions, searched in the subject (`CN=…,OU=…,O=…,C=…`); one must be found if there are any."""
    key_usage: tuple[str, ...] = ()
    """Key usages that the certificate must assert, such as `digital_signature`."""
    on_untrusted: Enforcement = "refuse"
    """`warn` lets the operation go on, with a warning."""

    @property
    def trusts_nobody(self) -> bool:
        """Whether every certificate is refused since there is nothing to hold it against."""
        return not (self.anchors or self.pins)

    @classmethod
    def read(cls, section: Section) -> Self:
        """From the section of a role; complains there."""
        patterns = section.texts("subject_patterns")
        section.check_patterns("subject_patterns", patterns)
        pins = tuple(pin.replace(":", "").lower() for pin in section.texts("pins"))
        for pin in pins:
            if not _FINGERPRINT.fullmatch(pin):
                section.complain("pins", f"a SHA-256 fingerprint has 64 hex digits, not {pin!r}")
        return cls(
            anchors=_certificates(section, "anchors"),
            intermediates=_certificates(section, "intermediates"),
            pins=pins,
            subject_patterns=patterns,
            key_usage=section.choices("key_usage", KEY_USAGES),
            on_untrusted=section.choice("on_untrusted", "refuse", ENFORCEMENTS),
        )


@dataclass(frozen=True, slots=True)
class DomainTrust:
    """The settings of each role."""

    roles: Mapping[str, RoleSettings] = field(default_factory=dict)

    def role(self, name: str) -> RoleSettings:
        """The settings of a role; those that trust nobody where it is not configured."""
        return self.roles.get(name, RoleSettings())

    @classmethod
    def read(cls, section: Section) -> Self:
        """From the section `trust`; complains there."""
        roles = {role: section.section(role) for role in ROLES}
        return cls({role: RoleSettings.read(part) for role, part in roles.items() if role in section.values})


def split_certificates(text: str) -> tuple[str, ...]:
    """The single certificates of a PEM text, without what stands around them."""
    blocks = (block.partition(_END) for block in text.split(_BEGIN)[1:])
    return tuple(f"{_BEGIN}{body}{end}\n" for body, end, _ in blocks if end)


def _certificates(section: Section, name: str) -> tuple[str, ...]:
    """PEM texts may hold several certificates each."""
    found = [split_certificates(text) for text in section.texts(name)]
    if not all(found):
        section.complain(name, "a text without a PEM certificate is in it")
    return tuple(certificate for certificates in found for certificate in certificates)
