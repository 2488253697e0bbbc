# SPDX-License-Identifier: Apache-2.0
"""Campaigns for a zone's other name: done is who leads through the old one no more, and what serves the new one."""

from pathlib import Path

import pytest

from registry.app import zone_move
from registry.campaigns.model import CampaignKind
from registry.demo.pki import DemoPki
from registry.dns.journal import ZonePublisher
from registry.errors import ValidationError
from registry.sml.model import Publisher
from registry.storage.queries import name_servers, zone_moves
from registry.storage.queries.campaigns import CampaignRow
from tests.simulators.campaign_world import CampaignWorld
from tests.simulators.impact_world import ImpactWorld
from tests.simulators.offline import ACTOR, OfflineInstance, offline_instance, participant

SERVER = "192.0.2.53:53"
NEW = "next.example"


@pytest.fixture
def moving(tmp_path: Path, pki: DemoPki):  # type: ignore[no-untyped-def]
    dns = {"zone": "sml.test", "secondaries": [{"server": SERVER, "key": "k"}]}
    with offline_instance(tmp_path, pki, dns=dns) as offline:
        for smp_id, host in (("SMP-A", "smp-a.example"), ("SMP-B", "smp-b.sml.test")):
            offline.instance.sml.create_publisher(offline.caller(), Publisher(smp_id, f"http://{host}/", "192.0.2.1"))
        for number, smp_id in enumerate(("SMP-A", "SMP-A", "SMP-B")):
            offline.instance.sml.create_participants(offline.caller(), smp_id, [participant(f"0088:moves-{number}")])
        yield CampaignWorld(offline, ImpactWorld(offline))


def state(world: CampaignWorld, row: CampaignRow) -> dict[str, tuple[bool, int]]:
    return {each.name: (each.done, each.late) for each in world.members(world.count(row)) if each.participants}


def moved(offline: OfflineInstance) -> None:
    """Prepare and switch, and let every name follow."""
    instance = offline.instance
    zone_move.prepare(instance, ACTOR, offline.stored, NEW)
    instance.directory.refresh()
    zone_move.switch(instance, ACTOR, instance.directory.get("demo"), NEW)


def test_before_the_switch_everybody_is_late(moving: CampaignWorld) -> None:
    row = moving.add(CampaignKind.ZONE, {"zone": f"{NEW}."})
    assert row.target == {"zone": NEW, "from": "sml.test"}
    assert state(moving, row) == {"SMP-A": (False, 2), "SMP-B": (False, 1), SERVER: (False, 3)}


def test_after_the_switch_late_is_whose_address_is_below_the_old_name(moving: CampaignWorld) -> None:
    row = moving.add(CampaignKind.ZONE, {"zone": NEW})
    moved(moving.offline)
    found = state(moving, row)
    assert found["SMP-A"] == (True, 0)
    assert found["SMP-B"] == (False, 1), "it says http://smp-b.sml.test/"


def test_a_name_server_is_done_once_it_was_seen_to_serve_the_new_name(moving: CampaignWorld) -> None:
    row = moving.add(CampaignKind.ZONE, {"zone": NEW})
    offline, database = moving.offline, moving.offline.instance.database
    zone_move.prepare(offline.instance, ACTOR, offline.stored, NEW)
    assert state(moving, row)[SERVER] == (False, 3)
    ZonePublisher(database, "stamping").tick()
    with database.write(ACTOR) as work:
        zone_id = zone_moves.id_of(work.connection, NEW)
        assert zone_id is not None
        alias = zone_moves.lock(work, zone_id)
        name_servers.seen(work, zone_id, SERVER, alias.serial)
    assert state(moving, row)[SERVER] == (True, 0), "also while the new name only leads to the old one"
    with database.write(ACTOR) as work:
        name_servers.failed(work, zone_id, SERVER, "it answers REFUSED")
    assert state(moving, row)[SERVER] == (False, 3)


def test_done_and_late_are_all(moving: CampaignWorld) -> None:
    row = moving.add(CampaignKind.ZONE, {"zone": NEW})
    for _ in range(2):
        counts, members = moving.count(row).counts or {}, moving.members(row)
        publishers = [each for each in members if each.kind == "publisher"]
        assert counts["participants"] == sum(each.participants for each in publishers) == 3
        late = sum(each.late for each in publishers)
        assert counts["participants"] == counts["participants_done"] + late
        assert len(members) == counts["members"] == counts["members_done"] + len(moving.members(row, done=False))
        if moving.offline.instance.directory.get("demo").domain.dns.zone != NEW:
            moved(moving.offline)


@pytest.mark.parametrize("name", ["", "no name", "sml.test"], ids=["nothing", "no name", "the present one"])
def test_what_is_no_new_name_is_refused(moving: CampaignWorld, name: str) -> None:
    with pytest.raises(ValidationError):
        moving.add(CampaignKind.ZONE, {"zone": name})


def test_the_name_can_be_below_what_others_are_called(moving: CampaignWorld) -> None:
    """`notsml.test` isn't below `sml.test`."""
    offline = moving.offline
    offline.instance.sml.create_publisher(
        offline.caller(), Publisher("SMP-C", "http://smp-c.notsml.test/", "192.0.2.1")
    )
    offline.instance.sml.create_participants(offline.caller(), "SMP-C", [participant("0088:c")])
    row = moving.add(CampaignKind.ZONE, {"zone": NEW})
    moved(offline)
    assert state(moving, row)["SMP-C"] == (True, 0)
