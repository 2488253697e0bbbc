# SPDX-License-Identifier: Apache-2.0
"""A configuration without some of its demands, for questions that leave them aside; whoever asks has to say so."""

from dataclasses import replace

from trust_lists.certificates.revocation.rules import RevocationRule
from trust_lists.evaluation.trust_configuration.model import RoleRule, TrustConfiguration


def without_revocation(configuration: TrustConfiguration) -> TrustConfiguration:
    """The same, with no role asking whether anything was revoked."""
    roles = configuration.roles
    return replace(
        configuration,
        roles=replace(
            roles,
            ap_sign=_unchecked(roles.ap_sign),
            ap_encrypt=_unchecked(roles.ap_encrypt),
            smp_sign=_unchecked(roles.smp_sign),
            sml_client=_unchecked(roles.sml_client),
            list_signer=_unchecked(roles.list_signer),
            tls_server=_unchecked(roles.tls_server),
        ),
    )


def _unchecked(rule: RoleRule | None) -> RoleRule | None:
    none = RevocationRule.NO_CHECK
    return rule and replace(rule, revocation=replace(rule.revocation, leaf=none, intermediates=none))
