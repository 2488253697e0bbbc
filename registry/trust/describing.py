# SPDX-License-Identifier: Apache-2.0
"""A trust configuration in words, for people who ask whom a domain trusts."""

from trust_lists.certificates.revocation.rules import RevocationRule
from trust_lists.evaluation.trust_configuration.model import (
    AllOf,
    AnyOf,
    InFederation,
    InMetadata,
    Listed,
    Not,
    PathTo,
    Pinned,
    Quorum,
    Role,
    RoleRule,
    Source,
    Subject,
    TrustConfiguration,
)


def accepted_text(source: Source) -> str:
    """Who is accepted by an expression."""
    match source:
        case PathTo(to, direct):
            return f"{'issued by' if direct else 'path to'} {_or(to)}"
        case Pinned(ids):
            return "any pin of the role" if ids is None else f"pin {_or(ids)}"
        case Listed(lists, _, qualified):
            found = f"service of the list {_or(lists)}"
            return found if qualified is None else f"{found}, {qualified.value}"
        case InMetadata(sources):
            return f"key in the SAML metadata {_or(sources)}"
        case InFederation(sources):
            return f"member of the federation {_or(sources)}"
        case Subject(rule):
            names = [f"{name} fits {pattern}" for name, pattern in rule.match.items()]
            return " and ".join([*names, *(f"{name} is {bound.value}" for name, bound in rule.bind.items())])
        case AnyOf(parts):
            return " or ".join(map(_part, parts))
        case AllOf(parts):
            return " and ".join(map(_part, parts))
        case Quorum(least, parts):
            return f"{least} of: {', '.join(map(_part, parts))}"
        case Not(part):
            return f"no {_part(part)}"


def revocation_text(rule: RoleRule) -> str:
    """What has to be known about revocation."""
    leaf, above = rule.revocation.leaf.value, rule.revocation.intermediates.value
    return leaf if leaf == above else f"{leaf}, above it {above}"


def needs_evidence(configuration: TrustConfiguration) -> bool:
    """Whether decisions need something that has to be fetched."""
    stores = configuration.stores
    rules = [rule.revocation for role in Role if (rule := configuration.rule(role)) is not None]
    asked = any({each.leaf, each.intermediates} != {RevocationRule.NO_CHECK} for each in rules)
    return asked or bool(stores.lists or stores.saml_metadata or stores.openid_federation)


def _part(source: Source) -> str:
    text = accepted_text(source)
    return f"({text})" if isinstance(source, AnyOf | AllOf | Quorum) else text


def _or(names: tuple[str, ...]) -> str:
    return " or ".join(names)
