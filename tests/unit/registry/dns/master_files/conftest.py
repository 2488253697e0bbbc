# SPDX-License-Identifier: Apache-2.0
"""A zone of an instance."""

import pytest

from tests.simulators.offline import OfflineInstance
from tests.simulators.served_zones import Zone


@pytest.fixture
def zone(offline: OfflineInstance) -> Zone:
    return Zone(offline)
