# SPDX-License-Identifier: Apache-2.0
"""An SMP without an SML of its own is compared with one over SOAP and mutual TLS, and that is brought up to date."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.consistency.findings import Kind
from registry.consistency.foreign import ForeignRepairer, compare_one_by_one, compare_with_list
from registry.demo.pki import DemoPki
from registry.metadata import ServiceGroup
from tests.simulators.live import SMP_ID, LiveInstance
from tests.simulators.offline import ACTOR, OfflineInstance, offline_instance, participant


@pytest.fixture
def smp(tmp_path: Path, pki: DemoPki) -> Iterator[OfflineInstance]:
    """Serves 110 participants in a domain whose SML is elsewhere."""
    folder = tmp_path / "smp"
    folder.mkdir()
    with offline_instance(folder, pki, sml={"enabled": False}) as offline:
        for number in range(110):
            group = ServiceGroup(participant(f"0088:{number}"))
            offline.instance.publishing.put_service_group(ACTOR, offline.stored, group)
        yield offline


def test_foreign_sml_comes_to_hold_what_the_smp_serves(live: LiveInstance, smp: OfflineInstance) -> None:
    database, stored = smp.instance.database, smp.stored
    with live.sml_client() as client:
        client.create_participants(SMP_ID, [participant("0088:7"), participant("0088:surplus")])
        with compare_with_list(database, stored, client) as findings:
            assert findings.summary.counts == {Kind.FOREIGN_MISSING: 109, Kind.FOREIGN_SURPLUS: 1}
            result = ForeignRepairer(database, ACTOR, stored, client, live.addresses.sml).run(findings)
        assert (result.done, result.refused) == ({Kind.FOREIGN_MISSING: 109, Kind.FOREIGN_SURPLUS: 1}, [])
        with compare_with_list(database, stored, client) as findings:
            assert findings.summary.consistent


def test_each_participant_can_be_asked_for(live: LiveInstance, smp: OfflineInstance) -> None:
    with live.sml_client() as client:
        client.create_participants(SMP_ID, [participant("0088:7")])
        with compare_one_by_one(smp.instance.database, smp.stored, client) as findings:
            assert findings.summary.counts == {Kind.FOREIGN_MISSING: 109}
