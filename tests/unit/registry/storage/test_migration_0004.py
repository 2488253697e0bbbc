# SPDX-License-Identifier: Apache-2.0
"""Migration 0004 keeps service groups and adds their business cards, and goes back."""

from datetime import UTC, datetime

import pytest
from alembic import command
from sqlalchemy import inspect, text

from registry.storage.engine import Actor, Database
from registry.storage.migrate import _configuration, migrate, schema_version
from registry.storage.queries import business_cards

MOMENT = datetime(2026, 11, 22, 6, 0, 0, 500_000, tzinfo=UTC)


@pytest.fixture
def database(empty: Database) -> Database:
    made = empty
    command.upgrade(_configuration(made), "0003")
    with made.write(Actor("test")) as work:
        work.connection.execute(text("INSERT INTO domain VALUES (7, 'old', 'peppol', '{}', 1, 0)"))
        work.connection.execute(text("INSERT INTO service_group VALUES (3, 7, 's', 'V', 'v', 1, 0, NULL)"))
    return made


def test_0004_gives_old_service_groups_a_place_for_cards_and_goes_back(database: Database) -> None:
    command.upgrade(_configuration(database), "0004")
    with database.write(Actor("test")) as work:
        assert business_cards.find(work.connection, 7, "s", "v") is None
        business_cards.put(work, 3, b"card", '"etag"')
        found = business_cards.find(work.connection, 7, "s", "v")
    assert found is not None
    assert (found.body, found.etag, found.last_modified) == (b"card", '"etag"', int(MOMENT.timestamp()))

    command.downgrade(_configuration(database), "0003")
    assert schema_version(database) == "0003"
    assert "business_card" not in inspect(database.engine).get_table_names()
    with database.read() as connection:
        assert connection.execute(text("SELECT id, value FROM service_group")).all() == [(3, "V")]
    migrate(database)
    with database.read() as connection:
        assert business_cards.find(connection, 7, "s", "v") is None
