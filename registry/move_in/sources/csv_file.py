# SPDX-License-Identifier: Apache-2.0
"""A table of participants as a source (docs/reference/move-in-csv.md): a row for each endpoint or redirect.

Rows of a participant may stand anywhere. They are put together outside of the memory, and what contradicts itself or
can't be read is told with the numbers of its lines, as a reason why the participant is refused.
"""

import csv
import json
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

from registry.errors import ConfigurationError, Reason, ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.move_in.model import Kind, SourceKind, SourceRecord, Unhoused, part_of
from registry.move_in.participant_records import owner_record, participant_record, service_text
from registry.move_in.sources.whole_file import reading, unchanged
from registry.smp.exchange.sources import open_source
from registry.smp.exchange.table_columns import (
    COLUMNS,
    PARTICIPANT,
    Row,
    SaidRows,
    delimiter_of,
    extensions_of,
    lines_text,
    service_of,
    wrong_columns,
)
from registry.storage.spool import Spool
from registry.storage.types import to_json

_KEPT: Final = 8_192
_CLAUSE: Final = "docs/reference/move-in-csv.md"
_Row = dict[str, str]


class CsvFile:
    """Implements `registry.move_in.model.Source` for one file in UTF-8, compressed where its name ends in `.gz`."""

    kind = SourceKind.CSV

    def __init__(self, path: Path) -> None:
        self._path = path
        self._texts = lru_cache(_KEPT)(_service_of)

    def check(self) -> None:
        """See `Source.check`."""
        for _ in self._rows():
            return

    def checksums(self) -> None:
        """A file can only be read whole."""

    def records(self, parts: Collection[tuple[Kind, int]] | None) -> Iterator[SourceRecord]:
        """See `Source.records`."""
        for record in self._records():
            if parts is None or (record.kind, part_of(record.key)) in parts:
                yield record

    def unhoused(self) -> tuple[Unhoused, ...]:
        """Every column has a home here; another one is refused."""
        return ()

    def close(self) -> None:
        """Nothing is open between two readings."""

    def _records(self) -> Iterator[SourceRecord]:
        owners: set[str] = set()
        with Spool() as spool:
            with unchanged(self._path):
                for number, row in self._rows():
                    who = row.pop(PARTICIPANT, "")
                    if not who:
                        raise ConfigurationError(f"{self._path}:{number}: no participant is named, so nothing is taken")
                    spool.add(who, to_json([number, row]).encode())
            for key, found in spool.groups():
                said = SaidRows([(number, row) for number, row in map(json.loads, found)], "MOVE-IN-CSV", _CLAUSE)
                yield self._participant(key, said)
                if (owner := said.once("owner")) and owner not in owners:
                    owners.add(owner)
                    yield owner_record(owner, owner)

    def _participant(self, key: str, said: SaidRows) -> SourceRecord:
        try:
            participant = ParticipantIdentifier.parse(key, scheme_optional=True)
        except ValidationError as error:
            return participant_record(key, ParticipantIdentifier("", key), refused=error.reasons)
        services = [self._service(rows, said) for rows in said.by_document_type()]
        extension, card, owner = (said.once(name) for name in ("participant_extension", "business_card", "owner"))
        return participant_record(
            key,
            participant,
            [text for text in services if text],
            extensions=extensions_of(extension),
            properties=tuple(said.properties()),
            business_card=card.encode() if card else None,
            owner=owner,
            refused=said.reasons,
        )

    def _service(self, rows: Sequence[tuple[int, Row]], said: SaidRows) -> str:
        cells = tuple(tuple((name, row[name]) for name in COLUMNS if name in row) for _, row in rows)
        text, wrong = self._texts(cells)
        numbers = lines_text([number for number, _ in rows])
        said.reasons += (Reason("MOVE-IN-CSV", f"{numbers}: {message}", _CLAUSE) for message in wrong)
        return text

    def _rows(self) -> Iterator[tuple[int, _Row]]:
        """Lines with their numbers: the cells by the column's name, those that are empty left out."""
        with reading(self._path), open_source(self._path) as source:
            lines = (line.decode("utf-8-sig" if number == 0 else "utf-8") for number, line in enumerate(source))
            head = next(lines, "")
            reader = csv.reader(lines, delimiter=delimiter_of(head), strict=True)
            names = [name.strip() for name in next(csv.reader([head], reader.dialect), [])]
            if wrong := wrong_columns(names):
                raise ConfigurationError(f"{self._path}: {'; '.join(wrong)} (see {_CLAUSE})")
            for cells in reader:
                if len(cells) > len(names):
                    message = f"{self._path}:{reader.line_num + 1}: {len(cells)} cells in {len(names)} columns"
                    raise ConfigurationError(f"{message}, so nothing is taken; put quotes around what has a comma")
                row = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if cell.strip()}
                if row:
                    yield reader.line_num + 1, row


def _service_of(rows: tuple[tuple[tuple[str, str], ...], ...]) -> tuple[str, tuple[str, ...]]:
    """The lines of a document type as `service_text` has it, and what is wrong with them ("" then)."""
    metadata, wrong = service_of([dict(row) for row in rows])
    return "" if metadata is None else service_text(metadata), tuple(wrong)
