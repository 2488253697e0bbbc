# SPDX-License-Identifier: Apache-2.0
"""A configuration without some of its demands, for questions that leave them aside; whoever asks has to say so."""

from dataclasses import replace

from trust_lists.certificates.revocation.rules import RevocationRule
from trust_lists.evaluation.trust_configuration.model import RoleRule, TrustConfiguration


def without_revocation(configuration: TrustConfiguration) -> TrustConfiguration:
    """The same, with no role asking whether anything was revoked."""
    return replace(configuration, roles=configuration.roles.with_rules(_unchecked))


def _unchecked(rule: RoleRule) -> RoleRule:
    none = RevocationRule.NO_CHECK
    return replace(rule, revocation=replace(rule.revocation, leaf=none, intermediates=none))
