# SPDX-License-Identifier: Apache-2.0
"""Recurring work comes once per turn, whoever looks and however late."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.jobs.schedule import Recurring, Schedule
from registry.storage.engine import Database
from registry.storage.queries import jobs
from registry.storage.queries.jobs import JobFilter
from tests.simulators.offline import MovableClock

pytestmark = pytest.mark.database

DAILY = Recurring("sweep", "sweep-up", timedelta(days=1), {"deep": True})
START = datetime(2026, 1, 1, tzinfo=UTC)


def asked(database: Database) -> int:
    with database.read() as connection:
        return len(jobs.page(connection, JobFilter(), None, 100))


def test_first_turn_is_a_period_after_it_became_known(database: Database, clock: MovableClock) -> None:
    schedule = Schedule(database, [DAILY])
    assert schedule.tick() == 0
    clock.forward(hours=23, minutes=59)
    assert schedule.tick() == 0
    clock.forward(minutes=1)
    assert schedule.tick() == 1
    assert schedule.tick() == 0
    with database.read() as connection:
        (row,) = jobs.page(connection, JobFilter(), None, 10)
    assert (row.kind, row.payload) == ("sweep-up", {"deep": True})


def test_of_several_processes_one_asks(database: Database, clock: MovableClock) -> None:
    schedules = [Schedule(database, [DAILY]) for _ in range(3)]
    for schedule in schedules:
        schedule.tick()
    clock.forward(days=1)
    assert [schedule.tick() for schedule in schedules] == [1, 0, 0]


def test_missed_turns_come_once_and_the_next_is_in_step(database: Database, clock: MovableClock) -> None:
    schedule = Schedule(database, [DAILY])
    schedule.tick()
    known = clock.now
    clock.forward(days=5, hours=3)
    assert schedule.tick() == 1
    with database.read() as connection:
        assert jobs.schedules(connection) == {"sweep": known + timedelta(days=6)}


def test_turn_is_not_asked_for_twice_while_the_one_before_is_unfinished(
    database: Database, clock: MovableClock
) -> None:
    schedule = Schedule(database, [DAILY])
    schedule.tick()
    for _ in range(3):
        clock.forward(days=1)
        schedule.tick()
    assert asked(database) == 1


@given(
    late=st.timedeltas(timedelta(0), timedelta(days=400)), every=st.timedeltas(timedelta(seconds=1), timedelta(days=40))
)
def test_next_turn_is_in_step_and_the_first_after_now(late: timedelta, every: timedelta) -> None:
    work = Recurring("x", "x", every)
    following = work.after(START, START + late)
    assert START + late < following <= START + late + every
    assert (following - START) % every == timedelta(0)
