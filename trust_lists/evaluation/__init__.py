# SPDX-License-Identifier: Apache-2.0
"""Trust decisions: pure functions of configuration, role, certificate, time and evidence."""

from trust_lists.evaluation.decisions import Case, Check, Decision, Evidence, Outcome, TraceStep
from trust_lists.evaluation.decisions.engine import DecisionEngine
from trust_lists.evaluation.trust_configuration import Role, TrustConfiguration

__all__ = [
    "Case",
    "Check",
    "Decision",
    "DecisionEngine",
    "Evidence",
    "Outcome",
    "Role",
    "TraceStep",
    "TrustConfiguration",
]
