# SPDX-License-Identifier: Apache-2.0
"""Whether the signer of delivery evidence is a qualified registered delivery service: TS 119 615 §4.10.

A service is listed as EDS/Q or, for mail, as EDS/REM/Q. Gap of the text: -07 compares the provider's names of both
runs also where one is void, so that who is listed under one type only would always be in conflict; they are compared
only if both are set here.
"""

from dataclasses import dataclass
from datetime import datetime

from trust_lists.documents.vocabulary import SERVICE_TYPE
from trust_lists.evaluation.explanation import Account, Explanation
from trust_lists.evaluation.ts119615.codes import TSP_CONFLICT, IssuerResult, Status
from trust_lists.evaluation.ts119615.evidence import Certificate, ListEvidence
from trust_lists.evaluation.ts119615.services import comparable_names, told
from trust_lists.evaluation.ts119615.token_issuer import IssuerOutcome, token_issuer

EDS_Q = f"{SERVICE_TYPE}EDS/Q"
REM_Q = f"{SERVICE_TYPE}EDS/REM/Q"


@dataclass(frozen=True, slots=True)
class DeliveryOutcome:
    """QERDSO-Results, QERDSO-Status, QERDSO-Sub-Status and CC, and the two runs of §4.6."""

    results: frozenset[IssuerResult]
    status: Status
    sub_status: tuple[str, ...]
    territory: str
    runs: tuple[IssuerOutcome, IssuerOutcome]
    explanation: Explanation


def registered_delivery(certificate: Certificate, at: datetime, evidence: ListEvidence) -> DeliveryOutcome:
    """Whether the certificate's holder was a qualified delivery service at an instant (aware). Never raises."""
    account = Account("4.10.4", f"registered delivery at {told(at)}")
    runs = token_issuer(certificate, EDS_Q, at, evidence), token_issuer(certificate, REM_Q, at, evidence)
    codes: dict[str, None] = {}
    for run in runs:
        account.include(run.explanation)
        codes |= dict.fromkeys(run.sub_status)
    results = frozenset(run.result for run in runs)

    def ended(status: Status, given: frozenset[IssuerResult], number: str, read: str, why: str) -> DeliveryOutcome:
        account.step(number, read, why, decides=True)
        explanation = account.closed(f"{status}, {'+'.join(sorted(given))}")
        return DeliveryOutcome(given, status, tuple(codes), runs[0].territory, runs, explanation)

    if any(run.status is Status.FAILED for run in runs):
        return ended(Status.FAILED, results, "-05", "both runs", "one failed")
    if IssuerResult.QUALIFIED not in results:
        return ended(Status.PASSED, results, "-06", "both runs", "neither is qualified")
    names = {comparable_names(run.provider_names) for run in runs if run.provider_names}
    if len(names) > 1:
        codes[TSP_CONFLICT] = None
        indeterminate = frozenset({IssuerResult.INDETERMINATE})
        return ended(Status.FAILED, indeterminate, "-07", "names of the providers", TSP_CONFLICT)
    qualified = frozenset({IssuerResult.QUALIFIED})
    return ended(Status.PASSED, qualified, "-08", "both runs", "one is qualified, and the other doesn't contradict")
