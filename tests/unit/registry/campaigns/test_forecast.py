# SPDX-License-Identifier: Apache-2.0
"""When all will have moved: what is said at the edges, and that it follows from the last weeks alone."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from registry.campaigns.forecast import Forecast, Outlook, forecast
from registry.storage.queries.campaigns import ProgressRow

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def at(day: int, late: int, participants_late: int = 0, total: int = 100) -> ProgressRow:
    return ProgressRow(BEGIN + day * DAY, total, total - late, total, total - participants_late)


def test_nothing_is_said_before_it_was_counted_or_of_one_day() -> None:
    assert forecast([]) == forecast([at(0, 5)]) == Forecast(Outlook.UNKNOWN)


def test_done_is_done_on_the_first_day_already() -> None:
    assert forecast([at(0, 0)]) == forecast([at(0, 9), at(3, 0)]) == Forecast(Outlook.DONE)


def test_nobody_who_moves_gives_no_date() -> None:
    assert forecast([at(0, 5), at(9, 5)]) == Forecast(Outlook.STANDS_STILL)
    assert forecast([at(0, 5), at(9, 7)]) == Forecast(Outlook.STANDS_STILL), "more are late than before"


def test_the_date_follows_from_the_rate() -> None:
    assert forecast([at(0, 40), at(10, 30)]) == Forecast(Outlook.MOVES, BEGIN + 40 * DAY)
    assert forecast([at(0, 3), at(1, 1)]) == Forecast(Outlook.MOVES, BEGIN + 2 * DAY), "half a day is a day"


def test_a_date_that_is_past_is_told_where_it_was_counted_long_ago() -> None:
    said = forecast([at(0, 40), at(10, 20)])
    assert said.at == BEGIN + 20 * DAY, "as of the last count, whenever it is looked at, and whatever the deadline"


def test_participants_count_and_members_where_nobody_is_behind_them() -> None:
    assert forecast([at(0, 10, 100), at(10, 9, 50)]) == Forecast(Outlook.MOVES, BEGIN + 20 * DAY)
    assert forecast([at(0, 10, 0), at(10, 5, 0)]) == Forecast(Outlook.MOVES, BEGIN + 20 * DAY)


def test_what_was_long_ago_does_not_count() -> None:
    assert forecast([at(0, 90), at(40, 10), at(60, 10)]) == Forecast(Outlook.STANDS_STILL)


def test_what_would_take_many_years_has_no_date() -> None:
    assert forecast([at(0, 1_000_001, total=2_000_000), at(28, 1_000_000, total=2_000_000)]) == Forecast(Outlook.MOVES)


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 50), st.integers(0, 50)), max_size=12))
def test_a_date_lies_never_before_the_last_count(steps: list[tuple[int, int, int]]) -> None:
    series, day = [], 0
    for forward, late, participants in steps:
        day += forward
        series.append(at(day, late, participants))
    said = forecast(series)
    if said.at is not None:
        assert said.outlook is Outlook.MOVES
        assert said.at > series[-1].day
