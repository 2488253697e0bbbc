# SPDX-License-Identifier: Apache-2.0
"""A server that was seen with a serial ahead of ours is told of, also without asking anybody."""

import pytest

from registry.app.doctor.findings import Level
from registry.app.doctor.served_zones import check_served_zones
from registry.storage.queries import name_servers
from tests.simulators.offline import ACTOR, OfflineInstance


@pytest.mark.parametrize(("ahead", "told"), [(-1, False), (0, False), (1, True), (2**31 + 5, False)])
def test_server_that_is_ahead_is_told_of(offline: OfflineInstance, ahead: int, told: bool) -> None:
    served = offline.served()
    assert offline.stored.zone_id is not None
    with offline.instance.database.write(ACTOR) as work:
        serial = (served.serial + ahead) % 2**32
        name_servers.seen(work, offline.stored.zone_id, "ns1.example:53", serial)
    found = list(check_served_zones(offline.instance.database))
    assert [(each.id, each.level) for each in found] == ([("DOCTOR-DNS-AHEAD", Level.WARNING)] if told else [])
    if told:
        assert "registry dns repair sml.test" in found[0].remedy


def test_server_that_is_behind_or_silent_for_minutes_is_told_of(offline: OfflineInstance) -> None:
    served = offline.served()
    assert offline.stored.zone_id is not None
    for minutes, told in ((0, []), (4, []), (6, ["DOCTOR-DNS-BEHIND", "DOCTOR-DNS-SILENT"])):
        offline.clock.forward(minutes=minutes)
        with offline.instance.database.write(ACTOR) as work:
            if minutes == 0:
                name_servers.stamped(work, offline.stored.zone_id, served.serial)
                name_servers.seen(work, offline.stored.zone_id, "ns2.example:53", served.serial)
            else:
                name_servers.failed(work, offline.stored.zone_id, "ns2.example:53", "no answer")
            name_servers.seen(work, offline.stored.zone_id, "ns1.example:53", (served.serial - 1) % 2**32)
        assert [each.id for each in check_served_zones(offline.instance.database)] == told
