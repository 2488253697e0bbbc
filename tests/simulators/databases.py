# SPDX-License-Identifier: Apache-2.0
"""On which kind of database the tests run: `REGISTRY_TEST_DATABASE` is `sqlite` (the default) or `postgresql`.

A data folder has one database, whoever asks for it and however often, so that an instance that is opened again finds
what it left. On SQLite that is a file in the folder, as the settings have it; on PostgreSQL the default of the setting
is changed, so that tests needn't care.

With PostgreSQL only tests run that use a database. They are known by their fixtures, by what their module imports, or
by the mark `database`. Tests about SQLite itself have the mark `sqlite`. Tests that ask for the fixture `cluster`, or
that have the kind of database as a parameter, run on PostgreSQL anyway. Tests that have an instance, and are about
what happens before or behind its database (TLS, DNS packets, proxies in front), have the mark `any_database`: they run
once.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from registry.settings import Settings
from registry.storage.engine import Database, sqlite_url
from registry.storage.tables import metadata
from tests.simulators.postgresql import Cluster

ON_POSTGRESQL = {"sqlite": False, "postgresql": True}[os.environ.get("REGISTRY_TEST_DATABASE", "sqlite")]
_FIXTURES = frozenset({"open_instance", "office", "live", "shared_live", "offline", "registry", "demo"})
_NAMES = frozenset({"Database", "Instance", "database_url", "live_instance", "offline_instance"})
_FOLDERS = ("tests/e2e/", "tests/integration/", "unit/registry/cli/")
_WITHOUT = "tests/integration/listeners/"


class TestDatabases:
    """The databases of this process's tests; `conftest.py` tells it where each test begins and ends."""

    __test__ = False

    def __init__(self) -> None:
        self.cluster: Cluster
        self._by_place: dict[Path, str] = {}

    def url(self, folder: Path, name: str = "registry") -> str:
        """The URL of a folder's database; on PostgreSQL it has the newest schema, on SQLite it isn't there yet."""
        if not ON_POSTGRESQL:
            return sqlite_url(folder.absolute() / f"{name}.sqlite3")
        place = folder.resolve() / name
        if place not in self._by_place:
            self._by_place[place] = self.cluster.migrated_database()
        return self._by_place[place]

    @contextmanager
    def of_a_test(self) -> Iterator[None]:
        """Remove at the end of the block what came inside it."""
        before = set(self._by_place)
        yield
        for place in self._by_place.keys() - before:
            self.cluster.drop(self._by_place.pop(place))


def everything_in(database: Database) -> str:
    """Every value of every row of ours."""
    with database.read() as connection:
        return "\n".join(repr(row) for table in metadata.sorted_tables for row in connection.execute(select(table)))


databases = TestDatabases()
database_url = databases.url


def runs_here(item: pytest.Item) -> bool:
    """Whether a test has something to do with the kind of database that was chosen."""
    if not ON_POSTGRESQL:
        return True
    runs_once = item.get_closest_marker("sqlite") or item.get_closest_marker("any_database")
    if runs_once or "cluster" in _fixtures(item) or _runs_on_both(item):
        return False
    return uses_a_database(item)


def uses_a_database(item: pytest.Item) -> bool:
    """Whether a test may open a database."""
    return bool(
        item.get_closest_marker("database")
        or item.get_closest_marker("sqlite")
        or _fixtures(item) & (_FIXTURES | {"cluster"})
        or vars(getattr(item, "module", None) or object).keys() & _NAMES
        or (any(folder in item.path.as_posix() for folder in _FOLDERS) and _WITHOUT not in item.path.as_posix())
    )


def is_about_migrations(item: pytest.Item) -> bool:
    """Whether a test's databases have to be migrated for itself, and not be copies of one that was."""
    return "unit/registry/storage/" in item.path.as_posix()


def _runs_on_both(item: pytest.Item) -> bool:
    """Whether a parameter of the test is the kind of database."""
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    return not {"sqlite", "postgresql"}.isdisjoint(map(str, parameters.values()))


def _fixtures(item: pytest.Item) -> set[str]:
    return set(getattr(item, "fixturenames", ()))


def use_postgresql_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings that don't name a database get that of their data folder."""
    field: Any = Settings.model_fields["database_url"]
    monkeypatch.setattr(field, "default_factory", lambda values: database_url(values["data_dir"]))
    Settings.model_rebuild(force=True)


def refuse_databases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test fail that opens a database although `uses_a_database` doesn't see it: it would run on SQLite only."""

    def refuse(self: Database, *args: object, **kwargs: object) -> None:
        pytest.fail("this test opens a database, but nobody can see it: give it the mark `database`")

    monkeypatch.setattr(Database, "__init__", refuse)
