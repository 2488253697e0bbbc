# SPDX-License-Identifier: Apache-2.0
"""Anchors of a configuration as grounds (RFC 5280 §6.1.1 (d), RFC 5914, RFC 5937)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from trust_lists.certificates.anchors import AnchorControls, TrustAnchor
from trust_lists.certificates.building import Issuers
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.path_extensions import NameConstraints
from trust_lists.certificates.policies import ANY_POLICY
from trust_lists.errors import CertificateError
from trust_lists.evaluation.decisions.evidence import Evidence
from trust_lists.evaluation.decisions.grounds import Ground, IssuersOffered, Offer
from trust_lists.evaluation.decisions.model import Case, Check
from trust_lists.evaluation.trust_configuration import model
from trust_lists.evaluation.trust_configuration.subtrees import subtree
from trust_lists.instants import earlier, later

_TICK = timedelta(microseconds=1)
"""What is exclusive in a configuration is the last instant before it where a path is checked."""


class AnchorGrounds:
    """The anchors that one `path` expression names."""

    def __init__(
        self, rule: model.PathTo, place: str, anchors: Mapping[str, model.Anchor], clock_skew: timedelta
    ) -> None:
        self.place = place
        self._skew = clock_skew
        self._problems: list[Check] = []
        self._own: dict[str, list[model.Anchor]] = {}
        """By the digest of the certificate that is trusted itself."""
        self._named: list[tuple[model.Anchor, TrustAnchor]] = []
        grounds: dict[TrustAnchor, list[Ground]] = {}
        for name in rule.to:
            anchor = anchors[name]
            if anchor.kind is model.AnchorKind.END_ENTITY:
                self._own.setdefault(anchor.cert.sha256, []).append(anchor)
                continue
            made = self._trust_anchor(anchor)
            if made is not None:
                grounds.setdefault(made, []).append(Ground(_origin(anchor), certificate=anchor.cert.certificate))
                if anchor.kind is model.AnchorKind.KEY_AND_NAME:
                    self._named.append((anchor, made))
        self._issuers = IssuersOffered(Issuers.among(grounds, ()), lambda found: grounds.get(found, ()))
        self._offer = Offer(issuers=self._issuers, problems=tuple(self._problems))

    def offer(self, case: Case, evidence: Evidence) -> Offer:
        """Anchors that are the certificate, and all that may be above it."""
        del evidence
        if not (self._own or self._named):
            return self._offer
        certificate = case.certificate
        found = [(anchor, True) for anchor in self._own.get(certificate.sha256, ())]
        found += [
            (anchor, False)
            for anchor, made in self._named
            if made.key == certificate.key and made.name == certificate.comparable_subject
        ]
        direct = tuple(Ground(_origin(each), tuple(self._untimely(each, case.at)), certificate) for each, _ in found)
        return replace(self._offer, direct=direct)

    def _trust_anchor(self, anchor: model.Anchor) -> TrustAnchor | None:
        certificate = anchor.cert.certificate
        if certificate is None:
            told = f"the certificate of the anchor {anchor.id} is not at hand"
            self._problem("ANCHOR_CERTIFICATE_MISSING", anchor, told, undecided=True)
            return None
        try:
            made = TrustAnchor.of(certificate, self._controls(anchor, certificate))
        except CertificateError as error:
            self._problem("ANCHOR_UNREADABLE", anchor, f"the anchor {anchor.id} can't be used: {error}")
            return None
        if made is None:
            self._problem("ANCHOR_UNREADABLE", anchor, f"the anchor {anchor.id} has no name, or no key")
        return made

    def _controls(self, anchor: model.Anchor, certificate: ListedCertificate) -> AnchorControls:
        """What the configuration says and, for an authority, what its certificate says: whichever is narrower."""
        configured = _configured(anchor)
        if anchor.kind is model.AnchorKind.KEY_AND_NAME:
            return self._with_skew(configured)
        slices = certificate.slices
        start, end = slices.dates if slices else (None, None)
        own = replace(AnchorControls.of(certificate), trusted_from=start, trusted_until=end)
        return self._with_skew(narrower(configured, own))

    def _with_skew(self, controls: AnchorControls) -> AnchorControls:
        start, end = controls.trusted_from, controls.trusted_until
        return replace(
            controls,
            trusted_from=start and earlier(start, self._skew),
            trusted_until=end and later(end, self._skew),
        )

    def _untimely(self, anchor: model.Anchor, at: datetime) -> list[Check]:
        period, place = anchor.trusted, f"{_origin(anchor)}.trusted"
        checks = []
        if period.since is not None and later(at, self._skew) < period.since:
            told = f"the anchor {anchor.id} is trusted from {period.since:%Y-%m-%d %H:%M:%S} UTC only"
            checks.append(Check("ANCHOR_NOT_YET_TRUSTED", place, told, source=_origin(anchor)))
        if period.until is not None and earlier(at, self._skew) >= period.until:
            told = f"the anchor {anchor.id} was trusted before {period.until:%Y-%m-%d %H:%M:%S} UTC"
            checks.append(Check("ANCHOR_NO_LONGER_TRUSTED", place, told, source=_origin(anchor)))
        return checks

    def _problem(self, reason_id: str, anchor: model.Anchor, told: str, *, undecided: bool = False) -> None:
        origin = _origin(anchor)
        self._problems.append(Check(reason_id, origin, told, anchor.cert.sha256, origin, undecided))


def narrower(one: AnchorControls, other: AnchorControls) -> AnchorControls:
    """What both allow (RFC 5937 §3.2)."""
    return AnchorControls(
        path_length=_least(one.path_length, other.path_length),
        policies=_common(one.policies, other.policies),
        require_explicit_policy=_least(one.require_explicit_policy, other.require_explicit_policy),
        inhibit_policy_mapping=_least(one.inhibit_policy_mapping, other.inhibit_policy_mapping),
        inhibit_any_policy=_least(one.inhibit_any_policy, other.inhibit_any_policy),
        names=(*one.names, *other.names),
        trusted_from=max((each for each in (one.trusted_from, other.trusted_from) if each), default=None),
        trusted_until=min((each for each in (one.trusted_until, other.trusted_until) if each), default=None),
        issued_until=one.issued_until or other.issued_until,
    )


def _configured(anchor: model.Anchor) -> AnchorControls:
    controls, period = anchor.controls, anchor.trusted
    return AnchorControls(
        path_length=controls.path_len,
        policies=None if controls.policies is None else frozenset(controls.policies),
        require_explicit_policy=_at_once(controls.require_explicit_policy),
        inhibit_policy_mapping=_at_once(controls.inhibit_policy_mapping),
        inhibit_any_policy=_at_once(controls.inhibit_any_policy),
        names=(NameConstraints(tuple(map(subtree, controls.permitted or ())), tuple(map(subtree, controls.excluded))),),
        trusted_from=period.since,
        trusted_until=period.until and earlier(period.until, _TICK),
        issued_until=period.for_certs_issued_before and earlier(period.for_certs_issued_before, _TICK),
    )


def _origin(anchor: model.Anchor) -> str:
    return f"stores.anchors.{anchor.id}"


def _common(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    if one is None or ANY_POLICY in one:
        return other
    return one if other is None or ANY_POLICY in other else one & other


def _at_once(flag: bool) -> int | None:
    return 0 if flag else None


def _least(one: int | None, other: int | None) -> int | None:
    return min((each for each in (one, other) if each is not None), default=None)
