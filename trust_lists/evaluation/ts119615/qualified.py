# SPDX-License-Identifier: Apache-2.0
"""Whether a certificate is qualified, and for what: TS 119 615 §4.4, at an instant and at the certificate's notBefore.

A positive answer holds at both instants. What was granted then and is withdrawn now is a failed process, not a plain
no; the results given out are those of the instant that was asked.
"""

from dataclasses import dataclass
from datetime import datetime

from cryptography.x509.oid import NameOID

from trust_lists.certificates.listed import ListedCertificate, listed
from trust_lists.certificates.names import comparable_text
from trust_lists.documents.vocabulary import CA_QC
from trust_lists.evaluation.explanation import Account, Explanation
from trust_lists.evaluation.ts119615.codes import (
    D0,
    E_SEAL,
    NAME_INCONSISTENCY,
    NO_CONFIRMATION,
    OWN_CERTIFICATE_UNREADABLE,
    OWN_RESULTS_DIFFER,
    PURPOSES,
    WEB,
    QcResult,
    Status,
)
from trust_lists.evaluation.ts119615.criteria import NOTHING, Applied
from trust_lists.evaluation.ts119615.directive import check_under_directive
from trust_lists.evaluation.ts119615.evidence import Certificate, ListEvidence
from trust_lists.evaluation.ts119615.regulation import check, compare
from trust_lists.evaluation.ts119615.services import (
    FoundService,
    ServicesOutcome,
    issuer_territory,
    matching_services,
    names_of,
    told,
)
from trust_lists.evaluation.ts119615.statements import Statements, statements


@dataclass(frozen=True, slots=True)
class QualifiedOutcome:
    """QC-Results, QC-Status and QC-Sub-Status.

    `qualifications` are the sets CHECK_1, CHECK_2 and CHECK_3_SET-OF_QE; `services` is what §4.3 answered at Date-time.
    """

    results: frozenset[QcResult]
    status: Status
    sub_status: tuple[str, ...]
    qualifications: tuple[Applied, Applied, Applied]
    services: ServicesOutcome | None
    explanation: Explanation

    @property
    def qualified_for(self) -> tuple[str, ...]:
        """What it is qualified for: of `eSig`, `eSeal` and `web`; nothing where the process failed."""
        if self.status is Status.FAILED:
            return ()
        return tuple(purpose.name for purpose in PURPOSES if purpose.positive in self.results)


@dataclass(frozen=True, slots=True)
class _Run:
    outcome: QualifiedOutcome
    final: bool


def qualified_certificate(certificate: Certificate, at: datetime, evidence: ListEvidence) -> QualifiedOutcome:
    """Whether the certificate was qualified at an instant (aware). Never raises."""
    subject = listed(certificate)
    own = statements(subject)
    if own.not_before is None:
        account = Account("4.4.4", f"certificate {subject.sha256}")
        return _void((OWN_CERTIFICATE_UNREADABLE,), account.closed("its notBefore can't be read"))
    first = _run(subject, own, own.not_before, at, evidence)
    if first.final:
        return first.outcome
    second = _run(subject, own, own.not_before, own.not_before, evidence).outcome
    return _both(first.outcome, second, own.not_before)


def _both(now: QualifiedOutcome, then: QualifiedOutcome, not_before: datetime) -> QualifiedOutcome:
    """§4.4.4-34 to -36."""
    status: Status = now.status
    extra: tuple[str, ...] = ()
    number, why = "-36", "the same"
    if then.status is Status.FAILED:
        status, extra = Status.FAILED, (then.status.value, *then.sub_status)
        number, why = "-35", f"failed at notBefore: {', '.join(then.sub_status)}"
    elif then.results != now.results:
        differ = {"then": _joined(then.results - now.results), "now": _joined(now.results - then.results)}
        status, extra = Status.FAILED, (OWN_RESULTS_DIFFER.format(**differ),)
        number, why = "-36a", f"{differ['then']} at notBefore, {differ['now']} at Date-time"
    elif then.status is Status.PASSED_WITH_WARNING:
        status, extra = then.status, (then.status.value, *then.sub_status)
        number, why = "-36b", "the same, with warnings"
    account = Account("4.4.4", now.explanation.read)
    for step in now.explanation.steps:
        account.include(step)
    second = Account("4.4.4-34", f"again at notBefore, {told(not_before)}")
    for step in then.explanation.steps:
        second.include(step.aside())
    account.include(second.closed(then.explanation.outcome))
    account.step(number, "results of both instants", why, decides=status is Status.FAILED)
    sub_status = tuple(dict.fromkeys((*now.sub_status, *extra)))
    return QualifiedOutcome(
        now.results,
        status,
        sub_status,
        now.qualifications,
        now.services,
        account.closed(_verdict(status, now.results)),
    )


