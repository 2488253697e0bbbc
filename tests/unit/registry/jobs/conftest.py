# SPDX-License-Identifier: Apache-2.0
"""An empty database with a clock that a test moves."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from registry.master_key import MasterKey
from registry.storage.engine import Database
from registry.storage.migrate import migrate
from tests.simulators.databases import database_url
from tests.simulators.offline import MovableClock


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(datetime(2026, 11, 22, 8, 0, tzinfo=UTC))


@pytest.fixture
def database(tmp_path: Path, clock: MovableClock) -> Iterator[Database]:
    opened = Database(database_url(tmp_path), clock, master_key=MasterKey(bytes(32)))
    migrate(opened)
    yield opened
    opened.dispose()
