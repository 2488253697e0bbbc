# SPDX-License-Identifier: Apache-2.0
"""One transaction with what belongs to it: the moment, the actor, what to wake once it is committed, whom to tell."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection

from registry.master_key import MasterKey

__all__ = ["Connection", "Topic", "UnitOfWork"]


class Topic(StrEnum):
    """What other processes may have to look at again."""

    DOCUMENTS = "documents"
    """What the SMP serves, or with which key it signs."""
    DOMAINS = "domains"
    ZONES = "zones"
    """The journal has changes without a serial."""
    ACCOUNTS = "accounts"
    """Accounts, grants, tokens or sessions."""
    JOBS = "jobs"
    EVENTS = "events"
    """There are events that aren't in the chain yet."""


@dataclass(slots=True)
class _Review:
    """What a transaction and its parts have in common."""

    passed: bool = False


class UnitOfWork:
    """A running transaction. Made by `Database.write`; use cases pass it down."""

    def __init__(
        self, connection: Connection, now: datetime, actor: str, request_id: str, master_key: MasterKey | None = None
    ) -> None:
        self.connection = connection
        self.now = now
        self.actor = actor
        self.request_id = request_id
        self.master_key = master_key
        self.topics: set[Topic] = set()
        self.moves_in = False
        """Whether it belongs to a move into its domains, and may write to those in standby."""
        self._review = _Review()
        self.domains_seen: dict[int, tuple[bool, bool]] = {}
        """By the id of a domain: whether it was seen in standby, and whether it wants a review."""
        self._waiting: dict[Callable[[], None], None] = {}
        self._unwritten: dict[Callable[[UnitOfWork, list[Any]], None], list[Any]] = {}

    @property
    def reviewed(self) -> bool:
        """Whether what is published now was approved by a second person, or is only tried."""
        return self._review.passed

    @contextmanager
    def as_reviewed(self, reviewed: bool = True) -> Iterator[None]:
        """Within the block domains that want a review take what is published, also by parts of the transaction.

        For what somebody else has approved (`reviewed` says whether), and for what is taken back in any case.
        """
        before, self._review.passed = self._review.passed, reviewed
        try:
            yield
        finally:
            self._review.passed = before

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Run `callback` once after the commit, however often it is asked for."""
        self._waiting[callback] = None

    def write_together(self, write: Callable[["UnitOfWork", list[Any]], None], rows: Iterable[Any]) -> None:
        """Hand `rows` to `write` with all others that are meant for it: one statement instead of many.

        That is at the end of this transaction, or part of one, and before anybody reads through `Database.read`.
        """
        self._unwritten.setdefault(write, []).extend(rows)

    def settle(self) -> None:
        """Write what was to be written together; called by `Database`, and by who reads such rows in a transaction."""
        while self._unwritten:
            write, rows = self._unwritten.popitem()
            write(self, rows)

    def tell(self, *topics: Topic) -> None:
        """Let every process know, once this is committed, that something of these topics has changed."""
        self.topics.update(topics)

    def committed(self) -> None:
        """Run what waited for the commit; called by `Database.write`."""
        for callback in self._waiting:
            callback()

    def belong_to(self, whole: "UnitOfWork") -> None:
        """Be a part of another one: what that may do; called by `Database.write`."""
        self.moves_in = whole.moves_in
        self._review = whole._review  # noqa: SLF001  # of its own kind
        self.domains_seen = whole.domains_seen

    def adopt(self, joined: "UnitOfWork") -> None:
        """Take over what a part that has ended well wants done after the commit; called by `Database.write`."""
        self.topics |= joined.topics
        self._waiting |= joined._waiting  # noqa: SLF001  # of its own kind
