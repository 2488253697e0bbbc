# SPDX-License-Identifier: Apache-2.0
"""The status of every certificate of a path, where CRLs may be signed by others than those who stand in it.

Whoever signed a CRL needs a valid path from the same anchor with nothing revoked in it (RFC 5280 §6.3.3 (f)), which
asks for further CRLs. That can lead back to where it began: an authority may tell the status of its own CRL issuer in
the very CRL that this one signs. Then the path alone counts, since nobody else could say more.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from trust_lists.certificates.building import CertificatePath, Issuers, build_paths
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.names import ComparableName
from trust_lists.certificates.revocation.evidence import RevocationEvidence
from trust_lists.certificates.revocation.model import Authority, RevocationStatus
from trust_lists.certificates.revocation.rules import RevocationRules
from trust_lists.certificates.revocation.status import check_revocation
from trust_lists.certificates.rfc5280 import TrustAnchor
from trust_lists.certificates.signed import Signatures, with_parameters
from trust_lists.errors import PathLimitError

MAX_CRL_ISSUERS = 50
"""Whose paths are looked for, for the sake of one path."""


def check_path_revocation(
    path: CertificatePath,
    issuers: Issuers,
    at: datetime,
    evidence: RevocationEvidence,
    rules: RevocationRules,
    anchor_certificate: ListedCertificate | None = None,
) -> tuple[RevocationStatus, ...]:
    """The statuses at `at` (aware) of the certificates of a valid path, in its order. Nothing is raised.

    `issuers` has the certificates that CRL issuers and their paths are looked for among. An anchor may sign CRLs,
    unless its certificate is given and has key usages without that.
    """
    anchor = Authority(path.anchor.name, path.anchor.key, anchor_certificate)
    return tuple(_Search(path.anchor, anchor, issuers, evidence, rules).statuses(path, at, last_is_final=True))


@dataclass(slots=True)
class _Search:
    """What is known about CRL issuers below one anchor."""

    anchor: TrustAnchor
    top: Authority
    """The anchor as an authority."""
    issuers: Issuers
    evidence: RevocationEvidence
    rules: RevocationRules
    known: dict[tuple[Authority, datetime], bool] = field(default_factory=dict)
    asked: list[Authority] = field(default_factory=list)
    """Those whose paths are being looked at, each for the sake of the one before."""
    left: int = MAX_CRL_ISSUERS
    signatures: Signatures = field(default_factory=Signatures)

    def statuses(self, path: CertificatePath, at: datetime, *, last_is_final: bool) -> Iterator[RevocationStatus]:
        above = self.top
        authorities = [above]
        for position, certificate in enumerate(path.certificates):
            final = last_is_final and position == len(path.certificates) - 1
            others = _Above(self, tuple(authorities))
            yield check_revocation(certificate, above, at, self.evidence, self.rules, final=final, crl_issuers=others)
            key = with_parameters(certificate.key, above.key)
            above = Authority(certificate.comparable_subject, key, certificate)
            authorities.append(above)

    def trusted(self, authority: Authority, at: datetime) -> bool:
        if authority in self.asked:
            return True
        known = self.known.get((authority, at))
        if known is None:
            if not self.left:
                raise PathLimitError("there are more CRL issuers than one search looks at")
            self.left -= 1
            self.asked.append(authority)
            try:
                known = self._has_good_path(authority, at)
            finally:
                self.asked.pop()
            if not self.asked:  # else it may rest on what isn't certain yet
                self.known[authority, at] = known
        return known

    def _has_good_path(self, authority: Authority, at: datetime) -> bool:
        if authority.certificate is None:
            return False
        below = Issuers(lambda name: (self.anchor,) if name == self.anchor.name else (), self.issuers.certificates)
        return any(
            path.verdict.valid and all(status.acceptable for status in self.statuses(path, at, last_is_final=False))
            for path in build_paths(authority.certificate, below, at, signatures=self.signatures)
        )


@dataclass(frozen=True, slots=True)
class _Above:
    """Who may have signed the CRLs for a certificate: those above it, and everybody else with a path."""

    search: _Search
    authorities: tuple[Authority, ...]

    def named(self, name: ComparableName) -> Iterator[Authority]:
        yield from (each for each in self.authorities if each.name == name)
        yield from map(Authority.of, self.search.issuers.certificates(name))

    def trusted(self, authority: Authority, at: datetime) -> bool:
        return authority in self.authorities or self.search.trusted(authority, at)
