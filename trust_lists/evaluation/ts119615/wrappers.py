# SPDX-License-Identifier: Apache-2.0
"""Qualified archives, attestations of attributes and ledgers: TS 119 615 §4.11 to §4.13, which are §4.6 for a type."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from trust_lists.certificates.listed import listed
from trust_lists.documents.vocabulary import SERVICE_TYPE
from trust_lists.evaluation.explanation import Account
from trust_lists.evaluation.ts119615.codes import NO_QEAA_INDICATION, IssuerResult, Status
from trust_lists.evaluation.ts119615.evidence import Certificate, ListEvidence
from trust_lists.evaluation.ts119615.services import subject_territory, told
from trust_lists.evaluation.ts119615.token_issuer import IssuerOutcome, token_issuer

ARCHIVING_Q = f"{SERVICE_TYPE}ElectronicArchiving/Q"
ATTESTATION_Q = f"{SERVICE_TYPE}EAA/Q"
LEDGERS_Q = f"{SERVICE_TYPE}Ledgers/Q"
QEAA_URN = "urn:etsi:eaa:eu:qualified"


def archiving(certificate: Certificate, at: datetime, evidence: ListEvidence) -> IssuerOutcome:
    """Whether the certificate's holder was a qualified archive at an instant (§4.11). Never raises."""
    return _wrapped("4.11.4", ARCHIVING_Q, certificate, at, evidence)


def attribute_attestation(
    certificate: Certificate, at: datetime, evidence: ListEvidence, *, indications: Collection[str]
) -> IssuerOutcome:
    """Whether who signed an attestation of attributes was qualified to (§4.12). Never raises.

    `indications`: the types that the attestation says to be of; without `urn:etsi:eaa:eu:qualified` it is none.
    """
    if QEAA_URN in indications:
        return _wrapped("4.12.4", ATTESTATION_Q, certificate, at, evidence)
    account = Account("4.12.4", f"attestation of attributes at {told(at)}")
    account.step("-02", "types of the attestation", f"{QEAA_URN} is missing", decides=True)
    return IssuerOutcome(
        ATTESTATION_Q,
        IssuerResult.INDETERMINATE,
        Status.FAILED,
        (NO_QEAA_INDICATION,),
        subject_territory(listed(certificate)),
        (),
        (),
        account.closed(f"{Status.FAILED}, {IssuerResult.INDETERMINATE}"),
    )


def ledger(certificate: Certificate, at: datetime, evidence: ListEvidence) -> IssuerOutcome:
    """Whether the certificate's holder was a qualified ledger at an instant (§4.13). Never raises."""
    return _wrapped("4.13.4", LEDGERS_Q, certificate, at, evidence)


def _wrapped(
    clause: str, service_type: str, certificate: Certificate, at: datetime, evidence: ListEvidence
) -> IssuerOutcome:
    run = token_issuer(certificate, service_type, at, evidence)
    account = Account(clause, run.explanation.read)
    account.include(run.explanation)
    return replace(run, explanation=account.closed(run.explanation.outcome))
