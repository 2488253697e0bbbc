# SPDX-License-Identifier: Apache-2.0
"""Counting over groups: the same as looking at every group at every time."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from registry.impact.effects import Change, Effect, effect_of, worst
from registry.impact.holdings import Kind, Standing, Verdict
from registry.impact.tallies import Group, HolderId, course, moments
from tests.simulators.certificate_chains import NOW

HOUR = timedelta(hours=1)
IDS: list[HolderId] = [(Kind.ACCESS_POINT, str(number)) for number in range(4)]
verdicts = st.sampled_from(Verdict)
groups = st.lists(
    st.builds(Group, st.frozensets(st.sampled_from(IDS), max_size=3), st.integers(1, 1_000_000)), max_size=6
)


@st.composite
def courses(draw: st.DrawFn) -> tuple[Change, ...]:
    """What becomes of a holder, from now on."""
    hours = sorted({0, *draw(st.lists(st.integers(1, 40), max_size=5))})
    now = draw(verdicts)
    found = []
    for hour in hours:
        before = now if hour == 0 else draw(verdicts)
        after = draw(verdicts)
        at = NOW + hour * HOUR
        found.append(Change(at, effect_of(now, before, after), Standing(at, before), Standing(at, after)))
    return tuple(found)


@given(st.fixed_dictionaries({each: courses() for each in IDS}), groups)
def test_counts_are_those_of_looking_at_every_group(
    changes: dict[HolderId, tuple[Change, ...]], wanted: list[Group]
) -> None:
    found = course(changes, wanted, NOW)
    for hour in range(42):
        at = NOW + hour * HOUR
        present = {each: [change for change in course if change.since <= at][-1] for each, course in changes.items()}
        tally = found.at(at)
        needed = [(group.count, [present[each] for each in group.needs]) for group in wanted]
        assert tally.before == sum(
            count for count, all_of in needed if all(each.before.verdict is not Verdict.REFUSED for each in all_of)
        )
        assert tally.after == sum(
            count for count, all_of in needed if all(each.after.verdict is not Verdict.REFUSED for each in all_of)
        )
        for effect in Effect:
            expected = sum(count for count, all_of in needed if worst(each.effect for each in all_of) is effect)
            assert effect is Effect.SAME or tally.of(effect) == expected


def test_dates_are_looked_at_when_they_end() -> None:
    found = moments(datetime(2026, 10, 2, 15, 30, tzinfo=UTC), 2)
    assert [f"{at:%m-%d %H:%M:%S.%f}" for at in found] == [
        "10-02 15:30:00.000000",
        "10-02 23:59:59.999999",
        "10-03 23:59:59.999999",
        "10-04 23:59:59.999999",
    ]
