# SPDX-License-Identifier: Apache-2.0
"""An instance whose domain asks little, and plans made and applied in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.demo.pki import DemoPki
from tests.simulators.offline import offline_instance
from tests.simulators.plan_world import OPEN, PlanWorld


@pytest.fixture
def world(tmp_path: Path, pki: DemoPki) -> Iterator[PlanWorld]:
    """An instance with an empty domain."""
    with offline_instance(tmp_path, pki, **OPEN) as offline:
        yield PlanWorld(offline)
