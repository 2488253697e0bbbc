# SPDX-License-Identifier: Apache-2.0
"""Policies along a path (RFC 5280 §6.1.3 (d) to (f), §6.1.4, §6.1.5) by the graph of RFC 9618."""

import time

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulators.policy_tree import policies_by_tree
from trust_lists.certificates.path_extensions import USER_NOTICE, PathExtensions, PolicyQualifier
from trust_lists.certificates.policies import ANY_POLICY, MAX_GRAPH, PolicyState, ValidPolicies

ANYTHING = frozenset({ANY_POLICY})


def begin(explicit: int = 9, mapping: int = 9, inhibit_any: int = 9) -> PolicyState:
    return PolicyState.initial(explicit, mapping, inhibit_any)


def policies(*oids: str, **others: object) -> PathExtensions:
    return PathExtensions(policies=frozenset(oids), **others)  # type: ignore[arg-type]


def notice(text: str) -> PolicyQualifier:
    encoded = text.encode()
    return PolicyQualifier(USER_NOTICE, bytes([0x30, len(encoded) + 2, 0x0C, len(encoded)]) + encoded)


def below(state: PolicyState, *oids: str, any_allowed: bool = False) -> PolicyState:
    return state.below(policies(*oids), any_allowed=any_allowed)


def mapped(state: PolicyState, *mappings: tuple[str, str]) -> PolicyState:
    return state.mapped(PathExtensions(mappings=mappings))


def sets(state: PolicyState, wanted: frozenset[str] = ANYTHING) -> tuple[set[str], set[str]]:
    found = state.outcome(wanted)
    return set(found.authority_constrained), set(found.user_constrained)


def test_at_the_beginning_any_policy_is_valid_and_none_is_demanded() -> None:
    assert begin().satisfied
    assert sets(begin()) == ({ANY_POLICY}, {ANY_POLICY})


def test_a_certificate_keeps_only_its_own_policies() -> None:
    first = below(begin(), "1.1", "1.2")
    assert set(first.valid) == {"1.1", "1.2"}
    assert set(below(first, "1.2", "1.3").valid) == {"1.2"}
    assert set(below(below(first, "1.3"), "1.1").valid) == set()


def test_any_policy_keeps_all_unless_it_is_inhibited() -> None:
    first = below(begin(), "1.1")
    assert set(below(first, ANY_POLICY).valid) == {"1.1"}
    inhibited = first.above(PathExtensions(inhibit_any_policy=0), self_issued=False)
    assert set(below(inhibited, ANY_POLICY).valid) == set()
    assert set(below(inhibited, ANY_POLICY, any_allowed=True).valid) == {"1.1"}
    assert set(below(begin(inhibit_any=0), ANY_POLICY).valid) == set()


def test_a_certificate_without_policies_leaves_none() -> None:
    state = begin().below(PathExtensions(), any_allowed=False)
    assert state.valid == {}
    assert state.satisfied
    assert sets(state) == (set(), set())
    demanded = state.above(PathExtensions(require_explicit_policy=0), self_issued=False)
    assert not demanded.satisfied


def test_counters_only_fall_and_self_issued_certificates_do_not_count() -> None:
    state = begin().above(PathExtensions(require_explicit_policy=2), self_issued=False)
    assert state.explicit == 2
    assert state.above(PathExtensions(require_explicit_policy=4), self_issued=True).explicit == 2
    assert state.above(PathExtensions(), self_issued=False).explicit == 1
    assert begin(0, 0, 0).above(PathExtensions(), self_issued=False) == begin(0, 0, 0)


def test_mapped_policies_go_on_under_their_new_name_and_are_told_under_their_old_one() -> None:
    state = mapped(below(begin(), "1.1"), ("1.1", "2.1"), ("1.1", "2.2"), ("1.9", "2.9"))
    assert set(below(state, "1.1").valid) == set()
    assert set(below(state, "2.2").valid) == {"2.2"}
    assert set(below(state, "2.9").valid) == set()
    assert sets(below(state, "2.2")) == ({"1.1"}, {"1.1"})


def test_below_any_policy_every_mapping_holds() -> None:
    state = mapped(below(begin(), ANY_POLICY), ("1.1", "2.1"))
    assert set(below(state, "2.1").valid) == {"2.1"}
    assert sets(below(state, "2.1")) == ({"1.1"}, {"1.1"})


def test_a_policy_that_was_mapped_below_any_policy_is_no_longer_that_name() -> None:
    state = below(mapped(below(begin(), ANY_POLICY), ("1.1", "2.1")), "1.1")
    assert sets(state) == ({"1.1"}, {"1.1"})
    assert [node.policy for node in state.valid["1.1"].parents] == [ANY_POLICY]


