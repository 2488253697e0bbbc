# SPDX-License-Identifier: Apache-2.0
"""Puts events into the chain: each gets the next position, and a hash over itself and the hash before it.

Events are written without; one sealer at a time gives those that are committed their places, in batches, so writers
don't wait for each other. What is hashed is described in docs/reference/events.md.
"""

import json
from dataclasses import dataclass
from hashlib import sha256

import structlog

from registry.storage.engine import Actor, Database
from registry.storage.queries import audit, events
from registry.storage.queries.events import ChainedRow
from registry.telemetry import audit_position

log = structlog.get_logger(__name__)

_BATCH = 2_000  # SQLite lets nobody else write meanwhile
_SEALER = Actor("audit:sealer")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Head:
    """A place in the chain: a position, and the hash of the event there. 0 and zeros are before the first event."""

    position: int
    hash: str

    def __str__(self) -> str:
        return f"{self.position}:{self.hash}"


def link(position: int, previous: str, row: ChainedRow) -> str:
    """The hash of an event at a position, after the one with the hash `previous`: 64 lower-case hex digits."""
    return sha256(canonical(position, previous, row)).hexdigest()


def canonical(position: int, previous: str, row: ChainedRow) -> bytes:
    """What is hashed: different positions, previous hashes or rows never give the same bytes.

    A JSON array as RFC 8785 writes it, of position, previous hash and the columns of the row in their order; what is
    sealed is in hex.
    """
    sealed = None if row.sealed is None else bytes(row.sealed).hex()
    return _encode([position, previous, *row[:-1], sealed]).encode()


def head(database: Database) -> Head:
    """The end of the chain."""
    with database.read() as connection:
        row = audit.chain(connection)
    return Head(row.position, row.hash)


def seal(database: Database) -> int:
    """Put every committed event that isn't in the chain into it; gives how many.

    May be called by any process at any time: the row of the chain is locked meanwhile, so it can't fork. Nothing is
    lost where a process dies, since the next call takes what is there. Raises TechnicalError, as every write.
    """
    total = 0
    while sealed := _seal_batch(database):
        total += sealed
    return total


def _seal_batch(database: Database) -> int:
    with database.read() as connection:
        if not events.unsealed(connection, 1):
            return 0
    with database.write(_SEALER) as work:
        end = audit.lock_chain(work)
        rows = events.unsealed(work.connection, _BATCH)
        if not rows:  # another process was faster
            return 0
        hashes, previous = [], end.hash
        for position, row in enumerate(rows, end.position + 1):
            previous = link(position, previous, row)
            hashes.append(previous)
        audit.place(work, [row.sequence for row in rows], end.position + 1, hashes)
    position = end.position + len(rows)
    audit_position.set(position)
    # Who keeps the log elsewhere can tell a chain that was rewritten: `registry audit verify --expect`.
    log.info("audit_sealed", events=len(rows), position=position, hash=previous)
    return len(rows)
