# SPDX-License-Identifier: Apache-2.0
"""Whose turn it is to do something that takes longer than a transaction: one process and thread at a time.

PostgreSQL has locks for that which end with the connection. SQLite's processes share a machine, so they lock a file
beside the database. Either way a process that dies loses its turn at once, and there is nothing to clean up.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path

from sqlalchemy import text

from registry.errors import TechnicalError
from registry.storage.engine import Database, translated

_TRY = text("SELECT pg_try_advisory_lock(:key)")
_END = text("SELECT pg_advisory_unlock(:key)")


@contextmanager
def turn(database: Database, name: str) -> Iterator[bool]:
    """Whether it is ours to do what `name` says until the end of the block; False where somebody else is at it.

    Raises TechnicalError where nobody can tell.
    """
    digest = sha256(name.encode()).digest()
    if not database.is_sqlite:
        key = {"key": int.from_bytes(digest[:8], signed=True)}
        # Without a transaction, which PostgreSQL would end when nothing is said in it for long.
        options = {"isolation_level": "AUTOCOMMIT"}
        with translated(), database.engine.connect().execution_options(**options) as connection:
            ours = bool(connection.execute(_TRY, key).scalar_one())
            try:
                yield ours
            finally:
                if ours:
                    connection.execute(_END, key)
        return
    try:
        path = Path(f"{database.url.database}.{digest.hex()[:16]}.turn")
        file = path.open("ab")
    except OSError as error:
        raise TechnicalError(f"there is no telling whose turn it is: {error}") from error
    with closing(file):
        yield _locked(file.fileno())


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return os.fstat(descriptor).st_nlink > 0
