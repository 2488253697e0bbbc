# SPDX-License-Identifier: Apache-2.0
"""JSON lines: a whole SMP in one file, a participant a line, read and written without holding more than a line.

The first line names the format. Lines are canonical (sorted names, no blanks, UTF-8), so that equal content is equal
bytes. A line that can't be understood is refused by its number and the rest is read.
"""

import gzip
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Self

from registry.errors import Reason, ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.metadata import ServiceGroup, ServiceMetadata
from registry.smp.documents.business_card import read as read_business_card
from registry.smp.exchange.json_reader import JsonReader
from registry.smp.exchange.model_json import (
    extensions_to_json,
    identifier_to_json,
    properties_to_json,
    read_extension,
    read_participant,
    read_property,
    read_service,
    read_visibility,
    service_to_json,
)
from registry.smp.exchange.sources import open_source
from registry.smp.exchange.verdicts import Statement

FORMAT = "edelivery-registry/1"
MAX_LINE_BYTES = 32_000_000
_IDLE_LINES = 4
_CLAUSE = "docs/reference/exchange.md"


def line_of(group: ServiceGroup, services: Iterable[ServiceMetadata], business_card: bytes | None = None) -> bytes:
    """Everything about one participant as a line, its end included; the business card as the XML that is published.

    Raises ValidationError where the line is longer than what a reader takes.
    """
    said: dict[str, Any] = {"participant": identifier_to_json(group.participant)}
    if group.extensions:
        said["extensions"] = extensions_to_json(group.extensions)
    if group.properties:
        said["properties"] = properties_to_json(group.properties)
    if group.visibility is not None:
        said["visibility"] = group.visibility.value
    if listed := [service_to_json(item) for item in services]:
        said["services"] = listed
    if business_card is not None:
        said["business_card"] = business_card.decode()
    line = canonical_json(said)
    if len(line) > MAX_LINE_BYTES:
        raise ValidationError.of("SMP-JSON-SIZE", f"the line would have more than {MAX_LINE_BYTES} bytes", _CLAUSE)
    return line


def canonical_json(value: Any) -> bytes:
    """A line of JSON that is the same for the same content."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n"


class JsonLinesWriter:
    """Writes a file of lines, compressed where its name ends in `.gz`; use it as a context manager.

    The file stands under its name only once it is complete. The first line is `head`, by default that of JSON lines.
    """

    def __init__(self, path: Path, head: bytes | None = None) -> None:
        self._path = path
        self._head = canonical_json({"format": FORMAT}) if head is None else head
        self._part = path.with_name(path.name + ".part")

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._part.open("wb")
        self._out: BinaryIO | gzip.GzipFile = self._file
        if self._path.name.endswith(".gz"):
            # Neither name nor time in the header: the same content is the same bytes.
            self._out = gzip.GzipFile("", "wb", compresslevel=6, fileobj=self._file, mtime=0)
        self._out.write(self._head)
        return self

    def write(self, line: bytes) -> None:
        """Add a line that `line_of` made."""
        self._out.write(line)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._out is not self._file:
            self._out.close()
        self._file.close()
        if kind is None:
            self._part.replace(self._path)
        else:
            self._part.unlink(missing_ok=True)


def read_json_lines(path: Path) -> Iterator[Statement]:
    """What a file says, in its order: of each participant the group, then the services, then the business card.

    Raises OSError, and ValidationError where the file is of another format or can't be read on.
    """
    with open_source(path) as source:
        lines = _lines(source)
        _check_header(next(lines, (1, b""))[1])
        for number, line in lines:
            where = f"{path}:{number}"
            if line is None:
                reason = Reason("SMP-JSON-SIZE", f"the line has more than {MAX_LINE_BYTES} bytes", _CLAUSE)
                yield Statement(where, "participant", reasons=(str(reason),))
            else:
                yield from _statements(where, line)


def _lines(source: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """The number and the content of each line that is not blank, None where it is too long to be looked at.

    Raises ValidationError where there is nothing for too long: a few kilobytes of gzip can hold endless blanks.
    """
    number = idle = 0
    while line := source.readline(MAX_LINE_BYTES + 1):
        number += 1
        whole = len(line) <= MAX_LINE_BYTES or line.endswith(b"\n")
        if whole and line.strip():
            idle = 0
            yield number, line
            continue
        idle += len(line)
        if not whole:
            while (more := source.readline(MAX_LINE_BYTES)) and idle <= _IDLE_LINES * MAX_LINE_BYTES:
                idle += len(more)
                if more.endswith(b"\n"):
                    break
            yield number, None
        if idle > _IDLE_LINES * MAX_LINE_BYTES:
            message = f"line {number}: no line in more than {idle} bytes; nothing behind it is read"
            raise ValidationError.of("SMP-JSON-SIZE", message, _CLAUSE)


def _check_header(line: bytes | None) -> None:
    try:
        header = parse_json(line or b"")
    except ValidationError:
        header = None
    if header != {"format": FORMAT}:
        message = f'the first line is not {{"format":"{FORMAT}"}}: this is another format, or a newer one'
        raise ValidationError.of("SMP-JSON-FORMAT", message, _CLAUSE)


def _statements(where: str, line: bytes) -> Iterator[Statement]:
    participant = ""
    reasons: list[Reason] = []
    try:
        reader = JsonReader(parse_json(line), "", reasons)
        group, services, business_card = _read_line(reader)
        participant = str(group.participant)
        reader.finish()
        if reasons:
            raise ValidationError(reasons)
    except ValidationError as error:
        yield Statement(where, "participant", participant, reasons=tuple(map(str, error.reasons)))
        return
    yield Statement.of(where, group)
    for service in services:
        yield Statement.of(where, service)
    if business_card is not None:
        yield _business_card(where, participant, business_card)


def _business_card(where: str, participant: str, card: str) -> Statement:
    try:
        return Statement.of(where, read_business_card(card.encode()))
    except ValidationError as error:
        return Statement(where, "business_card", participant, reasons=tuple(map(str, error.reasons)))


def _read_line(reader: JsonReader) -> tuple[ServiceGroup, tuple[ServiceMetadata, ...], str | None]:
    participant: ParticipantIdentifier = reader.object("participant", read_participant)
    extensions = reader.objects("extensions", read_extension)
    services = reader.objects("services", lambda item: read_service(item, participant))
    # A line without properties, such as those of older versions, says nothing of them.
    properties = reader.objects("properties", read_property) or None
    visibility = read_visibility(reader)
    group = ServiceGroup(participant, extensions=extensions, properties=properties, visibility=visibility)
    return group, services, reader.optional_text("business_card")


def parse_json(data: bytes | str) -> Any:
    """JSON as RFC 8259 has it: no name twice, no NaN, not nested too deep. Raises ValidationError."""
    try:
        return json.loads(data, object_pairs_hook=_unique, parse_constant=_no_constant)
    except RecursionError:
        raise ValidationError.of("SMP-JSON", "the JSON is nested too deep", "RFC 8259 §9") from None
    except ValueError as error:
        raise ValidationError.of("SMP-JSON", f"no JSON: {str(error)[:200]}", "RFC 8259") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object has a name twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")
