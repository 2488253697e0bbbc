# SPDX-License-Identifier: Apache-2.0
"""What a start takes from the names of files is what Alembic finds in them."""

from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from registry.clock import system_clock
from registry.storage.engine import Database
from registry.storage.migrate import _configuration, known_versions, migrate, newest_version, schema_version
from tests.simulators.databases import database_url


def test_versions_are_those_that_alembic_finds(tmp_path: Path) -> None:
    database = Database(database_url(tmp_path), system_clock)
    scripts = ScriptDirectory.from_config(_configuration(database))
    assert known_versions(database) == {script.revision for script in scripts.walk_revisions()}
    assert newest_version(database) == scripts.get_current_head()
    migrate(database)
    with database.read() as connection:
        assert schema_version(database) == MigrationContext.configure(connection).get_current_revision()
    database.dispose()


def test_empty_database_has_no_version(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'empty.sqlite3'}", system_clock)
    assert schema_version(database) is None
    database.dispose()
