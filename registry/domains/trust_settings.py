# SPDX-License-Identifier: Apache-2.0
"""Whom a domain trusts in which role, as it was configured; `registry.trust` makes decisions of it.

Either a trust configuration says it (`trust.configuration`, which the loader makes of `trust.model` or
`trust.model_file`), or each role has a few settings of its own: the short form. What is done about a no is the
domain's own affair in both. Certificates are texts here, whatever is in them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal, Self

from registry.domains.section import Section, merge

ROLES = ("smp-sign", "ap-encrypt", "ap-sign", "sml-client", "list-signer", "tls-server")
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
_MODEL_KEYS: Final = ("configuration", "model", "model_file")
_POLICY: Final = "on_untrusted"


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
    """The settings of each role, and the trust configuration if there is one: then roles have `on_untrusted` only."""

    roles: Mapping[str, RoleSettings] = field(default_factory=dict)
    configuration: Mapping[str, object] | None = None
    """A TrustConfiguration as JSON has it, with its certificates in it (`pem`)."""

    def role(self, name: str) -> RoleSettings:
        """The settings of a role; those that trust nobody where it is not configured."""
        return self.roles.get(name, RoleSettings())

    def trusts_nobody(self, role: str) -> bool:
        """Whether every certificate is refused in a role, since there is nothing to hold it against."""
        if self.configuration is None:
            return self.role(role).trusts_nobody
        rules = self.configuration.get("roles")
        return not isinstance(rules, Mapping) or role not in rules

    @property
    def advisory(self) -> frozenset[str]:
        """The roles in which a no is a warning only."""
        return frozenset(role for role, settings in self.roles.items() if settings.on_untrusted == "warn")

    @classmethod
    def read(cls, section: Section) -> Self:
        """From the section `trust`; complains there."""
        parts = {role: section.section(role) for role in ROLES}
        roles = {role: RoleSettings.read(part) for role, part in parts.items() if role in section.values}
        configuration = section.free("configuration") or None
        for role, settings in roles.items() if configuration else ():
            if replace(settings, on_untrusted="refuse") != RoleSettings():
                message = (
                    f"the trust model says already who is accepted, so only {_POLICY} may stand here; "
                    "who wants to do without the model says trust.configuration: null"
                )
                section.complain(role, message)
        return cls(roles, configuration)


def names_model(trust: object) -> bool:
    """Whether the section `trust` names a model, or has one in it."""
    return isinstance(trust, Mapping) and any(trust.get(key) is not None for key in _MODEL_KEYS)


def lay_over(below: Mapping[str, object], above: Mapping[str, object]) -> dict[str, object]:
    """Settings laid over others (`section.merge`). A trust model takes the place of all that is said of trust below,
    but for what is done about a no.
    """
    trust = below.get("trust")
    if names_model(above.get("trust")) and isinstance(trust, Mapping):
        roles = {key: value for key, value in trust.items() if key in ROLES and isinstance(value, Mapping)}
        kept = {role: {_POLICY: value[_POLICY]} for role, value in roles.items() if _POLICY in value}
        below = {**below, "trust": kept}
    return merge(below, above)


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
