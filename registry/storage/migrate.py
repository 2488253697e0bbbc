# SPDX-License-Identifier: Apache-2.0
"""Brings a database to the present schema, with the Alembic migrations that ship with the package.

Alembic is imported only where there is something to migrate: every start looks, and nearly none finds anything.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Column, MetaData, String, Table, inspect, select

from registry.errors import ConfigurationError
from registry.storage.engine import Database, translated
from registry.storage.installation import compatible_from

if TYPE_CHECKING:
    from alembic.config import Config

log = structlog.get_logger(__name__)

_IN_WHEEL = Path(__file__).with_name("_migrations")
_IN_SOURCE = Path(__file__).resolve().parents[2] / "migrations"
_VERSION = Table("alembic_version", MetaData(), Column("version_num", String(32)))


def _folder() -> Path:
    return _IN_WHEEL if _IN_WHEEL.is_dir() else _IN_SOURCE


def _configuration(database: Database) -> "Config":
    from alembic.config import Config

    configuration = Config()
    configuration.set_main_option("script_location", str(_folder()))
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
    upgrade(database)


def upgrade(database: Database) -> None:
    """Run the migrations that the database lacks. Raises ConfigurationError."""
    from alembic import command
    from alembic.util import CommandError

    try:
        with translated():
            command.upgrade(_configuration(database), "head")
    except CommandError as error:
        raise ConfigurationError(f"the database can't be migrated: {error}") from error


def schema_version(database: Database) -> str | None:
    """The revision that the database is at; None for an empty one."""
    with database.read() as connection:
        if not inspect(connection).has_table(_VERSION.name):
            return None
        return connection.execute(select(_VERSION.c.version_num)).scalar()


def known_versions(database: Database) -> set[str]:  # noqa: ARG001  # which are those of the program
    """Every revision that this version of the product knows."""
    return {file.name.partition("_")[0] for file in (_folder() / "versions").glob("[0-9]*_*.py")}


def newest_version(database: Database) -> str | None:
    """The revision that this version of the product needs."""
    return max(known_versions(database), default=None)
