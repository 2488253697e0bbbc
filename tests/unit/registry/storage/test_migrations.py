# SPDX-License-Identifier: Apache-2.0
"""Every migration keeps what a database holds; the schema as a whole is compared in tests/integration."""

import json
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import inspect, text

from registry.clock import system_clock
from registry.identifiers.code_lists import CodeList, Kind
from registry.storage.domain_directory import DomainDirectory
from registry.storage.engine import Actor, Database, sqlite_url
from registry.storage.migrate import _configuration, migrate, schema_version
from registry.storage.queries import code_lists
from tests.simulators.code_lists import participant_list


@pytest.fixture
def database(tmp_path: Path):
    made = Database(sqlite_url(tmp_path / "test.sqlite3"), system_clock)
    yield made
    made.dispose()


def test_0002_adds_code_lists_to_the_domains_of_0001_and_goes_back(database: Database) -> None:
    command.upgrade(_configuration(database), "0001")
    with database.write(Actor("test")) as work:
        work.connection.execute(
            text("INSERT INTO domain VALUES (7, 'old', 'peppol', :settings, 1, 0)"),
            {"settings": json.dumps({"title": "Old"})},
        )
    migrate(database)
    assert DomainDirectory(database).get("old").domain.identifiers.code_lists == {}

    data = participant_list("9.7", i0088="active")
    with database.write(Actor("test")) as work:
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
