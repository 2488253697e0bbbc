# SPDX-License-Identifier: Apache-2.0
"""The journal is read in parts for those to whom a zone is pushed: each change once, wherever serials go round."""

import pytest
from sqlalchemy import update

from registry.storage.queries import zone_pushes, zones
from registry.storage.queries.zones import ZoneRow
from registry.storage.tables import zone, zone_change
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.zone_transfers import stamp, write

LAST = 2**32 - 1


def held(offline: OfflineInstance) -> ZoneRow:
    with offline.instance.database.read() as connection:
        return zones.by_id(connection, offline.stored.zone_id or 0)


@pytest.mark.parametrize("since", [7, LAST - 1, LAST - 2], ids=["far-from-it", "between-parts", "later"])
@pytest.mark.parametrize("size", [1, 4, 5, 100])
def test_each_change_is_in_one_part_also_where_serials_go_round_between_two(
    offline: OfflineInstance, since: int, size: int
) -> None:
    database, zone_id = offline.instance.database, offline.stored.zone_id or 0
    stamp(database)
    with database.write(ACTOR) as work:
        work.connection.execute(update(zone).values(serial=since, history_from=since))
        work.connection.execute(update(zone_change).values(serial=since))
    names = [f"name-{number}" for number in range(6)]
    write(database, zone_id, *((name, "TXT", '60 "1"') for name in names))
    stamp(database)
    found, position, reached = [], None, None
    for late in (f"late-{number}" for number in range(20)):
        with database.read() as connection:
            part = zone_pushes.journal_part(connection, held(offline), since, position, size)
        found += [change.owner for change in part.changes]
        position, reached = part.position, part.reached
        if len(names) < 9:  # others write meanwhile
            names.append(late)
            write(database, zone_id, (late, "TXT", '60 "1"'))
            stamp(database)
        elif reached == held(offline).serial:
            break
    assert found == names
    assert reached == held(offline).serial
