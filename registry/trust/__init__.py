# SPDX-License-Identifier: Apache-2.0
"""The seam to trust_lists: whom a domain trusts in which role. SMP, SML and discovery ask only here."""

from registry.trust.decision import TrustDecision
from registry.trust.model import TrustModel
from trust_lists.evaluation.trust_configuration import Role

__all__ = ["Role", "TrustDecision", "TrustModel"]
