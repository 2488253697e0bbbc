# SPDX-License-Identifier: Apache-2.0
"""Whether a certificate was revoked at a time, from all evidence at hand: pure, with every reason.

Whoever says REVOKED is believed, whatever the rule demands (but for `no_check`) and whatever others say; except that
younger evidence lifts a hold. Otherwise the certificate is GOOD where the evidence that the rule demands says so, and
UNKNOWN in all other cases.
"""

from dataclasses import dataclass, field
from datetime import datetime

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.revocation.crl_check import check_crls
from trust_lists.certificates.revocation.evidence import RevocationEvidence
from trust_lists.certificates.revocation.model import (
    Authority,
    EvidenceKind,
    EvidenceUsed,
    RevocationReason,
    RevocationStatus,
    Statement,
    Status,
)
from trust_lists.certificates.revocation.ocsp_check import check_responses
from trust_lists.certificates.revocation.question import CrlIssuers, NoCrlIssuers, Question
from trust_lists.certificates.revocation.rules import RevocationRule, RevocationRules
from trust_lists.certificates.revocation.signed_data import SignatureBudget
from trust_lists.errors import CertificateError

_STEP = "RFC 5280 §6.1.3 (a)(3)"
_DEMANDED = {
    RevocationRule.CRL_REQUIRED: (EvidenceKind.CRL,),
    RevocationRule.OCSP_REQUIRED: (EvidenceKind.OCSP,),
}
_BOTH = (EvidenceKind.CRL, EvidenceKind.OCSP)


def check_revocation(
    certificate: ListedCertificate,
    issuer: Authority,
    at: datetime,
    evidence: RevocationEvidence,
    rules: RevocationRules,
    *,
    final: bool = True,
    crl_issuers: CrlIssuers | None = None,
) -> RevocationStatus:
    """The status of a certificate at `at` (aware), where `issuer` is the authority right above it in a valid path.

    `final`: it is the last of its path. `crl_issuers` knows who else may have signed CRLs. Nothing is raised.
    """
    rule = rules.rule(final=final)
    if rule is RevocationRule.NO_CHECK:
        return RevocationStatus(Status.NOT_ASKED, ())
    try:
        question = Question.about(certificate, issuer, at, rules)
    except CertificateError as error:
        return RevocationStatus(Status.UNKNOWN, (RevocationReason("CERTIFICATE_UNREADABLE", _STEP, str(error)),))
    return _Answer(question, rule, evidence, crl_issuers or NoCrlIssuers()).status()


@dataclass(slots=True)
class _Answer:
    question: Question
    rule: RevocationRule
    evidence: RevocationEvidence
    crl_issuers: CrlIssuers
    statements: list[Statement] = field(default_factory=list)
    reasons: dict[RevocationReason, None] = field(default_factory=dict)

    def status(self) -> RevocationStatus:
        self._collect()
        revoked = [each for each in self.statements if each.revocation and not self._is_lifted(each)]
        if revoked:
            return self._revoked(revoked)
        good = [each for each in self.statements if not each.revocation]
        cut_short = any(each.id == "TOO_MANY_SIGNATURES" for each in self.reasons)
        if not cut_short and self._is_enough({each.kind for each in good}):
            return self._good(good)
        declared = self.question.declared
        if not declared:
            self._tell_that_nobody_says_more()
        # behind more evidence than anybody looks at may be somebody who says that it was revoked
        if self.rule is RevocationRule.CHECK_IF_DECLARED and not declared and not cut_short:
            return RevocationStatus(Status.NOT_ASKED, tuple(self.reasons))
        return RevocationStatus(Status.UNKNOWN, (*self.reasons, *self.evidence.unreadable))

    def _good(self, statements: list[Statement]) -> RevocationStatus:
        later = min((each.later for each in statements if each.later), key=lambda each: each.since, default=None)
        if later is not None:
            self._tell(
                "REVOKED_LATER", f"it was revoked after the time asked about, on {later.date:%Y-%m-%d %H:%M:%S} UTC"
            )
        return RevocationStatus(Status.GOOD, tuple(self.reasons), _used(statements), later)

    def _collect(self) -> None:
        budget = SignatureBudget(self.evidence.signatures)
        statement, found = check_crls(self.question, self.evidence.crls, budget, self.crl_issuers)
        if statement is not None:
            self.statements.append(statement)
        responses, also = check_responses(self.question, self.evidence.responses, budget, self._responder_status)
        self.statements.extend(responses)
        left_out = {f"NO_{kind.upper()}" for kind in _BOTH if kind not in self._demanded()}
        self.reasons |= dict.fromkeys(each for each in (*found, *also) if each.id not in left_out)

    def _responder_status(self, responder: ListedCertificate, at: datetime) -> Status:
        """By CRLs alone, so that responders can't vouch for each other; and only where the certificate names any."""
        try:
            question = Question.about(responder, self.question.issuer, at, self.question.rules)
        except CertificateError:
            return Status.UNKNOWN
        budget = SignatureBudget(self.evidence.signatures)
        statement, _ = check_crls(question, self.evidence.crls, budget, self.crl_issuers)
        if statement is None:
            return Status.UNKNOWN if question.declared else Status.NOT_ASKED
        return Status.REVOKED if statement.revocation else Status.GOOD

    def _demanded(self) -> tuple[EvidenceKind, ...]:
        return _DEMANDED.get(self.rule, _BOTH)

    def _is_enough(self, kinds: set[EvidenceKind]) -> bool:
        if self.rule is RevocationRule.CRL_AND_OCSP_REQUIRED:
            return kinds >= set(_BOTH)
        return not kinds.isdisjoint(self._demanded())

    def _is_lifted(self, hold: Statement) -> bool:
        """Whether it is a hold, and somebody said later that there is none."""
        if not hold.revocation or not hold.revocation.on_hold:
            return False
        lifted = any(not each.revocation and each.this_update > hold.this_update for each in self.statements)
        if lifted:
            self._tell("HOLD_LIFTED", "it was on hold, and isn't any more, as younger evidence says")
        return lifted

    def _revoked(self, statements: list[Statement]) -> RevocationStatus:
        found = min((each.revocation for each in statements if each.revocation), key=lambda each: each.since)
        words = "put on hold" if found.on_hold else "revoked"
        message = f"it was {words} on {found.date:%Y-%m-%d %H:%M:%S} UTC ({found.reason.name.lower()})"
        self._tell("ON_HOLD" if found.on_hold else "REVOKED", message)
        return RevocationStatus(Status.REVOKED, tuple(self.reasons), _used(statements), found)

    def _tell_that_nobody_says_more(self) -> None:
        if self.question.extensions.none_available:
            message = "the certificate says that nobody publishes whether it is revoked"
            self.reasons[RevocationReason("NO_REVOCATION_AVAILABLE", "RFC 9608 §2", message)] = None
        else:
            self._tell("NOT_DECLARED", "the certificate doesn't say where to ask whether it is revoked")

    def _tell(self, reason_id: str, message: str) -> None:
        self.reasons[RevocationReason(reason_id, _STEP, message)] = None


def _used(statements: list[Statement]) -> tuple[EvidenceUsed, ...]:
    return tuple(dict.fromkeys(each for statement in statements for each in statement.used))
