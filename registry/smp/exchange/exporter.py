# SPDX-License-Identifier: Apache-2.0
"""Writes what a domain publishes into files that `Importer` takes back: documents in a folder, JSON lines, or a table.

Both read page by page, each page in one state; what is published meanwhile may or may not be in.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from registry.errors import NotFoundError, TechnicalError, ValidationError
from registry.identifiers.url_form import encode_segment
from registry.metadata import CustomProperty, ServiceGroup, ServiceMetadata
from registry.smp.documents.catalogue import DIALECTS
from registry.smp.documents.dialect import Dialect
from registry.smp.exchange.json_lines import JsonLinesWriter, line_of
from registry.smp.exchange.table_writing import table_head, table_rows
from registry.smp.exchange.verdicts import reasons_of
from registry.smp.folding import folded_group
from registry.smp.signed_documents import DocumentSigner
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Database
from registry.storage.queries import business_cards, owner_groups, service_groups, services
from registry.storage.queries.service_groups import ServiceGroupRow
from registry.storage.queries.services import ServiceRow
from registry.storage.queries.signed_groups import GroupKey
from registry.storage.unit_of_work import Connection

_PAGE = 200
_SERVICES_AT_ONCE = 500
_MAX_FILE_NAME = 200


@dataclass(frozen=True, slots=True)
class Exported:
    """A file, or a participant's line in one; `reasons` say why it was left out, and are empty where it was written."""

    path: Path
    participant: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Held:
    """A participant as stored; `metadata` only where a page was asked for with them."""

    row: ServiceGroupRow
    services: list[ServiceRow]
    metadata: list[ServiceMetadata]
    business_card: bytes | None
    properties: tuple[CustomProperty, ...]


