# SPDX-License-Identifier: Apache-2.0
"""The row about the installation: made once, by whoever comes first; a process with another master key is stopped."""

from typing import Any

import pytest
from sqlalchemy import select, update

from registry.errors import ConfigurationError
from registry.master_key import MasterKey
from registry.storage.engine import Actor, Database
from registry.storage.installation import COMPATIBLE_FROM, check_installation, compatible_from
from registry.storage.migrate import migrate
from registry.storage.tables import installation

KEY, OTHER = MasterKey(b"k" * 32), MasterKey(b"o" * 32)


@pytest.fixture
def database(empty: Database) -> Database:
    migrate(empty)
    empty.master_key = KEY
    return empty


def row(database: Database) -> Any:
    with database.read() as connection:
        return connection.execute(select(installation)).one()


def test_an_empty_database_says_nothing(empty: Database) -> None:
    assert compatible_from(empty) is None
    migrate(empty)
    assert compatible_from(empty) is None


def test_the_first_process_makes_the_row_and_the_others_leave_it(database: Database) -> None:
    check_installation(database)
    made = row(database)
    assert (made.master_key_check, made.compatible_from) == (KEY.check, COMPATIBLE_FROM)
    assert len(made.instance_id) == 36
    check_installation(database)
    assert row(database) == made


def test_a_process_with_another_master_key_is_stopped_with_what_to_do(database: Database) -> None:
    check_installation(database)
    made = row(database)
    database.master_key = OTHER
    with pytest.raises(ConfigurationError, match="REGISTRY_MASTER_KEY_FILE"):
        check_installation(database)
    assert row(database) == made


def test_a_process_without_a_master_key_changes_nothing(database: Database) -> None:
    check_installation(database)
    made = row(database)
    database.master_key = None
    check_installation(database)
    assert row(database) == made


def test_the_first_master_key_of_an_installation_without_one_is_kept(database: Database) -> None:
    database.master_key = None
    check_installation(database)
    assert row(database).master_key_check is None
    database.master_key = KEY
    check_installation(database)
    assert row(database).master_key_check == KEY.check


@pytest.mark.parametrize(("held", "after"), [("0001", COMPATIBLE_FROM), ("9000", "9000")])
def test_what_programs_need_at_least_only_grows(database: Database, held: str, after: str) -> None:
    check_installation(database)
    with database.write(Actor("test")) as work:
        work.connection.execute(update(installation).values(compatible_from=held))
    check_installation(database)
    assert compatible_from(database) == after
