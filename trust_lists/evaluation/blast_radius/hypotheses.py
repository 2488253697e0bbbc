# SPDX-License-Identifier: Apache-2.0
"""The configuration that hypotheses are asked of, and the best certificate that somebody could wish for under it.

Two things differ from the configuration itself, and both are told with the result. What is not known about revocation
is no obstacle: an authority whose key is stolen signs what is said about its own certificates too, by CRL, by OCSP, or
by an indirect CRL whose issuer it certifies; what evidence at hand says stays an obstacle. And an anchor whose
certificate is not at hand is stood in for by one that limits nothing.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.path_extensions import path_extensions
from trust_lists.certificates.policies import ANY_POLICY
from trust_lists.certificates.revocation.rules import OnUnknown, RevocationRule
from trust_lists.evaluation.blast_radius.network import Party
from trust_lists.evaluation.blast_radius.sources import subject_rules, with_rules
from trust_lists.evaluation.blast_radius.unsigned import Wish, stand_in
from trust_lists.evaluation.trust_configuration.model import (
    Anchor,
    Context,
    EndpointCertificate,
    Role,
    RoleRule,
    TrustConfiguration,
    Usage,
)

LONG = timedelta(days=7_300)
_DAY = timedelta(days=1)
_USAGES = (Usage.DIGITAL_SIGNATURE, Usage.KEY_ENCIPHERMENT, Usage.NON_REPUDIATION, Usage.KEY_AGREEMENT)
_SERVER = "1.3.6.1.5.5.7.3.1"
_OWN_CONTEXT = {Context.PARTY, Context.SEAT_ID, Context.SMP_ID}


def prepared(configuration: TrustConfiguration, at: datetime) -> tuple[TrustConfiguration, tuple[str, ...]]:
    """The configuration for hypotheses at `at` (aware), and what is different in it, in words."""
    told: list[str] = []
    anchors = []
    for anchor in configuration.stores.anchors:
        if anchor.cert.certificate is None:
            told.append(f"the certificate of the anchor {anchor.id} is not at hand: one that limits nothing stands in")
            anchor = _stood_in(anchor, at)  # noqa: PLW2901
        anchors.append(anchor)
    if any(listens(rule) for role in Role if (rule := configuration.rule(role)) is not None):
        told.append(
            "revocation is no obstacle unless evidence says revoked: a stolen key of an authority signs that as well"
        )
    stores = replace(configuration.stores, anchors=tuple(anchors))
    return with_rules(replace(configuration, stores=stores), _without_unknown), tuple(told)


def _without_unknown(rule: RoleRule) -> RoleRule:
    return replace(rule, revocation=replace(rule.revocation, on_unknown=OnUnknown.ACCEPT))


def listens(rule: RoleRule) -> bool:
    """Whether an authority can take back certificates by revoking them."""
    checks = (rule.revocation.leaf, rule.revocation.intermediates)
    return any(each is not RevocationRule.NO_CHECK for each in checks)


def wish_for(rule: RoleRule, role: Role, party: Party, at: datetime, issuer: ListedCertificate | None = None) -> Wish:
    """What a certificate has to say for a role and a name, as far as whoever issues it decides that.

    It is valid from as early as its lifetime allows, since later ones may be distrusted by their date. It has every
    policy that could be valid directly below `issuer`.
    """
    leaf = rule.leaf
    begin = at + _DAY - (leaf.max_lifetime or LONG)
    purposes = leaf.eku.one_of if leaf.eku else ((_SERVER,) if role is Role.TLS_SERVER else ())
    return Wish(
        party.names,
        begin,
        at + _DAY,
        _usages(rule),
        purposes,
        _policies(rule, issuer),
        _key(rule),
        _hash(rule),
    )


def context_of(rule: RoleRule, party: Party) -> dict[Context, str]:
    """What others know of a party beforehand: what the network says, else what its names and its id say."""
    found = dict(party.context)
    for each in subject_rules(rule):
        for attribute, bound in each.bind.items():
            name = party.names.get("san.dns" if attribute == "san.host" else attribute)
            if name is not None:
                found.setdefault(bound, name)
    for key in _OWN_CONTEXT:
        found.setdefault(key, party.id)
    host = party.names.get("san.dns")
    return found if host is None else {Context.HOST: host, **found}


def metadata_count(configuration: TrustConfiguration) -> EndpointCertificate | None:
    """What signed SMP metadata mean for a certificate; None where they mean nothing."""
    found = configuration.roles.smp_metadata
    return found.endpoint_certificate if found else None


def _stood_in(anchor: Anchor, at: datetime) -> Anchor:
    certificate = stand_in(anchor.id, at - LONG, at + LONG)
    return replace(anchor, cert=replace(anchor.cert, sha256=certificate.sha256, certificate=certificate))


def _usages(rule: RoleRule) -> frozenset[str]:
    wanted = rule.leaf.key_usage
    if wanted is None:
        return frozenset({Usage.DIGITAL_SIGNATURE.value, Usage.KEY_ENCIPHERMENT.value})
    found = wanted.required or tuple(each for each in _USAGES if each not in wanted.forbidden)[:1]
    return frozenset(each.value for each in found)


def _policies(rule: RoleRule, issuer: ListedCertificate | None) -> tuple[str, ...]:
    wanted = rule.leaf.policies.one_of if rule.leaf.policies else None
    found = {ANY_POLICY, *(wanted or ())}
    if issuer is not None:
        said = path_extensions(issuer.der)
        found |= said.policies or frozenset()
        found |= {below for _above, below in said.mappings}
    return tuple(sorted(found))


def _key(rule: RoleRule) -> str:
    """A kind of key that is allowed, one that is quick to make if there is a choice."""
    allowed = rule.leaf.algorithms.keys if rule.leaf.algorithms else ("p256",)
    for kind in ("p256", "ed25519", "p384", "p521", "bp256", "bp384", "bp512", "ed448"):
        if kind in allowed:
            return kind
    bits = rule.leaf.algorithms.least_rsa_bits if rule.leaf.algorithms else None
    return f"rsa{max(bits or 2048, 2048)}"


def _hash(rule: RoleRule) -> str:
    allowed = rule.leaf.algorithms.hashes if rule.leaf.algorithms else ("sha256",)
    return next((each for each in ("sha256", "sha384", "sha512", "sha224") if each in allowed), "sha256")
