# SPDX-License-Identifier: Apache-2.0
"""Whether a time stamp is a qualified one: TS 119 615 §4.7, at the instant asked and at the stamp's own.

The text passes a certificate that isn't among its inputs: that of the time-stamping unit is meant, which the caller has
verified the stamp with.
"""

from dataclasses import replace
from datetime import datetime

from trust_lists.documents.vocabulary import SERVICE_TYPE
from trust_lists.evaluation.explanation import Account
from trust_lists.evaluation.ts119615.codes import OWN_TIME_STAMP_DIFFERS, Status
from trust_lists.evaluation.ts119615.evidence import Certificate, ListEvidence
from trust_lists.evaluation.ts119615.services import told
from trust_lists.evaluation.ts119615.token_issuer import IssuerOutcome, token_issuer

TSA_QTST = f"{SERVICE_TYPE}TSA/QTST"


def time_stamp(certificate: Certificate, stamped_at: datetime, at: datetime, evidence: ListEvidence) -> IssuerOutcome:
    """Whether a stamp with genTime `stamped_at` was qualified, as seen at `at` (both aware). Never raises.

    The result is that of `at`, also where the other run fails or differs.
    """
    account = Account("4.7.4", f"time stamp of {told(stamped_at)} at {told(at)}")
    now = token_issuer(certificate, TSA_QTST, at, evidence)
    account.include(now.explanation)
    if now.status is Status.FAILED:
        return replace(now, explanation=account.closed(f"{now.status}, {now.result}"))
    then = token_issuer(certificate, TSA_QTST, stamped_at, evidence)
    account.include(then.explanation)
    codes = dict.fromkeys(now.sub_status)
    status: Status = now.status
    if then.status is Status.FAILED:
        status = Status.FAILED
        codes |= dict.fromkeys((then.status.value, *then.sub_status))
        account.step("-05", "run at genTime", "the process failed", decides=True)
    elif then.result != now.result:
        status = Status.FAILED
        codes[OWN_TIME_STAMP_DIFFERS.format(then=then.result, now=now.result)] = None
        account.step(
            "-06", "results of both instants", f"{then.result} at genTime, {now.result} at Date-time", decides=True
        )
    else:
        codes |= dict.fromkeys(then.sub_status)
        account.step("-06", "results of both instants", "the same")
    return replace(now, status=status, sub_status=tuple(codes), explanation=account.closed(f"{status}, {now.result}"))