class Exporter:
    """Writes out a domain."""

    def __init__(self, database: Database, signer: DocumentSigner, stored: StoredDomain) -> None:
        self._database = database
        self._signer = signer
        self._stored = stored

    def run(self, folder: Path) -> Iterator[Exported]:
        """Write every document as it is served, in a folder for each participant; yields each file.

        Where the domain speaks several dialects there is a folder for each of them above. What a dialect can't
        express is left out there, and told. Raises ConfigurationError where the domain has no signing key,
        TechnicalError where a file can't be written.
        """
        with _writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            dialects = [DIALECTS[name] for name in self._stored.domain.smp.dialects]
            for page in self._pages():
                for held in page:
                    name = file_name(str(held.row.participant))
                    for dialect in dialects:
                        below = folder / dialect.name / name if len(dialects) > 1 else folder / name
                        below.mkdir(parents=True, exist_ok=True)
                        yield from self._write_documents(below, held, dialect, with_card=dialect is dialects[0])

    def run_json_lines(self, path: Path) -> Iterator[Exported]:
        """Write everything into one file of JSON lines, in order of registration; yields each participant.

        Raises TechnicalError where the file can't be written.
        """
        with _writing(path), JsonLinesWriter(path) as out:
            for page in self._pages(with_metadata=True):
                for held in page:
                    yield self._write_line(out, path, held)

    def run_table(self, path: Path) -> Iterator[Exported]:
        """Write everything into one file as a table, as `run_json_lines`; it has the owner groups as well."""
        with _writing(path), JsonLinesWriter(path, table_head()) as out:
            for page in self._pages(with_metadata=True):
                with self._database.read() as connection:
                    owners = owner_groups.names_of(connection, [held.row.id for held in page])
                for held in page:
                    yield self._write_rows(out, path, held, owners.get(held.row.id, ""))

    def _write_rows(self, out: JsonLinesWriter, path: Path, held: _Held, owner: str) -> Exported:
        group = self._group_of(held)
        try:
            out.write(table_rows(group, held.metadata, held.business_card, owner))
        except ValidationError as error:
            return Exported(path, str(held.row.participant), reasons_of(error))
        return Exported(path, str(held.row.participant))

    def _write_line(self, out: JsonLinesWriter, path: Path, held: _Held) -> Exported:
        group = self._group_of(held)
        try:
            out.write(line_of(group, held.metadata, held.business_card))
        except ValidationError as error:
            return Exported(path, str(held.row.participant), reasons_of(error))
        return Exported(path, str(held.row.participant))

    def _group_of(self, held: _Held) -> ServiceGroup:
        visibility = self._stored.domain.visibility.told(held.row.visibility)
        return ServiceGroup(
            held.row.participant,
            extensions=held.row.extensions,
            properties=held.properties,
            visibility=visibility,
        )

    def _write_documents(self, below: Path, held: _Held, dialect: Dialect, *, with_card: bool) -> Iterator[Exported]:
        if with_card and held.business_card is not None:
            yield _write(below / "business-card.xml", held, lambda: held.business_card or b"")
        yield _write(below / "service-group.xml", held, partial(self._group_document, held, dialect))
        for service in held.services:
            signed = partial(self._service_document, service.id, dialect)
            yield _write(below / (file_name(str(service.document_type)) + ".xml"), held, signed)

    def _group_document(self, held: _Held, dialect: Dialect) -> bytes:
        if dialect.signs_service_groups:
            who = held.row.participant
            value_key = self._stored.domain.identifiers.participant_key(who)
            key = GroupKey(self._stored.id, who.scheme, value_key, dialect.name)
            return self._signer.current_group(self._stored, key).body
        types = tuple(service.document_type for service in held.services)
        group = folded_group(
            ServiceGroup(held.row.participant, types, held.row.extensions), dialect, self._stored.domain
        )
        return dialect.write_service_group(group, self._stored.domain.smp.base_url)

    def _service_document(self, service_id: int, dialect: Dialect) -> bytes:
        return self._signer.current(service_id, dialect.name).body

    def _pages(self, *, with_metadata: bool = False) -> Iterator[list[_Held]]:
        now = self._database.now()
        after = 0
        while True:
            with self._database.read() as connection:
                page = self._page(connection, after, now if with_metadata else None)
            if not page:
                return
            yield page
            after = page[-1].row.id

    def _page(self, connection: Connection, after: int, at: datetime | None) -> list[_Held]:
        """`at` is the moment whose metadata are wanted."""
        rows = service_groups.page(connection, self._stored.id, after, _PAGE)
        listed = {row.id: services.of_group(connection, row.id) for row in rows}
        metadata: dict[int, ServiceMetadata] = {}
        if at is not None:
            ids = [service.id for items in listed.values() for service in items]
            for start in range(0, len(ids), _SERVICES_AT_ONCE):
                metadata |= services.load_many(connection, ids[start : start + _SERVICES_AT_ONCE], at)
        properties = service_groups.properties_of(connection, listed.keys())
        return [self._held(connection, row, listed[row.id], metadata, properties.get(row.id, ())) for row in rows]

    def _held(
        self,
        connection: Connection,
        row: ServiceGroupRow,
        listed: list[ServiceRow],
        metadata: dict[int, ServiceMetadata],
        properties: tuple[CustomProperty, ...],
    ) -> _Held:
        key = self._stored.domain.identifiers.participant_key(row.participant)
        card = business_cards.find(connection, self._stored.id, row.participant.scheme, key)
        said = [metadata[item.id] for item in listed if item.id in metadata]
        return _Held(row, listed, said, None if card is None else card.body, properties)


def file_name(identifier: str) -> str:
    """A file name for an identifier: percent-encoded, and shortened by a hash where file systems want it shorter."""
    name = encode_segment(identifier)
    if len(name) <= _MAX_FILE_NAME:
        return name
    return f"{name[: _MAX_FILE_NAME - 17]}-{hashlib.sha256(name.encode()).hexdigest()[:16]}"


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TechnicalError(f"{error.filename or target} can't be written: {error.strerror}") from error


def _write(path: Path, held: _Held, make: Callable[[], bytes]) -> Exported:
    try:
        path.write_bytes(make())
    except (ValidationError, NotFoundError) as error:
        return Exported(path, str(held.row.participant), reasons_of(error))
    return Exported(path, str(held.row.participant))
