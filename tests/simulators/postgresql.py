# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL server for tests, from Debian's packages, reached by a Unix socket, so that no port can be taken.

It starts when the first database is asked for. A copy of a database that has been migrated once is much cheaper than a
migration, so tests get copies.
"""

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg

from registry.clock import system_clock
from registry.storage.engine import Database
from registry.storage.migrate import migrate

_NEEDED = 2 * 1024**3
_TEMPLATE = "registry_template"
_DURABLE = {"listen_addresses": "", "max_connections": "200", "wal_level": "replica"}
# Nothing has to survive a crash of the machine. A kill of the server alone loses nothing by these.
_QUICK = {
    **_DURABLE,
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_wal_size": "256MB",
}


class Cluster:
    """A PostgreSQL server in a folder; root has to run it as somebody else."""

    def __init__(
        self, folder: Path, programs: Path, as_owner: Sequence[str], settings: Mapping[str, str] = _QUICK
    ) -> None:
        self.folder = folder
        self._settings = settings
        self.programs = programs
        self._as_owner = list(as_owner)
        self._numbers = itertools.count(1)
        self._running = False
        self._has_template = False

    def start(self) -> None:
        """Make the server's files where there are none yet, and start it."""
        if not (self.folder / "data").exists():
            self._run(
                "initdb", "--auth=trust", "--username=registry", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"
            )
        settings = " ".join(f"-c {name}={value}" for name, value in self._settings.items())
        options = f"-k {self.folder} {settings}"
        self._run("pg_ctl", "--wait", "--log", str(self.folder / "log"), "-o", options, "start")
        self._running = True

    def stop(self, mode: str = "immediate") -> None:
        """Stop the server if it runs; `immediate` is as if it were killed."""
        if self._running:
            self._run("pg_ctl", "--wait", f"--mode={mode}", "stop")
            self._running = False

    def new_database(self) -> str:
        """The URL of an empty database."""
        return self._create("template1")

    def migrated_database(self) -> str:
        """The URL of a database that has the newest schema and no rows."""
        if not self._has_template:
            self._create("template1", _TEMPLATE)
            template = Database(self.url(_TEMPLATE), system_clock)
            migrate(template)
            template.dispose()
            self._has_template = True
        return self._create(_TEMPLATE)

    def drop(self, url: str) -> None:
        """Remove a database, even from under those who are connected to it."""
        name = url.partition("@/")[2].partition("?")[0]
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def url(self, name: str) -> str:
        """The URL of the database of that name."""
        return f"postgresql+psycopg://registry@/{name}?host={self.folder}"

    def execute(self, statement: str) -> list[tuple[object, ...]]:
        """Run a statement as the server's owner, outside of any transaction; gives the rows that it gave."""
        if not self._running:
            self.start()
        with psycopg.connect(
            host=str(self.folder), user="registry", dbname="postgres", autocommit=True, client_encoding="utf8"
        ) as connection:
            done = connection.execute(statement.encode())
            return done.fetchall() if done.description else []

    def connections(self, url: str, *, where: str = "true") -> int:
        """How many connections to a database fulfil a condition about pg_stat_activity."""
        return len(self._activity("pid", url, where))

    def terminate(self, url: str, *, where: str = "true") -> int:
        """End these connections; gives how many."""
        return len(self._activity("pg_terminate_backend(pid)", url, where))

    def _activity(self, what: str, url: str, where: str) -> list[tuple[object, ...]]:
        name = url.partition("@/")[2].partition("?")[0]
        return self.execute(f"SELECT {what} FROM pg_stat_activity WHERE datname = '{name}' AND ({where})")  # noqa: S608

    def _create(self, template: str, name: str = "") -> str:
        name = name or f"registry_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")  # some 300 files, unchanged
        return self.url(name)

    def _run(self, program: str, *arguments: str) -> None:
        where = ["--pgdata", str(self.folder / "data")]
        # A server that is started keeps the standard streams, so they can't be pipes.
        with (self.folder / "output").open("w+") as output:
            done = subprocess.run(
                [*self._as_owner, str(self.programs / program), *where, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                timeout=60,
                check=False,
            )
            output.seek(0)
            assert done.returncode == 0, output.read()


def _fast_folder() -> Path | None:
    """A folder in memory, where there is enough of it: a database is made ten times faster there than on a disk."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() and shutil.disk_usage(memory).free > _NEEDED else None


@contextmanager
def new_cluster(find_tool: Callable[..., str], *, durable: bool = False) -> Iterator[Cluster]:
    """A cluster that isn't started yet, and that is gone at the end of the block.

    A `durable` one is on a disk, and waits for it at each commit, as one that people trust does.
    """
    places = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)
    initdb = Path(find_tool("initdb", *places)).resolve()
    # Not below pytest's folder, which nobody else may enter; and a socket's path has about a hundred characters.
    folder = Path(tempfile.mkdtemp(prefix="registry-pg-", dir=None if durable else _fast_folder()))
    as_owner: list[str] = []
    if os.geteuid() == 0:
        as_owner = [find_tool("runuser"), "-u", "postgres", "--"]
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    cluster = Cluster(folder, initdb.parent, as_owner, _DURABLE if durable else _QUICK)
    try:
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder)
