# SPDX-License-Identifier: Apache-2.0
"""Makes what a probe needs: the certificate, what stands above it, and the evidence about them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.revocation.evidence import RevocationEvidence
from trust_lists.certificates.signed import is_signed_with
from trust_lists.errors import CertificateError
from trust_lists.evaluation.comparison.probing.attempts import Asserted, Attempt, By, Source
from trust_lists.evaluation.comparison.probing.bases import Issuing
from trust_lists.evaluation.comparison.probing.keys import KeyPool, public_bytes, quickest
from trust_lists.evaluation.comparison.probing.minting import Authority, Draft, Mint, Revoked, Statements, a_second
from trust_lists.evaluation.comparison.probing.mirror import World
from trust_lists.evaluation.decisions.evidence import Evidence
from trust_lists.evaluation.decisions.model import Case
from trust_lists.evaluation.trust_configuration.model import EndpointCertificate

_SINCE, _UNTIL = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_DAY, _FRESH = timedelta(days=1), timedelta(minutes=1)
_NOBODY = "0" * 64
_ISSUES = frozenset({"keyCertSign", "cRLSign"})


@dataclass(frozen=True, slots=True)
class Made:
    """A question, its evidence, and which signatures have to be taken as good for it."""

    case: Case
    evidence: Evidence
    assumed: Mapping[bytes, bytes]
    """By the DER of a certificate, the key of whom it names as its issuer."""


@dataclass(frozen=True, slots=True)
class _Chain:
    """A certificate with all that stands above it up to an anchor, from below, and who issued each of them."""

    certificates: tuple[ListedCertificate, ...]
    issuers: tuple[Authority, ...]
    beside: tuple[ListedCertificate, ...] = ()
    """What no configuration has, and comes along."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """Makes them in one world."""

    world: World
    pool: KeyPool
    mint: Mint
    stranger: Authority
    known: dict[str, tuple[Authority, Authority | None]] = field(default_factory=dict)
    """Siblings that were made already, and who is above them."""

    @classmethod
    def of(cls, world: World, pool: KeyPool, mint: Mint) -> "Workshop":
        """One with nothing made yet."""
        return cls(world, pool, mint, stranger(pool, mint))

    def make(self, attempt: Attempt, *, revocation: bool) -> Made:
        """What an attempt needs; `revocation` tells whether evidence about it matters to anybody.

        Raises CertificateError where something can't be made.
        """
        base = attempt.base
        chain = self._chain(attempt)
        leaf = chain.certificates[0]
        case = Case(
            base.role,
            leaf,
            base.at,
            intermediates=chain.beside,
            context=base.context,
            asserted=_asserted(attempt, leaf),
        )
        evidence = self._evidence(attempt, chain) if revocation else Evidence()
        assumed = {} if self.world.signed else self._assumed(chain)
        return Made(case, evidence, assumed)

    def certificate(self, draft: Draft, issuing: Issuing) -> ListedCertificate:
        """A certificate below an authority of the configuration. Raises CertificateError where that can't be made."""
        return self.mint.certificate(draft, self._authority(issuing.certificate))

    def _authority(self, certificate: ListedCertificate) -> Authority:
        if certificate == self.stranger.certificate:
            return self.stranger
        found = self.world.authorities.get(certificate.sha256)
        if found is None:
            raise CertificateError(f"{certificate.subject_text}: nobody can issue in its name here")
        return found

    def _chain(self, attempt: Attempt) -> _Chain:
        issuing = attempt.other or attempt.base.issuing
        own = self._authority(issuing.certificate)
        above = tuple(self._authority(each).certificate for each in reversed(issuing.above))
        higher = (*reversed(issuing.above[:-1]), issuing.anchor.cert.certificate) if issuing.above else ()
        over = tuple(self._authority(each) for each in higher if each is not None)
        if attempt.ready is not None:
            return _Chain((attempt.ready,), (own,), (own.certificate,))
        draft = attempt.base.draft
        if attempt.key_kind:
            draft = replace(draft, key=self.pool.key(attempt.key_kind, attempt.key_name))
        match attempt.by:
            case By.SIBLING:
                own, parent = self._sibling(issuing, draft, _key_kind(attempt))
                above, over = ((own.certificate,), (parent,)) if parent else ((), ())
            case By.STRANGER:
                own, above, over = self.stranger, (), ()
            case By.IMPOSTOR:
                forger = Authority(own.certificate, self.pool.key("p256", "impostor"))
                return _Chain((self.mint.certificate(draft, forger), *above), (own, *over))
            case By.BELOW:
                return self._below(attempt, draft, _Chain(above, over), own)
        beside = (own.certificate,) if attempt.by in {By.SIBLING, By.STRANGER} else ()
        return _Chain((self.mint.certificate(draft, own), *above), (own, *over), beside)

    def _below(self, attempt: Attempt, draft: Draft, upper: _Chain, issuer: Authority) -> _Chain:
        """Authorities below the issuer, each issued by the one before."""
        kind = _key_kind(attempt)
        certificates, issuers = list(upper.certificates), list(upper.issuers)
        beside = []
        for number in range(1, attempt.below + 1):
            key = self.pool.key(kind, f"below {number}")
            below = replace(
                draft,
                names=(("CN", f"authority {number} below"),),
                since=draft.since - _DAY,
                until=draft.until + _DAY,
                key=key,
                usages=_ISSUES,
                purposes=None,
                authority=True,
                serial=None,
            )
            made = self.mint.certificate(below, issuer)
            certificates.insert(0, made)
            issuers.insert(0, issuer)
            beside.append(made)
            issuer = Authority(made, key)
        leaf = self.mint.certificate(draft, issuer)
        return _Chain((leaf, *certificates), (issuer, *issuers), tuple(beside))

    def _sibling(self, issuing: Issuing, draft: Draft, kind: str) -> tuple[Authority, Authority | None]:
        """Another authority from whoever is above, and who that is; where nobody is, one that issued itself."""
        found = self.known.get(issuing.certificate.sha256)
        if found is not None:
            return found
        original = issuing.certificate
        key = self.pool.key(kind, f"sibling of {original.sha256}")
        parent = self._parent(original)
        if parent is None:
            made = self.mint.root(f"sibling of {original.sha256[:16]}", key, _SINCE, _UNTIL)
        else:
            sibling = Draft(
                names=(("CN", f"sibling of {original.sha256[:16]}"),),
                since=_SINCE,
                until=_UNTIL,
                key=key,
                usages=_ISSUES,
                policies=draft.policies,
                authority=True,
                base=draft.base,
            )
            made = Authority(self.mint.certificate(sibling, parent), key)
        self.known[original.sha256] = made, parent
        return made, parent

    def _parent(self, original: ListedCertificate) -> Authority | None:
        """Whoever issued an authority, where the configurations have them."""
        mine = self.world.authorities.get(original.sha256)
        return self._above(mine.certificate) if mine else None

    def _above(self, certificate: ListedCertificate) -> Authority | None:
        """The same of a certificate of this world."""
        for authority in self.world.authorities.values():
            if (
                authority.certificate != certificate
                and authority.certificate.comparable_subject == certificate.comparable_issuer
                and _signed(certificate, authority.certificate.key)
            ):
                return authority
        return None

    def _evidence(self, attempt: Attempt, chain: _Chain) -> Evidence:
        plan = attempt.evidence
        # evidence that is younger than a certificate's end says nothing about it
        ends = [each.slices.dates[1] - a_second() for each in chain.certificates if each.slices]
        revoked = {"leaf": chain.certificates[:1], "issuer": chain.certificates[1:2]}.get(plan.revoked, ())
        crls, responses = [], []
        for certificate, issuer in (
            *zip(chain.certificates, chain.issuers, strict=True),
            *self._further_up(chain),
        ):
            final = certificate == chain.certificates[0]
            source = plan.source if final else Source.BOTH
            age = plan.age if final or certificate in revoked else _FRESH
            when = min(attempt.at - age, *ends)
            listed = tuple(Revoked(certificate, when) for each in revoked if each == certificate)
            said = Statements(when, max(when, attempt.at) + _DAY, listed)
            if source in {Source.CRL, Source.BOTH}:
                crls.append(said.crl(issuer))
            if source in {Source.OCSP, Source.BOTH}:
                responses.append(said.response(certificate, issuer))
        return Evidence(revocation=RevocationEvidence(crls, responses))

    def _further_up(self, chain: _Chain) -> Iterator[tuple[ListedCertificate, Authority]]:
        """Authorities above the anchor, which may be anchors of the other side."""
        top = chain.issuers[-1]
        seen = {each.sha256 for each in chain.certificates}
        while top.certificate.sha256 not in seen and (parent := self._above(top.certificate)) is not None:
            yield top.certificate, parent
            seen.add(top.certificate.sha256)
            top = parent

    def _assumed(self, chain: _Chain) -> dict[bytes, bytes]:
        """What was signed in the name of somebody whose key we lack."""
        pairs = [*zip(chain.certificates, chain.issuers, strict=True)]
        pairs += [(each, parent) for each in chain.beside if (parent := self._in_whose_name(each)) is not None]
        return {
            certificate.der: issuer.certificate.key
            for certificate, issuer in pairs
            if issuer.certificate.key != public_bytes(issuer.key)
        }

    def _in_whose_name(self, certificate: ListedCertificate) -> Authority | None:
        name = certificate.comparable_issuer
        found = (each for each in self.world.authorities.values() if each.certificate.comparable_subject == name)
        return next((each for each in found if _signed(certificate, public_bytes(each.key))), None)


def stranger(pool: KeyPool, mint: Mint) -> Authority:
    """An authority that no configuration knows."""
    return mint.root("an authority that nobody knows", pool.key("p256", "stranger"), _SINCE, _UNTIL)


def _asserted(attempt: Attempt, leaf: ListedCertificate) -> frozenset[str]:
    metadata = attempt.base.configuration.roles.smp_metadata
    named = attempt.asserted
    if named is None:
        pinned = metadata is not None and metadata.endpoint_certificate is EndpointCertificate.PIN
        named = Asserted.THIS if pinned else Asserted.OTHER
    return frozenset({leaf.sha256 if named is Asserted.THIS else _NOBODY})


def _key_kind(attempt: Attempt) -> str:
    """Of authorities in between, whose keys are judged as that of the certificate is."""
    algorithms = attempt.base.rule.leaf.algorithms
    return quickest(algorithms.keys if algorithms else None) or "p256"


def _signed(certificate: ListedCertificate, key: bytes) -> bool:
    try:
        return is_signed_with(certificate, key)
    except CertificateError:
        return False