def test_two_policies_that_become_one_are_both_valid() -> None:
    state = below(mapped(below(begin(), "1.1", "1.2"), ("1.1", "2.1"), ("1.2", "2.1")), "2.1")
    assert len(state.valid["2.1"].parents) == 2
    assert sets(state) == ({"1.1", "1.2"}, {"1.1", "1.2"})
    assert sets(state, frozenset({"1.2"})) == ({"1.1", "1.2"}, {"1.2"})


def test_inhibited_mappings_delete_the_policy() -> None:
    state = mapped(below(begin(mapping=0), "1.1", "1.2"), ("1.1", "2.1"))
    assert set(state.valid) == {"1.2"}


def test_mappings_of_any_policy_do_nothing() -> None:
    state = mapped(below(begin(), "1.1"), (ANY_POLICY, "2.1"), ("1.1", ANY_POLICY))
    assert set(below(state, "1.1").valid) == {"1.1"}


def test_the_last_certificate_may_demand_a_policy_itself() -> None:
    without = begin(2).below(PathExtensions(), any_allowed=False)
    assert without.at_the_end(PathExtensions()).satisfied
    assert not without.at_the_end(PathExtensions(require_explicit_policy=0)).satisfied
    assert without.at_the_end(PathExtensions(require_explicit_policy=1)).satisfied


def test_any_policy_stands_for_what_the_user_asks_for() -> None:
    state = below(begin(), ANY_POLICY)
    assert sets(state, frozenset({"1.1", "1.2"})) == ({ANY_POLICY}, {"1.1", "1.2"})
    assert sets(below(state, "1.1"), frozenset({"1.2"})) == ({"1.1"}, set())


def test_notices_are_those_of_the_policy_and_of_all_above_and_below_it() -> None:
    top = begin().below(
        policies(ANY_POLICY, "1.1", qualifiers={"1.1": (notice("one"),), ANY_POLICY: (notice("any"),)}),
        any_allowed=False,
    )
    between = mapped(top, ("1.1", "2.1")).below(
        policies("2.1", ANY_POLICY, qualifiers={"2.1": (notice("two"),)}), any_allowed=False
    )
    last = between.below(policies("2.1", "3.1", qualifiers={"3.1": (notice("three"),)}), any_allowed=False)
    found = last.outcome(ANYTHING)
    assert {policy: [each.notice for each in told] for policy, told in found.user_constrained.items()} == {
        "1.1": ["one", "two"],
        "3.1": ["any", "three"],
    }
    assert last.outcome(frozenset({"3.1"})).notices == ("any", "three")
    assert ValidPolicies().notices == ()


def test_a_graph_stays_small_where_the_tree_would_explode() -> None:
    """Each of two policies becomes both, sixty times: 2^60 leaves of a tree."""
    state = below(begin(99, 99, 99), "1.1", "1.2")
    both = (("1.1", "1.1"), ("1.1", "1.2"), ("1.2", "1.1"), ("1.2", "1.2"))
    start = time.thread_time()
    for _ in range(60):
        state = below(mapped(state, *both), "1.1", "1.2")
    assert sets(state) == ({"1.1", "1.2"}, {"1.1", "1.2"})
    assert time.thread_time() - start < 10


def test_a_graph_that_is_too_large_is_given_up() -> None:
    names = [f"1.{number}" for number in range(200)]
    state = below(begin(), *names)
    assert not state.too_large
    grown = mapped(state, *((one, other) for one in names for other in names))
    assert grown.too_large
    assert grown.size > MAX_GRAPH
    assert grown.valid == {}
    assert below(grown, *names).too_large


OIDS = ["1.1", "1.2", "1.3"]
CERTIFICATES = st.builds(
    PathExtensions,
    policies=st.none() | st.frozensets(st.sampled_from([*OIDS, ANY_POLICY]), min_size=1),
    mappings=st.lists(st.tuples(st.sampled_from(OIDS), st.sampled_from(OIDS)), max_size=4).map(tuple),
    inhibit_policy_mapping=st.none() | st.integers(0, 2),
    inhibit_any_policy=st.none() | st.integers(0, 2),
)


@settings(deadline=None)  # of the tree
@given(
    st.lists(st.tuples(CERTIFICATES, st.booleans()), min_size=1, max_size=5),
    st.frozensets(st.sampled_from([*OIDS, ANY_POLICY])),
    st.integers(0, 6),
    st.integers(0, 6),
)
def test_the_graph_says_what_the_tree_of_rfc_5280_says(
    path: list[tuple[PathExtensions, bool]], wanted: frozenset[str], mapping: int, inhibit_any: int
) -> None:
    state = begin(99, mapping, inhibit_any)
    for position, (extensions, self_issued) in enumerate(path):
        final = position == len(path) - 1
        state = state.below(extensions, any_allowed=self_issued and not final)
        if not final:
            state = state.mapped(extensions).above(extensions, self_issued=self_issued)
    assert sets(state, wanted) == policies_by_tree(path, wanted, mapping, inhibit_any)
