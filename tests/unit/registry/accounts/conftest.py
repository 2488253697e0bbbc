# SPDX-License-Identifier: Apache-2.0
"""A database with a clock that a test moves, and hashes that cost little."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from registry.accounts import passwords
from registry.clock import system_clock
from registry.master_key import MasterKey
from registry.storage.engine import Database, sqlite_url
from registry.storage.migrate import migrate
from tests.simulators.accounts import House
from tests.simulators.databases import ON_POSTGRESQL, database_url
from tests.simulators.offline import MovableClock


@pytest.fixture(scope="session")
def _migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the newest schema: a copy of it costs less than to migrate anew."""
    file = tmp_path_factory.mktemp("migrated") / "registry.sqlite3"
    database = Database(sqlite_url(file), system_clock)
    migrate(database)
    database.dispose()
    return file


@pytest.fixture
def house(tmp_path: Path, _migrated: Path) -> Iterator[House]:
    clock = MovableClock(datetime(2026, 11, 22, 12, tzinfo=UTC))
    if not ON_POSTGRESQL:
        shutil.copy(_migrated, tmp_path)
    database = Database(database_url(tmp_path), clock, master_key=MasterKey(bytes(range(32))))
    yield House(database, clock)
    database.dispose()


@pytest.fixture(scope="session", autouse=True)
def _cheap_hashes() -> Iterator[None]:
    """What the real parameters cost is no rule that a test here is about."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", passwords.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        passwords._nobodys.cache_clear()
        yield
    passwords._nobodys.cache_clear()
