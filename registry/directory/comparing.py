# SPDX-License-Identifier: Apache-2.0
"""Compares all participants of a domain with what its directory was told, and marks where that differs.

So it is found whatever changed many at once, an older program, or another address of the directory.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from registry.storage.engine import Actor, Database, retried
from registry.storage.queries import directory_entries, directory_standings
from registry.storage.queries.directory_entries import DirectoryPlace
from registry.storage.unit_of_work import Connection, UnitOfWork

EVERY = timedelta(hours=1)
PAGE = 2_000
_GROUPS, _ENTRIES = "groups", "entries"

AfterPage = Callable[[UnitOfWork, int, Any], None]
"""Is told, in the transaction of each page, how many were marked so far and where to go on."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What a comparison would come to: participants to be found, those to be told of, those to be forgotten."""

    wanted: int
    to_tell: int
    to_forget: int


def difference(connection: Connection, place: DirectoryPlace) -> Difference:
    """Count what a directory isn't told as it should be; nothing is changed."""
    forgotten, after = 0, 0
    while True:
        keys, last = directory_entries.surplus(connection, place, after, PAGE)
        forgotten += len(keys)
        if last is None:
            break
        after = last
    return Difference(
        directory_entries.count_wanted(connection, place), directory_entries.count_untold(connection, place), forgotten
    )


def compare(
    database: Database,
    actor: Actor,
    place: DirectoryPlace,
    *,
    every: bool = False,
    cursor: Any = None,
    done: int = 0,
    page: int = PAGE,
    after_page: AfterPage = lambda _work, _marked, _cursor: None,
) -> int:
    """Mark all that the directory isn't told as it should be; with `every` also what it is. Goes on at `cursor`.

    Returns how many were marked.
    """
    began = database.now() if cursor is None else datetime.fromisoformat(cursor["began"])
    at: tuple[str, int] | None = (_GROUPS, 0) if cursor is None else (cursor["part"], cursor["after"])
    while at is not None:
        at, done = _next_page(database, actor, place, began, at, done, every, page, after_page)
    return done


@retried
def _next_page(
    database: Database,
    actor: Actor,
    place: DirectoryPlace,
    began: datetime,
    at: tuple[str, int],
    done: int,
    every: bool,
    size: int,
    after_page: AfterPage,
) -> tuple[tuple[str, int] | None, int]:
    part, after = at
    following: tuple[str, int] | None
    with database.write(actor) as work:
        if part == _GROUPS:
            keys, last = directory_entries.differing(work.connection, place, after, size, every=every)
            following = (_ENTRIES, 0) if last is None else (_GROUPS, last)
        else:
            keys, last = directory_entries.surplus(work.connection, place, after, size)
            following = None if last is None else (_ENTRIES, last)
        directory_entries.mark(work, place.domain_id, keys, anew=every and part == _GROUPS)
        if following is None:
            directory_standings.note_compared(work, place.domain_id, began, began + EVERY)
        else:
            told = {"began": began.isoformat(), "part": following[0], "after": following[1]}
            after_page(work, done + len(keys), told)
    return following, done + len(keys)
