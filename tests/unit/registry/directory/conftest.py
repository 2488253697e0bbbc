# SPDX-License-Identifier: Apache-2.0
"""An instance whose domain has a directory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.demo.pki import DemoPki
from tests.simulators.directory_office import DirectoryOffice, directory_office


@pytest.fixture
def office(tmp_path: Path, pki: DemoPki) -> Iterator[DirectoryOffice]:
    with directory_office(tmp_path, pki) as made:
        yield made
