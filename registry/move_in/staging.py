# SPDX-License-Identifier: Apache-2.0
"""A file with what was read of a source and is not loaded yet, arranged by part.

Records come in any order and by the million: they are collected in memory up to a bound and written as chunks, a chunk
a part, with the keys and digests apart from the bodies. So the memory is constant, and what has not changed is told
without a body being unpacked. A part that is done is removed: what the file holds is what is left to do.
"""

import contextlib
import json
import os
import sqlite3
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, Self

from registry.errors import ConfigurationError, ConflictError, TechnicalError
from registry.move_in.model import Kind, SourceRecord, part_of

Part = tuple[Kind, int]

_BUFFER: Final = 64 * 1024 * 1024
"""Bytes of bodies that are collected before they are written."""
_LEVEL: Final = 1
_TOLD: Final = 500
_LONGEST_KEY: Final = 600
"""Characters; PostgreSQL keeps some 2,700 bytes of a key in an index, and none with a NUL."""
_TABLES: Final = (
    "CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE part (kind TEXT, part INTEGER, records INTEGER NOT NULL, digest TEXT, PRIMARY KEY (kind, part))",
    "CREATE TABLE chunk (id INTEGER PRIMARY KEY, kind TEXT, part INTEGER, listed BLOB NOT NULL, bodies BLOB NOT NULL)",
    "CREATE INDEX chunk_of_part ON chunk (kind, part)",
)


def digest_of(body: bytes) -> str:
    """What tells whether a record is as it was: 32 hexadecimal digits."""
    return blake2b(body, digest_size=16).hexdigest()


