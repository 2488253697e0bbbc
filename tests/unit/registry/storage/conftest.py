# SPDX-License-Identifier: Apache-2.0
"""An empty database of each kind, for tests of the schema."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from registry.storage.engine import Database, sqlite_url

MOMENT = datetime(2026, 11, 22, 6, 0, 0, 500_000, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without a schema."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "test.sqlite3")
    url: str = request.getfixturevalue("cluster").new_database()
    return url


@pytest.fixture
def empty(empty_url: str) -> Iterator[Database]:
    """A database without a schema; it is always the same moment there."""
    made = Database(empty_url, lambda: MOMENT)
    yield made
    made.dispose()
