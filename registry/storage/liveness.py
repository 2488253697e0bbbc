# SPDX-License-Identifier: Apache-2.0
"""Asks a pooled connection whether its server is still there, where that may have changed since it was last used.

SQLAlchemy's own `pool_pre_ping` asks at every use: a round trip, and two changes of the connection's mode, for a
transaction that may have one statement.
"""

import time
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

IDLE_S = 1.0
"""For so long after its last use a connection counts as alive. Where it isn't, one transaction fails, and with it all
connections of the pool are forgotten."""
_USED = "used_at"


def ask_idle_connections(engine: Engine) -> None:
    """Let connections that were idle for `IDLE_S` be asked before they are used again; all are opened anew if one is
    dead.
    """

    def checked_in(_connection: Any, entry: ConnectionPoolEntry) -> None:
        entry.info[_USED] = time.monotonic()

    def checked_out(connection: Any, entry: ConnectionPoolEntry, _proxy: object) -> None:
        used = entry.info.get(_USED)
        if used is None or time.monotonic() - used < IDLE_S:  # new, or just used
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error

    event.listen(engine, "checkin", checked_in)
    event.listen(engine, "checkout", checked_out)