class Staging:
    """The file of one move. One process at a time works with it; whoever opens it closes it.

    Every method raises TechnicalError where the file can't be read or written.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        with _translated(file):
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
            self._connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
            for setting in ("journal_mode = WAL", "synchronous = NORMAL", "cache_size = -16384"):
                self._connection.execute(f"PRAGMA {setting}").fetchone()

    def close(self) -> None:
        """Let go of the file, which stays."""
        self._connection.close()

    def discard(self) -> None:
        """Close it, and remove it with all that is in it."""
        self.close()
        with _translated(self._file):
            for end in ("", "-wal", "-shm"):
                self._file.with_name(self._file.name + end).unlink(missing_ok=True)

    def emptied(self) -> Self:
        """The same file with nothing in it; this object is closed."""
        self.discard()
        return type(self)(self._file)

    # Filling it

    def fill(
        self,
        records: Iterator[SourceRecord],
        parts: Mapping[Part, str | None],
        about: Callable[[], Mapping[str, Any]],
        told: Callable[[int], None],
    ) -> None:
        """Read a source into it, which holds nothing before; `parts` are those that are to be done whatever comes.

        A part of `parts` has what the source says that it amounts to, None where it can't tell or where nothing is left
        of it. The file is complete, and says what `about` says then, once this returns. Raises what `records` raises,
        and ConfigurationError for a key that no ledger can hold.
        """
        with _translated(self._file), self._transaction():
            self._connection.execute("PRAGMA user_version = 1")
            for statement in _TABLES:
                self._connection.execute(statement)
        counts: dict[Part, int] = dict.fromkeys(parts, 0)
        waiting: dict[Part, list[tuple[str, bytes]]] = {}
        size = 0
        for number, record in enumerate(records, 1):
            if len(record.key) > _LONGEST_KEY or "\0" in record.key:
                raise ConfigurationError(
                    f"the source has a {record.kind} that nobody can have: {record.key[:100]!r}… "
                    f"({len(record.key)} characters); remove it there, and run it again"
                )
            place = record.kind, part_of(record.key)
            waiting.setdefault(place, []).append((record.key, record.body))
            size += len(record.body) + len(record.key)
            if size >= _BUFFER:
                self._write(waiting, counts)
                size = 0
            if not number % _TOLD:
                told(number)
        self._write(waiting, counts)
        rows = [(kind, part, count, parts.get((kind, part))) for (kind, part), count in sorted(counts.items())]
        with _translated(self._file), self._transaction():
            self._connection.executemany("INSERT INTO part VALUES (?, ?, ?, ?)", rows)
            self._put_about(about())
            self._connection.execute("PRAGMA user_version = 2")

    @property
    def is_complete(self) -> bool:
        """Whether a source was read into it to its end."""
        with _translated(self._file):
            return bool(self._connection.execute("PRAGMA user_version").fetchone() == (2,))

    def about(self) -> dict[str, Any]:
        """What it says of itself."""
        with _translated(self._file):
            return {name: json.loads(value) for name, value in self._connection.execute("SELECT * FROM about")}

    # What is in it

    def parts(self) -> dict[Part, tuple[int, str | None]]:
        """The parts that are left to do: how many records each has, and what it amounts to."""
        with _translated(self._file):
            rows = self._connection.execute("SELECT kind, part, records, digest FROM part").fetchall()
        return {(Kind(kind), part): (records, digest) for kind, part, records, digest in rows}

    def parts_among(self, kinds: Sequence[Kind], parts: Sequence[int]) -> dict[Part, str | None]:
        """Of some parts those that are left to do, and what each amounts to."""
        query = "SELECT digest FROM part WHERE kind = ? AND part = ?"
        found: dict[Part, str | None] = {}
        with _translated(self._file):
            for kind in kinds:
                for part in parts:
                    for row in self._connection.execute(query, (kind, part)):
                        found[kind, part] = row[0]
        return found

    def listed(self, kind: Kind, parts: Sequence[int]) -> dict[str, tuple[int, str]]:
        """Part and digest of each record in these parts, by key. Raises ConflictError for a key that came twice."""
        found: dict[str, tuple[int, str]] = {}
        for part, listed, _ in self._chunks("listed, NULL", kind, parts):
            for key, digest, _ in json.loads(zlib.decompress(listed)):
                if key in found:
                    raise ConflictError(f"the source has {kind} {key} twice: it changed meanwhile; run it again")
                found[key] = part, digest
        return found

    def records(self, kind: Kind, parts: Sequence[int], keys: Collection[str]) -> Iterator[SourceRecord]:
        """The records of these keys, which are in these parts."""
        for _, listed, bodies in self._chunks("listed, bodies", kind, parts):
            entries = json.loads(zlib.decompress(listed))
            if not any(key in keys for key, _, _ in entries):
                continue
            content, at = zlib.decompress(bodies), 0
            for key, _, size in entries:
                if key in keys:
                    yield SourceRecord(kind, key, content[at : at + size])
                at += size

    def done(self, parts: Collection[Part]) -> None:
        """Forget parts that are loaded."""
        with _translated(self._file), self._transaction():
            for table in ("chunk", "part"):
                self._connection.executemany(f"DELETE FROM {table} WHERE kind = ? AND part = ?", list(parts))  # noqa: S608

    def _chunks(self, columns: str, kind: Kind, parts: Sequence[int]) -> Iterator[tuple[int, bytes, bytes]]:
        for part in parts:
            query = f"SELECT part, {columns} FROM chunk WHERE kind = ? AND part = ? ORDER BY id"  # noqa: S608
            with _translated(self._file):
                rows = self._connection.execute(query, (kind, part)).fetchall()
            yield from rows

    def _write(self, waiting: dict[Part, list[tuple[str, bytes]]], counts: dict[Part, int]) -> None:
        """Write what has been collected, a chunk a part."""
        with _translated(self._file), self._transaction():
            for place in sorted(waiting):
                records = waiting[place]
                counts[place] = counts.get(place, 0) + len(records)
                listed = json.dumps([(key, digest_of(body), len(body)) for key, body in records]).encode()
                bodies = b"".join([body for _, body in records])
                row = (*place, zlib.compress(listed, _LEVEL), zlib.compress(bodies, _LEVEL))
                self._connection.execute("INSERT INTO chunk (kind, part, listed, bodies) VALUES (?, ?, ?, ?)", row)
        waiting.clear()

    def _put_about(self, about: Mapping[str, Any]) -> None:
        rows = [(name, json.dumps(value)) for name, value in about.items()]
        self._connection.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", rows)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


@contextlib.contextmanager
def _translated(file: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError, zlib.error) as error:
        raise TechnicalError(f"what was read of the source can't be kept in {file}: {error}") from error
