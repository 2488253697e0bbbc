# SPDX-License-Identifier: Apache-2.0
"""Certificate policies along a path: the graph of RFC 9618, which replaces the tree of RFC 5280 §6.1.

The tree can grow exponentially, the graph has each policy once on each level. A node knows its parents only: what is
reached upwards from the deepest level is the graph, so that nothing must ever be pruned (§6.1.3 (d)(3)).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from trust_lists.certificates.path_extensions import PathExtensions, PolicyQualifier

ANY_POLICY = "2.5.29.32.0"
MAX_GRAPH = 4_000
"""Nodes and edges; paths of the US federal PKI, with its many policies and mappings, stay below a tenth."""

_Qualifiers = tuple[PolicyQualifier, ...]


@dataclass(frozen=True, slots=True)
class ValidPolicies:
    """The outputs of RFC 9618 §5.5 (g): the policies that a path is valid for, in the words of the anchor's domain.

    By policy, the qualifiers of the node, its ancestors and descendants: what a user may have to be shown.
    """

    authority_constrained: Mapping[str, _Qualifiers] = field(default_factory=dict)
    user_constrained: Mapping[str, _Qualifiers] = field(default_factory=dict)

    @property
    def notices(self) -> tuple[str, ...]:
        """The texts of the user notices of the user-constrained policies, each once."""
        found = (each.notice for _, qualifiers in sorted(self.user_constrained.items()) for each in qualifiers)
        return tuple(dict.fromkeys(filter(None, found)))


# Compared by identity: two paths to a node would else be two long comparisons.
@dataclass(frozen=True, slots=True, eq=False)
class PolicyNode:
    """A policy that is valid for the path down to a certificate (RFC 9618 §4.2)."""

    policy: str
    qualifiers: _Qualifiers
    parents: tuple["PolicyNode", ...]
    expected: frozenset[str]
    """What it may be called in the next certificate."""


_ROOT = PolicyNode(ANY_POLICY, (), (), frozenset({ANY_POLICY}))


@dataclass(frozen=True, slots=True)
class PolicyState:
    """The counters of RFC 5280 §6.1.2 (d) to (f), and the deepest level of the graph; empty where that is NULL."""

    explicit: int
    mapping: int
    inhibit_any: int
    valid: Mapping[str, PolicyNode]
    size: int = 0
    """Nodes and edges of the graph so far, also those that lead nowhere."""

    @classmethod
    def initial(cls, explicit: int, mapping: int, inhibit_any: int) -> "PolicyState":
        """Above the first certificate (RFC 5280 §6.1.2 (a), (d) to (f))."""
        return cls(explicit, mapping, inhibit_any, {ANY_POLICY: _ROOT})

    @property
    def satisfied(self) -> bool:
        """Whether a policy is valid, or none is demanded (§6.1.3 (f))."""
        return self.explicit > 0 or bool(self.valid)

    @property
    def too_large(self) -> bool:
        """Whether the graph was given up: then nobody knows which policies are valid."""
        return self.size > MAX_GRAPH

    def below(self, extensions: PathExtensions, *, any_allowed: bool) -> "PolicyState":
        """After a certificate's own policies (§6.1.3 (d), (e)); `any_allowed`: it is self-issued and not the last."""
        found = extensions.policies
        if found is None or not self.valid:
            return self._with({})
        parents: dict[str, list[PolicyNode]] = {}
        for node in self.valid.values():
            for policy in node.expected:
                parents.setdefault(policy, []).append(node)
        from_any = [self.valid[ANY_POLICY]] if ANY_POLICY in self.valid else []
        wanted = {policy: nodes for policy in found - {ANY_POLICY} if (nodes := parents.get(policy) or from_any)}
        qualifiers = extensions.qualifiers
        valid = {policy: _node(policy, qualifiers.get(policy, ()), nodes) for policy, nodes in wanted.items()}
        if ANY_POLICY in found and (self.inhibit_any > 0 or any_allowed):
            by_any = qualifiers.get(ANY_POLICY, ())
            valid |= {policy: _node(policy, by_any, nodes) for policy, nodes in parents.items() if policy not in valid}
        return self._with(valid)

    def mapped(self, extensions: PathExtensions) -> "PolicyState":
        """After the mappings of an authority (§6.1.4 (b)); those of any policy are refused elsewhere, and ignored."""
        becomes: dict[str, set[str]] = {}
        for issuers, subjects in extensions.mappings:
            if ANY_POLICY not in {issuers, subjects}:
                becomes.setdefault(issuers, set()).add(subjects)
        if not becomes:
            return self
        if self.mapping == 0:
            return self._with({policy: node for policy, node in self.valid.items() if policy not in becomes})
        valid = dict(self.valid)
        for policy, names in becomes.items():
            if (node := self.valid.get(policy) or self.valid.get(ANY_POLICY)) is not None:
                valid[policy] = PolicyNode(policy, node.qualifiers, node.parents, frozenset(names))
        return self._with(valid)

    def above(self, extensions: PathExtensions, *, self_issued: bool) -> "PolicyState":
        """Before the next certificate: the counters (§6.1.4 (h) to (j))."""
        one = 0 if self_issued else 1
        return PolicyState(
            _lowered(max(self.explicit - one, 0), extensions.require_explicit_policy),
            _lowered(max(self.mapping - one, 0), extensions.inhibit_policy_mapping),
            _lowered(max(self.inhibit_any - one, 0), extensions.inhibit_any_policy),
            self.valid,
            self.size,
        )

    def at_the_end(self, extensions: PathExtensions) -> "PolicyState":
        """After the last certificate (§6.1.5 (a), (b))."""
        explicit = 0 if extensions.require_explicit_policy == 0 else max(self.explicit - 1, 0)
        return PolicyState(explicit, self.mapping, self.inhibit_any, self.valid, self.size)

    def outcome(self, wanted: frozenset[str]) -> ValidPolicies:
        """The sets of policies, where `wanted` is the user-initial-policy-set (§6.1.5 (g))."""
        found: dict[str, set[PolicyQualifier]] = {}
        for policy, qualifiers in _below_any(self.valid.values()):
            found.setdefault(policy, set()).update(qualifiers)
        authority = {policy: tuple(sorted(found[policy])) for policy in sorted(found)}
        if ANY_POLICY in wanted:
            return ValidPolicies(authority, authority)
        named = authority if ANY_POLICY not in authority else dict.fromkeys(wanted, authority[ANY_POLICY]) | authority
        return ValidPolicies(authority, {policy: named[policy] for policy in sorted(wanted & named.keys())})

    def _with(self, valid: dict[str, PolicyNode]) -> "PolicyState":
        size = self.size + sum(1 + len(node.parents) + len(node.expected) for node in valid.values())
        return PolicyState(self.explicit, self.mapping, self.inhibit_any, {} if size > MAX_GRAPH else valid, size)


