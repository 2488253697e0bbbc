# SPDX-License-Identifier: Apache-2.0
"""Moves an installation's database to another one, such as from SQLite to PostgreSQL."""

from registry.app.after_restore import check_alone
from registry.app.archive import Progress
from registry.app.backup import no_progress
from registry.app.instance import Instance, make_private_folder
from registry.clock import Clock, system_clock
from registry.errors import ConflictError
from registry.settings import Settings
from registry.storage.copying import copy_database
from registry.storage.engine import Database
from registry.storage.migrate import migrate
from registry.storage.unfinished import file_of


def copy_to(
    settings: Settings, url: str, *, clock: Clock = system_clock, progress: Progress = no_progress
) -> dict[str, int]:
    """Copy everything to the empty database at a URL, which gets the newest schema; gives the rows of each table.

    Raises ConflictError where a program works with the old database, or the new one has rows or is the same.
    """
    with Instance.open(settings, clock) as instance:
        source = instance.database
        check_alone(source)
        target = Database(url, clock)
        try:
            if target.url == source.url:
                raise ConflictError("that is the database which is to be copied")
            if target.is_sqlite:
                make_private_folder(file_of(target).parent)
            migrate(target)
            return copy_database(source, target, progress)
        finally:
            target.dispose()
