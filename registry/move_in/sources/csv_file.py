# SPDX-License-Identifier: Apache-2.0
"""A table of participants as a source (docs/reference/move-in-csv.md): a row for each endpoint or redirect.

Rows of a participant may stand anywhere. They are put together outside of the memory, and what contradicts itself or
can't be read is told with the numbers of its lines, as a reason why the participant is refused.
"""

import binascii
import csv
import json
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding

from registry.errors import ConfigurationError, ConflictError, Reason, ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.metadata import (
    CustomProperty,
    Endpoint,
    EndpointCertificate,
    Extension,
    Process,
    ProcessMetadata,
    Redirect,
    ServiceMetadata,
)
from registry.move_in.model import Kind, SourceKind, SourceRecord, Unhoused, part_of
from registry.move_in.participant_records import owner_record, participant_record, service_text
from registry.smp.documents.lexical import parse_boolean, parse_date_time
from registry.smp.exchange.sources import open_source
from registry.storage.spool import Spool
from registry.storage.types import to_json
from trust_lists.certificates.parsing import load_certificate
from trust_lists.errors import CertificateError

PARTICIPANT: Final = "participant"
OF_PARTICIPANTS: Final = ("owner", "participant_extension", "business_card")
OF_SERVICES: Final = ("document_type", "service_extension")
OF_ENDPOINTS: Final = (
    "process",
    "transport_profile",
    "address",
    "certificate",
    "activation",
    "expiration",
    "require_business_level_signature",
    "minimum_authentication_level",
    "description",
    "technical_contact",
    "technical_information",
    "endpoint_extension",
)
OF_REDIRECTS: Final = ("redirect", "redirect_certificate_uid")
PROPERTY, PUBLIC_PROPERTY = "property.", "public_property."
"""A column of such a name has the values of the property of the name behind it."""

COLUMNS: Final = (PARTICIPANT, *OF_PARTICIPANTS, *OF_SERVICES, *OF_ENDPOINTS, *OF_REDIRECTS)
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
            before = self._stamp()
            for number, row in self._rows():
                who = row.pop(PARTICIPANT, "")
                if not who:
                    raise ConfigurationError(f"{self._path}:{number}: no participant is named, so nothing is taken")
                spool.add(who, to_json([number, row]).encode())
            if self._stamp() != before:
                raise ConflictError(f"{self._path} has changed while it was read; wait for its end, and try again")
            for key, found in spool.groups():
                said = _Said([(number, row) for number, row in map(json.loads, found)])
                yield self._participant(key, said)
                if (owner := said.once("owner")) and owner not in owners:
                    owners.add(owner)
                    yield owner_record(owner, owner)

    def _participant(self, key: str, said: "_Said") -> SourceRecord:
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
            extensions=_extensions(extension),
            properties=tuple(said.properties()),
            business_card=card.encode() if card else None,
            owner=owner,
            refused=said.reasons,
        )

    def _service(self, rows: Sequence[tuple[int, _Row]], said: "_Said") -> str:
        cells = tuple(tuple((name, row[name]) for name in COLUMNS if name in row) for _, row in rows)
        text, wrong = self._texts(cells)
        numbers = _lines([number for number, _ in rows])
        said.reasons += (Reason("MOVE-IN-CSV", f"{numbers}: {message}", _CLAUSE) for message in wrong)
        return text

    def _rows(self) -> Iterator[tuple[int, _Row]]:
        """Lines with their numbers: the cells by the column's name, those that are empty left out."""
        with self._reading(), open_source(self._path) as source:
            lines = (line.decode("utf-8-sig" if number == 0 else "utf-8") for number, line in enumerate(source))
            head = next(lines, "")
            reader = csv.reader(lines, delimiter=";" if head.count(";") > head.count(",") else ",", strict=True)
            names = [name.strip() for name in next(csv.reader([head], reader.dialect), [])]
            self._check_head(names)
            for cells in reader:
                if len(cells) > len(names):
                    message = f"{self._path}:{reader.line_num + 1}: {len(cells)} cells in {len(names)} columns"
                    raise ConfigurationError(f"{message}, so nothing is taken; put quotes around what has a comma")
                row = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if cell.strip()}
                if row:
                    yield reader.line_num + 1, row

    def _check_head(self, names: Sequence[str]) -> None:
        wrong = [
            f"the column {name!r} is not known"
            for name in names
            if name not in COLUMNS and not name.startswith((PROPERTY, PUBLIC_PROPERTY))
        ]
        wrong += (f"the column {name!r} is there twice" for name, times in Counter(names).items() if times > 1)
        if PARTICIPANT not in names:
            wrong.append(f"there is no column {PARTICIPANT!r}")
        if wrong:
            raise ConfigurationError(f"{self._path}: {'; '.join(wrong)} (see {_CLAUSE})")

    def _stamp(self) -> tuple[int, ...]:
        with self._reading():
            found = self._path.stat()
        return found.st_ino, found.st_size, found.st_mtime_ns

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ConfigurationError(f"{self._path} can't be read: {error.strerror or error}") from error
        except UnicodeDecodeError as error:
            raise ConfigurationError(f"{self._path} is not in UTF-8, so nothing is taken of it") from error
        except (csv.Error, ValidationError) as error:
            raise ConfigurationError(f"{self._path} can't be read, so nothing is taken of it: {error}") from error


