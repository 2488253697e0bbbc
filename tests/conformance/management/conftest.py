# SPDX-License-Identifier: Apache-2.0
"""An instance for all tests of management; each test has participants and tokens of its own."""

from collections.abc import Iterator

import pytest

from registry.demo.pki import DemoPki
from tests.simulators.management import Office, open_office


@pytest.fixture(scope="package")
def office(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[Office]:
    with open_office(tmp_path_factory.mktemp("office"), pki) as opened:
        yield opened
