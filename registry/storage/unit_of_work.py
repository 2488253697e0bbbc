# SPDX-License-Identifier: Apache-2.0
"""One transaction with what belongs to it: the moment, the actor, and what to wake once it is committed."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

__all__ = ["Connection", "UnitOfWork"]


class UnitOfWork:
    """A running transaction. Made by `Database.write`; use cases pass it down."""

    def __init__(self, connection: Connection, now: datetime, actor: str, request_id: str) -> None:
        self.connection = connection
        self.now = now
        self.actor = actor
        self.request_id = request_id
        self._after_commit: dict[Callable[[], None], None] = {}

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Run `callback` once after the commit, however often it is asked for."""
        self._after_commit[callback] = None

    def committed(self) -> None:
        """Run what waited for the commit; called by `Database.write`."""
        for callback in self._after_commit:
            callback()
