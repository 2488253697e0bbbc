# SPDX-License-Identifier: Apache-2.0
"""Copies of SQLite databases: of one state while others write, checked, and put in place in one step."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from registry.errors import ConfigurationError, ConflictError, TechnicalError
from registry.storage import sqlite_copy
from registry.storage.sqlite_copy import check_copy, copy_online, put_in_place


@pytest.fixture
def source(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "source", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE item (id INTEGER PRIMARY KEY, text TEXT)")
        fill(connection, 2000)
        yield connection


def fill(connection: sqlite3.Connection, rows: int) -> None:
    with connection:
        connection.executemany("INSERT INTO item (text) VALUES (?)", [("x" * 500,)] * rows)


def rows_in(file: Path) -> int:
    with closing(sqlite3.connect(file)) as connection:
        return int(connection.execute("SELECT count(*) FROM item").fetchone()[0])


def test_copy_is_the_state_at_its_begin_however_much_is_written_meanwhile(
    tmp_path: Path, source: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_copy, "_PAGES", 20)
    steps: list[tuple[int, int | None]] = []

    def progress(done: int, total: int | None) -> None:
        steps.append((done, total))
        if len(steps) < 10:
            fill(source, 50)  # each would make SQLite begin anew

    copy_online(tmp_path / "source", tmp_path / "copy", progress)
    assert rows_in(tmp_path / "copy") == 2000
    assert rows_in(tmp_path / "source") == 2000 + 9 * 50
    assert [done for done, _ in steps] == sorted(done for done, _ in steps), "it never began anew"
    assert steps[-1][0] == steps[-1][1]
    check_copy(tmp_path / "copy")


def test_damaged_copy_is_noticed(tmp_path: Path, source: sqlite3.Connection) -> None:
    copy_online(tmp_path / "source", tmp_path / "copy")
    data = bytearray((tmp_path / "copy").read_bytes())
    middle = len(data) // 2
    data[middle : middle + 8192] = bytes(8192)
    (tmp_path / "copy").write_bytes(data)
    with pytest.raises((TechnicalError, ConfigurationError), match="damaged"):
        check_copy(tmp_path / "copy")
    (tmp_path / "other").write_bytes(b"no database" * 100)
    with pytest.raises(ConfigurationError, match="no SQLite database"):
        check_copy(tmp_path / "other")


def test_reference_that_leads_nowhere_is_noticed(tmp_path: Path, source: sqlite3.Connection) -> None:
    source.execute("CREATE TABLE part (item_id INTEGER REFERENCES item (id))")
    source.execute("INSERT INTO part VALUES (-1)")
    copy_online(tmp_path / "source", tmp_path / "copy")
    with pytest.raises(TechnicalError, match="leads nowhere"):
        check_copy(tmp_path / "copy")


def test_source_that_is_missing_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(TechnicalError, match="can't be copied"):
        copy_online(tmp_path / "missing", tmp_path / "copy")
    assert not (tmp_path / "missing").exists()


def test_new_database_takes_the_place_and_the_old_one_is_kept(tmp_path: Path, source: sqlite3.Connection) -> None:
    copy_online(tmp_path / "source", tmp_path / "new")
    fill(source, 5)
    source.close()
    put_in_place(tmp_path / "new", tmp_path / "source", tmp_path / "aside")
    assert rows_in(tmp_path / "source") == 2000
    assert rows_in(tmp_path / "aside") == 2005
    assert sorted(path.name for path in tmp_path.iterdir()) == ["aside", "source"]


def test_database_that_is_open_elsewhere_is_not_replaced(tmp_path: Path, source: sqlite3.Connection) -> None:
    copy_online(tmp_path / "source", tmp_path / "new")
    source.execute("SELECT 1 FROM item").fetchone()
    with pytest.raises(ConflictError, match="stop it first"):
        put_in_place(tmp_path / "new", tmp_path / "source", None)
    assert rows_in(tmp_path / "source") == 2000
