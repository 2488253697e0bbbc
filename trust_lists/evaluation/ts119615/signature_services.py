# SPDX-License-Identifier: Apache-2.0
"""Whether the signer of a validation or preservation report is a qualified service: TS 119 615 §4.8 and §4.9.

Slips of the text: 4.8.4-04b writes the results from a sub-status; 4.8.4-05b and 4.9.4-05b can't be reached.
"""

from dataclasses import dataclass
from datetime import datetime

from trust_lists.documents.vocabulary import SERVICE_TYPE
from trust_lists.evaluation.explanation import Account, Explanation
from trust_lists.evaluation.ts119615.codes import (
    E_SEAL,
    E_SIG,
    IssuerResult,
    SignatureServiceResult,
    Status,
)
from trust_lists.evaluation.ts119615.evidence import Certificate, ListEvidence
from trust_lists.evaluation.ts119615.services import told
from trust_lists.evaluation.ts119615.token_issuer import IssuerOutcome, token_issuer

VALIDATION_Q = f"{SERVICE_TYPE}QESValidation/Q"
PRESERVATION_Q = f"{SERVICE_TYPE}PSES/Q"
_POSITIVES = (SignatureServiceResult.QUALIFIED_FOR_ESIG, SignatureServiceResult.QUALIFIED_FOR_ESEAL)
_NEGATIVES = (SignatureServiceResult.NOT_QUALIFIED_FOR_ESIG, SignatureServiceResult.NOT_QUALIFIED_FOR_ESEAL)


@dataclass(frozen=True, slots=True)
class SignatureServiceOutcome:
    """QVSO- or QPSO-Results, -Status and -Sub-Status, and the run of §4.6."""

    results: frozenset[SignatureServiceResult]
    status: Status
    sub_status: tuple[str, ...]
    run: IssuerOutcome
    explanation: Explanation


def validation_service(certificate: Certificate, at: datetime, evidence: ListEvidence) -> SignatureServiceOutcome:
    """Whether the certificate's holder was a qualified validation service, and for what (§4.8). Never raises."""
    return _signature_service("4.8.4", VALIDATION_Q, certificate, at, evidence)


def preservation_service(certificate: Certificate, at: datetime, evidence: ListEvidence) -> SignatureServiceOutcome:
    """Whether the certificate's holder was a qualified preservation service, and for what (§4.9). Never raises."""
    return _signature_service("4.9.4", PRESERVATION_Q, certificate, at, evidence)


def _signature_service(
    clause: str, service_type: str, certificate: Certificate, at: datetime, evidence: ListEvidence
) -> SignatureServiceOutcome:
    account = Account(clause, f"service for signatures and seals at {told(at)}")
    run = token_issuer(certificate, service_type, at, evidence)
    account.include(run.explanation)
    if run.status is Status.FAILED:
        number, results = "-03", [SignatureServiceResult.INDETERMINATE]
    elif run.result is IssuerResult.NOT_QUALIFIED:
        number, results = "-04", list(_NEGATIVES)
    else:
        number = "-05"
        results = [
            yes if any(each.is_for(purpose.information) for each in run.services) else no
            for purpose, yes, no in zip((E_SIG, E_SEAL), _POSITIVES, _NEGATIVES, strict=True)
        ]
    told_results = ", ".join(results)
    account.step(
        number, "AdditionalServiceInformation" if number == "-05" else "run of 4.6", told_results, decides=True
    )
    explanation = account.closed(f"{run.status}, {told_results}")
    return SignatureServiceOutcome(frozenset(results), run.status, run.sub_status, run, explanation)