def _run(
    certificate: ListedCertificate, own: Statements, not_before: datetime, at: datetime, evidence: ListEvidence
) -> _Run:
    """§4.4.4-01 to -33, at one instant."""
    account = Account("4.4.4", f"certificate {certificate.subject_text or certificate.sha256} at {told(at)}")
    territory = issuer_territory(certificate)
    services = matching_services(certificate, CA_QC, at, territory, evidence)
    account.step("-01", "country of the issuer", territory or "none, or several")
    account.include(services.explanation)
    codes: dict[str, None] = {}
    sets = (NOTHING, NOTHING, NOTHING)

    def ended(status: Status, *given: QcResult, final: bool = True) -> _Run:
        results = frozenset(given)
        explanation = account.closed(_verdict(status, results))
        outcome = QualifiedOutcome(results, status, tuple(codes), sets, services, explanation)
        return _Run(outcome, final=final)

    if services.status is Status.FAILED:
        codes |= dict.fromkeys(services.failure)
        account.step("-04", "services", "the process failed")
        return ended(Status.FAILED)
    # §4.3's warnings are lost here by the text; further values are allowed (GPR-4.0-01)
    codes |= dict.fromkeys(services.sub_status)
    if not services.results:
        codes[NO_CONFIRMATION] = None
        account.step("-05", "services", NO_CONFIRMATION, decides=True)
        return ended(Status.PASSED, QcResult.NOT_QUALIFIED)
    if not _same_name(certificate, services.results, account):
        codes[NAME_INCONSISTENCY] = None
        return ended(Status.FAILED, QcResult.INDETERMINATE)

    if min(at, not_before) < D0:
        branch = check_under_directive(services.results, own, at, codes, account)
        sets = (branch.qualifications, NOTHING, NOTHING)
        if branch.result is None:
            return ended(Status.FAILED)
        return ended(Status.PASSED, branch.result, E_SEAL.negative, WEB.negative, final=branch.final)

    account.step("-07", "Date-time and notBefore", "the Regulation applies")
    (check_1, set_1), (check_2, set_2), (check_3, set_3) = (
        check(purpose, services, own, codes, account) for purpose in PURPOSES
    )
    sets = (set_1, set_2, set_3)
    checks = (check_1, check_2, check_3)
    worst = compare(checks, codes, account)
    if worst == "error":
        return ended(Status.FAILED)
    return ended(Status.PASSED_WITH_WARNING if worst == "warning" else Status.PASSED, *checks, final=False)


def _same_name(certificate: ListedCertificate, found: tuple[FoundService, ...], account: Account) -> bool:
    """§4.4.4-06: the issuer's O is a name of the provider; without an O, its CN is, or it is the listed subject."""
    known = names_of(found)
    organizations = certificate.issuer_values(NameOID.ORGANIZATION_NAME)
    names = organizations or certificate.issuer_values(NameOID.COMMON_NAME)
    same = any(comparable_text(name) in known for name in names)
    if not same and not organizations:
        subjects = {each.comparable_subject for entry in found for each in entry.service.current.identity.certificates}
        same = bool(certificate.comparable_issuer) and certificate.comparable_issuer in subjects
    read = f"issuer's {'O' if organizations else 'name without O'} {', '.join(names) or '(none)'}"
    account.step("-06", read, "a name of the provider" if same else NAME_INCONSISTENCY, decides=not same)
    return same


def _void(codes: tuple[str, ...], explanation: Explanation) -> QualifiedOutcome:
    sets = (NOTHING, NOTHING, NOTHING)
    return QualifiedOutcome(frozenset(), Status.FAILED, codes, sets, None, explanation)


def _verdict(status: Status, results: frozenset[QcResult]) -> str:
    return f"{status}, {_joined(results)}" if results else status


def _joined(results: frozenset[QcResult]) -> str:
    return "+".join(sorted(results))
