# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a list, rule by rule (TS 119 612 V2.4.1): all findings at once, each with its clause and place.

`check` looks at what a list says, `check_tree` at how its XML says it. Both are about TS 119 612 lists of all
versions: 6 of today, 5 of before 2026, and 3 and 4 of archives, for which less is asked. A finding is no verdict:
lists that break rules are in force every day.
"""

from trust_lists.documents.checks.checking import RULES, check, check_tree
from trust_lists.documents.checks.rules import Rule

__all__ = ["RULES", "Rule", "check", "check_tree"]
