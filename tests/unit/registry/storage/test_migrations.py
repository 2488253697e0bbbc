# SPDX-License-Identifier: Apache-2.0
"""Every migration keeps what a database holds, there and back, and lets programs of the previous version go on.

The schema as a whole is compared with the tables in tests/integration.
"""

import itertools
import json
import subprocess
import sys

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Column, MetaData, Table, delete, inspect, text, update
from structlog.testing import CapturingLogger

from registry.errors import ConfigurationError
from registry.identifiers.code_lists import CodeList, Kind
from registry.storage.domain_directory import DomainDirectory
from registry.storage.engine import Actor, Database
from registry.storage.installation import COMPATIBLE_FROM
from registry.storage.migrate import _configuration, known_versions, migrate, newest_version, schema_version
from registry.storage.queries import code_lists
from tests.simulators.code_lists import participant_list
from tests.simulators.filler import contents, fill, reflected

ACTOR = Actor("test")
REVISIONS = [f"{number:04}" for number in range(1, 24)]
PREVIOUS = "0005"
"""The newest schema of the previous minor version."""
NONE_SINCE = {"0014": {("zone", "domain_id")}}
"""Columns that may be empty from a revision on: older programs only look up who has a zone, and find nobody."""


def move(database: Database, revision: str) -> None:
    if schema_version(database) is None or revision > (schema_version(database) or ""):
        command.upgrade(_configuration(database), revision)
    else:
        command.downgrade(_configuration(database), revision)
    assert schema_version(database) == revision


def test_the_revisions_here_are_all_there_are(empty: Database) -> None:
    assert known_versions(empty) == set(REVISIONS)
    assert newest_version(empty) == REVISIONS[-1]


@pytest.mark.parametrize(("before", "after"), list(itertools.pairwise(REVISIONS)))
def test_a_migration_keeps_every_row_of_every_table_there_and_back(empty: Database, before: str, after: str) -> None:
    move(empty, before)
    with empty.write(ACTOR) as work:
        tables = reflected(work.connection)
        fill(work.connection, tables)
        held = contents(work.connection, tables)
    assert all(len(rows) == 2 for rows in held.values())
    for revision in (after, before, after):
        move(empty, revision)
        with empty.read() as connection:
            assert contents(connection, tables) == held
    with empty.write(ACTOR) as work:  # and the new schema can be used beside the old rows
        fill(work.connection, [table for table in reflected(work.connection) if table.name not in held])


# Expand and contract


def test_a_program_of_the_previous_version_works_with_the_newest_schema(empty: Database) -> None:
    """It knows the columns of its own schema only, reads and writes them all, and doesn't see the others."""
    move(empty, PREVIOUS)
    with empty.read() as connection:
        tables = reflected(connection)
    migrate(empty)
    with empty.write(ACTOR) as work:
        fill(work.connection, tables)
        fill(work.connection, tables, first=3)
        held = contents(work.connection, tables)
    assert all(len(rows) == 4 for rows in held.values())
    with empty.write(ACTOR) as work:
        for table in tables:
            if table.name == "event":  # that version only ever adds to them
                continue
            for column in table.columns:
                if not column.primary_key and not column.foreign_keys and column.name not in _unique(table):
                    work.connection.execute(update(table).values({column.name: column}))
        assert contents(work.connection, tables) == held
        for table in reversed(tables):
            if table.name not in {"event", "domain"}:
                work.connection.execute(delete(table))


def _unique(table: Table) -> set[str]:
    return {column.name for index in table.indexes if index.unique for column in index.columns}


def contracts(revision: str, database: Database) -> bool:
    """Whether a migration says that it takes something away."""
    script = ScriptDirectory.from_config(_configuration(database)).get_revision(revision)
    return bool(getattr(script.module, "contract", False))


@pytest.mark.parametrize("after", [revision for revision in REVISIONS if revision > PREVIOUS])
def test_a_migration_only_adds_what_older_programs_need_not_know(empty: Database, after: str) -> None:
    if contracts(after, empty):
        assert after <= COMPATIBLE_FROM, "programs that need what it takes away must not start"
        return
    move(empty, REVISIONS[REVISIONS.index(after) - 1])
    before = _reflected(empty)
    move(empty, after)
    now = _reflected(empty)
    for name, old in before.tables.items():
        new = now.tables[name]
        for column in old.columns:
            may_be_missing = (name, column.name) in NONE_SINCE.get(after, ())
            assert _says(new.columns[column.name], may_be_missing) == _says(column, may_be_missing)
        added = [column for column in new.columns if column.name not in old.columns]
        assert [c.name for c in added if not c.nullable and c.server_default is None] == []
        assert {c.name for c in new.primary_key} == {c.name for c in old.primary_key}
        old_names = set(old.columns.keys())
        for kind in (_uniques, _references):
            assert {item for item in kind(new) if item <= old_names} == set(kind(old))


