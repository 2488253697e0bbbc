# SPDX-License-Identifier: Apache-2.0
"""Each way in which a source may vouch for a certificate, judged alike: by path, or because it has it itself.

Of a path: RFC 5280 with the inputs of the role, its length, algorithms, the deny list, revocation. Of a certificate
that is trusted itself: its dates, key and revocation, since there is nothing above it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from trust_lists.certificates.algorithms import hash_of_signature, key_kind
from trust_lists.certificates.anchors import PathInputs
from trust_lists.certificates.building import CertificatePath, Issuers, build_paths
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.names import ComparableName
from trust_lists.certificates.revocation.along_path import check_path_revocation
from trust_lists.certificates.revocation.evidence import RevocationEvidence
from trust_lists.certificates.revocation.model import Authority, RevocationStatus, Status
from trust_lists.certificates.revocation.rules import OnUnknown, RevocationRule, RevocationRules
from trust_lists.certificates.revocation.status import check_revocation
from trust_lists.certificates.signed import Signatures
from trust_lists.errors import CertificateError, PathLimitError
from trust_lists.evaluation.decisions.deny import Denied
from trust_lists.evaluation.decisions.grounds import Ground, IssuersOffered, Offer
from trust_lists.evaluation.decisions.model import Case, Check
from trust_lists.evaluation.trust_configuration.model import AlgorithmRule
from trust_lists.instants import earlier, later

_REVOCATIONS = frozenset({"REVOKED", "ON_HOLD"})
MAX_TOLD = 20
"""Ways that failed, of which a decision tells."""

Certificates = Callable[[ComparableName], Iterable[ListedCertificate]]
ProfileChecks = Callable[
    [Sequence[ListedCertificate], "ListedCertificate | None", Case, Sequence[RevocationStatus]], Iterable[Check]
]
"""What a profile asks of a path beyond RFC 5280: its certificates, the anchor's own, the case, their statuses."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to trust the certificate, and what speaks against it."""

    origins: tuple[str, ...]
    checks: tuple[Check, ...]
    path: CertificatePath | None = None
    statuses: tuple[RevocationStatus, ...] = ()
    """Of the certificates of the path, or of the one certificate."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Demands:
    """What a role asks of every path, whoever it begins at."""

    place: str
    """`roles.<role>`."""
    inputs: PathInputs
    max_path: int
    algorithms: AlgorithmRule | None
    revocation: RevocationRules
    denied: Denied
    profile: ProfileChecks | None = None

    def candidates(
        self,
        offer: Offer,
        case: Case,
        between: Certificates,
        evidence: RevocationEvidence,
        signatures: Signatures,
        *,
        issuer_must_be_anchor: str = "",
    ) -> Iterator[Candidate]:
        """Every way that an offer has: the first one without checks is the last one.

        `between`: certificates that paths may go over. `issuer_must_be_anchor`: the key path of the rule that says so.
        Never raises: that there is too much to look at is a candidate with just that check.
        """
        for ground in offer.direct:
            found = self._direct(ground, case, offer.issuers, between, evidence)
            yield found
            if not found.checks:
                return
        if offer.issuers is None:
            return
        search = _Search(self, offer.issuers, case, between, evidence, issuer_must_be_anchor)
        try:
            for path in build_paths(
                case.certificate, search.issuers, case.at, self.inputs, signatures=signatures, settles=search.settles
            ):
                del path  # the search has judged it when it asked whether that is enough
                yield search.found
                if not search.found.checks:
                    return
        except PathLimitError as error:
            yield Candidate((), (Check("PATH_LIMIT", "RFC 5280 6.1", str(error), undecided=True),))

    def _direct(
        self,
        ground: Ground,
        case: Case,
        offered: IssuersOffered | None,
        between: Certificates,
        evidence: RevocationEvidence,
    ) -> Candidate:
        certificate = case.certificate
        checks = [*ground.checks, *self._dates(certificate, case.at), *self._weak_keys((certificate,))]
        rule = self.revocation
        status = RevocationStatus(Status.NOT_ASKED, ())
        warnings: tuple[str, ...] = ground.warnings
        if rule.leaf is not RevocationRule.NO_CHECK:
            # who issued it is not trusted for anything, and still the one who knows whether it was revoked
            above = next(iter(_issuers_of(certificate, offered, between)), None)
            if above is None:
                told = f"{certificate.subject_text}: its issuer is not at hand, who knows whether it was revoked"
                checks += self._unknown([Check("ISSUER_UNKNOWN", f"{self.place}.revocation", told)])
            else:
                status = check_revocation(certificate, above, case.at, evidence, rule)
                found, told_anyway = self._revocation((certificate,), (status,))
                checks += found
                warnings += told_anyway
        found_checks = tuple(replace(each, source=each.source or ground.origin) for each in checks)
        return Candidate((ground.origin,), found_checks, None, (status,), warnings)

    def on_path(
        self,
        path: CertificatePath,
        grounds: Sequence[Ground],
        issuers: Issuers,
        case: Case,
        evidence: RevocationEvidence,
        issuer_must_be_anchor: str,
    ) -> Candidate:
        """A path, and what speaks against it, beginning with what RFC 5280 says."""
        certificates = path.certificates
        origin = grounds[0].origin if grounds else ""
        checks = [
            Check(
                reason.id,
                f"RFC 5280 {reason.clause}",
                reason.message,
                certificates[reason.position].sha256 if reason.position >= 0 else "",
                undecided=reason.undecided,
            )
            for reason in path.verdict.reasons
        ]
        if len(certificates) > self.max_path:
            told = f"the path has {len(certificates)} certificates, and {self.max_path} are the most"
            checks.append(Check("PATH_TOO_LONG", "engine.max_path", told))
        if issuer_must_be_anchor and len(certificates) > 1:
            told = f"{certificates[-1].subject_text}: its issuer is below the anchor, not the anchor itself"
            checks.append(Check("ISSUER_NOT_ANCHOR", issuer_must_be_anchor, told))
        checks += self.denied.checks(certificates[:-1])  # the last one was looked at already
        checks += self._weak_keys(certificates)
        checks += self._weak_hashes(certificates)
        own = next((each.certificate for each in grounds if each.certificate is not None), None)
        if own is not None:
            checks += self.denied.checks((own,))
        statuses: tuple[RevocationStatus, ...] = ()
        warnings: tuple[str, ...] = ()
        if not self._no_revocation:
            statuses = check_path_revocation(path, issuers, case.at, evidence, self.revocation, own)
            found, warnings = self._revocation(certificates, statuses)
            checks += found
        if self.profile is not None:
            checks += self.profile(certificates, own, case, statuses)
        good = [ground for ground in grounds if not ground.checks]
        if not good:
            checks += (check for ground in grounds for check in ground.checks)
        told_of = good or grounds
        return Candidate(
            tuple(ground.origin for ground in told_of),
            tuple(replace(each, source=each.source or origin) for each in checks),
            path,
            statuses,
            warnings + tuple(warning for ground in told_of for warning in ground.warnings),
        )

    @property
    def _no_revocation(self) -> bool:
        rules = self.revocation
        return rules.leaf is RevocationRule.NO_CHECK and rules.intermediates is RevocationRule.NO_CHECK

    def _dates(self, certificate: ListedCertificate, at: datetime) -> Iterator[Check]:
        clause, skew = "RFC 5280 6.1.3(a)(2)", self.inputs.clock_skew
        slices = certificate.slices
        try:
            start, end = slices.dates if slices else (None, None)
        except CertificateError:
            start = end = None
        if start is None or end is None:
            yield Check("UNREADABLE", clause, f"{certificate.subject_text}: it can't be read", certificate.sha256)
            return
        if later(at, skew) < start:
            told = f"{certificate.subject_text}: it is valid from {start:%Y-%m-%d %H:%M:%S} UTC only"
            yield Check("NOT_YET_VALID", clause, told, certificate.sha256)
        if earlier(at, skew) > end:
            told = f"{certificate.subject_text}: it expired on {end:%Y-%m-%d %H:%M:%S} UTC"
            yield Check("EXPIRED", clause, told, certificate.sha256)

    def _weak_keys(self, certificates: Sequence[ListedCertificate]) -> Iterator[Check]:
        rule, place = self.algorithms, f"{self.place}.leaf.algorithms.keys"
        if rule is None:
            return
        for each in certificates:
            try:
                kind = key_kind(each.key)
            except CertificateError as error:
                yield Check("KEY_UNREADABLE", place, f"{each.subject_text}: {error}", each.sha256)
                continue
            least = rule.least_rsa_bits
            fits = kind.name in rule.keys if kind.name != "rsa" else least is not None and kind.bits >= least
            if not fits:
                yield Check("KEY_TOO_WEAK", place, f"{each.subject_text}: its key is {kind}", each.sha256)

    def _weak_hashes(self, certificates: Sequence[ListedCertificate]) -> Iterator[Check]:
        rule, place = self.algorithms, f"{self.place}.leaf.algorithms.hashes"
        if rule is None:
            return
        for each in certificates:
            try:
                name = hash_of_signature(each)
            except CertificateError as error:
                yield Check("HASH_UNREADABLE", place, f"{each.subject_text}: {error}", each.sha256)
                continue
            if name is not None and name not in rule.hashes:
                yield Check("HASH_TOO_WEAK", place, f"{each.subject_text}: it is signed with {name}", each.sha256)

    def _revocation(
        self, certificates: Sequence[ListedCertificate], statuses: Sequence[RevocationStatus]
    ) -> tuple[list[Check], tuple[str, ...]]:
        """What fails, and what is unknown and doesn't matter."""
        checks: list[Check] = []
        unknown: list[Check] = []
        for certificate, status in zip(certificates, statuses, strict=True):
            if status.acceptable:
                continue
            found = [
                Check(each.id, each.clause, f"{certificate.subject_text}: {each.message}", certificate.sha256)
                for each in status.reasons
            ]
            if status.status is Status.REVOKED:
                checks += sorted(found, key=lambda check: check.id not in _REVOCATIONS)
            else:
                unknown += found
        if self.revocation.on_unknown is OnUnknown.ACCEPT:
            return checks, tuple(str(each) for each in unknown)
        return checks + self._unknown(unknown), ()

    def _unknown(self, checks: list[Check]) -> list[Check]:
        match self.revocation.on_unknown:
            case OnUnknown.ACCEPT:
                return []
            case OnUnknown.INDETERMINATE:
                return [replace(each, undecided=True) for each in checks]
        return checks


