# SPDX-License-Identifier: Apache-2.0
"""Trust decisions: pure functions of configuration, role, certificate, time and evidence."""

from trust_lists.evaluation.configuration import Evidence, Role, RoleRule, TrustConfiguration
from trust_lists.evaluation.decide import decide
from trust_lists.evaluation.decision import Decision, Outcome, Step, StepOutcome

__all__ = [
    "Decision",
    "Evidence",
    "Outcome",
    "Role",
    "RoleRule",
    "Step",
    "StepOutcome",
    "TrustConfiguration",
    "decide",
]
