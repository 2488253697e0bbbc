# SPDX-License-Identifier: Apache-2.0
"""Room under a quota is known without counting where numbers tell it, and counted exactly where they don't."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, event

from registry.storage.queries import publishers, quotas, registrations
from registry.storage.queries.registrations import NewRegistration
from registry.storage.unit_of_work import UnitOfWork
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, OfflineInstance


@contextmanager
def counted(connection: Connection) -> Iterator[list[bool]]:
    """Of each statement of the block, whether it counts."""
    counts: list[bool] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        counts.append("count(" in statement)

    event.listen(connection, "before_cursor_execute", note)
    yield counts
    event.remove(connection, "before_cursor_execute", note)


def add(work: UnitOfWork, offline: OfflineInstance, publisher_id: int, *values: str) -> None:
    new = [NewRegistration("scheme", value, value, "Meta:SMP", f"{value}.scheme") for value in values]
    registrations.add(work, offline.stored.id, publisher_id, new)


def smps(work: UnitOfWork, offline: OfflineInstance) -> tuple[int, int]:
    (first,) = publishers.find(work.connection, [offline.stored.id], SMP_ID)
    return first.id, publishers.add(work, offline.stored.id, "OTHER", "https://other.example.org", "192.0.2.1")


@pytest.mark.parametrize("of", ["domain", "publisher"])
def test_nobody_is_counted_while_numbers_are_below_the_quota(offline: OfflineInstance, of: str) -> None:
    with offline.instance.database.write(ACTOR) as work:
        publisher_id, _ = smps(work, offline)
        whose = {"domain": {"domain_id": offline.stored.id}, "publisher": {"publisher_id": publisher_id}}[of]
        with counted(work.connection) as counts:
            assert quotas.has_room(work, 1, 1, **whose), "of none there are no numbers"
        assert counts == [False]
        add(work, offline, publisher_id, "a", "b", "c")
        with counted(work.connection) as counts:
            assert quotas.has_room(work, 5, 2, **whose)
        assert counts == [False]
        with counted(work.connection) as counts:
            assert not quotas.has_room(work, 5, 3, **whose)
        assert counts == [False, True]


def test_gaps_between_numbers_take_no_place(offline: OfflineInstance) -> None:
    with offline.instance.database.write(ACTOR) as work:
        publisher_id, other_id = smps(work, offline)
        add(work, offline, publisher_id, "a")
        add(work, offline, other_id, *"bcdefg")
        add(work, offline, publisher_id, "h")
        with counted(work.connection) as counts:
            assert quotas.has_room(work, 3, 1, publisher_id=publisher_id)
            assert not quotas.has_room(work, 3, 2, publisher_id=publisher_id)
        assert counts == [False, True, False, True]
        gone = registrations.page(work.connection, other_id, 0, 5)
        registrations.remove(work, [row.id for row in gone])
        assert quotas.has_room(work, 5, 2, domain_id=offline.stored.id), "three are left"
        assert not quotas.has_room(work, 5, 3, domain_id=offline.stored.id)
