# SPDX-License-Identifier: Apache-2.0
"""Participants as rows of a table that is read back as the same (docs/reference/plan-columns.md).

What the columns can't say of a service stands whole in one cell as JSON, which is found out by reading the rows back.
"""

import base64
import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Final

from registry.errors import ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.metadata import Endpoint, Extension, ServiceGroup, ServiceMetadata
from registry.smp.documents.lexical import format_date_time
from registry.smp.exchange.model_json import extensions_to_json, properties_to_json, service_to_json
from registry.smp.exchange.table_columns import (
    ANYBODY,
    COLUMNS,
    EXTENSIONS_JSON,
    JSON_COLUMNS,
    PARTICIPANT,
    PROPERTIES_JSON,
    SERVICE_JSON,
    VISIBILITY,
    guarded,
    service_of,
    unguarded,
)
from registry.storage.types import to_json

MAX_CELL: Final = 131_072
"""Characters that programs read in a cell, ours among them."""
TABLE_COLUMNS: Final = (*COLUMNS, VISIBILITY, *JSON_COLUMNS)
_KEPT: Final = 4_096
_CLAUSE: Final = "docs/reference/plan-columns.md"
_Cells = tuple[tuple[str, str], ...]


def table_head() -> bytes:
    """The first line."""
    return _line(TABLE_COLUMNS)


def table_rows(
    group: ServiceGroup, services: Iterable[ServiceMetadata], card: bytes | None = None, owner: str = ""
) -> bytes:
    """All lines about one participant. Raises ValidationError where a cell would be longer than programs read."""
    who = str(group.participant)
    if ParticipantIdentifier.parse(who, scheme_optional=True) != group.participant or not _is_kept(who):
        raise ValidationError.of("PLAN-CSV", "its identifier can't stand in a table", _CLAUSE)
    rows = [dict(cells) for item in services for cells in _service_cells(item)]
    first = rows[0] if rows else {}
    first |= {"owner": owner} if owner else {}
    first |= {VISIBILITY: group.visibility.value} if group.visibility is not None else {}
    first |= _extension_cells(group.extensions)
    if group.properties:
        first[PROPERTIES_JSON] = to_json(properties_to_json(group.properties))
    if card is not None:
        first["business_card"] = card.decode()
    for row in rows or [first]:
        for name, cell in row.items():
            if len(cell) >= MAX_CELL:
                message = f"{name} would have more than {MAX_CELL} characters, which programs don't read"
                raise ValidationError.of("PLAN-SIZE", message, _CLAUSE)
    lines = ({PARTICIPANT: who, **row} for row in rows or [first])
    return b"".join(_line([guarded(row.get(name, "")) for name in TABLE_COLUMNS]) for row in lines)


def _service_cells(metadata: ServiceMetadata) -> tuple[_Cells, ...]:
    # Whoever says it: hashed without the participant, for thousands say the same.
    return _cells_of(replace(metadata, participant=ANYBODY))


@lru_cache(_KEPT)
def _cells_of(metadata: ServiceMetadata) -> tuple[_Cells, ...]:
    text = to_json(service_to_json(metadata))
    rows = list(_columns(metadata))
    if rows and all(_is_kept(cell) for row in rows for cell in row.values()):
        found, _ = service_of(rows)
        if found is not None and to_json(service_to_json(found)) == text:
            return tuple(tuple(row.items()) for row in rows)
    return (((SERVICE_JSON, text),),)


def _columns(metadata: ServiceMetadata) -> Iterator[dict[str, str]]:
    """The rows of a service as far as the columns can say it; cells that say nothing are left out."""
    own = {"document_type": str(metadata.document_type)}
    if metadata.extensions:
        own["service_extension"] = _text(metadata.extensions)
    for group in metadata.process_metadata:
        if group.redirect is not None:
            certificate_uid = {"redirect_certificate_uid": group.redirect.certificate_uid}
            yield _filled({**own, "redirect": group.redirect.href, **certificate_uid})
        process = str(group.processes[0].identifier) if group.processes else ""
        for endpoint in group.endpoints:
            yield _filled({**own, "process": process, **_endpoint(endpoint)})


def _endpoint(endpoint: Endpoint) -> dict[str, str]:
    return {
        "transport_profile": endpoint.transport_profile,
        "address": endpoint.address,
        "certificate": base64.b64encode(endpoint.certificates[0].der).decode() if endpoint.certificates else "",
        "activation": "" if endpoint.activation is None else format_date_time(endpoint.activation),
        "expiration": "" if endpoint.expiration is None else format_date_time(endpoint.expiration),
        "require_business_level_signature": "true" if endpoint.require_business_level_signature else "",
        "minimum_authentication_level": endpoint.minimum_authentication_level or "",
        "description": endpoint.description,
        "technical_contact": endpoint.technical_contact,
        "technical_information": endpoint.technical_information or "",
        "endpoint_extension": _text(endpoint.extensions),
    }


def _extension_cells(extensions: tuple[Extension, ...]) -> dict[str, str]:
    if not extensions:
        return {}
    text = _text(extensions)
    if _is_kept(text) and extensions == (Extension(text.encode()),):
        return {"participant_extension": text}
    return {EXTENSIONS_JSON: to_json(extensions_to_json(extensions))}


def _text(extensions: tuple[Extension, ...]) -> str:
    try:
        return extensions[0].content.decode() if extensions else ""
    except UnicodeDecodeError:
        return ""


def _filled(row: dict[str, str]) -> dict[str, str]:
    return {name: cell for name, cell in row.items() if cell}


def _is_kept(cell: str) -> bool:
    """Whether a cell is read as what it was."""
    return unguarded(guarded(cell).strip()) == cell and "\0" not in cell


def _line(cells: Iterable[str]) -> bytes:
    out = io.StringIO()
    # Both characters of the line's end are quoted then, wherever they stand.
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue().encode()
