# SPDX-License-Identifier: Apache-2.0
"""A zone of ours, and a primary in memory that takes it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.clock import system_clock
from registry.dns.journal import ZonePublisher
from registry.dns.tsig_keys import TsigKeys
from tests.simulators.offline import OfflineInstance
from tests.simulators.push_world import PushWorld
from tests.simulators.update_targets import SimulatedPrimary, new_key


@pytest.fixture
def push_world(offline: OfflineInstance, tmp_path: Path) -> Iterator[PushWorld]:
    offline.clock.now = system_clock()  # signatures are of the present
    key = new_key(tmp_path / "tsig")
    primary = SimulatedPrimary.new(offline.stored.domain.dns.zone, key)
    with primary.on_loopback() as address:
        world = PushWorld(offline, primary, address, TsigKeys(tmp_path / "tsig"))
        ZonePublisher(offline.instance.database, "stamper").tick(serve=False)
        yield world
        world.close()
