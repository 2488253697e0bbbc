# SPDX-License-Identifier: Apache-2.0
"""Whom a network trusts for what: the input of a decision that does not change from one decision to the next."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography import x509


class Role(StrEnum):
    """What a certificate is used for."""

    SMP_SIGN = "smp-sign"
    AP_ENCRYPT = "ap-encrypt"
    AP_SIGN = "ap-sign"
    SML_CLIENT = "sml-client"
    TLS_SERVER = "tls-server"


@dataclass(frozen=True, slots=True)
class RoleRule:
    """What a certificate must be in one role; a rule without anchors and pins accepts nobody."""

    anchors: tuple[x509.Certificate, ...] = ()
    """A path may end at these; each may be a root or any authority below one."""
    intermediates: tuple[x509.Certificate, ...] = ()
    """These may stand between, without being trusted themselves."""
    pins: frozenset[str] = frozenset()
    """SHA-256 fingerprints (lower-case hex) of certificates that need neither a path nor a certain subject."""
    subject_patterns: tuple[re.Pattern[str], ...] = ()
    """Searched in `subject_for_patterns`; one must be found if there are any."""
    key_usage: frozenset[str] = frozenset()
    """Names of `KEY_USAGES` that the certificate must assert, all of them."""


@dataclass(frozen=True, slots=True)
class TrustConfiguration:
    """The rule of each role. A role without a rule accepts nobody."""

    roles: Mapping[str, RoleRule] = field(default_factory=dict)

    def rule(self, role: str) -> RoleRule:
        """The rule of a role; the empty one, which accepts nobody, if there is none."""
        return self.roles.get(role, RoleRule())


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known about the certificate at hand; nothing of it is trusted."""

    intermediates: tuple[x509.Certificate, ...] = ()
    """Certificates that came along with it."""
