# SPDX-License-Identifier: Apache-2.0
"""A domain whose own SMP isn't asked about: what tests add is all that has to move."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete

from registry.demo.pki import DemoPki
from registry.storage.tables import publisher, publisher_certificate, signing_key
from tests.simulators.campaign_world import CampaignWorld
from tests.simulators.certificate_chains import NOW
from tests.simulators.impact_world import ImpactWorld
from tests.simulators.offline import ACTOR, offline_instance


@pytest.fixture
def world(tmp_path: Path, pki: DemoPki) -> Iterator[CampaignWorld]:
    with offline_instance(tmp_path, pki) as offline:
        offline.clock.now = NOW
        with offline.instance.database.write(ACTOR) as work:
            for table in (signing_key, publisher_certificate, publisher):
                work.connection.execute(delete(table))
        yield CampaignWorld(offline, ImpactWorld(offline))
