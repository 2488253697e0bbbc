# SPDX-License-Identifier: Apache-2.0
"""Services of many participants at once: the rows that `registry.storage.queries.services` writes one by one.

What a service says is put into the form of rows once, however many participants say the same.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sqlalchemy import Connection, select

from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.metadata import Endpoint, Process, ProcessMetadata, Redirect, ServiceMetadata
from registry.storage.certificate_rows import certificate_row, certificate_sha256
from registry.storage.extension_rows import extensions_to_row
from registry.storage.queries import certificates
from registry.storage.queries.access_points import AccessPoint
from registry.storage.queries.numbers import new_numbers
from registry.storage.queries.services import ServiceRow
from registry.storage.statements import insert_rows
from registry.storage.tables import endpoint, process, process_metadata, redirect, service
from registry.storage.types import to_json, to_microseconds
from registry.storage.unit_of_work import UnitOfWork

_CHUNK = 500
_Values = tuple[Any, ...]
_SERVICE = (
    "id",
    "service_group_id",
    "content_version",
    "modified_at",
    "scheme",
    "value",
    "value_key",
    "extensions",
)
_GROUP = ("id", "service_id", "position", "extensions")
_PROCESS = ("process_metadata_id", "position", "scheme", "value", "roles", "extensions")
_ENDPOINT = (
    "process_metadata_id",
    "service_id",
    "access_point_id",
    "position",
    "require_business_level_signature",
    "minimum_authentication_level",
    "activation",
    "expiration",
    "extensions",
)
_REDIRECT = ("process_metadata_id", "href", "certificate_uid", "certificate_sha256", "extensions")


@dataclass(frozen=True, slots=True)
class _GroupRows:
    """A group of processes; rows begin behind their keys. Endpoints come with the digest of their access point."""

    own: _Values
    processes: tuple[_Values, ...]
    endpoints: tuple[tuple[str, _Values], ...]
    redirects: tuple[_Values, ...]


@dataclass(frozen=True, slots=True)
class ServiceRows:
    """What a service says as rows without keys; its access points by the digest of what they say."""

    document_type: tuple[str, str]
    """Scheme, and value as it compares."""
    own: _Values
    groups: tuple[_GroupRows, ...]
    access_points: Mapping[str, AccessPoint]
    redirect_certificates: tuple[bytes, ...]
    """DER."""

    @classmethod
    def of(cls, metadata: ServiceMetadata, value_key: str) -> "ServiceRows":
        """`value_key` is the document type's value as it compares."""
        found: dict[str, AccessPoint] = {}
        groups = tuple(_group_rows(number, group, found) for number, group in enumerate(metadata.process_metadata))
        identifier = metadata.document_type
        own = (identifier.scheme, identifier.value, value_key, _json(extensions_to_row(metadata.extensions)))
        led_to = (group.redirect for group in metadata.process_metadata)
        ders = tuple(item.certificate for item in led_to if item is not None and item.certificate is not None)
        return cls((identifier.scheme, value_key), own, groups, found, ders)


def _group_rows(position: int, group: ProcessMetadata, found: dict[str, AccessPoint]) -> _GroupRows:
    return _GroupRows(
        (position, _json(extensions_to_row(group.extensions))),
        tuple(_process_row(number, item) for number, item in enumerate(group.processes)),
        tuple(_endpoint_row(number, item, found) for number, item in enumerate(group.endpoints)),
        () if group.redirect is None else (_redirect_row(group.redirect),),
    )


def _process_row(position: int, item: Process) -> _Values:
    identifier = item.identifier
    said = _json(list(item.roles) or None), _json(extensions_to_row(item.extensions))
    return position, identifier.scheme, identifier.value, *said


def _endpoint_row(position: int, item: Endpoint, found: dict[str, AccessPoint]) -> tuple[str, _Values]:
    named = AccessPoint.of(item)
    digest = named.content_sha256()
    found[digest] = named
    return digest, (
        position,
        item.require_business_level_signature,
        item.minimum_authentication_level,
        None if item.activation is None else to_microseconds(item.activation),
        None if item.expiration is None else to_microseconds(item.expiration),
        _json(extensions_to_row(item.extensions)),
    )


def _redirect_row(item: Redirect) -> _Values:
    sha256 = None if item.certificate is None else certificate_sha256(item.certificate)
    return item.href, item.certificate_uid, sha256, _json(extensions_to_row(item.extensions))


def _json(value: Any) -> str | None:
    return None if value is None else to_json(value)


def add_all(work: UnitOfWork, new: Sequence[tuple[int, ServiceRows]], access_point_ids: Mapping[str, int]) -> None:
    """Insert services, each for the service group with the number beside it, which doesn't have it yet.

    `access_point_ids` are by digest.
    """
    connection, at = work.connection, to_microseconds(work.now)
    ders = set(chain.from_iterable(rows.redirect_certificates for _, rows in new))
    certificates.put(connection, map(certificate_row, sorted(ders)))
    numbers = new_numbers(connection, service, len(new))
    parts = [(number, group) for number, (_, rows) in zip(numbers, new, strict=True) for group in rows.groups]
    part_numbers = new_numbers(connection, process_metadata, len(parts))
    placed = [(key, number, group) for key, (number, group) in zip(part_numbers, parts, strict=True)]
    services = [(key, group_id, 1, at, *rows.own) for key, (group_id, rows) in zip(numbers, new, strict=True)]
    insert_rows(connection, service.name, _SERVICE, services)
    insert_rows(connection, process_metadata.name, _GROUP, [(key, number, *group.own) for key, number, group in placed])
    processes = [(key, *row) for key, _, group in placed for row in group.processes]
    insert_rows(connection, process.name, _PROCESS, processes)
    endpoints = [
        (key, number, access_point_ids[digest], *row)
        for key, number, group in placed
        for digest, row in group.endpoints
    ]
    insert_rows(connection, endpoint.name, _ENDPOINT, endpoints)
    redirects = [(key, *row) for key, _, group in placed for row in group.redirects]
    insert_rows(connection, redirect.name, _REDIRECT, redirects)


def of_groups(connection: Connection, group_ids: Sequence[int]) -> dict[int, list[ServiceRow]]:
    """All services of some groups, by the group's number, in order of document type."""
    found: dict[int, list[ServiceRow]] = defaultdict(list)
    c = service.c
    for start in range(0, len(group_ids), _CHUNK):
        query = (
            select(c.id, c.service_group_id, c.scheme, c.value)
            .where(c.service_group_id.in_(group_ids[start : start + _CHUNK]))
            .order_by(c.service_group_id, c.scheme, c.value_key)
        )
        for number, group_id, scheme, value in connection.execute(query):
            found[group_id].append(ServiceRow(number, group_id, DocumentTypeIdentifier(scheme, value)))
    return found
