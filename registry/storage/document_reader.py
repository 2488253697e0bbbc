# SPDX-License-Identifier: Apache-2.0
"""The read path of the SMP: one prepared statement per GET, no session, no ORM.

On SQLite a primary-key read takes some ten microseconds, less than handing it to another thread, so it runs where it
is called, on a read-only connection of its own. On PostgreSQL it waits for an answer, so the caller hands it to a
worker thread (`blocking`), unless the document is kept in memory and may be used (`known`).
"""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Select
from sqlalchemy.dialects import sqlite

from registry.errors import TechnicalError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.storage.document_cache import NO_CACHE, CacheLimits, DocumentCache
from registry.storage.engine import Database
from registry.storage.queries import service_groups, signed_groups
from registry.storage.queries.documents import SignedDocument, Stamp, current_document, next_change
from registry.storage.queries.service_groups import ServiceGroupRow
from registry.storage.queries.signed_groups import FoundGroup, GroupKey
from registry.storage.single_reads import SingleReads
from registry.storage.types import from_microseconds, to_microseconds
from registry.storage.unit_of_work import Topic

_CONNECTIONS = 4
"""A read takes well below a millisecond, and half of it is work of this process, which has one core for that."""


@dataclass(frozen=True, slots=True)
class DocumentKey:
    """What a GET asks for; keys as their schemes compare them."""

    domain_id: int
    scheme: str
    value_key: str
    document_scheme: str
    document_key: str
    dialect: str


@dataclass(frozen=True, slots=True)
class FoundService:
    """A service that exists: its present stamp, and the document signed for that, if somebody has signed it.

    `stamp` is None where the domain has no signing key.
    """

    service_id: int
    stamp: Stamp | None
    document: SignedDocument | None


class DocumentReader(Protocol):
    """Looks up signed documents, as public listeners show them: who is private isn't there.

    `blocking` says whether calls belong in a worker thread.
    """

    blocking: bool

    def known(self, key: DocumentKey, now: datetime) -> FoundService | None:
        """The service with its document, where that is in memory and as it is in the database; doesn't block."""
        ...

    def find(self, key: DocumentKey, now: datetime, *, with_body: bool) -> FoundService | None:
        """The service, or None where there is none. Without `with_body` the document's body is empty."""
        ...

    def find_group(
        self, domain_id: int, scheme: str, value_key: str
    ) -> tuple[ServiceGroupRow, tuple[DocumentTypeIdentifier, ...]] | None:
        """A service group and its document types in order of identifier, or None."""
        ...

    def find_signed_group(self, key: GroupKey) -> FoundGroup | None:
        """A service group of a dialect that signs them, or None. Raises ConfigurationError without a signing key."""
        ...

    def changed(self, topics: frozenset[Topic]) -> None:
        """Forget what another process may have changed; called by a `ChangeListener`."""
        ...

    def close(self) -> None: ...


def open_document_reader(
    database: Database, cache: CacheLimits = NO_CACHE, connected: Callable[[], bool] = lambda: False
) -> DocumentReader:
    """The reader that fits the database.

    `cache` is for PostgreSQL. It is used while `connected` says that `DocumentReader.changed` is called for what other
    processes do.
    """
    if database.is_sqlite and database.url.database not in (None, "", ":memory:"):
        return _SqliteReader(str(database.url.database))
    return _PostgresqlReader(database, DocumentCache(cache, connected))


def _found(row: Any) -> FoundService | None:
    if row is None:
        return None
    service_id, content_version, access_points_version, signing_key_id, etag, last_modified = row[:6]
    stamp = None
    if signing_key_id is not None:
        stamp = Stamp(service_id, content_version, access_points_version, signing_key_id)
    if etag is None:
        return FoundService(service_id, stamp, None)
    body = bytes(row[6]) if len(row) > 6 else b""
    return FoundService(service_id, stamp, SignedDocument(body, etag, last_modified))


