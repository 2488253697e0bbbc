# SPDX-License-Identifier: Apache-2.0
"""Dumps of a PostgreSQL database by the programs that come with it, and their way back.

`pg_dump` reads in the snapshot of a transaction of ours, so what we count there is what is in the dump. A restore
begins by writing down that it isn't complete, in a table of its own, which the last transaction of the restore drops.
"""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast

from sqlalchemy import Column, Integer, MetaData, Table, inspect, text

from registry.errors import ConfigurationError, ConflictError, TechnicalError
from registry.storage.engine import Actor, Database
from registry.storage.tables import metadata
from registry.storage.unit_of_work import Connection, UnitOfWork

_CHUNK = 1 << 20
_LOOKS = 20
_LOOK_S = 0.1
_PACKAGES = Path("/usr/lib/postgresql")
_VERSION = "alembic_version"
_UNFINISHED = Table("restore_under_way", MetaData(), Column("id", Integer, primary_key=True))
_ACTOR = Actor("restore")


@contextmanager
def unhurried(database: Database) -> Iterator[Connection]:
    """A read transaction that may take as long as it takes, on either database."""
    with database.read() as connection:
        if not database.is_sqlite:
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        yield connection


def dump(
    database: Database, connection: Connection, write: Callable[[bytes], object], progress: Callable[[int], None]
) -> None:
    """Write the database, as `connection` sees it in its transaction; progress is in bytes.

    Raises ConfigurationError where there is no pg_dump, TechnicalError where it fails.
    """
    snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
    arguments = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"]
    with tempfile.TemporaryFile() as errors:
        command, environment = _command("pg_dump", database)
        with (
            subprocess.Popen(
                [*command, *arguments], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors
            ) as process,
            cast("IO[bytes]", process.stdout) as dumped,
        ):
            done = 0
            try:
                while chunk := dumped.read(_CHUNK):
                    write(chunk)
                    progress(done := done + len(chunk))
            except BaseException:
                process.kill()
                raise
        _check("pg_dump", process.returncode, errors)


def tables_in(file: Path) -> set[str]:
    """The names of the tables whose rows are in a dump. Raises ConfigurationError or TechnicalError."""
    with tempfile.TemporaryFile() as errors:
        done = subprocess.run(
            [program("pg_restore"), "--list", str(file)], stdout=subprocess.PIPE, stderr=errors, check=False
        )
        _check("pg_restore", done.returncode, errors)
    return set(re.findall(r"^\d+; \d+ \d+ TABLE DATA \S+ (\S+) ", done.stdout.decode(), re.MULTILINE))


def restore(database: Database, file: Path) -> None:
    """Put a dump in the place of all tables of ours; `finish` has to follow.

    Raises ConfigurationError or TechnicalError, and leaves a database that says that it isn't complete.
    """
    with database.write(_ACTOR) as work:
        _UNFINISHED.create(work.connection, checkfirst=True)
        for name in (*metadata.tables, _VERSION):
            work.connection.execute(text(f'DROP TABLE IF EXISTS "{name}" CASCADE'))
        work.connection.execute(text("DROP FUNCTION IF EXISTS event_append_only() CASCADE"))
    database.dispose()  # a connection that has seen the tables before may have prepared statements about them
    arguments = ["--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error", str(file)]
    with tempfile.TemporaryFile() as errors:
        command, environment = _command("pg_restore", database)
        done = subprocess.run(
            [*command, *arguments], env=environment, stdin=subprocess.DEVNULL, stderr=errors, check=False
        )
        _check("pg_restore", done.returncode, errors)


def is_unfinished(database: Database) -> bool:
    """Whether a restore into this database has begun and not come to its end."""
    with database.read() as connection:
        return inspect(connection).has_table(_UNFINISHED.name)


def finish(work: UnitOfWork) -> None:
    """The restore is complete with this transaction."""
    _UNFINISHED.drop(work.connection, checkfirst=True)


def check_alone(database: Database) -> None:
    """Raises ConflictError where another process of the registry, or a restore, is connected to this database."""
    others = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND application_name IN ('edelivery-registry', 'pg_restore')"
    )
    database.dispose()  # our own idle connections
    for _ in range(_LOOKS):
        with database.read() as connection:
            if connection.execute(others).scalar_one() == 0:
                return
        time.sleep(_LOOK_S)  # the server forgets a closed connection a little later
    raise ConflictError("a program works with the database: stop it first")


def program(name: str) -> str:
    """The path of a program of PostgreSQL, from PATH or the newest of Debian's packages. Raises ConfigurationError."""
    packaged = [file for file in _PACKAGES.glob(f"*/bin/{name}") if file.parts[-3].isdigit()]
    newest = max(packaged, key=lambda file: int(file.parts[-3]), default=None)
    found = shutil.which(name) or newest
    if found is None:
        raise ConfigurationError(f"the program {name} is missing; on Debian it comes with postgresql-client")
    return str(found)


def _command(name: str, database: Database) -> tuple[list[str], dict[str, str]]:
    """The program with where to connect to; the password goes by the environment, where only its owner sees it."""
    from psycopg.conninfo import make_conninfo

    _, said = database.engine.dialect.create_connect_args(database.url)
    if "sslpassword" in said:
        raise ConfigurationError(f"{name} can't be given the password of a TLS key: use a key without one")
    password = said.pop("password", None)
    said.pop("context", None)  # psycopg's own
    environment = dict(os.environ) | ({"PGPASSWORD": str(password)} if password else {})
    return [program(name), "--no-password", f"--dbname={make_conninfo('', **said)}"], environment


def _check(name: str, code: int, errors: BinaryIO) -> None:
    if code:
        errors.seek(0)
        lines = errors.read().decode(errors="replace").strip().splitlines()
        raise TechnicalError(f"{name} failed: {lines[0] if lines else f'exit code {code}'}")
