# SPDX-License-Identifier: Apache-2.0
"""The three checks of a certificate under Regulation (EU) 910/2014: TS 119 615 §4.4.4-08 to -32.

The steps have the same sequence for each purpose (k = 1, 2, 3) and numbers that differ by 8. Slip of the text:
-18A b) and -26A b) set CHECK_1; CHECK_2 and CHECK_3 are meant.
"""

from collections.abc import Sequence
from itertools import combinations

from trust_lists.documents.vocabulary import GRANTED, WITHDRAWN
from trust_lists.evaluation.explanation import Account
from trust_lists.evaluation.ts119615.codes import (
    E_SIG,
    NOT_QUALIFIED,
    OWN_CONFLICT,
    OWN_CRITERIA_UNDECIDED,
    OWN_STATEMENTS_UNREADABLE,
    OWN_UNCERTAIN,
    OWN_UNKNOWN_QC_TYPE,
    PURPOSES,
    QC_FOR_LEGAL_PERSON,
    QC_STATEMENT,
    SEVERAL_QC_TYPES,
    STATUS_NON_COMPLIANCE,
    TYPE_QUALIFIERS,
    Purpose,
    QcResult,
    duplication,
    inconsistent_qualifiers,
    not_enough_on_type,
)
from trust_lists.evaluation.ts119615.criteria import NOTHING, Applied, applied, told_qualifiers
from trust_lists.evaluation.ts119615.services import ServicesOutcome
from trust_lists.evaluation.ts119615.statements import Statements
from trust_lists.evaluation.ts119615.tables import compatible, qualified


def check(
    purpose: Purpose, services: ServicesOutcome, certificate: Statements, codes: dict[str, None], account: Account
) -> tuple[QcResult, Applied]:
    """CHECK_k and CHECK_k_SET-OF_QE (§4.4.4-08 to -15 for k = 1); adds its sub-statuses to `codes`."""

    def step(offset: int, read: str, result: QcResult, why: str, suffix: str = "") -> QcResult:
        account.step(f"-{8 * purpose.number + offset:02}{suffix}", read, f"{result}, {why}", decides=True)
        return result

    if (conflict := duplication(purpose, conflict=True)) in services.sub_status:
        return step(1, f"services for {purpose.name}", purpose.indeterminate, conflict), NOTHING
    states = [each.state for each in services.results if each.is_for(purpose.information)]
    statuses = {state.status for state in states}
    if not states:
        return step(2, f"services for {purpose.name}", purpose.negative, "there is none"), NOTHING
    if WITHDRAWN in statuses:
        return step(2, f"status of the service for {purpose.name}", purpose.negative, "withdrawn"), NOTHING
    if statuses != {GRANTED}:
        codes[STATUS_NON_COMPLIANCE] = None
        read = f"status of the service for {purpose.name}"
        return step(2, read, purpose.indeterminate, STATUS_NON_COMPLIANCE, suffix="A"), NOTHING

    qualifications = applied(states, certificate)
    qualifiers = qualifications.qualifiers
    account.step(f"-{8 * purpose.number + 3:02}", "qualifiers that apply", told_qualifiers(qualifiers))
    if qualifications.undecided_qualifiers & TYPE_QUALIFIERS:
        codes[OWN_CRITERIA_UNDECIDED] = None
        return step(3, "criteria", purpose.indeterminate, "one can't be decided"), qualifications
    if _contradictory(purpose, qualifiers):
        codes[inconsistent_qualifiers(purpose)] = None
        return step(4, "qualifiers", purpose.indeterminate, inconsistent_qualifiers(purpose)), qualifications
    stated = certificate.qc_statements
    if stated is None:
        codes[OWN_STATEMENTS_UNREADABLE] = None
        return step(5, "QCStatements", purpose.indeterminate, "they can't be read"), qualifications
    if stated.unknown_types:
        codes[OWN_UNKNOWN_QC_TYPE] = None
        read = f"QcType {', '.join(sorted(stated.unknown_types))}"
        return step(5, read, purpose.indeterminate, "EN 319 412-5 doesn't know it"), qualifications
    types = stated.type_numbers
    if len(types) > 1:
        codes[SEVERAL_QC_TYPES] = None
        account.step(f"-{8 * purpose.number + 6:02}", f"QcTypes {_numbers(types)}", SEVERAL_QC_TYPES)
    cell = qualified(purpose, compliance=stated.compliance, types=types, qualifiers=qualifiers)
    if (cell.row, cell.column) == (8, 3):
        codes[not_enough_on_type(purpose)] = None
    read = f"{'QcCompliance' if stated.compliance else 'no QcCompliance'}, QcTypes {_numbers(types)}"
    return step(7, read, cell.result(purpose), str(cell)), qualifications


def compare(checks: Sequence[QcResult], codes: dict[str, None], account: Account) -> str:
    """§4.4.4-32: the worst of Table 4 for the values of the three checks: `ok`, `warning` or `error`.

    The standard wants values that name each pair, and gives none; ours are added to `codes`.
    """
    worst = "ok"
    for one, other in combinations(checks, 2):
        verdict = compatible(one, other)
        if verdict == "error":
            codes[OWN_CONFLICT.format(one=one, other=other)] = None
        elif verdict == "warning":
            codes[OWN_UNCERTAIN.format(one=one, other=other)] = None
        worst = max(worst, verdict, key=("ok", "warning", "error").index)
    account.step("-32", f"Table 4 for {', '.join(checks)}", worst, decides=worst == "error")
    return worst


def _contradictory(purpose: Purpose, qualifiers: frozenset[str]) -> bool:
    own = {each.qualifier for each in PURPOSES}
    return (
        bool(qualifiers & own - {purpose.qualifier})
        or {NOT_QUALIFIED, QC_STATEMENT} <= qualifiers
        or (purpose is E_SIG and QC_FOR_LEGAL_PERSON in qualifiers)
    )


def _numbers(types: frozenset[int]) -> str:
    return ", ".join(map(str, sorted(types))) or "none"