class _SqliteReader:
    blocking = False

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(
            f"file:{path}?mode=ro", uri=True, isolation_level=None, check_same_thread=False, cached_statements=8
        )
        self._connection.execute("PRAGMA query_only = ON")
        self._connection.execute("PRAGMA mmap_size = 268435456")
        self._with_body = _compiled(current_document(with_body=True))
        self._without_body = _compiled(current_document(with_body=False))
        self._group, _ = _compiled(service_groups.SERVED)
        self._document_types, _ = _compiled(service_groups.DOCUMENT_TYPES)
        self._signed_group, self._signed_group_names = _compiled(signed_groups.SERVED)

    def known(self, key: DocumentKey, now: datetime) -> FoundService | None:
        return None  # the database is as near

    def find(self, key: DocumentKey, now: datetime, *, with_body: bool) -> FoundService | None:
        statement, names = self._with_body if with_body else self._without_body
        moment = to_microseconds(now)
        values = [moment if name == "now" else getattr(key, name) for name in names]
        try:
            return _found(self._connection.execute(statement, values).fetchone())
        except sqlite3.Error as error:
            raise TechnicalError(f"the database failed: {error}") from error

    def find_group(
        self, domain_id: int, scheme: str, value_key: str
    ) -> tuple[ServiceGroupRow, tuple[DocumentTypeIdentifier, ...]] | None:
        try:
            row = self._connection.execute(self._group, (domain_id, scheme, value_key)).fetchone()
            if row is None:
                return None
            types = self._connection.execute(self._document_types, (row[0],)).fetchall()
        except sqlite3.Error as error:
            raise TechnicalError(f"the database failed: {error}") from error
        extensions = None if row[5] is None else json.loads(row[5])
        group = service_groups.group_of_row((*row[:4], from_microseconds(row[4]), extensions, row[6]))
        return group, tuple(DocumentTypeIdentifier(scheme, value) for scheme, value in types)

    def find_signed_group(self, key: GroupKey) -> FoundGroup | None:
        values = [getattr(key, name) for name in self._signed_group_names]
        try:
            row = self._connection.execute(self._signed_group, values).fetchone()
        except sqlite3.Error as error:
            raise TechnicalError(f"the database failed: {error}") from error
        return signed_groups.found_of_row(row and (*row[:2], from_microseconds(row[2]), *row[3:]))

    def changed(self, topics: frozenset[Topic]) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        self._connection.close()


class _PostgresqlReader:
    blocking = True

    def __init__(self, database: Database, cache: DocumentCache[DocumentKey, FoundService]) -> None:
        self._database = database
        self._cache = cache
        self._reads = SingleReads(database, _CONNECTIONS)
        whole = current_document(with_body=True).add_columns(next_change())
        self._with_body = self._reads.compiled(whole)
        self._without_body = self._reads.compiled(current_document(with_body=False))
        database.watch(cache.changed)

    def known(self, key: DocumentKey, now: datetime) -> FoundService | None:
        return self._cache.find(key, now)

    def find(self, key: DocumentKey, now: datetime, *, with_body: bool) -> FoundService | None:
        values = {name: getattr(key, name) for name in DocumentKey.__dataclass_fields__} | {"now": to_microseconds(now)}
        if not with_body:
            return _found(self._reads.first(self._without_body, values))
        generation = self._cache.generation
        row = self._reads.first(self._with_body, values)
        found = _found(row)
        if row is not None and found is not None and found.document is not None:
            until = None if row[-1] is None else from_microseconds(row[-1])
            self._cache.put(key, found, len(found.document.body), generation, until)
        return found

    def find_group(
        self, domain_id: int, scheme: str, value_key: str
    ) -> tuple[ServiceGroupRow, tuple[DocumentTypeIdentifier, ...]] | None:
        with self._database.read() as connection:
            group = service_groups.find_served(connection, domain_id, scheme, value_key)
            return None if group is None else (group, service_groups.document_types(connection, group.id))

    def find_signed_group(self, key: GroupKey) -> FoundGroup | None:
        with self._database.read() as connection:
            return signed_groups.find(connection, key, served=True)

    def changed(self, topics: frozenset[Topic]) -> None:
        self._cache.changed(topics)

    def close(self) -> None:
        """Nothing of its own to close: the connections end with the database's."""


def _compiled(statement: Select[Any]) -> tuple[str, tuple[str, ...]]:
    compiled = statement.compile(dialect=sqlite.dialect(paramstyle="qmark"))
    return str(compiled), tuple(compiled.positiontup or ())
