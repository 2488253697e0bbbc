# SPDX-License-Identifier: Apache-2.0
"""A zone is read as it was at its serial, in memory that doesn't grow with what waits for the next one."""

import tracemalloc
from contextlib import closing

import pytest

from registry.storage.queries import zones
from tests.simulators.offline import OfflineInstance
from tests.simulators.zone_transfers import stamp, write

WAITING = 20_000


def test_what_waits_is_taken_back_without_being_held_in_memory(
    offline: OfflineInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, zone_id = offline.instance.database, offline.stored.zone_id or 0
    write(database, zone_id, ("kept", "TXT", '60 "1"'), ("gone", "TXT", '60 "1"'))
    stamp(database)
    with database.read() as connection, closing(zones.state(connection, zone_id)) as rows:
        before = set(rows)
    write(database, zone_id, ("gone", "TXT", None), ("kept", "TXT", '60 "2"'))
    write(database, zone_id, ("kept", "TXT", '60 "3"'), *((f"n{n:050}", "TXT", '60 "1"') for n in range(WAITING)))
    monkeypatch.setattr(zones, "FEW_CHANGED", 100)
    with database.read() as connection, closing(zones.state(connection, zone_id)) as rows:
        tracemalloc.start()
        number = sum(row in before for row in rows)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert number == len(before)
    assert peak < 1_500_000, "the names of all would be 6 MB"
    with database.read() as connection, closing(zones.state(connection, zone_id)) as rows:
        assert set(rows) == before
