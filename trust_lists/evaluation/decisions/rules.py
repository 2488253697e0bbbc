# SPDX-License-Identifier: Apache-2.0
"""The rule of a role, made ready to decide: patterns compiled, anchors looked up by name, sources in their places."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from trust_lists.certificates.anchors import PathInputs
from trust_lists.certificates.policies import ANY_POLICY
from trust_lists.evaluation.decisions.anchor_grounds import AnchorGrounds
from trust_lists.evaluation.decisions.candidates import Demands, ProfileChecks
from trust_lists.evaluation.decisions.deny import Denied
from trust_lists.evaluation.decisions.expressions import (
    AtLeast,
    Expression,
    NotExpression,
    SourceExpression,
    SubjectExpression,
)
from trust_lists.evaluation.decisions.federation_grounds import FederationGrounds
from trust_lists.evaluation.decisions.grounds import Grounds
from trust_lists.evaluation.decisions.leaf import LeafCheck, leaf_checks, subject_check
from trust_lists.evaluation.decisions.list_grounds import ListGrounds
from trust_lists.evaluation.decisions.metadata_grounds import MetadataGrounds
from trust_lists.evaluation.decisions.model import Case, Check
from trust_lists.evaluation.decisions.own_grounds import AssertedGrounds, PinGrounds, not_asserted
from trust_lists.evaluation.decisions.webpki import profile_checks
from trust_lists.evaluation.trust_configuration import model
from trust_lists.evaluation.trust_configuration.model import EndpointCertificate, Role, TrustConfiguration

PROFILES: Mapping[model.Profile, ProfileChecks | None] = {
    model.Profile.RFC5280: None,
    model.Profile.WEBPKI: profile_checks,
}


_Single: TypeAlias = model.PathTo | model.Pinned | model.Listed | model.InMetadata | model.InFederation
"""Expressions that name entries of a store."""


@dataclass(frozen=True, slots=True)
class ReadyRule:
    """What is asked of a certificate in a role."""

    place: str
    leaf: tuple[LeafCheck, ...]
    accept: Expression
    demands: Demands


def ready_rules(configuration: TrustConfiguration) -> dict[Role, ReadyRule]:
    """Those of all roles that have a rule."""
    return {role: _ready(configuration, role, rule) for role in Role if (rule := configuration.rule(role)) is not None}


def _ready(configuration: TrustConfiguration, role: Role, rule: model.RoleRule) -> ReadyRule:
    place = f"roles.{role.value}"
    denied = Denied(configuration.stores.deny)
    demands = Demands(
        place=place,
        inputs=_inputs(rule.leaf.policies, configuration.engine),
        max_path=configuration.engine.max_path,
        algorithms=rule.leaf.algorithms,
        revocation=rule.revocation,
        denied=denied,
        profile=PROFILES[configuration.engine.profile],
    )
    leaf = (
        LeafCheck("stores.deny", lambda case: denied.checks((case.certificate,)), lambda _case: {}),
        *leaf_checks(rule.leaf, f"{place}.leaf"),
    )
    accept = _Compiler(configuration, demands).expression(rule.accept, f"{place}.accept")
    metadata = configuration.roles.smp_metadata
    if role is Role.AP_ENCRYPT and metadata is not None:
        match metadata.endpoint_certificate:
            case EndpointCertificate.ANCHOR:
                asserted = SourceExpression("asserted", AssertedGrounds(), demands)
                accept = AtLeast("any_of", f"{place}.accept", 1, (accept, asserted))
            case EndpointCertificate.PIN:
                leaf = (*leaf, LeafCheck(AssertedGrounds.place, _asserted, _told_asserted))
    return ReadyRule(place, leaf, accept, demands)


def _inputs(rule: model.PolicyRule | None, engine: model.Engine) -> PathInputs:
    if rule is None:
        return PathInputs(clock_skew=engine.clock_skew)
    return PathInputs(
        policies=frozenset(rule.one_of if rule.one_of is not None else (ANY_POLICY,)),
        explicit_policy=rule.require_explicit_policy,
        inhibit_policy_mapping=rule.inhibit_policy_mapping,
        inhibit_any_policy=rule.inhibit_any_policy,
        clock_skew=engine.clock_skew,
    )


@dataclass(frozen=True, slots=True)
class _Compiler:
    configuration: TrustConfiguration
    demands: Demands

    def expression(self, source: model.Source, place: str) -> Expression:
        match source:
            case model.AnyOf(parts):
                return AtLeast("any_of", place, 1, self._parts(parts, f"{place}.any_of"))
            case model.AllOf(parts):
                return AtLeast("all_of", place, len(parts), self._parts(parts, f"{place}.all_of"))
            case model.Quorum(least, parts):
                return AtLeast("quorum", place, least, self._parts(parts, f"{place}.quorum.of"))
            case model.Not(part):
                return NotExpression(place, self.expression(part, f"{place}.not"))
            case model.Subject(rule):
                return SubjectExpression(subject_check(rule, f"{place}.subject"))
        operator = _OPERATORS[type(source)]
        inner = f"{place}.{operator}"
        direct = isinstance(source, model.PathTo) and source.issuer_must_be_anchor
        must = f"{inner}.issuer_must_be_anchor" if direct else ""
        return SourceExpression(operator, self._grounds(source, inner), self.demands, must)

    def _parts(self, parts: tuple[model.Source, ...], place: str) -> tuple[Expression, ...]:
        return tuple(self.expression(part, f"{place}[{number}]") for number, part in enumerate(parts, 1))

    def _grounds(self, source: _Single, place: str) -> Grounds:
        stores, skew = self.configuration.stores, self.configuration.engine.clock_skew
        match source:
            case model.PathTo():
                return AnchorGrounds(source, place, {each.id: each for each in stores.anchors}, skew)
            case model.Pinned():
                return PinGrounds(source, place, stores.pins, skew)
            case model.Listed():
                lists = {each.id: each for each in stores.lists}
                known = tuple(each.certificate for each in stores.intermediates if each.certificate is not None)
                return ListGrounds(source, place, lists, skew, intermediates=known)
            case model.InMetadata():
                return MetadataGrounds(source, place, {each.id: each for each in stores.saml_metadata}, skew)
            case model.InFederation():
                return FederationGrounds(source, place, {each.id: each for each in stores.openid_federation}, skew)


_OPERATORS: Mapping[type[_Single], str] = {
    model.PathTo: "path",
    model.Pinned: "pin",
    model.Listed: "list",
    model.InMetadata: "saml_metadata",
    model.InFederation: "openid_federation",
}


def _asserted(case: Case) -> list[Check]:
    found = not_asserted(case)
    return [found] if found else []


def _told_asserted(case: Case) -> Mapping[str, object]:
    return {"asserted": None if case.asserted is None else sorted(case.asserted)}