class _Search:
    """Judges each path once: where the search asks whether it settles its anchor; `found` is what came of it."""

    def __init__(
        self,
        demands: Demands,
        offered: IssuersOffered,
        case: Case,
        between: Certificates,
        evidence: RevocationEvidence,
        issuer_must_be_anchor: str,
    ) -> None:
        def certificates(name: ComparableName) -> Iterable[ListedCertificate]:
            return dict.fromkeys((*between(name), *offered.issuers.certificates(name)))

        self.issuers = Issuers(offered.issuers.anchors, certificates)
        self.found = Candidate((), ())
        self._demands, self._offered, self._case = demands, offered, case
        self._evidence, self._rule = evidence, issuer_must_be_anchor

    def settles(self, path: CertificatePath) -> bool:
        grounds = tuple(self._offered.grounds(path.anchor))
        self.found = self._demands.on_path(path, grounds, self.issuers, self._case, self._evidence, self._rule)
        return not self.found.checks


def _issuers_of(
    certificate: ListedCertificate, offered: IssuersOffered | None, between: Certificates
) -> Iterator[Authority]:
    name = certificate.comparable_issuer
    found = [Authority.of(each) for each in between(name)]
    if offered is not None:
        found += [Authority(each.name, each.key) for each in offered.issuers.anchors(name)]
        found += [Authority.of(each) for each in offered.issuers.certificates(name)]
    signatures = Signatures(len(found))
    return (each for each in found if signatures.may_hold(certificate, each.key))
