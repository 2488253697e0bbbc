# SPDX-License-Identifier: Apache-2.0
"""Tokens that there were before they had a way of management keep on, and speak our own."""

from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from sqlalchemy import inspect, text

from registry.accounts.tokens import authenticate, create_token
from registry.storage.engine import Actor, Database, sqlite_url
from registry.storage.migrate import _configuration, migrate, schema_version

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def test_0005_lets_tokens_speak_as_before_and_goes_back(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "test.sqlite3"), lambda: NOW)
    migrate(database)
    old, new = (create_token(database, Actor("test"), name, management=name) for name in ("native", "phoss"))
    command.downgrade(_configuration(database), "0004")
    assert schema_version(database) == "0004"
    assert "management" not in {column["name"] for column in inspect(database.engine).get_columns("token")}
    with database.read() as connection:
        assert connection.execute(text("SELECT name FROM token ORDER BY name")).scalars().all() == ["native", "phoss"]
    migrate(database)
    assert [authenticate(database, secret, NOW).management for secret in (old, new)] == ["native", "native"]
    database.dispose()
