# SPDX-License-Identifier: Apache-2.0
"""What every test may use: the corpus, databases, tools that we did not write, and the rule about skipping.

`REGISTRY_REQUIRE=all` turns every skip for a missing tool or a missing corpus into a failure, so that CI can't pass
by leaving things out. `REGISTRY_TEST_DATABASE=postgresql` runs what uses a database on PostgreSQL, and nothing else.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from registry.demo.pki import DemoPki
    from tests.simulators.live import LiveInstance
    from tests.simulators.mariadb import MariaDb
    from tests.simulators.migrated_sqlite import MigratedOnce
    from tests.simulators.offline import OfflineInstance
    from tests.simulators.postgresql import Cluster

ROOT = Path(__file__).resolve().parent.parent


def _missing(what: str) -> None:
    if os.environ.get("REGISTRY_REQUIRE") == "all":
        pytest.fail(f"{what}, and REGISTRY_REQUIRE=all forbids to skip", pytrace=False)
    pytest.skip(what)


def needs_tool(name: str, *extra_places: str) -> str:
    """The path of an installed program; skips (or fails, see above) where it is missing."""
    path = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), *extra_places)))
    if path is None:
        _missing(f"the program {name} is not installed")
    assert path is not None
    return path


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real data; `REGISTRY_CORPUS`, by default ../shared/corpus beside the project."""
    folder = Path(os.environ.get("REGISTRY_CORPUS", ROOT.parent / "shared" / "corpus"))
    if not folder.is_dir():
        _missing(f"no corpus at {folder} (set REGISTRY_CORPUS)")
    return folder


@pytest.fixture(scope="session")
def tool() -> "type[ToolFinder]":
    """`tool.path("xmlsec1")` finds a foreign program, or skips."""
    return ToolFinder


class ToolFinder:
    """Finds programs that we did not write."""

    @staticmethod
    def path(name: str, *extra_places: str) -> str:
        return needs_tool(name, *extra_places)

    @staticmethod
    def interop_python() -> str:
        """The Python of the virtual environment that holds foreign clients (`make interop-venv`)."""
        python = os.environ.get("REGISTRY_INTEROP_PYTHON", str(ROOT / ".venv-interop" / "bin" / "python"))
        if not Path(python).exists():
            _missing("the virtual environment of foreign clients is missing (make interop-venv)")
        return python

    @staticmethod
    def node_module(path: Path) -> Path:
        """A file of the foreign programs for Node.js (`make interop-node`)."""
        file = ROOT / ".venv-interop-node" / "node_modules" / path
        if not file.exists():
            _missing(f"{path} is missing (make interop-node)")
        return file


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "database: uses a database although neither fixtures nor imports tell")
    config.addinivalue_line("markers", "sqlite: is about SQLite itself")
    config.addinivalue_line("markers", "any_database: is about what happens before or behind the database")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    from tests.simulators.databases import runs_here

    left_out = [item for item in items if not runs_here(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if runs_here(item)]
    # With --no-loadscope-reorder xdist takes files in this order. One that takes minutes and begins last would leave
    # the other processes idle.
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def cluster(tool: "type[ToolFinder]") -> "Iterator[Cluster]":
    """A PostgreSQL server for this process's tests; it starts with the first database."""
    from tests.simulators.postgresql import new_cluster

    with new_cluster(tool.path) as server:
        yield server


@pytest.fixture(scope="session")
def mariadb(tool: "type[ToolFinder]") -> "Iterator[MariaDb]":
    """A MariaDB server, as old systems have one, for this process's tests; it starts with the first database."""
    from tests.simulators.mariadb import new_mariadb

    with new_mariadb(tool.path) as server:
        yield server


@pytest.fixture(scope="session", autouse=True)
def _kind_of_database(request: pytest.FixtureRequest) -> Iterator[None]:
    from registry.settings import Settings
    from tests.simulators.databases import ON_POSTGRESQL, databases, use_postgresql_by_default

    if not ON_POSTGRESQL:
        yield
        return
    databases.cluster = request.getfixturevalue("cluster")
    with pytest.MonkeyPatch.context() as patch:
        use_postgresql_by_default(patch)
        yield
    Settings.model_rebuild(force=True)


@pytest.fixture(scope="session", autouse=True)
def _migrated_once(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[MigratedOnce]":
    from registry.storage import migrate
    from tests.simulators.migrated_sqlite import MigratedOnce

    once = MigratedOnce(tmp_path_factory.mktemp("migrated"), migrate.upgrade)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrate, "upgrade", once)
        yield once


@pytest.fixture(autouse=True)
def _own_databases(request: pytest.FixtureRequest, _migrated_once: "MigratedOnce") -> Iterator[None]:
    from tests.simulators.databases import databases, is_about_migrations, refuse_databases, uses_a_database

    with databases.of_a_test(), pytest.MonkeyPatch.context() as patch:
        if not uses_a_database(request.node):
            refuse_databases(patch)
        if is_about_migrations(request.node):
            patch.setattr("registry.storage.migrate.upgrade", _migrated_once.upgrade)
        yield


@pytest.fixture(scope="session")
def pki() -> "DemoPki":
    """A test PKI, made once in a session: RSA keys are slow to make."""
    from registry.clock import system_clock
    from registry.demo.pki import build_demo_pki

    return build_demo_pki(system_clock())


@pytest.fixture
def live(tmp_path: Path, pki: "DemoPki") -> Iterator["LiveInstance"]:
    """A running instance of its own."""
    from tests.simulators.live import live_instance

    with live_instance(tmp_path, pki) as running:
        yield running


@pytest.fixture(scope="module")
def shared_live(tmp_path_factory: pytest.TempPathFactory, pki: "DemoPki") -> Iterator["LiveInstance"]:
    """A running instance for all tests of a module; tests must not undo what others rely on."""
    from tests.simulators.live import live_instance

    with live_instance(tmp_path_factory.mktemp("live"), pki) as running:
        yield running


@pytest.fixture
def offline(tmp_path: Path, pki: "DemoPki") -> Iterator["OfflineInstance"]:
    """An instance without listeners, with a clock that a test moves."""
    from tests.simulators.offline import offline_instance

    with offline_instance(tmp_path, pki) as instance:
        yield instance


@pytest.fixture(autouse=True)
def _no_request() -> Iterator[None]:
    """Outside of a request there is no request id, whatever the test before has set."""
    from registry.telemetry import request_id

    token = request_id.set("")
    yield
    request_id.reset(token)
