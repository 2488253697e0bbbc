# SPDX-License-Identifier: Apache-2.0
"""What TS 119 615 §4.4 says of a certificate, as checks: none where it found what a rule demands.

A procedure that failed has found nothing out, and an indeterminate result says so itself: neither is a plain no. What
is qualified now and wasn't when it was issued is a failed procedure, too (PRO-4.4.4-36).
"""

from dataclasses import dataclass

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.evaluation.decisions.evidence import ListsAtHand
from trust_lists.evaluation.decisions.model import Case, Check
from trust_lists.evaluation.trust_configuration.model import Qualified
from trust_lists.evaluation.ts119615.codes import PURPOSES, QcResult, Status
from trust_lists.evaluation.ts119615.evidence import ListEvidence
from trust_lists.evaluation.ts119615.qualified import QualifiedOutcome, qualified_certificate

_PURPOSES = {Qualified(each.positive.value): each for each in PURPOSES}


@dataclass(frozen=True, slots=True)
class Qualification:
    """What speaks against the certificate; `warnings` are QC-Sub-Status where it is what was demanded."""

    checks: tuple[Check, ...] = ()
    warnings: tuple[str, ...] = ()


def qualification(
    wanted: Qualified, case: Case, at_hand: ListsAtHand, intermediates: tuple[ListedCertificate, ...], source: str
) -> Qualification:
    """Whether §4.4 finds what is wanted, by these lists at the time of the case. Raises nothing.

    `source` is the key path of the entry that leads to the lists.
    """
    evidence = ListEvidence(at_hand.lists, at_hand.index, intermediates)
    outcome = qualified_certificate(case.certificate, case.at, evidence)
    purpose = _PURPOSES[wanted]
    if outcome.status is not Status.FAILED and purpose.positive in outcome.results:
        return Qualification(warnings=outcome.sub_status)
    denied = bool({purpose.negative, QcResult.NOT_QUALIFIED} & outcome.results)
    name = case.certificate.subject_text
    return Qualification(
        tuple(
            Check(
                "NOT_QUALIFIED" if denied else "QUALIFICATION_UNKNOWN",
                f"TS 119 615 {clause}",
                f"{name}: {told}",
                case.certificate.sha256,
                source,
                undecided=not denied,
            )
            for clause, told in _reasons(wanted, outcome)
        )
    )


def _reasons(wanted: Qualified, outcome: QualifiedOutcome) -> list[tuple[str, str]]:
    """Clauses and words; what was found out about other purposes, or in favour, is left out."""
    own = _PURPOSES[wanted]
    aside = {value for each in PURPOSES for value in (each.positive, each.negative, each.indeterminate)}
    aside -= {own.negative, own.indeterminate}
    found = [
        (f"PRO-{reason.clause}", f"{reason.read}: {reason.outcome}")
        for reason in outcome.explanation.reasons
        if reason.outcome.partition(",")[0] not in aside
    ]
    codes = ", ".join((outcome.status.value, *sorted(outcome.results), *outcome.sub_status))
    return found or [("4.4", f"not {wanted.value}: {codes}")]
