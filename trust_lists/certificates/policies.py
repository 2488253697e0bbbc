# SPDX-License-Identifier: Apache-2.0
"""Certificate policies along a path (RFC 5280 §6.1.3 (d) to (f), §6.1.4 (a), (b), (h) to (j), §6.1.5 (a), (b)).

For the usual inputs: any policy will do, and none is demanded from outside. Then a path fails only if an authority
demands a policy and none is left, for which the last level of the tree is enough: so it can't grow exponentially, as
the tree of RFC 5280 can (RFC 9618 §1).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from trust_lists.certificates.path_extensions import PathExtensions

ANY_POLICY = "2.5.29.32.0"


@dataclass(frozen=True, slots=True)
class PolicyState:
    """The counters of RFC 5280 §6.1.2 (d) to (f), and the policies that are valid so far with what they may become."""

    explicit: int
    mapping: int
    inhibit_any: int
    valid: Mapping[str, frozenset[str]]

    @classmethod
    def initial(cls, length: int) -> "PolicyState":
        """Above a path of `length` certificates."""
        return cls(length + 1, length + 1, length + 1, {ANY_POLICY: frozenset({ANY_POLICY})})

    @property
    def satisfied(self) -> bool:
        """Whether a policy is valid, or none is demanded (§6.1.3 (f))."""
        return self.explicit > 0 or bool(self.valid)

    def below(self, extensions: PathExtensions, *, any_allowed: bool) -> "PolicyState":
        """After a certificate's own policies (§6.1.3 (d), (e)); `any_allowed`: it is self-issued and not the last."""
        found = extensions.policies
        valid: dict[str, frozenset[str]] = {}
        if found is not None and self.valid:
            expected = frozenset(policy for values in self.valid.values() for policy in values)
            own = found - {ANY_POLICY}
            wanted = own if ANY_POLICY in self.valid else own & expected
            valid = {policy: frozenset({policy}) for policy in wanted}
            if ANY_POLICY in found and (self.inhibit_any > 0 or any_allowed):
                valid |= {policy: frozenset({policy}) for policy in expected - own}
        return PolicyState(self.explicit, self.mapping, self.inhibit_any, valid)

    def above(self, extensions: PathExtensions, *, self_issued: bool) -> "PolicyState":
        """Before the next certificate (§6.1.4 (b), (h) to (j))."""
        valid = dict(self.valid)
        if extensions.mappings:
            valid = self._mapped(extensions.mappings)
        one = 0 if self_issued else 1
        return PolicyState(
            _lowered(max(self.explicit - one, 0), extensions.require_explicit_policy),
            _lowered(max(self.mapping - one, 0), extensions.inhibit_policy_mapping),
            _lowered(max(self.inhibit_any - one, 0), extensions.inhibit_any_policy),
            valid,
        )

    def at_the_end(self, extensions: PathExtensions) -> "PolicyState":
        """After the last certificate (§6.1.5 (a), (b))."""
        demanded = extensions.require_explicit_policy == 0
        explicit = 0 if demanded else max(self.explicit - 1, 0)
        return PolicyState(explicit, self.mapping, self.inhibit_any, self.valid)

    def _mapped(self, mappings: tuple[tuple[str, str], ...]) -> dict[str, frozenset[str]]:
        becomes: dict[str, set[str]] = {}
        for issuers, subjects in mappings:
            becomes.setdefault(issuers, set()).add(subjects)
        if self.mapping == 0:
            return {policy: values for policy, values in self.valid.items() if policy not in becomes}
        return {
            **self.valid,
            **{
                policy: frozenset(values)
                for policy, values in becomes.items()
                if policy in self.valid or ANY_POLICY in self.valid
            },
        }


def _lowered(counter: int, stated: int | None) -> int:
    return counter if stated is None else min(counter, stated)
