# SPDX-License-Identifier: Apache-2.0
"""Whether tables are as they were, told by reading each of them once and sending nothing of it.

MySQL and MariaDB sum up the rows of a table themselves: CHECKSUM TABLE, which on InnoDB reads the transaction's
snapshot. PostgreSQL gives each version of a row a place and the transaction that wrote it; where these are as they
were, so is every row, and no column needs to be read. Of anything else but such tables nothing is told.
"""

import re
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from hashlib import md5
from typing import Final

from registry.errors import RegistryError
from registry.move_in.sources.sql import WORDS, Snapshot

_PLAIN_MYSQL: Final = (
    "SELECT table_name FROM information_schema.tables "
    "WHERE table_schema = database() AND table_type = 'BASE TABLE' AND engine = 'InnoDB'"
)
_PLAIN_POSTGRESQL: Final = (
    "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE n.nspname = current_schema() AND c.relkind = 'r' AND NOT c.relhassubclass "
    "AND has_table_privilege(c.oid, 'SELECT')"
)
_NAME: Final = re.compile(r"\w+")


def state_of(snapshot: Snapshot, *named: str) -> str | None:
    """32 digits that are the same as long as nothing was written to the tables that these texts name.

    None where that can't be told: of a dump, of a view, of a table that another engine keeps. Errors as of
    `Snapshot.rows`.
    """
    names = _named_in(snapshot, named)
    if names not in snapshot.states:
        telling = _state if snapshot.words is WORDS["postgresql"] else _state_with_peer
        snapshot.states[names] = telling(snapshot, names)
    return snapshot.states[names]


@contextmanager
def twin_of(snapshot: Snapshot, *named: str) -> Iterator[Snapshot | None]:
    """A second connection that sees the same rows of these tables, so that two cores can read them.

    None where it can't be had, or can't be shown to see the same, as while somebody writes there.
    """
    if snapshot.words is WORDS["postgresql"]:
        twin = snapshot.twin()
        try:
            yield twin
        finally:
            if twin is not None:
                twin.close()
        return
    names = _named_in(snapshot, named)
    if not any(names <= asked for asked in snapshot.states):
        state_of(snapshot, *named)
    yield next((peer for seen, peer in snapshot.peers.items() if names <= seen), None)


def _named_in(snapshot: Snapshot, named: Collection[str]) -> frozenset[str]:
    return frozenset(snapshot.columns).intersection(_NAME.findall(" ".join(named).lower()))


def _state_with_peer(snapshot: Snapshot, names: frozenset[str]) -> str | None:
    """The state, told by two connections at once; where both tell the same, the second is kept as a peer."""
    peer = snapshot.twin()
    if peer is None:
        return _state(snapshot, names)
    try:
        with ThreadPoolExecutor(1) as other:
            asked = other.submit(_state, peer, names)
            ours = _state(snapshot, names)
        with suppress(RegistryError):  # such as one connection too many
            if ours is not None and asked.result() == ours:
                snapshot.peers[names] = peer
        return ours
    finally:
        if names not in snapshot.peers:
            peer.close()


def _state(snapshot: Snapshot, names: Collection[str]) -> str | None:
    if snapshot.words is WORDS["sqlite"]:
        return None
    is_postgresql = snapshot.words is WORDS["postgresql"]
    plain = [name for (name,) in snapshot.rows(_PLAIN_POSTGRESQL if is_postgresql else _PLAIN_MYSQL)]
    tables = sorted(name for name in plain if name.lower() in names)
    if not names or {table.lower() for table in tables} != names:
        return None
    said = _versions_in(snapshot, tables) if is_postgresql else _sums_of(snapshot, tables)
    if None in said:
        return None
    return md5(repr((snapshot.name, tables, said)).encode(), usedforsecurity=False).hexdigest()


def _sums_of(snapshot: Snapshot, tables: Collection[str]) -> list[int | None]:
    return [total for _, total in snapshot.rows(f"CHECKSUM TABLE {', '.join(f'`{table}`' for table in tables)}")]


def _versions_in(snapshot: Snapshot, tables: Collection[str]) -> list[str | None]:
    number = snapshot.words.number.format("md5(ctid::text || ' ' || xmin::text)")
    counted = f"SELECT count(*) || ':' || coalesce(sum({number}), 0) FROM "  # noqa: S608
    return [said for table in tables for (said,) in snapshot.rows(f'{counted}"{table}"')]
