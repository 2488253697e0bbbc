# SPDX-License-Identifier: Apache-2.0
"""The valid policy tree of RFC 5280 §6.1, built as it stands there: exponential, slow, and a witness for the graph."""

from dataclasses import dataclass, field

from trust_lists.certificates.path_extensions import PathExtensions
from trust_lists.certificates.policies import ANY_POLICY


@dataclass(eq=False)
class _Node:
    policy: str
    expected: set[str]
    parent: "_Node | None"
    children: list["_Node"] = field(default_factory=list)

    def add(self, policy: str, expected: set[str]) -> "_Node":
        node = _Node(policy, expected, self)
        self.children.append(node)
        return node


def policies_by_tree(
    path: list[tuple[PathExtensions, bool]], wanted: frozenset[str], mapping: int, inhibit_any: int
) -> tuple[set[str], set[str]]:
    """The authority-constrained and the user-constrained policies below extensions that are self-issued or not."""
    root: _Node | None = _Node(ANY_POLICY, {ANY_POLICY}, None)
    for position, (extensions, self_issued) in enumerate(path):
        depth, final = position + 1, position == len(path) - 1
        root = _with_policies(root, extensions, depth, any_counts=inhibit_any > 0 or (self_issued and not final))
        if final:
            break
        root = _with_mappings(root, extensions, depth, allowed=mapping > 0)
        if not self_issued:
            mapping, inhibit_any = max(mapping - 1, 0), max(inhibit_any - 1, 0)
        if extensions.inhibit_policy_mapping is not None:
            mapping = min(mapping, extensions.inhibit_policy_mapping)
        if extensions.inhibit_any_policy is not None:
            inhibit_any = min(inhibit_any, extensions.inhibit_any_policy)
    return _constrained(root, wanted, len(path))


def _level(root: _Node | None, depth: int) -> list[_Node]:
    level = [root] if root else []
    for _ in range(depth):
        level = [child for node in level for child in node.children]
    return level


def _pruned(root: _Node | None, depth: int) -> _Node | None:
    """Without nodes above `depth` that have no children, again and again."""
    for above in range(depth - 1, -1, -1):
        for node in _level(root, above):
            if not node.children:
                if node.parent is None:
                    return None
                node.parent.children.remove(node)
    return root


def _with_policies(root: _Node | None, extensions: PathExtensions, depth: int, *, any_counts: bool) -> _Node | None:
    if root is None or extensions.policies is None:
        return None
    above = _level(root, depth - 1)
    for policy in extensions.policies - {ANY_POLICY}:
        matches = [node for node in above if policy in node.expected]
        for node in matches or [node for node in above if node.policy == ANY_POLICY]:
            node.add(policy, {policy})
    if ANY_POLICY in extensions.policies and any_counts:
        for node in above:
            for policy in node.expected - {child.policy for child in node.children}:
                node.add(policy, {policy})
    return _pruned(root, depth)


def _with_mappings(root: _Node | None, extensions: PathExtensions, depth: int, *, allowed: bool) -> _Node | None:
    becomes: dict[str, set[str]] = {}
    for issuers, subjects in extensions.mappings:
        becomes.setdefault(issuers, set()).add(subjects)
    for policy, names in becomes.items():
        level = _level(root, depth)
        matches = [node for node in level if node.policy == policy]
        for node in matches:
            if allowed:
                node.expected = names
            elif node.parent:
                node.parent.children.remove(node)
        if allowed and not matches:
            for node in level:
                if node.policy == ANY_POLICY and node.parent:
                    node.parent.add(policy, names)
    return root if allowed else _pruned(root, depth)


def _constrained(root: _Node | None, wanted: frozenset[str], depth: int) -> tuple[set[str], set[str]]:
    below_any = [
        node
        for above in range(depth)
        for parent in _level(root, above)
        if parent.policy == ANY_POLICY
        for node in parent.children
        if node.policy != ANY_POLICY
    ]
    authority = {node.policy for node in below_any}
    any_at_the_end = any(node.policy == ANY_POLICY for node in _level(root, depth))
    if any_at_the_end:
        authority.add(ANY_POLICY)
    if ANY_POLICY in wanted:
        return authority, set(authority)
    return authority, set(wanted) if any_at_the_end else authority & wanted