def _node(policy: str, qualifiers: _Qualifiers, parents: list[PolicyNode]) -> PolicyNode:
    return PolicyNode(policy, qualifiers, tuple(parents), frozenset({policy}))


def _below_any(level: Iterable[PolicyNode]) -> Iterator[tuple[str, set[PolicyQualifier]]]:
    """The nodes of valid_policy_node_set, from the deepest level up, with the qualifiers of all before and after."""
    nodes = {node: set(node.qualifiers) for node in level}
    for node, qualifiers in nodes.items():
        if node.policy == ANY_POLICY:
            yield ANY_POLICY, qualifiers.union(*_ancestors(node))
    while nodes:
        above: dict[PolicyNode, set[PolicyQualifier]] = {}
        for node, qualifiers in nodes.items():
            if node.policy != ANY_POLICY and [each.policy for each in node.parents] == [ANY_POLICY]:
                yield node.policy, qualifiers.union(*_ancestors(node))
            for parent in node.parents:
                above.setdefault(parent, set(parent.qualifiers)).update(qualifiers)
        nodes = above


def _ancestors(node: PolicyNode) -> Iterator[_Qualifiers]:
    """The qualifiers above a node whose only parent is any policy: such a node has no other ancestors either."""
    while node.parents:
        node = node.parents[0]
        yield node.qualifiers


def _lowered(counter: int, stated: int | None) -> int:
    return counter if stated is None else min(counter, stated)
