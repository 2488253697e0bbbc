# SPDX-License-Identifier: Apache-2.0
"""The newest schema for SQLite databases of tests, as a copy of one that was migrated once: to migrate is most of
what it costs to open an instance. What a copy holds is what the migrations made, page by page.
"""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import cast

from sqlalchemy import inspect

from registry.clock import system_clock
from registry.storage.engine import Database, sqlite_url

Upgrade = Callable[[Database], None]


class MigratedOnce:
    """Stands in for `registry.storage.migrate.upgrade`, which it is given and uses for all but empty SQLite files."""

    def __init__(self, folder: Path, upgrade: Upgrade) -> None:
        self._file = folder / "migrated.sqlite3"
        self.upgrade = upgrade
        self._one_at_a_time = threading.Lock()

    def __call__(self, database: Database) -> None:
        with self._one_at_a_time:
            if not database.is_sqlite or not _is_empty(database):
                self.upgrade(database)
                return
            if not self._file.exists():
                self._migrate_once()
            with closing(sqlite3.connect(self._file)) as source, closing(database.engine.raw_connection()) as target:
                source.backup(cast("sqlite3.Connection", target.driver_connection))

    def _migrate_once(self) -> None:
        database = Database(sqlite_url(self._file), system_clock)
        try:
            self.upgrade(database)
        finally:
            database.dispose()


def _is_empty(database: Database) -> bool:
    with database.read() as connection:
        return not inspect(connection).get_table_names()
