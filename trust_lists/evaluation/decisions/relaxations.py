# SPDX-License-Identifier: Apache-2.0
"""What could have been otherwise: each a small change of one input of a decision, in words and as a function.

Only changes of what failed are looked at: a rule that the certificate meets needs none.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from trust_lists.certificates.building import by_name
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.revocation.rules import RevocationRule
from trust_lists.errors import CertificateError, shown
from trust_lists.evaluation.decisions.evidence import Evidence
from trust_lists.evaluation.decisions.leaf import values
from trust_lists.evaluation.decisions.model import Case, Check
from trust_lists.evaluation.trust_configuration import model
from trust_lists.evaluation.trust_configuration.model import TrustConfiguration

_OPEN = model.AnchorControls(
    path_len=None,
    policies=None,
    require_explicit_policy=False,
    inhibit_policy_mapping=False,
    inhibit_any_policy=False,
    permitted=None,
    excluded=(),
)
MOST_ANCHORS = 5
"""Authorities above the certificate of which each is tried as an anchor."""

_LEAF_RULES = ("key_usage", "eku", "policies", "algorithms", "max_lifetime", "subject")
_NEEDED = frozenset({"key_usage", "eku", "max_lifetime"})
_TIMES = frozenset({"EXPIRED", "NOT_YET_VALID", "ANCHOR_NOT_YET_TRUSTED", "ANCHOR_NO_LONGER_TRUSTED"})
_PINS = frozenset({"PIN_NOT_YET_VALID", "PIN_NO_LONGER_VALID"})
_POLICIES = frozenset({"POLICY_MISSING", "POLICY_MAPPING_ANY"})


@dataclass(frozen=True, slots=True)
class Situation:
    """All inputs of a decision."""

    configuration: TrustConfiguration
    case: Case
    evidence: Evidence

    @property
    def rule(self) -> model.RoleRule | None:
        """The rule of the role that is asked about."""
        return self.configuration.rule(self.case.role)

    def with_rule(self, rule: model.RoleRule) -> "Situation":
        """The same with another rule for the role."""
        roles = self.configuration.roles.with_rule(self.case.role, rule)
        return replace(self, configuration=replace(self.configuration, roles=roles))


@dataclass(frozen=True, slots=True)
class Relaxation:
    """A change of one input."""

    id: str
    """Stable and lower case: `time`, `revocation`, `leaf.eku`, `anchor`."""
    words: str
    """What would be otherwise: `if …`."""
    apply: Callable[[Situation], Situation]
    needed: bool = False
    """Whether nothing else can make up for it: a rule about the certificate itself that it doesn't meet."""


def relaxations(situation: Situation, failed: Sequence[Check]) -> tuple[Relaxation, ...]:
    """Those that can matter where this failed, the smallest changes first."""
    rule = situation.rule
    if rule is None:
        return ()
    place = f"roles.{situation.case.role.value}"
    found: list[Relaxation] = []
    found += _times(situation, failed)
    found += _context(situation, rule, failed)
    if any(check.clause == "roles.smp-metadata.endpoint_certificate" for check in failed):
        found.append(Relaxation("asserted", "the SMP named this certificate", _asserted))
    found += (
        Relaxation(f"leaf.{name}", f"{place}.leaf.{name} were any", _without_leaf_rule(name), name in _NEEDED)
        for name in _LEAF_RULES
        if any(_is_about(check, f"{place}.leaf.{name}") for check in failed)
        or (name == "policies" and any(check.id in _POLICIES for check in failed))
    )
    if _revocation_failed(place, failed):
        found.append(Relaxation("revocation", f"{place}.revocation asked for nothing (no_check)", _without_revocation))
    if any(check.id == "DENIED" for check in failed):
        found.append(Relaxation("deny", "stores.deny were empty", _without_deny_list))
    if any(check.id in {"PATH_TOO_LONG", "ISSUER_NOT_ANCHOR"} for check in failed):
        found.append(Relaxation("path", "paths could be longer (max_path, issuer_must_be_anchor)", _longer_paths))
    found += _anchors(situation)
    return tuple(found)


def _is_about(check: Check, place: str) -> bool:
    return check.clause == place or check.clause.startswith(f"{place}.")


def _revocation_failed(place: str, failed: Sequence[Check]) -> bool:
    return any(
        check.clause.startswith(
            ("RFC 5280 §6.3", "RFC 6960", "RFC 5280 §6.1.3 (a)(3)", f"{place}.revocation", "RFC 96")
        )
        or check.id in {"REVOKED", "ON_HOLD", "NO_CRL", "NO_OCSP", "ISSUER_UNKNOWN"}
        for check in failed
    )


def _times(situation: Situation, failed: Sequence[Check]) -> Iterator[Relaxation]:
    if not any(check.id in _TIMES | _PINS for check in failed):
        return
    for at in _other_times(situation):
        yield Relaxation("time", f"it were asked for {at:%Y-%m-%d %H:%M:%S} UTC", _at(at))


