# SPDX-License-Identifier: Apache-2.0
"""Policies along a path (RFC 5280 §6.1.3 (d) to (f), §6.1.4), with nothing demanded from outside."""

from trust_lists.certificates.path_extensions import PathExtensions
from trust_lists.certificates.policies import ANY_POLICY, PolicyState


def policies(*oids: str) -> PathExtensions:
    return PathExtensions(policies=frozenset(oids))


def below(state: PolicyState, *oids: str, any_allowed: bool = False) -> PolicyState:
    return state.below(policies(*oids), any_allowed=any_allowed)


def test_at_the_beginning_any_policy_is_valid_and_none_is_demanded() -> None:
    assert PolicyState.initial(1).satisfied
    assert PolicyState.initial(1).explicit == 2


def test_a_certificate_keeps_only_its_own_policies() -> None:
    first = below(PolicyState.initial(3), "1.1", "1.2")
    assert set(first.valid) == {"1.1", "1.2"}
    assert set(below(first, "1.2", "1.3").valid) == {"1.2"}
    assert set(below(below(first, "1.3"), "1.1").valid) == set()


def test_any_policy_keeps_all_unless_it_is_inhibited() -> None:
    first = below(PolicyState.initial(3), "1.1")
    assert set(below(first, ANY_POLICY).valid) == {"1.1"}
    inhibited = first.above(PathExtensions(inhibit_any_policy=0), self_issued=False)
    assert set(below(inhibited, ANY_POLICY).valid) == set()
    assert set(below(inhibited, ANY_POLICY, any_allowed=True).valid) == {"1.1"}


def test_a_certificate_without_policies_leaves_none() -> None:
    state = PolicyState.initial(2).below(PathExtensions(), any_allowed=False)
    assert state.valid == {}
    assert state.satisfied
    demanded = state.above(PathExtensions(require_explicit_policy=0), self_issued=False)
    assert not demanded.satisfied


def test_counters_only_fall_and_self_issued_certificates_do_not_count() -> None:
    state = PolicyState.initial(5).above(PathExtensions(require_explicit_policy=2), self_issued=False)
    assert state.explicit == 2
    assert state.above(PathExtensions(require_explicit_policy=4), self_issued=True).explicit == 2
    assert state.above(PathExtensions(), self_issued=False).explicit == 1


def test_mapped_policies_go_on_under_their_new_name() -> None:
    first = below(PolicyState.initial(3), "1.1")
    mapped = first.above(PathExtensions(mappings=(("1.1", "2.1"), ("1.1", "2.2"), ("1.9", "2.9"))), self_issued=False)
    assert set(below(mapped, "1.1").valid) == set()
    assert set(below(mapped, "2.2").valid) == {"2.2"}
    assert set(below(mapped, "2.9").valid) == set()


def test_below_any_policy_every_mapping_holds() -> None:
    first = below(PolicyState.initial(3), ANY_POLICY)
    mapped = first.above(PathExtensions(mappings=(("1.1", "2.1"),)), self_issued=False)
    assert set(below(mapped, "2.1").valid) == {"2.1"}


def test_inhibited_mappings_delete_the_policy() -> None:
    first = below(PolicyState.initial(3), "1.1", "1.2").above(
        PathExtensions(inhibit_policy_mapping=0), self_issued=False
    )
    second = below(first, "1.1", "1.2").above(PathExtensions(mappings=(("1.1", "2.1"),)), self_issued=False)
    assert set(second.valid) == {"1.2"}


def test_the_last_certificate_may_demand_a_policy_itself() -> None:
    without = PolicyState.initial(1).below(PathExtensions(), any_allowed=False)
    assert without.at_the_end(PathExtensions()).satisfied
    assert not without.at_the_end(PathExtensions(require_explicit_policy=0)).satisfied
