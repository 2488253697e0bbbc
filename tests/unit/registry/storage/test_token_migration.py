# SPDX-License-Identifier: Apache-2.0
"""Tokens that there were before they had a way of management keep on, and speak our own."""

from alembic import command
from sqlalchemy import inspect, text

from registry.accounts.authentication import Authenticator
from registry.accounts.tokens import create_token
from registry.storage.engine import Actor, Database
from registry.storage.migrate import _configuration, migrate, schema_version


def test_0005_lets_tokens_speak_as_before_and_goes_back(empty: Database) -> None:
    database = empty
    migrate(database)
    old, new = (create_token(database, Actor("test"), name, management=name) for name in ("native", "phoss"))
    command.downgrade(_configuration(database), "0004")
    assert schema_version(database) == "0004"
    assert "management" not in {column["name"] for column in inspect(database.engine).get_columns("token")}
    with database.read() as connection:
        assert connection.execute(text("SELECT name FROM token ORDER BY name")).scalars().all() == ["native", "phoss"]
    migrate(database)
    assert [Authenticator(database).by_token(secret).management for secret in (old, new)] == ["native", "native"]
