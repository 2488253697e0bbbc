# SPDX-License-Identifier: Apache-2.0
"""The picture of a campaign: its points lie in its box, whatever the figures."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from registry.ui.burn_down import HEIGHT, WIDTH, burn_down

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)


def day(number: int, late: int, total: int = 100) -> dict[str, Any]:
    at = (BEGIN + timedelta(days=number)).isoformat()
    done = total - late
    return {"day": at, "members": 1, "members_done": 0, "participants": total, "participants_done": done}


def held(deadline: int, expected: int | None = None) -> dict[str, Any]:
    at = None if expected is None else (BEGIN + timedelta(days=expected)).isoformat()
    return {"deadline": (BEGIN + timedelta(days=deadline)).isoformat(), "expected_at": at}


def points(line: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (each.split(",") for each in line.split())]


def test_nothing_is_drawn_before_it_was_counted() -> None:
    assert burn_down(held(10), []) is None


def test_the_line_goes_down_as_fewer_are_late() -> None:
    drawn = burn_down(held(10), [day(0, 100), day(5, 50), day(10, 0)])
    assert drawn is not None
    assert [y for _, y in points(drawn.late)] == sorted(y for _, y in points(drawn.late))
    assert points(drawn.late)[-1] == points(drawn.wanted)[-1]
    assert (drawn.most, drawn.by_participants) == (100, True)


def test_members_are_drawn_where_nobody_is_behind_them() -> None:
    drawn = burn_down(held(10), [day(0, 0, total=0)])
    assert drawn is not None
    assert (drawn.most, drawn.by_participants) == (1, False)
    assert len(points(drawn.late)) == 2, "one day is a line, too"


@given(
    st.dictionaries(st.integers(0, 40), st.integers(0, 100), min_size=1, max_size=9),
    st.integers(-20, 60),
    st.none() | st.integers(-20, 4_000),
)
def test_every_point_lies_in_the_box(days: dict[int, int], deadline: int, expected: int | None) -> None:
    drawn = burn_down(held(deadline, expected), [day(*each) for each in sorted(days.items())])
    assert drawn is not None
    assert 0 <= drawn.deadline <= WIDTH
    for line in (drawn.late, drawn.wanted, drawn.expected):
        for x, y in points(line):
            assert 0 <= x <= WIDTH
            assert 0 <= y <= HEIGHT
