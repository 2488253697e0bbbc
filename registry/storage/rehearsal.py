# SPDX-License-Identifier: Apache-2.0
"""A database that takes every write back: what a use case would do, with its own rules and nothing left behind."""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

from registry.storage.engine import Actor, Database
from registry.storage.unit_of_work import UnitOfWork


class _TakenBackError(Exception):
    """Ends a transaction that is not to be committed."""


class RehearsalDatabase(Database):
    """The database of another `Database`, which stays its owner: don't dispose of this one."""

    def __init__(self, real: Database) -> None:
        self._clock = real.now
        self.url = real.url
        self.is_sqlite = real.is_sqlite
        self.engine = real.engine
        self._writers = real._writers  # noqa: SLF001  # of its own kind
        self.limits = real.limits
        self._watching = []
        self._writing = real._writing  # noqa: SLF001  # one writer at a time, of both
        self.master_key = real.master_key
        self._running = ContextVar("rehearsed_unit_of_work", default=None)

    @contextlib.contextmanager
    def write(self, actor: Actor) -> Iterator[UnitOfWork]:
        """One transaction that is rolled back at its end; what waits for a commit is never called.

        A part of another one stays until then, so that what comes after it sees it.
        """
        if self.in_write:
            with super().write(actor) as part:
                yield part
            return
        with contextlib.suppress(_TakenBackError), super().write(actor) as work:
            yield work
            raise _TakenBackError
