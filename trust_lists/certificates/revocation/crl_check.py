# SPDX-License-Identifier: Apache-2.0
"""CRL processing of RFC 5280 §6.3.3, step by step, with a reason for every list that doesn't count.

Lists are tried from the youngest. Where the RFC would fetch, there is nothing: what isn't at hand is missing. Delta
CRLs are used wherever they fit, whether or not somebody pointed at them with a freshest CRL extension.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from trust_lists.certificates.names import ComparableName
from trust_lists.certificates.path_extensions import path_extensions
from trust_lists.certificates.revocation.crl import Crl, CrlEntry
from trust_lists.certificates.revocation.distribution_points import (
    ALL_REASONS,
    REASON_FLAGS,
    DistributionPoint,
    PointName,
    directory,
)
from trust_lists.certificates.revocation.extensions import revocation_extensions
from trust_lists.certificates.revocation.model import (
    CRL_CLAUSE,
    Authority,
    CrlReason,
    EvidenceKind,
    EvidenceUsed,
    Revocation,
    RevocationReason,
    Statement,
)
from trust_lists.certificates.revocation.question import CrlIssuers, Question
from trust_lists.certificates.revocation.signed_data import SignatureBudget
from trust_lists.certificates.revocation.times import Times, counts
from trust_lists.errors import CertificateError, PathLimitError

Crls = Callable[[ComparableName], Sequence[Crl]]
"""Looks up those of an issuer, from the youngest."""


def check_crls(
    question: Question, crls: Crls, signatures: SignatureBudget, issuers: CrlIssuers
) -> tuple[Statement | None, tuple[RevocationReason, ...]]:
    """What the lists together say, None where that isn't enough; and everything that was found on the way."""
    check = _CrlCheck(question, crls, signatures, issuers)
    try:
        check.run()
    except PathLimitError as error:
        check.tell("TOO_MANY_SIGNATURES", "", str(error))
        return None, tuple(check.reasons)
    return check.statement(), tuple(check.reasons)


