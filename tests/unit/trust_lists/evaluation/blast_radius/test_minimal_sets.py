# SPDX-License-Identifier: Apache-2.0
"""Minimal sets of monotone functions, against trying all sets."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from trust_lists.evaluation.blast_radius.monotone import minimal_sets

ITEMS = tuple("abcdefg")


def by_brute_force(monotone: frozenset[frozenset[str]]) -> set[frozenset[str]]:
    """The minimal sets that contain one of these."""
    every = [frozenset(each) for size in range(len(ITEMS) + 1) for each in combinations(ITEMS, size)]
    good = [each for each in every if any(one <= each for one in monotone)]
    return {each for each in good if not any(other < each for other in good)}


@given(st.frozensets(st.frozensets(st.sampled_from(ITEMS)), max_size=8))
def test_all_minimal_sets_are_found_and_nothing_else(wanted: frozenset[frozenset[str]]) -> None:
    found = minimal_sets(lambda chosen: any(each <= chosen for each in wanted), ITEMS)
    assert found.complete
    assert {frozenset(each) for each in found.sets} == by_brute_force(wanted)
    assert len(found.sets) == len(set(found.sets))


@given(st.frozensets(st.frozensets(st.sampled_from(ITEMS)), max_size=8))
def test_smaller_sets_come_first_and_items_in_their_order(wanted: frozenset[frozenset[str]]) -> None:
    sets = minimal_sets(lambda chosen: any(each <= chosen for each in wanted), ITEMS).sets
    assert list(sets) == sorted(sets, key=lambda each: (len(each), each))
    assert all(list(each) == sorted(each) for each in sets)


def test_what_holds_anyway_needs_nothing_and_what_never_holds_has_no_set() -> None:
    assert minimal_sets(lambda _chosen: True, ITEMS).sets == ((),)
    assert minimal_sets(lambda _chosen: False, ITEMS).sets == ()
    assert minimal_sets(lambda _chosen: True, ()).sets == ((),)


def test_too_many_sets_are_said_to_be_incomplete() -> None:
    found = minimal_sets(lambda chosen: len(chosen) >= 2, ITEMS, most=5)
    assert not found.complete
    assert 0 < len(found.sets) <= 5
    assert all(len(each) == 2 for each in found.sets)


def test_a_function_is_asked_no_set_twice_and_far_from_all() -> None:
    asked: list[frozenset[int]] = []
    items = tuple(range(40))

    def holds(chosen: frozenset[int]) -> bool:
        asked.append(chosen)
        return {3, 17} <= chosen or {30} <= chosen

    assert minimal_sets(holds, items).sets == ((30,), (3, 17))
    assert len(asked) == len(set(asked)) < 100
