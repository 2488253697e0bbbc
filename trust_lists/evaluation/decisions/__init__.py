# SPDX-License-Identifier: Apache-2.0
"""Trust decisions by a trust configuration: evidence in, decision out. No IO, no clock."""

from trust_lists.evaluation.decisions.evidence import Evidence
from trust_lists.evaluation.decisions.model import Case, Check, Decision, Outcome, TraceStep

__all__ = ["Case", "Check", "Decision", "Evidence", "Outcome", "TraceStep"]
