# SPDX-License-Identifier: Apache-2.0
"""Pairwise comparisons: priorities and the consistency ratio."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trust_lists.evaluation.scoring.pairwise import Comparison, ideal, problems

SCHOOLS = Comparison(
    ("learning", "friends", "life", "vocational", "college", "music"),
    tuple(
        tuple(map(Fraction, row.split()))
        for row in (
            "1 4 3 1 3 4",
            "1/4 1 7 3 1/5 1",
            "1/3 1/7 1 1/5 1/5 1/6",
            "1 1/3 5 1 1 1/3",
            "1/3 5 5 1 1 3",
            "1/4 1 6 3 1/3 1",
        )
    ),
)


def consistent(shares: list[int]) -> Comparison:
    rows = tuple(tuple(Fraction(one, other) for other in shares) for one in shares)
    return Comparison(tuple(f"item{number}" for number in range(len(shares))), rows)


def test_saatys_choice_of_a_school_comes_out_as_he_published_it() -> None:
    assert problems(SCHOOLS.items, SCHOOLS.rows) == []
    found = {item: round(float(share), 2) for item, share in SCHOOLS.priorities().items()}
    assert found == {
        "learning": 0.32,
        "friends": 0.14,
        "life": 0.03,
        "vocational": 0.13,
        "college": 0.24,
        "music": 0.14,
    }
    assert SCHOOLS.consistency_ratio() > 0.2


@given(st.lists(st.integers(1, 3), min_size=2, max_size=8))
def test_consistent_comparisons_give_back_the_shares_they_were_made_from(shares: list[int]) -> None:
    found = consistent(shares)
    assert found.consistency_ratio() == pytest.approx(0, abs=1e-8)
    expected = [share / sum(shares) for share in shares]
    assert [float(each) for each in found.priorities().values()] == pytest.approx(expected)
    assert sum(found.priorities().values()) == 1


@given(*(st.sampled_from(range(1, 10)) for _ in range(3)))
def test_the_consistency_ratio_of_three_items_has_a_closed_form(one: int, two: int, three: int) -> None:
    """The largest eigenvalue is 1 + r + 1/r, where r is the third root of how far round the circle contradicts."""
    rows = ((1, one, Fraction(1, three)), (Fraction(1, one), 1, two), (three, Fraction(1, two), 1))
    found = Comparison(("a", "b", "c"), tuple(tuple(map(Fraction, row)) for row in rows))
    root = (one * two * three) ** (1 / 3)
    assert found.consistency_ratio() == pytest.approx((root + 1 / root - 2) / 2 / 0.58, abs=1e-6)


@given(st.permutations(range(6)))
def test_the_order_of_the_items_says_nothing(order: list[int]) -> None:
    rows = tuple(tuple(SCHOOLS.rows[i][j] for j in order) for i in order)
    again = Comparison(tuple(SCHOOLS.items[i] for i in order), rows)
    assert again == SCHOOLS
    assert again.priorities() == SCHOOLS.priorities()


def test_two_items_cannot_contradict_each_other() -> None:
    assert Comparison(("a", "b"), ((Fraction(1), Fraction(9)), (Fraction(1, 9), Fraction(1)))).consistency_ratio() == 0


def test_the_worst_triple_is_the_one_that_goes_round_in_a_circle() -> None:
    rows = [[Fraction(1)] * 4 for _ in range(4)]
    for one, other in ((0, 2), (2, 3), (3, 0)):
        rows[one][other], rows[other][one] = Fraction(5), Fraction(1, 5)
    found = Comparison(("a", "b", "c", "d"), tuple(map(tuple, rows)))
    assert set(found.worst_triple()) == {"a", "c", "d"}


def test_in_ideal_mode_a_further_and_worse_item_takes_nothing_from_the_others() -> None:
    before, after = consistent([6, 3]).priorities(), consistent([6, 3, 1]).priorities()
    names = ("item0", "item1")
    assert ideal(before, names) == {
        name: pytest.approx(value) for name, value in ideal(after, names).items() if value is not None
    }


def test_who_was_not_compared_has_no_value() -> None:
    assert ideal(consistent([1, 1]).priorities(), ["somebody"]) == {"somebody": None}


@pytest.mark.parametrize("count", [1, 11])
def test_one_item_or_more_than_ten_are_refused(count: int) -> None:
    found = consistent([1] * count)
    assert "from 2 to 10" in problems(found.items, found.rows)[0]
