# SPDX-License-Identifier: Apache-2.0
"""Services: the metadata of one document type of a participant, to rows and back."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from registry.errors import AlreadyExistsError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.metadata import Endpoint, Process, ProcessMetadata, Redirect, ServiceMetadata
from registry.storage.certificate_rows import certificate_row, certificate_sha256
from registry.storage.extension_rows import extensions_from_row, extensions_to_row
from registry.storage.queries import access_points, certificates
from registry.storage.queries.access_points import AccessPoint
from registry.storage.tables import (
    access_point,
    certificate,
    endpoint,
    process,
    process_metadata,
    redirect,
    service,
    service_group,
)
from registry.storage.unit_of_work import UnitOfWork

# Made once: an alias costs more than the query that it is in.
_named = access_point.alias("named")
_shown = access_point.alias("shown")


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A service as stored."""

    id: int
    service_group_id: int
    document_type: DocumentTypeIdentifier


def find(connection: Connection, group_id: int, scheme: str, value_key: str) -> ServiceRow | None:
    """The service of a document type in a group."""
    query = select(service.c.id, service.c.service_group_id, service.c.scheme, service.c.value).where(
        service.c.service_group_id == group_id, service.c.scheme == scheme, service.c.value_key == value_key
    )
    row = connection.execute(query).first()
    return None if row is None else ServiceRow(row[0], row[1], DocumentTypeIdentifier(row[2], row[3]))


def exists(connection: Connection, service_id: int) -> bool:
    """Whether there is (still) a service with this id."""
    return connection.execute(select(service.c.id).where(service.c.id == service_id)).first() is not None


def of_group(connection: Connection, group_id: int) -> list[ServiceRow]:
    """All services of a group, in order of document type."""
    query = (
        select(service.c.id, service.c.service_group_id, service.c.scheme, service.c.value)
        .where(service.c.service_group_id == group_id)
        .order_by(service.c.scheme, service.c.value_key)
    )
    return [ServiceRow(r[0], r[1], DocumentTypeIdentifier(r[2], r[3])) for r in connection.execute(query)]


def add(work: UnitOfWork, group_id: int, domain_id: int, value_key: str, metadata: ServiceMetadata) -> int:
    """Insert a service with all that it says; returns its id."""
    values = {
        "service_group_id": group_id,
        "scheme": metadata.document_type.scheme,
        "value": metadata.document_type.value,
        "value_key": value_key,
        "content_version": 1,
        "modified_at": work.now,
        "extensions": extensions_to_row(metadata.extensions),
    }
    try:
        statement = insert(service).values(values).returning(service.c.id)
        service_id = int(work.connection.execute(statement).scalar_one())
    except IntegrityError as error:
        raise AlreadyExistsError(f"{metadata.participant} has {metadata.document_type} already") from error
    _write_content(work, service_id, domain_id, metadata)
    return service_id


def change(work: UnitOfWork, service_id: int, domain_id: int, metadata: ServiceMetadata) -> None:
    """Replace all that a service says; its content version grows."""
    before = _access_point_ids(work.connection, service_id)
    work.connection.execute(delete(process_metadata).where(process_metadata.c.service_id == service_id))
    work.connection.execute(
        update(service)
        .where(service.c.id == service_id)
        .values(
            content_version=service.c.content_version + 1,
            modified_at=work.now,
            extensions=extensions_to_row(metadata.extensions),
        )
    )
    _write_content(work, service_id, domain_id, metadata, held=before)
    access_points.remove_unused(work, before)


def remove(work: UnitOfWork, service_id: int) -> None:
    """Delete a service with all that it says."""
    before = _access_point_ids(work.connection, service_id)
    work.connection.execute(delete(service).where(service.c.id == service_id))
    access_points.remove_unused(work, before)


def load(connection: Connection, service_id: int, at: datetime) -> ServiceMetadata:
    """What a service says at a moment, planned successors of its access points included."""
    return load_many(connection, [service_id], at)[service_id]


def load_many(connection: Connection, ids: Sequence[int], at: datetime) -> dict[int, ServiceMetadata]:
    """What some services say at a moment, by id and in the order of `ids`; with a few queries for all of them."""
    query = (
        select(
            service.c.id,
            service_group.c.scheme,
            service_group.c.value,
            service.c.scheme.label("document_scheme"),
            service.c.value.label("document_value"),
            service.c.extensions,
        )
        .join(service_group, service_group.c.id == service.c.service_group_id)
        .where(service.c.id.in_(ids))
    )
    groups = _load_process_metadata(connection, ids, at)
    found = {
        row.id: ServiceMetadata(
            participant=ParticipantIdentifier(row.scheme, row.value),
            document_type=DocumentTypeIdentifier(row.document_scheme, row.document_value),
            process_metadata=tuple(groups[row.id]),
            extensions=extensions_from_row(row.extensions),
        )
        for row in connection.execute(query)
    }
    return {each: found[each] for each in ids if each in found}


