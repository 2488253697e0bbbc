# SPDX-License-Identifier: Apache-2.0
"""What the expressions of a configuration refer to, and the same expressions with some sources answering otherwise."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from trust_lists.evaluation.trust_configuration.model import (
    AllOf,
    AnyOf,
    InFederation,
    InMetadata,
    Listed,
    Not,
    PathTo,
    Quorum,
    Role,
    RoleRule,
    Source,
    Subject,
    SubjectRule,
    TrustConfiguration,
)

Vouching = Listed | InMetadata | InFederation
"""Sources that somebody signs and publishes."""


def used_roles(configuration: TrustConfiguration) -> tuple[Role, ...]:
    """The roles that have a rule."""
    return tuple(role for role in Role if configuration.rule(role) is not None)


def leaves(source: Source) -> Iterator[Source]:
    """The expressions that combine no others."""
    match source:
        case AnyOf(parts) | AllOf(parts) | Quorum(_, parts):
            for part in parts:
                yield from leaves(part)
        case Not(part):
            yield from leaves(part)
        case _:
            yield source


def all_leaves(configuration: TrustConfiguration) -> tuple[Source, ...]:
    """Those of all roles, as often as they stand there."""
    rules = [rule for role in Role if (rule := configuration.rule(role)) is not None]
    return tuple(leaf for rule in rules for leaf in leaves(rule.accept))


def source_ids(source: Source) -> tuple[str, ...]:
    """The stores that a leaf refers to by id, but for pins."""
    match source:
        case PathTo(to):
            return to
        case Listed(lists):
            return lists
        case InMetadata(sources) | InFederation(sources):
            return sources
    return ()


def subject_rules(rule: RoleRule) -> Iterator[SubjectRule]:
    """All that a role says about names."""
    if rule.leaf.subject is not None:
        yield rule.leaf.subject
    yield from (leaf.rule for leaf in leaves(rule.accept) if isinstance(leaf, Subject))


def with_rules(configuration: TrustConfiguration, change: Callable[[RoleRule], RoleRule]) -> TrustConfiguration:
    """The configuration with each role's rule replaced by what `change` makes of it."""
    return replace(configuration, roles=configuration.roles.with_rules(change))


def with_leaves(configuration: TrustConfiguration, change: Callable[[Source], Source]) -> TrustConfiguration:
    """The configuration with each leaf of each role's expression replaced by what `change` makes of it."""
    return with_rules(configuration, lambda rule: replace(rule, accept=_changed(rule.accept, change)))


def _changed(source: Source, change: Callable[[Source], Source]) -> Source:
    match source:
        case AnyOf(parts) | AllOf(parts) | Quorum(_, parts):
            return replace(source, parts=tuple(_changed(part, change) for part in parts))
        case Not(part):
            return Not(_changed(part, change))
    return change(source)


def joins(source: Source) -> bool:
    """Whether several parts may have to accept the same certificate, or one must not."""
    match source:
        case AllOf() | Not():
            return True
        case Quorum(least, _) if least > 1:
            return True
        case AnyOf(parts) | Quorum(_, parts):
            return any(map(joins, parts))
    return False


def denies(source: Source) -> bool:
    """Whether a part must not accept."""
    match source:
        case Not():
            return True
        case AnyOf(parts) | AllOf(parts) | Quorum(_, parts):
            return any(map(denies, parts))
    return False
