# SPDX-License-Identifier: Apache-2.0
"""Slows down who guesses passwords: after five failures in a row a name has to wait, twice as long each time.

Counted in the database, so that it holds for all processes, and by name, whether somebody has it or not: so nobody
learns from it which names there are. An attempt counts before the password is looked at: of a hundred at a time five
get through. Names that nobody tries any more are forgotten with the rest that has been kept long enough.
"""

import hashlib
from datetime import datetime, timedelta

from registry.accounts.names import name_key
from registry.errors import TooManyRequestsError
from registry.storage.engine import Actor, Database
from registry.storage.queries import credentials
from registry.storage.queries.credentials import FailureRow
from registry.storage.unit_of_work import UnitOfWork

FREE = 5
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)


def begin_attempt(database: Database, actor: Actor, name: str) -> int:
    """Count an attempt for a name; returns which one in a row it is.

    Raises TooManyRequestsError while the name has to wait. Committed by itself: a failure stays counted whatever
    becomes of the caller.
    """
    assert not database.in_write, "a failure would be taken back with the transaction"  # noqa: S101
    key = _key(name)
    with database.write(actor) as work:
        held = credentials.failures(work, key)
        if held.locked_until is None or held.locked_until <= work.now:
            count = held.failures + 1
            credentials.count_failure(work, key, FailureRow(count, _locked_until(count, work.now)))
            return count
    wait = (held.locked_until - database.now()).total_seconds()
    raise TooManyRequestsError("too many failures for this name; wait before the next attempt", max(wait, 1.0))


def is_locked(count: int) -> bool:
    """Whether an attempt that fails, and is this one in a row, makes the name wait."""
    return count >= FREE


def forget_attempts(work: UnitOfWork, name: str) -> bool:
    """Begin anew, after a success or because an administrator says so; whether there was anything to forget."""
    return credentials.forget_failures(work, _key(name))


def _locked_until(count: int, now: datetime) -> datetime | None:
    if not is_locked(count):
        return None
    doubled: int = 2 ** min(count - FREE, 10)  # more would only make a number that is too large
    return now + min(FIRST_WAIT * doubled, LONGEST_WAIT)


def _key(name: str) -> str:
    return hashlib.sha256(name_key(name).encode(errors="replace")).hexdigest()