def _load_process_metadata(
    connection: Connection, ids: Sequence[int], at: datetime
) -> dict[int, list[ProcessMetadata]]:
    mine = process_metadata.c.service_id.in_(ids)
    processes: dict[int, list[Process]] = defaultdict(list)
    query = select(process).join(process_metadata).where(mine).order_by(process.c.position)
    for row in connection.execute(query):
        processes[row.process_metadata_id].append(
            Process(
                ProcessIdentifier(row.scheme, row.value), tuple(row.roles or ()), extensions_from_row(row.extensions)
            )
        )
    endpoints = _load_endpoints(connection, ids, at)
    redirects = {
        row.process_metadata_id: Redirect(
            row.href, row.certificate_uid, extensions_from_row(row.extensions), row.der and bytes(row.der)
        )
        for row in connection.execute(
            select(redirect, certificate.c.der).join(process_metadata).outerjoin(certificate).where(mine)
        )
    }
    query = select(process_metadata).where(mine).order_by(process_metadata.c.service_id, process_metadata.c.position)
    groups: dict[int, list[ProcessMetadata]] = defaultdict(list)
    for row in connection.execute(query):
        groups[row.service_id].append(
            ProcessMetadata(
                processes=tuple(processes[row.id]),
                endpoints=tuple(endpoints[row.id]),
                redirect=redirects.get(row.id),
                extensions=extensions_from_row(row.extensions),
            )
        )
    return groups


def _load_endpoints(connection: Connection, ids: Sequence[int], at: datetime) -> dict[int, list[Endpoint]]:
    named, shown = _named, _shown
    shown_id = case((named.c.successor_at <= at, named.c.successor_id), else_=named.c.id)
    rows = connection.execute(
        select(
            endpoint,
            shown.c.id.label("shown_id"),
            shown.c.transport_profile,
            shown.c.address,
            shown.c.description,
            shown.c.technical_contact,
            shown.c.technical_information,
        )
        .join(named, named.c.id == endpoint.c.access_point_id)
        .join(shown, shown.c.id == shown_id)
        .where(endpoint.c.service_id.in_(ids))
        .order_by(endpoint.c.process_metadata_id, endpoint.c.position)
    ).all()
    certificates = access_points.certificates_of(connection, {row.shown_id for row in rows})
    endpoints: dict[int, list[Endpoint]] = defaultdict(list)
    for row in rows:
        endpoints[row.process_metadata_id].append(
            Endpoint(
                transport_profile=row.transport_profile,
                address=row.address,
                certificates=certificates[row.shown_id],
                require_business_level_signature=row.require_business_level_signature,
                minimum_authentication_level=row.minimum_authentication_level,
                activation=row.activation,
                expiration=row.expiration,
                description=row.description,
                technical_contact=row.technical_contact,
                technical_information=row.technical_information,
                extensions=extensions_from_row(row.extensions),
            )
        )
    return endpoints


def last_modified(connection: Connection, service_id: int, at: datetime) -> datetime:
    """When what a service shows at a moment last changed, its access points included."""
    named, shown = _named, _shown
    active = named.c.successor_at <= at
    query = (
        select(
            func.max(named.c.modified_at),
            func.max(case((active, named.c.successor_at))),
            func.max(case((active, shown.c.modified_at))),
        )
        .select_from(endpoint.join(named, named.c.id == endpoint.c.access_point_id))
        .outerjoin(shown, shown.c.id == named.c.successor_id)
        .where(endpoint.c.service_id == service_id)
    )
    instants: list[datetime | None] = list(connection.execute(query).one())
    instants.append(connection.execute(select(service.c.modified_at).where(service.c.id == service_id)).scalar_one())
    return max(instant for instant in instants if instant is not None)


def _access_point_ids(connection: Connection, service_id: int) -> set[int]:
    query = select(endpoint.c.access_point_id).where(endpoint.c.service_id == service_id)
    return {int(found) for found in connection.execute(query).scalars()}


def _write_content(
    work: UnitOfWork, service_id: int, domain_id: int, metadata: ServiceMetadata, *, held: Collection[int] = ()
) -> None:
    for position, group in enumerate(metadata.process_metadata):
        values = {
            "service_id": service_id,
            "position": position,
            "extensions": extensions_to_row(group.extensions),
        }
        statement = insert(process_metadata).values(values).returning(process_metadata.c.id)
        group_id = int(work.connection.execute(statement).scalar_one())
        processes = [_process_row(group_id, number, item) for number, item in enumerate(group.processes)]
        endpoints = [
            _endpoint_row(work, group_id, service_id, domain_id, number, item, held)
            for number, item in enumerate(group.endpoints)
        ]
        redirects = [_redirect_row(work, group_id, group.redirect)] if group.redirect is not None else []
        for table, rows in ((process, processes), (endpoint, endpoints), (redirect, redirects)):
            if rows:
                work.connection.execute(insert(table), rows)


def _redirect_row(work: UnitOfWork, group_id: int, source: Redirect) -> dict[str, Any]:
    if source.certificate is not None:
        certificates.put(work.connection, [certificate_row(source.certificate)])
    return {
        "process_metadata_id": group_id,
        "href": source.href,
        "certificate_uid": source.certificate_uid,
        "certificate_sha256": None if source.certificate is None else certificate_sha256(source.certificate),
        "extensions": extensions_to_row(source.extensions),
    }


def _process_row(group_id: int, position: int, source: Process) -> dict[str, Any]:
    return {
        "process_metadata_id": group_id,
        "position": position,
        "scheme": source.identifier.scheme,
        "value": source.identifier.value,
        "roles": list(source.roles) or None,
        "extensions": extensions_to_row(source.extensions),
    }


def _endpoint_row(
    work: UnitOfWork,
    group_id: int,
    service_id: int,
    domain_id: int,
    position: int,
    source: Endpoint,
    held: Collection[int],
) -> dict[str, Any]:
    return {
        "process_metadata_id": group_id,
        "service_id": service_id,
        "access_point_id": access_points.find_or_add(work, domain_id, AccessPoint.of(source), held),
        "position": position,
        "require_business_level_signature": source.require_business_level_signature,
        "minimum_authentication_level": source.minimum_authentication_level,
        "activation": source.activation,
        "expiration": source.expiration,
        "extensions": extensions_to_row(source.extensions),
    }
