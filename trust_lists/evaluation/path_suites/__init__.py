# SPDX-License-Identifier: Apache-2.0
"""Public suites of certificate-path cases (NIST PKITS, x509-limbo), each case as a question to the engine."""

from trust_lists.evaluation.path_suites.cases import Result, SuiteCase, run
from trust_lists.evaluation.path_suites.limbo import limbo_cases
from trust_lists.evaluation.path_suites.pkits import pkits_cases

__all__ = ["Result", "SuiteCase", "limbo_cases", "pkits_cases", "run"]