@dataclass(slots=True)
class _Said:
    """All lines of one participant, and what is wrong with them."""

    rows: Sequence[tuple[int, _Row]]
    reasons: list[Reason] = field(default_factory=list)

    def once(self, name: str) -> str:
        """What stands in a column that is about the participant; empty lines don't contradict."""
        found = {row[name]: number for number, row in reversed(self.rows) if name in row}
        if len(found) > 1:
            reason = Reason("MOVE-IN-CSV", f"{_lines(sorted(found.values()))}: {name} differs", _CLAUSE)
            self.reasons += [] if reason in self.reasons else [reason]
        return next(iter(found), "")

    def properties(self) -> Iterator[CustomProperty]:
        """The custom properties, in order of their columns' names."""
        for name in sorted({name for _, row in self.rows for name in row}):
            for begin in (PROPERTY, PUBLIC_PROPERTY):
                if name.startswith(begin):
                    yield CustomProperty(name.removeprefix(begin), self.once(name), begin == PUBLIC_PROPERTY)

    def by_document_type(self) -> Iterator[list[tuple[int, _Row]]]:
        """The lines of each document type; those without are about the participant alone."""
        found: dict[str, list[tuple[int, _Row]]] = {}
        for number, row in self.rows:
            about = sorted(row.keys() & {*OF_SERVICES, *OF_ENDPOINTS, *OF_REDIRECTS})
            if "document_type" in row:
                found.setdefault(row["document_type"], []).append((number, row))
            elif about:
                message = f"{_lines([number])}: there is {', '.join(about)}, but no document_type"
                self.reasons.append(Reason("MOVE-IN-CSV", message, _CLAUSE))
        yield from found.values()


def _service_of(rows: tuple[tuple[tuple[str, str], ...], ...]) -> tuple[str, tuple[str, ...]]:
    """The lines of a document type as `service_text` has it, and what is wrong with them ("" then)."""
    cells = [dict(row) for row in rows]
    wrong: list[str] = []
    extensions = {row["service_extension"]: None for row in cells if "service_extension" in row}
    if len(extensions) > 1:
        wrong.append("service_extension differs")
    redirects = [row for row in cells if row.keys() & set(OF_REDIRECTS)]
    if redirects and (len(cells) > 1 or redirects[0].keys() & set(OF_ENDPOINTS)):
        wrong.append("beside a redirect a document type has nothing else")
    try:
        document_type = DocumentTypeIdentifier.parse(cells[0]["document_type"])
        groups = _redirect(redirects[0]) if redirects else _processes(cells, wrong)
    except ValidationError as error:
        wrong.extend(map(str, error.reasons))
    if wrong:
        return "", tuple(wrong)
    metadata = ServiceMetadata(
        ParticipantIdentifier("", "anybody"), document_type, groups, _extensions(next(iter(extensions), ""))
    )
    return service_text(metadata), ()


def _redirect(row: _Row) -> tuple[ProcessMetadata, ...]:
    redirect = Redirect(row.get("redirect", ""), row.get("redirect_certificate_uid", ""))
    return (ProcessMetadata(redirect=redirect),)


def _processes(cells: Sequence[_Row], wrong: list[str]) -> tuple[ProcessMetadata, ...]:
    found: dict[str, list[Endpoint]] = {}
    for row in cells:
        found.setdefault(row.get("process", ""), []).append(_endpoint(row, wrong))
    return tuple(
        ProcessMetadata((Process(ProcessIdentifier.parse(name)),) if name else (), tuple(endpoints))
        for name, endpoints in found.items()
    )


def _endpoint(row: _Row, wrong: list[str]) -> Endpoint:
    der = _certificate(row.get("certificate", ""), wrong)
    return Endpoint(
        transport_profile=row.get("transport_profile", ""),
        address=row.get("address", ""),
        certificates=() if der is None else (EndpointCertificate(der),),
        require_business_level_signature=_flag(row, "require_business_level_signature", wrong),
        minimum_authentication_level=row.get("minimum_authentication_level"),
        activation=_moment(row, "activation", wrong),
        expiration=_moment(row, "expiration", wrong),
        description=row.get("description", ""),
        technical_contact=row.get("technical_contact", ""),
        technical_information=row.get("technical_information"),
        extensions=_extensions(row.get("endpoint_extension", "")),
    )


def _certificate(text: str, wrong: list[str]) -> bytes | None:
    try:
        return load_certificate(text).public_bytes(Encoding.DER) if text else None
    except (CertificateError, binascii.Error) as error:
        wrong.append(f"the certificate: {error}")
        return None


def _flag(row: _Row, name: str, wrong: list[str]) -> bool:
    try:
        return parse_boolean(row[name].lower()) if name in row else False
    except ValueError:
        wrong.append(f"{name} is neither true nor false: {row[name][:40]!r}")
        return False


def _moment(row: _Row, name: str, wrong: list[str]) -> datetime | None:
    try:
        return parse_date_time(row[name].replace(" ", "T"))[0] if name in row else None
    except ValueError:
        wrong.append(f"{name} is no date: {row[name][:40]!r}")
        return None


def _extensions(text: str) -> tuple[Extension, ...]:
    return (Extension(text.encode()),) if text else ()


def _lines(numbers: Sequence[int]) -> str:
    more = f" and {len(numbers) - 5} more" if len(numbers) > 5 else ""
    return f"line {', '.join(map(str, numbers[:5]))}{more}"
