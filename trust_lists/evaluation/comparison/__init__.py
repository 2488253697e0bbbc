# SPDX-License-Identifier: Apache-2.0
"""Two trust configurations compared: what they say, what they decide, where their edges are, what growth costs. Pure.

`structural_differences` is what they say differently; `compare` all of it.
"""

from trust_lists.evaluation.comparison.limits import Succession, successions
from trust_lists.evaluation.comparison.matrix import Circumstances, RoleMatrix, Side, Subject, compare_decisions
from trust_lists.evaluation.comparison.model import Difference, Effect, Kind
from trust_lists.evaluation.comparison.probing.answers import Probe, ProbeResults
from trust_lists.evaluation.comparison.probing.running import run_probes
from trust_lists.evaluation.comparison.relaxing import without_revocation
from trust_lists.evaluation.comparison.result import Asked, Compared, Comparison, compare
from trust_lists.evaluation.comparison.structural import structural_differences

__all__ = [
    "Asked",
    "Circumstances",
    "Compared",
    "Comparison",
    "Difference",
    "Effect",
    "Kind",
    "Probe",
    "ProbeResults",
    "RoleMatrix",
    "Side",
    "Subject",
    "Succession",
    "compare",
    "compare_decisions",
    "run_probes",
    "structural_differences",
    "successions",
    "without_revocation",
]
