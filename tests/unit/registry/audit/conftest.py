# SPDX-License-Identifier: Apache-2.0
"""A database with a master key, and a clock that a test moves."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import make_url

from registry.master_key import MasterKey
from registry.storage.engine import Actor, Database, sqlite_url
from registry.storage.installation import check_installation
from registry.storage.migrate import migrate
from tests.simulators.databases import ON_POSTGRESQL, database_url
from tests.simulators.offline import MovableClock

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ACTOR = Actor("cli:ops", "request-1")


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(NOW)


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the newest schema: to copy it is much cheaper than to migrate."""
    file = tmp_path_factory.mktemp("audit") / "empty.sqlite3"
    made = Database(sqlite_url(file), lambda: NOW)
    migrate(made)
    made.dispose()
    return file


@pytest.fixture
def database(tmp_path: Path, clock: MovableClock, empty_file: Path) -> Iterator[Database]:
    """An installation of its own, without any event."""
    if not ON_POSTGRESQL:
        shutil.copy(empty_file, make_url(database_url(tmp_path)).database or "")
    opened = Database(database_url(tmp_path), clock, master_key=MasterKey(bytes(range(32))))
    migrate(opened)
    check_installation(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def actor() -> Actor:
    return ACTOR
