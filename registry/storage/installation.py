# SPDX-License-Identifier: Apache-2.0
"""The row about the installation: which schema its programs need at least, and whether the master key is its own."""

import uuid

from sqlalchemy import inspect, select, update

from registry.errors import ConfigurationError
from registry.storage.engine import Actor, Database
from registry.storage.tables import installation
from registry.storage.upsert import insert_if_new

COMPATIBLE_FROM = "0005"
"""The oldest schema whose programs can work with the newest one. Moves only when a migration takes something away
(contract), which it may do one minor version after all programs stopped to need it."""
_SETUP = Actor("installation")


def compatible_from(database: Database) -> str | None:
    """The oldest schema whose programs can work with this database; None where it doesn't say."""
    with database.read() as connection:
        if not inspect(connection).has_table(installation.name):
            return None
        return connection.execute(select(installation.c.compatible_from)).scalar()


def check_installation(database: Database) -> None:
    """Make the row where it is missing. Raises ConfigurationError for a process with another master key."""
    c = installation.c
    with database.read() as connection:
        row = connection.execute(select(c.master_key_check, c.compatible_from)).first()
    check = database.master_key.check if database.master_key else None
    if row is not None and row == (check, max(row[1], COMPATIBLE_FROM)):
        return
    with database.write(_SETUP) as work:
        values = {"id": 1, "instance_id": str(uuid.uuid4()), "created_at": work.now}
        said = {"compatible_from": COMPATIBLE_FROM, "master_key_check": check}
        work.connection.execute(insert_if_new(work.connection, installation).values(values | said))
        held = work.connection.execute(select(c.master_key_check, c.compatible_from).with_for_update()).one()
        if held[0] is not None and check is not None and held[0] != check:
            raise ConfigurationError(
                "the master key is not the one of this database: set REGISTRY_MASTER_KEY_FILE to the file that the "
                "installation was made with"
            )
        newer = max(held[1], COMPATIBLE_FROM)
        work.connection.execute(update(installation).values(compatible_from=newer, master_key_check=held[0] or check))
