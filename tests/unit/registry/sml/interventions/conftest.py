# SPDX-License-Identifier: Apache-2.0
"""The office of every test here."""

import pytest

from tests.simulators.interventions import Office, open_office
from tests.simulators.offline import OfflineInstance


@pytest.fixture
def office(offline: OfflineInstance) -> Office:
    return open_office(offline)
