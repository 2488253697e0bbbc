# SPDX-License-Identifier: Apache-2.0
"""Whether the key of a qualified certificate is in a qualified device: TS 119 615 §4.5.

Only the instant that is asked counts, also for the regime: what was said at notBefore is not looked at again. Known
consequence: after D0 the policy QCP+ says nothing (Table 7).
"""

from dataclasses import dataclass
from datetime import datetime

from trust_lists.certificates.listed import listed
from trust_lists.evaluation.explanation import Account, Explanation
from trust_lists.evaluation.ts119615.codes import (
    D0,
    KNOWN_QUALIFIERS,
    OWN_CRITERIA_UNDECIDED,
    QC_NO_QSCD,
    QC_NO_SSCD,
    QC_QSCD_AS_IN_CERT,
    QC_QSCD_MANAGED,
    QC_SSCD_AS_IN_CERT,
    QC_WITH_QSCD,
    QC_WITH_SSCD,
    QSCD_QUALIFIERS,
    SSCD_QUALIFIERS,
    TYPE_QUALIFIERS,
    UNKNOWN_CRITICAL_QUALIFIERS,
    UNKNOWN_QUALIFIERS,
    QcResult,
    QscdResult,
    Status,
)
from trust_lists.evaluation.ts119615.criteria import Applied, told_qualifiers
from trust_lists.evaluation.ts119615.evidence import Certificate, ListEvidence
from trust_lists.evaluation.ts119615.qualified import QualifiedOutcome, qualified_certificate
from trust_lists.evaluation.ts119615.services import told
from trust_lists.evaluation.ts119615.statements import QCP_PLUS, Statements, statements
from trust_lists.evaluation.ts119615.tables import device, device_under_directive

_DIRECTIVE_QUALIFIERS = {QC_WITH_SSCD, QC_NO_SSCD, QC_SSCD_AS_IN_CERT}


@dataclass(frozen=True, slots=True)
class QscdOutcome:
    """QSCD-Results (None: void), QSCD-Status and QSCD-Sub-Status, and the outcome of §4.4 that they rest on."""

    result: QscdResult | None
    status: Status
    sub_status: tuple[str, ...]
    qualified: QualifiedOutcome
    explanation: Explanation


def qualified_device(certificate: Certificate, at: datetime, evidence: ListEvidence) -> QscdOutcome:
    """Whether the certificate's key was in a qualified device at an instant (aware). Never raises."""
    qualified = qualified_certificate(certificate, at, evidence)
    account = Account("4.5.4", f"device of the key at {told(at)}")
    account.include(qualified.explanation)
    # §4.4's warnings are lost here by the text; further values are allowed (GPR-4.0-01)
    codes = dict.fromkeys(qualified.sub_status)

    def ended(status: Status, result: QscdResult | None, number: str, why: str) -> QscdOutcome:
        account.step(number, "device", f"{result or 'no result'}, {why}", decides=True)
        explanation = account.closed(f"{status}, {result}" if result else status)
        return QscdOutcome(result, status, tuple(codes), qualified, explanation)

    if qualified.status is Status.FAILED:
        codes = dict.fromkeys((qualified.status.value, *qualified.sub_status))
        return ended(Status.FAILED, None, "-02", "the process of 4.4 failed")
    under_directive = at < D0
    qualifications = _qualifications(qualified, under_directive=under_directive)
    if qualifications is None:
        number = "-03" if under_directive else "-05"
        return ended(Status.PASSED, QscdResult.INDETERMINATE, number, "it is qualified for neither eSig nor eSeal")
    qualifiers = qualifications.qualifiers
    number = "-03" if under_directive else "-04"
    account.step(number, "qualifiers that apply", told_qualifiers(qualifiers))

    if not under_directive:
        if unknown := qualifications.unknown(critical=True):
            codes[UNKNOWN_CRITICAL_QUALIFIERS] = None
            return ended(Status.FAILED, None, "-04b", f"unknown and critical: {told_qualifiers(unknown)}")
        if unknown := qualifications.unknown(critical=False):
            codes[UNKNOWN_QUALIFIERS] = None
            account.step("-04b", "unknown qualifiers", told_qualifiers(unknown))
    if why := _undecided(qualifications, under_directive=under_directive):
        codes[OWN_CRITERIA_UNDECIDED] = None
        return ended(Status.PASSED_WITH_WARNING, QscdResult.INDETERMINATE, number, why)
    if _contradictory(qualifiers, under_directive=under_directive):
        code = SSCD_QUALIFIERS if under_directive else QSCD_QUALIFIERS
        codes[code] = None
        return ended(Status.PASSED_WITH_WARNING, QscdResult.INDETERMINATE, f"{number}c", code)
    result, why = _table(statements(listed(certificate)), qualifiers, under_directive=under_directive)
    return ended(Status.PASSED, result, number, why)


def _qualifications(qualified: QualifiedOutcome, *, under_directive: bool) -> Applied | None:
    """The set that speaks of the device; None where the certificate is for no key of a device."""
    if QcResult.QC_FOR_ESIG in qualified.results:
        return qualified.qualifications[0]
    if QcResult.QC_FOR_ESEAL in qualified.results and not under_directive:
        return qualified.qualifications[1]
    return None


def _undecided(qualifications: Applied, *, under_directive: bool) -> str:
    """Why nobody can say which qualifiers speak of the device; "" where that is clear."""
    open_ones = qualifications.undecided_qualifiers - TYPE_QUALIFIERS
    if under_directive:
        open_ones &= _DIRECTIVE_QUALIFIERS
    if not open_ones:
        return ""
    unknown = " (unknown)" if open_ones - KNOWN_QUALIFIERS else ""
    return f"criteria can't be decided for {told_qualifiers(open_ones)}{unknown}"


def _contradictory(qualifiers: frozenset[str], *, under_directive: bool) -> bool:
    if under_directive:
        return len(_DIRECTIVE_QUALIFIERS & qualifiers) > 1
    with_device = {QC_WITH_QSCD, QC_QSCD_MANAGED} & qualifiers
    without = QC_NO_QSCD in qualifiers
    return bool(
        (QC_WITH_SSCD in qualifiers and QC_WITH_QSCD not in qualifiers)
        or (QC_NO_SSCD in qualifiers and not without)
        or (with_device and without)
        or (QC_QSCD_AS_IN_CERT in qualifiers and (with_device or without))
    )


def _table(certificate: Statements, qualifiers: frozenset[str], *, under_directive: bool) -> tuple[QscdResult, str]:
    stated = certificate.qc_statements is not None and certificate.qc_statements.sscd
    if under_directive:
        stated = stated or QCP_PLUS in (certificate.policies or ())
        said = "QcSSCD or QCP+" if stated else "neither QcSSCD nor QCP+"
        return device_under_directive(stated=stated, qualifiers=qualifiers), f"Table 6, {said}"
    said = "QcSSCD" if stated else "no QcSSCD"
    return device(stated=stated, qualifiers=qualifiers), f"Table 7, {said}"
