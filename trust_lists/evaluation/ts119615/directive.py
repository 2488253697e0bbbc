# SPDX-License-Identifier: Apache-2.0
"""The check of a certificate from the time of Directive 1999/93/EC: TS 119 615 §4.4.4-33.

It knows signatures only, so the two other purposes are always negative. Slips of the text: f2) leaves the instant of D0
itself open (it counts as later here), f3) stops without filling QC-Results (the three negatives are returned here).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

from trust_lists.documents.vocabulary import WITHDRAWN
from trust_lists.evaluation.explanation import Account
from trust_lists.evaluation.ts119615.codes import (
    D0,
    DIRECTIVE_QUALIFIERS,
    E_SEAL,
    E_SIG,
    ENDED_BEFORE_D0,
    ENTRY_DUPLICATION,
    ENTRY_STATUS_CONFLICT,
    NOT_QUALIFIED,
    OWN_CRITERIA_UNDECIDED,
    OWN_POLICIES_UNREADABLE,
    OWN_STATEMENTS_UNREADABLE,
    QC_STATEMENT,
    TYPE_QUALIFIERS,
    WEB,
    QcResult,
)
from trust_lists.evaluation.ts119615.criteria import NOTHING, Applied, applied, told_qualifiers
from trust_lists.evaluation.ts119615.services import FoundService, short
from trust_lists.evaluation.ts119615.statements import QCP, QCP_PLUS, Statements
from trust_lists.evaluation.ts119615.tables import qualified_under_directive


@dataclass(frozen=True, slots=True)
class DirectiveCheck:
    """How the branch ended: `result` is CHECK_1, or None where the process failed.

    `final`: no second run at notBefore follows.
    """

    result: QcResult | None
    final: bool
    qualifications: Applied = NOTHING


def check_under_directive(
    found: Sequence[FoundService], certificate: Statements, at: datetime, codes: dict[str, None], account: Account
) -> DirectiveCheck:
    """CHECK_1 and its qualifications; adds its sub-statuses to `codes`."""
    negatives = f"{E_SEAL.negative}, {WEB.negative}"
    account.step("-33a", "Date-time or notBefore is before 2016-06-30 22:00 UTC, so the Directive applies", negatives)
    differ = {one != other for one, other in combinations([each.state.status for each in found], 2)}
    if False in differ:
        codes[ENTRY_DUPLICATION] = None
        account.step("-33c", "services with the same status", ENTRY_DUPLICATION)
    if True in differ:
        codes[ENTRY_STATUS_CONFLICT] = None
        account.step("-33d", "services with different statuses", ENTRY_STATUS_CONFLICT, decides=True)
        return DirectiveCheck(None, final=True)
    if reason := _ended(found, at):
        account.step(f"-33f{1 if at < D0 else 2}", reason, E_SIG.negative, decides=True)
        return DirectiveCheck(E_SIG.negative, final=True)

    qualifications = applied([each.state for each in found], certificate)
    qualifiers = qualifications.qualifiers
    account.step("-33g", "qualifiers that apply", told_qualifiers(qualifiers))
    failure = _failure(qualifications, certificate)
    if failure:
        codes[failure] = None
        account.step("-33h", "qualifiers and certificate", f"{E_SIG.indeterminate}, {failure}", decides=True)
        return DirectiveCheck(None, final=True, qualifications=qualifications)
    stated, policies = certificate.qc_statements, certificate.policies
    evidence = {
        "QcCompliance": stated is not None and stated.compliance,
        "policy QCP": QCP in (policies or ()),
        "policy QCP+": QCP_PLUS in (policies or ()),
    }
    cell = qualified_under_directive(evidence.values(), qualifiers)
    result = cell.result(E_SIG)
    read = ", ".join(name for name, present in evidence.items() if present)
    account.step("-33i", read or "neither QcCompliance nor QCP nor QCP+", f"{result}, {cell}", decides=True)
    return DirectiveCheck(result, final=False, qualifications=qualifications)


def _ended(found: Sequence[FoundService], at: datetime) -> str:
    """Why no service was in force; "" if one was (f)."""
    if at < D0:
        ended = [short(each.state.status) for each in found if each.state.status in ENDED_BEFORE_D0]
        return f"status of the service is {ended[0]}" if ended else ""
    statuses = {each.state.status for each in found if each.is_for(E_SIG.information)}
    if not statuses:
        return "no service is for eSig"
    return "status of the service for eSig is withdrawn" if WITHDRAWN in statuses else ""


def _failure(qualifications: Applied, certificate: Statements) -> str:
    """The sub-status that ends the branch without a result (h); "" where the table can be asked.

    Where the certificate can't be read the table can't be asked either; the standard doesn't speak of that.
    """
    qualifiers = qualifications.qualifiers
    if {E_SEAL.qualifier, WEB.qualifier} & qualifiers or {NOT_QUALIFIED, QC_STATEMENT} <= qualifiers:
        return DIRECTIVE_QUALIFIERS
    if qualifications.undecided_qualifiers & TYPE_QUALIFIERS:
        return OWN_CRITERIA_UNDECIDED
    if certificate.qc_statements is None:
        return OWN_STATEMENTS_UNREADABLE
    return OWN_POLICIES_UNREADABLE if certificate.policies is None else ""
