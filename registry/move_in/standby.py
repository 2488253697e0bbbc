# SPDX-License-Identifier: Apache-2.0
"""Puts domains in standby and takes them out: in it, nobody but the move writes what they publish or register.

SQLite has one writer at a time, so that holds from the commit on. On PostgreSQL a transaction that began before may
have looked already: who relies on it waits for those, by `wait_for_writers`.
"""

import time

from registry.audit.events import record
from registry.errors import TechnicalError
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Database
from registry.storage.queries import standby
from registry.storage.unit_of_work import Topic, UnitOfWork

_LOOK_S = 0.02


def put_in_standby(work: UnitOfWork, stored: StoredDomain) -> None:
    """Let writes of others to a domain be refused from now on; those in standby already stay as they are."""
    if standby.put(work, stored.id, standby=True):
        record(work, "move-in:domain:standby", f"domain:{stored.domain.name}", domain_id=stored.id)
        work.tell(Topic.DOMAINS)


def take_out_of_standby(work: UnitOfWork, stored: StoredDomain) -> None:
    """Let everybody write to a domain again who may; nothing where it isn't in standby."""
    if standby.put(work, stored.id, standby=False):
        record(work, "move-in:domain:open", f"domain:{stored.domain.name}", domain_id=stored.id)
        work.tell(Topic.DOMAINS)


def wait_for_writers(database: Database, timeout_s: float = 120.0) -> None:
    """Return once every transaction has ended that may not have seen what was committed before this call.

    Raises TechnicalError where one goes on for longer than `timeout_s` seconds.
    """
    if database.is_sqlite:
        return
    with database.read() as connection:
        began = standby.server_time(connection)
    until = time.monotonic() + timeout_s
    while True:
        with database.read() as connection:
            left = standby.running_since(connection, began)
        if not left:
            return
        if time.monotonic() > until:
            raise TechnicalError(f"{left} transactions of others don't end: look into pg_stat_activity, and try again")
        time.sleep(_LOOK_S)
