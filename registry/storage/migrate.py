# SPDX-License-Identifier: Apache-2.0
"""Brings a database to the present schema, with the Alembic migrations that ship with the package."""

from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from registry.errors import ConfigurationError
from registry.storage.engine import Database
from registry.storage.installation import compatible_from

log = structlog.get_logger(__name__)

_IN_WHEEL = Path(__file__).with_name("_migrations")
_IN_SOURCE = Path(__file__).resolve().parents[2] / "migrations"


def _configuration(database: Database) -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(_IN_WHEEL if _IN_WHEEL.is_dir() else _IN_SOURCE))
    configuration.attributes["engine"] = database.engine
    return configuration


def migrate(database: Database) -> None:
    """Upgrade to the newest schema; does nothing where it is already there.

    A schema of a newer version is left as it is, and used where that version says that it can be: its migrations have
    only added what this version needn't know. Raises ConfigurationError otherwise.
    """
    found, ours = schema_version(database), newest_version(database)
    if found == ours:
        return
    if found is not None and found not in known_versions(database):
        if (oldest := compatible_from(database)) is None or ours is None or ours < oldest:
            raise ConfigurationError(
                f"the database has the schema {found}, which this version of the program can't use (it knows {ours})"
            )
        log.warning("schema_is_newer", schema=found, known=ours)
        return
    try:
        command.upgrade(_configuration(database), "head")
    except CommandError as error:
        raise ConfigurationError(f"the database can't be migrated: {error}") from error


def schema_version(database: Database) -> str | None:
    """The revision that the database is at; None for an empty one."""
    with database.read() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def known_versions(database: Database) -> set[str]:
    """Every revision that this version of the product knows."""
    return {script.revision for script in ScriptDirectory.from_config(_configuration(database)).walk_revisions()}


def newest_version(database: Database) -> str | None:
    """The revision that this version of the product needs."""
    return ScriptDirectory.from_config(_configuration(database)).get_current_head()
