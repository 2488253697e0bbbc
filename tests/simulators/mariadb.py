# SPDX-License-Identifier: Apache-2.0
"""A MariaDB server for tests, from Debian's packages, reached by a Unix socket, so that no port can be taken.

The old systems keep their data in one. It starts when the first database is asked for.
"""

import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pymysql

_OWNER = "mysql"
_PATIENCE = 60.0
# Nothing has to survive a crash of the machine.
_QUICK = (
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-flush-method=nosync",
    "--innodb-doublewrite=0",
    "--innodb-log-file-size=64M",
    "--performance-schema=0",
    "--max-allowed-packet=64M",
)


class MariaDb:
    """A MariaDB server in a folder; root has to run it as somebody else."""

    def __init__(
        self, folder: Path, server: str, install: str, as_owner: Sequence[str], buffer_pool: str = "256M"
    ) -> None:
        self.folder = folder
        self.socket = folder / "socket"
        self._server = server
        self._install = install
        self._as_owner = list(as_owner)
        self._buffer_pool = f"--innodb-buffer-pool-size={buffer_pool}"
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Make the server's files where there are none yet, start it, and wait until it answers."""
        if not (self.folder / "data" / "mysql").exists():
            self._make_files()
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *self._as_owner,
                    self._server,
                    "--no-defaults",
                    f"--datadir={self.folder / 'data'}",
                    f"--socket={self.socket}",
                    f"--pid-file={self.folder / 'pid'}",
                    "--skip-networking",
                    self._buffer_pool,
                    *_QUICK,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
            )
        until = time.monotonic() + _PATIENCE
        while not self._answers():
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < until, "MariaDB doesn't answer"
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop the server if it runs, as if it were killed."""
        if self._process is not None:
            # Whoever runs it as somebody else passes signals on that he can catch, which excludes SIGKILL.
            self._process.terminate()
            self._process.wait(timeout=_PATIENCE)
            self._process = None

    def new_database(self, character_set: str = "utf8mb4") -> str:
        """The SQLAlchemy URL of an empty database."""
        name = f"old_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} CHARACTER SET {character_set}")
        return self.url(name)

    def new_user(self, url: str, rights: str = "SELECT", on: str = "*") -> str:
        """The URL of a database for a new user, who has these rights on it or on one table of it alone."""
        name = url.partition("@")[2].partition("/")[2].partition("?")[0]
        user = f"reader_{next(self._numbers)}"
        self.execute(f"CREATE USER {user}@localhost IDENTIFIED BY 'reader'")
        self.execute(f"GRANT {rights} ON {name}.{on} TO {user}@localhost")
        return self.url(name, f"{user}:reader")

    def drop(self, url: str) -> None:
        """Remove a database."""
        name = url.partition("@")[2].partition("/")[2].partition("?")[0]
        self.execute(f"DROP DATABASE IF EXISTS {name}")

    def url(self, name: str, user: str = "root") -> str:
        """The SQLAlchemy URL of the database of that name."""
        return f"mysql+pymysql://{user}@localhost/{name}?unix_socket={self.socket}&charset=utf8mb4"

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement as root outside of any transaction; gives the rows that it gave."""
        if self._process is None:
            self.start()
        with self._connection() as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())

    def _connection(self) -> "pymysql.connections.Connection[pymysql.cursors.Cursor]":
        return pymysql.connect(unix_socket=str(self.socket), user="root", autocommit=True, charset="utf8mb4")

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:  # PyMySQL leaves its own open where nobody listens
            if probe.connect_ex(str(self.socket)):
                return False
        with suppress(pymysql.err.OperationalError):
            self._connection().close()
            return True
        return False

    def _make_files(self) -> None:
        done = subprocess.run(
            [
                *self._as_owner,
                self._install,
                "--no-defaults",
                f"--datadir={self.folder / 'data'}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                "--innodb-log-file-size=64M",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.folder,
            timeout=_PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stdout.decode()


@contextmanager
def new_mariadb(find_tool: Callable[..., str], buffer_pool: str = "256M") -> Iterator[MariaDb]:
    """A server that isn't started yet, and that is gone at the end of the block."""
    server = find_tool("mariadbd", "/usr/sbin")
    install = find_tool("mariadb-install-db", "/usr/bin")
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="registry-mariadb-", dir=memory if memory.is_dir() else None))
    as_owner: list[str] = []
    if os.geteuid() == 0:
        as_owner = [find_tool("setpriv"), f"--reuid={_OWNER}", f"--regid={_OWNER}", "--clear-groups", "--"]
        owner = pwd.getpwnam(_OWNER)
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    database = MariaDb(folder, server, install, as_owner, buffer_pool)
    try:
        yield database
    finally:
        database.stop()
        shutil.rmtree(folder)