@dataclass(slots=True)
class _CrlCheck:
    question: Question
    crls: Crls
    signatures: SignatureBudget
    issuers: CrlIssuers
    reasons: dict[RevocationReason, None] = field(default_factory=dict)
    covered: frozenset[int] = frozenset()
    """reasons_mask"""
    revocation: Revocation | None = None
    """cert_status"""
    later: Revocation | None = None
    used: dict[EvidenceUsed, None] = field(default_factory=dict)
    seen: bool = False

    def run(self) -> None:
        if self.question.extensions.points_broken:
            told = self.question.extensions.points_broken
            self.tell("DISTRIBUTION_POINTS_UNREADABLE", "", f"the certificate's distribution points: {told}")
        for point, crl in self._candidates():
            if self.revocation is not None or self.covered == ALL_REASONS:
                return
            self.seen = True
            try:
                self._process(point, crl)
            except CertificateError as error:
                self.tell("CRL_UNREADABLE", "", str(error), crl)

    def statement(self) -> Statement | None:
        used = tuple(self.used)
        if self.revocation is not None:
            return Statement(EvidenceKind.CRL, used, revocation=self.revocation)
        if self.covered == ALL_REASONS:
            return Statement(EvidenceKind.CRL, used, later=self.later)
        if not self.seen:
            self.tell("NO_CRL", "(a)", "no CRL for the certificate is at hand")
        elif self.covered:
            left = ", ".join(REASON_FLAGS[each] for each in sorted(ALL_REASONS - self.covered))
            self.tell("REASONS_NOT_COVERED", "(l)", f"no CRL tells about revocations for the reasons {left}")
        return None

    def tell(self, reason_id: str, step: str, message: str, crl: Crl | None = None) -> None:
        evidence = crl.data.sha256 if crl else ""
        self.reasons[RevocationReason(reason_id, CRL_CLAUSE + (f" {step}" if step else ""), message, evidence)] = None

    def _candidates(self) -> Iterator[tuple[DistributionPoint, Crl]]:
        """Complete lists by whom a distribution point says, and at last any by the certificate's issuer."""
        own = self.question.issuer_name
        anywhere = DistributionPoint(PointName(full=frozenset({directory(own)})))
        for point in (*self.question.extensions.points, anywhere):
            for name in point.crl_issuers or (own,):
                for crl in self.crls(name):
                    if not crl.is_delta:
                        yield point, crl

    def _process(self, point: DistributionPoint, crl: Crl) -> None:
        if not self._in_scope(point, crl):
            return
        reasons = self._reasons(point, crl)
        if reasons <= self.covered:  # (e)
            return
        if late := self._times(crl).from_later(self.question.at, self.question.rules):
            self.reasons[late] = None
            return
        if crl.unknown_critical:
            self.tell("CRL_EXTENSION_UNKNOWN", "", f"nobody here knows the critical {_listed(crl)}", crl)
            return
        signer = self._signer(crl)
        if signer is None:
            return
        if unknown := crl.entries.unknown_critical:
            message = f"an entry has a critical extension that nobody here knows: {', '.join(sorted(unknown))}"
            self.tell("CRL_ENTRY_EXTENSION_UNKNOWN", "", message, crl)
            return
        delta = self._delta(crl, signer)
        times = replace(self._times(delta or crl), expired_kept_from=crl.expired_kept_from)
        weaknesses = times.weaknesses(self.question.at, self.question.expiry, self.question.rules)
        revocation = self._search(crl, delta)
        if revocation is not None and counts(revocation, self.question.at, weaknesses):
            self.revocation = revocation
        elif weaknesses:
            self.reasons |= dict.fromkeys(weaknesses)
            return
        else:
            self.later = self.later or revocation
            self.covered |= reasons  # (l)
        for each in (crl, delta):
            if each is not None:
                self.used[_used(each)] = None

    def _in_scope(self, point: DistributionPoint, crl: Crl) -> bool:
        """(b)"""
        scope = crl.scope
        if point.crl_issuers and not crl.indirect:
            self.tell("CRL_NOT_INDIRECT", "(b)(1)", "it is not for certificates of other issuers", crl)
            return False
        if scope is None:
            return True
        if scope.name is not None:
            named = scope.name.places(crl.issuer)
            if not named & point.places(self.question.issuer_name):
                self.tell("CRL_OTHER_POINT", "(b)(2)(i)", "it is for another distribution point", crl)
                return False
        if scope.only_users and self.question.is_authority:
            self.tell("CRL_ONLY_USERS", "(b)(2)(ii)", "it is for end entities only", crl)
            return False
        if scope.only_authorities and not self.question.is_authority:
            self.tell("CRL_ONLY_AUTHORITIES", "(b)(2)(iii)", "it is for authorities only", crl)
            return False
        if scope.only_attributes:
            self.tell("CRL_ONLY_ATTRIBUTES", "(b)(2)(iv)", "it is for attribute certificates only", crl)
            return False
        return True

    def _reasons(self, point: DistributionPoint, crl: Crl) -> frozenset[int]:
        """(d)"""
        of_crl = crl.scope.reasons if crl.scope else None
        return (ALL_REASONS if of_crl is None else of_crl) & (ALL_REASONS if point.reasons is None else point.reasons)

    def _signer(self, crl: Crl) -> Authority | None:
        """(f), (g): whoever signed the list, and may."""
        seen: set[Authority] = set()
        told = "it was signed with none of the keys of its issuer"
        signed = False
        for authority in self._possible_signers(crl):
            if authority in seen:
                continue
            seen.add(authority)
            try:
                if not self.signatures.hold(crl.data, authority.key):
                    continue
            except CertificateError as error:
                told = str(error)
                continue
            signed = True
            if not _may_sign(authority):
                self.tell("CRL_ISSUER_MAY_NOT_SIGN", "(f)", "the key of its issuer is not for signing CRLs", crl)
            elif authority != self.question.issuer and not self._trusted(authority, crl):
                self.tell("CRL_ISSUER_NOT_TRUSTED", "(f)", "its issuer has no valid path from the same anchor", crl)
            else:
                return authority
        if not seen:
            self.tell("CRL_ISSUER_NOT_FOUND", "(f)", f"nobody knows {crl.issuer_text}", crl)
        elif not signed:
            self.tell("CRL_SIGNATURE_WRONG", "(g)", told, crl)
        return None

    def _trusted(self, authority: Authority, crl: Crl) -> bool:
        return self.issuers.trusted(authority, max(self.question.at, crl.this_update))

    def _possible_signers(self, crl: Crl) -> Iterator[Authority]:
        """The certificate's issuer first, who usually did; then others, before all those whose key the list names."""
        if self.question.issuer.name == crl.issuer:
            yield self.question.issuer
        yield from sorted(self.issuers.named(crl.issuer), key=lambda each: not _is_hinted(each, crl.authority_key))

    def _delta(self, crl: Crl, signer: Authority) -> Crl | None:
        """(a), (c), (h): the youngest difference that fits to the list (§5.2.4)."""
        if crl.number is None:
            return None
        for delta in self.crls(crl.issuer):
            if (
                delta.base_number is None
                or delta.number is None
                or not delta.base_number <= crl.number < delta.number
                or delta.scope != crl.scope
                or delta.authority_key != crl.authority_key
                or delta.unknown_critical
            ):
                continue
            times = self._times(delta)
            late = times.from_later(self.question.at, self.question.rules)
            against = times.weaknesses(self.question.at, self.question.expiry, self.question.rules)
            if late or against:
                self.reasons |= dict.fromkeys([late] if late else against)
            elif self._is_usable(delta, signer):
                return delta
        return None

    def _is_usable(self, delta: Crl, signer: Authority) -> bool:
        try:
            if not self.signatures.hold(delta.data, signer.key):
                told = "it was not signed with the key of the complete CRL"
            elif delta.entries.unknown_critical:
                told = "an entry has a critical extension that nobody here knows"
            else:
                return True
        except CertificateError as error:
            told = str(error)
        self.tell("DELTA_UNUSABLE", "(h)", told, delta)
        return False

    def _search(self, crl: Crl, delta: Crl | None) -> Revocation | None:
        """(i), (j), (k)"""
        for each in (delta, crl):
            if each is None:
                continue
            entries = each.entries.find(self.question.serial, self.question.issuer_name)
            revoked = [entry for entry in entries if entry.reason is not CrlReason.REMOVE_FROM_CRL]
            if revoked:
                return min((self._revocation(entry, each) for entry in revoked), key=lambda found: found.since)
            if entries:
                self.tell("HOLD_LIFTED", "(k)", "it was on hold, and isn't any more", each)
                return None
        return None

    def _revocation(self, entry: CrlEntry, crl: Crl) -> Revocation:
        return self._times(crl).revocation(entry.date, entry.reason, entry.invalid_since)

    def _times(self, crl: Crl) -> Times:
        return Times(crl.this_update, crl.next_update, crl.expired_kept_from, f"{CRL_CLAUSE} (a)", crl.data.sha256)


def _may_sign(authority: Authority) -> bool:
    if authority.certificate is None:
        return True
    try:
        return revocation_extensions(authority.certificate.der).may_sign_crls
    except CertificateError:
        return False


def _is_hinted(authority: Authority, key: bytes) -> bool:
    certificate = authority.certificate
    return bool(key) and certificate is not None and path_extensions(certificate.der).subject_key == key


def _listed(crl: Crl) -> str:
    return ", ".join(sorted(crl.unknown_critical))


def _used(crl: Crl) -> EvidenceUsed:
    kind = EvidenceKind.DELTA_CRL if crl.is_delta else EvidenceKind.CRL
    numbered = (crl.number, crl.number_critical)
    return EvidenceUsed(kind, crl.data.sha256, crl.this_update, crl.next_update, *numbered)
