# SPDX-License-Identifier: Apache-2.0
"""The read path of the SMP: one prepared statement per GET, no session, no ORM.

On SQLite a primary-key read takes some ten microseconds, less than handing it to another thread, so it runs where it
is called, on a read-only connection of its own. Elsewhere the same statement runs through the engine, and the caller
hands it to a worker thread (`blocking`).
"""

import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Select
from sqlalchemy.dialects import sqlite

from registry.errors import TechnicalError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.storage.engine import Database
from registry.storage.queries import service_groups, signed_groups
from registry.storage.queries.documents import SignedDocument, Stamp, current_document
from registry.storage.queries.service_groups import ServiceGroupRow
from registry.storage.queries.signed_groups import FoundGroup, GroupKey
from registry.storage.types import from_microseconds, to_microseconds


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
    """Looks up signed documents. `blocking` says whether calls belong in a worker thread."""

    blocking: bool

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

    def close(self) -> None: ...


def open_document_reader(database: Database) -> DocumentReader:
    """The reader that fits the database."""
    if database.is_sqlite and database.url.database not in (None, "", ":memory:"):
        return _SqliteReader(str(database.url.database))
    return _EngineReader(database)


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
        self._group, _ = _compiled(service_groups.FIND)
        self._document_types, _ = _compiled(service_groups.DOCUMENT_TYPES)
        self._signed_group, self._signed_group_names = _compiled(signed_groups.CURRENT)

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
        group = service_groups.group_of_row((*row[:4], from_microseconds(row[4]), extensions))
        return group, tuple(DocumentTypeIdentifier(scheme, value) for scheme, value in types)

    def find_signed_group(self, key: GroupKey) -> FoundGroup | None:
        values = [getattr(key, name) for name in self._signed_group_names]
        try:
            row = self._connection.execute(self._signed_group, values).fetchone()
        except sqlite3.Error as error:
            raise TechnicalError(f"the database failed: {error}") from error
        return signed_groups.found_of_row(row and (*row[:2], from_microseconds(row[2]), *row[3:]))

    def close(self) -> None:
        self._connection.close()


class _EngineReader:
    blocking = True

    def __init__(self, database: Database) -> None:
        self._database = database
        self._statements = {flag: current_document(with_body=flag) for flag in (True, False)}

    def find(self, key: DocumentKey, now: datetime, *, with_body: bool) -> FoundService | None:
        parameters = {name: getattr(key, name) for name in DocumentKey.__dataclass_fields__} | {"now": now}
        with self._database.read() as connection:
            return _found(connection.execute(self._statements[with_body], parameters).first())

    def find_group(
        self, domain_id: int, scheme: str, value_key: str
    ) -> tuple[ServiceGroupRow, tuple[DocumentTypeIdentifier, ...]] | None:
        with self._database.read() as connection:
            group = service_groups.find(connection, domain_id, scheme, value_key)
            return None if group is None else (group, service_groups.document_types(connection, group.id))

    def find_signed_group(self, key: GroupKey) -> FoundGroup | None:
        with self._database.read() as connection:
            return signed_groups.find(connection, key)

    def close(self) -> None:
        """Nothing of its own to close: the engine belongs to the database."""


def _compiled(statement: Select[Any]) -> tuple[str, tuple[str, ...]]:
    compiled = statement.compile(dialect=sqlite.dialect(paramstyle="qmark"))
    return str(compiled), tuple(compiled.positiontup or ())