def _other_times(situation: Situation) -> list[datetime]:
    """Instants at which the certificate is in force, the nearest first."""
    slices = situation.case.certificate.slices
    try:
        start, end = slices.dates if slices else (None, None)
    except CertificateError:
        return []
    if start is None or end is None or start > end:
        return []
    periods = [each.trusted for each in situation.configuration.stores.anchors]
    edges = [edge for each in periods for edge in (each.since, each.until) if edge is not None]
    wanted = [start, start + (end - start) / 2, end, *(edge for edge in edges if start <= edge <= end)]
    return sorted({each.replace(microsecond=0) for each in wanted}, key=lambda each: abs(each - situation.case.at))


def _at(at: datetime) -> Callable[[Situation], Situation]:
    return lambda situation: replace(situation, case=replace(situation.case, at=at))


def _context(situation: Situation, rule: model.RoleRule, failed: Sequence[Check]) -> Iterator[Relaxation]:
    if not any(check.id in {"CONTEXT_MISSING", "SUBJECT_NOT_BOUND"} for check in failed):
        return
    subject = rule.leaf.subject
    given = {
        bound: found[0]
        for name, bound in (subject.bind.items() if subject else ())
        if len(found := values(situation.case, name)) == 1
    }
    if given:
        words = ", ".join(f"{bound.value} were {shown(value)}" for bound, value in given.items())
        yield Relaxation(
            "context",
            words,
            lambda now: replace(now, case=replace(now.case, context={**now.case.context, **given})),
        )


def _asserted(situation: Situation) -> Situation:
    case = situation.case
    known = (case.asserted or frozenset()) | {case.certificate.sha256}
    return replace(situation, case=replace(case, asserted=known))


def _without_leaf_rule(name: str) -> Callable[[Situation], Situation]:
    def apply(situation: Situation) -> Situation:
        rule = situation.rule
        return situation.with_rule(replace(rule, leaf=replace(rule.leaf, **{name: None}))) if rule else situation

    return apply


def _without_revocation(situation: Situation) -> Situation:
    rule = situation.rule
    if rule is None:
        return situation
    nothing = replace(rule.revocation, leaf=RevocationRule.NO_CHECK, intermediates=RevocationRule.NO_CHECK)
    return situation.with_rule(replace(rule, revocation=nothing))


def _without_deny_list(situation: Situation) -> Situation:
    stores = replace(situation.configuration.stores, deny=model.DenyList())
    return replace(situation, configuration=replace(situation.configuration, stores=stores))


def _longer_paths(situation: Situation) -> Situation:
    engine = replace(situation.configuration.engine, max_path=20)
    longer = replace(situation, configuration=replace(situation.configuration, engine=engine))
    rule = longer.rule
    return longer.with_rule(replace(rule, accept=_any_issuer(rule.accept))) if rule else longer


def _any_issuer(source: model.Source) -> model.Source:
    match source:
        case model.PathTo():
            return replace(source, issuer_must_be_anchor=False)
        case model.AnyOf() | model.AllOf() | model.Quorum():
            return replace(source, parts=tuple(map(_any_issuer, source.parts)))
    return source


def _anchors(situation: Situation) -> Iterator[Relaxation]:
    for above in _authorities_above(situation):
        words = f"{shown(above.subject_text)} were an anchor (SHA-256 {above.sha256})"
        yield Relaxation("anchor", words, _with_anchor(above))
    yield Relaxation("pin", "it were pinned", pinned)


def _authorities_above(situation: Situation) -> list[ListedCertificate]:
    """Those at hand whose names lead up from the certificate, the nearest first."""
    stores, case = situation.configuration.stores, situation.case
    referred = (*stores.intermediates, *(anchor.cert for anchor in stores.anchors))
    known = [each.certificate for each in referred if each.certificate is not None]
    named = by_name(
        (*known, *case.intermediates, *situation.evidence.intermediates), lambda each: each.comparable_subject
    )
    found: dict[ListedCertificate, None] = {}
    waiting = [case.certificate]
    while waiting and len(found) < MOST_ANCHORS:
        for each in named(waiting.pop(0).comparable_issuer):
            if each not in found and len(found) < MOST_ANCHORS:
                found[each] = None
                waiting.append(each)
    return list(found)


def _with_anchor(certificate: ListedCertificate) -> Callable[[Situation], Situation]:
    anchor = model.Anchor(
        id="if-it-were-an-anchor",
        cert=model.CertificateReference(certificate.sha256, certificate=certificate),
        kind=model.AnchorKind.CA,
        controls=_OPEN,
        trusted=model.TrustPeriod(None, None, None),
    )

    def apply(situation: Situation) -> Situation:
        stores = situation.configuration.stores
        more = replace(stores, anchors=(*stores.anchors, anchor))
        also = model.PathTo((anchor.id,), issuer_must_be_anchor=False)
        return _accepting_also(replace(situation, configuration=replace(situation.configuration, stores=more)), also)

    return apply


def pinned(situation: Situation) -> Situation:
    """The same where the certificate is pinned."""
    case, stores = situation.case, situation.configuration.stores
    pin = model.Pin("if-it-were-pinned", None, case.certificate.sha256, (case.role,), model.Validity(None, None))
    more = replace(stores, pins=(*stores.pins, pin))
    changed = replace(situation, configuration=replace(situation.configuration, stores=more))
    return _accepting_also(changed, model.Pinned((pin.id,)))


def _accepting_also(situation: Situation, source: model.Source) -> Situation:
    rule = situation.rule
    return situation.with_rule(replace(rule, accept=model.AnyOf((rule.accept, source)))) if rule else situation