def _reflected(database: Database) -> MetaData:
    found = MetaData()
    found.reflect(database.engine)
    return found


def _says(column: Column[object], may_be_missing: bool) -> tuple[str, bool | None, str]:
    default = column.server_default
    kind = str(column.type).partition(" COLLATE ")[0]  # in which order its texts are, no program says
    return kind, may_be_missing or column.nullable, str(getattr(default, "arg", default))


def _uniques(table: Table) -> set[frozenset[str]]:
    constraints = [c.columns for c in table.constraints if type(c).__name__ == "UniqueConstraint"]  # type: ignore[attr-defined]
    indexes = [index.columns for index in table.indexes if index.unique]
    return {frozenset(column.name for column in columns) for columns in (*constraints, *indexes)}


def _references(table: Table) -> set[frozenset[str]]:
    return {frozenset(column.name for column in key.columns) for key in table.foreign_key_constraints}


# Schemas of other versions


def test_a_newer_schema_that_this_version_can_use_is_left_alone_with_a_warning(
    empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The module's own logger may be one that another test has set up, for a stream that is closed by now.
    said = CapturingLogger()
    monkeypatch.setattr("registry.storage.migrate.log", said)
    migrate(empty)
    with empty.write(ACTOR) as work:
        work.connection.execute(
            text("INSERT INTO installation (id, instance_id, created_at, compatible_from) VALUES (1, 'i', 0, '0006')")
        )
        work.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    migrate(empty)
    assert [(call.method_name, *call.args) for call in said.calls] == [("warning", "schema_is_newer")]
    assert schema_version(empty) == "9999"


@pytest.mark.parametrize("oldest", [None, "9000"])
def test_a_newer_schema_that_this_version_can_not_use_is_refused(empty: Database, oldest: str | None) -> None:
    migrate(empty)
    with empty.write(ACTOR) as work:
        if oldest is not None:
            values = "(1, 'i', 0, '9000')"
            work.connection.execute(
                text(f"INSERT INTO installation (id, instance_id, created_at, compatible_from) VALUES {values}")  # noqa: S608
            )
        work.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigurationError, match="can't use"):
        migrate(empty)
    assert schema_version(empty) == "9999"


# At once


_MIGRATE = """
import sys
from registry.clock import system_clock
from registry.master_key import MasterKey
from registry.storage.engine import Database
from registry.storage.installation import check_installation
from registry.storage.migrate import migrate, schema_version

database = Database(sys.argv[1], system_clock, master_key=MasterKey(bytes(32)))
sys.stdin.readline()
migrate(database)
check_installation(database)
print(schema_version(database))
"""


def test_processes_that_find_an_empty_database_at_once_all_have_the_schema(empty_url: str) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _MIGRATE, empty_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert said == [f"{REVISIONS[-1]}\n"] * 3


# What single migrations do


def test_0002_adds_code_lists_to_the_domains_of_0001_and_goes_back(empty: Database) -> None:
    database = empty
    command.upgrade(_configuration(database), "0001")
    with database.write(ACTOR) as work:
        work.connection.execute(
            text("INSERT INTO domain VALUES (7, 'old', 'peppol', :settings, 1, 0)"),
            {"settings": json.dumps({"title": "Old"})},
        )
    migrate(database)
    assert DomainDirectory(database).get("old").domain.identifiers.code_lists == {}

    data = participant_list("9.7", i0088="active")
    with database.write(ACTOR) as work:
        code_lists.put(work, 7, CodeList.from_json(data), data.decode())
    stored = DomainDirectory(database).get("old")
    assert stored.domain.identifiers.code_lists == {Kind.PARTICIPANT: CodeList.from_json(data)}

    command.downgrade(_configuration(database), "0001")
    assert schema_version(database) == "0001"
    assert "code_list" not in inspect(database.engine).get_table_names()
    with database.read() as connection:
        assert connection.execute(text("SELECT id, name FROM domain")).all() == [(7, "old")]
    migrate(database)
    again = DomainDirectory(database).get("old")
    assert (again.domain.title, again.domain.identifiers.code_lists) == ("Old", {})
