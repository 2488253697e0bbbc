# SPDX-License-Identifier: Apache-2.0
"""The code lists of domains, kept as the JSON text that was imported."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, or_, select, union

from registry.identifiers.code_lists import CodeList, Kind
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import EBCORE_PREFIX
from registry.identifiers.wildcard import STAR
from registry.storage.tables import (
    access_point,
    code_list,
    endpoint,
    process,
    process_metadata,
    registration,
    service,
    service_group,
)
from registry.storage.unit_of_work import UnitOfWork


def all_lists(connection: Connection) -> Mapping[int, Mapping[Kind, CodeList]]:
    """The lists in force, by domain id and kind; domains without any are left out."""
    found: dict[int, dict[Kind, CodeList]] = defaultdict(dict)
    query = select(code_list.c.domain_id, code_list.c.content).order_by(code_list.c.domain_id, code_list.c.kind)
    for domain_id, content in connection.execute(query):
        item = CodeList.from_json(content.encode())
        found[domain_id][item.kind] = item
    return dict(found)


def put(work: UnitOfWork, domain_id: int, item: CodeList, content: str) -> None:
    """Put a list in the place of the one of its kind; `content` is its JSON text."""
    key = {"domain_id": domain_id, "kind": item.kind.value}
    work.connection.execute(delete(code_list).filter_by(**key))
    work.connection.execute(
        insert(code_list).values(**key, version=item.version, content=content, modified_at=work.now)
    )


def uses(connection: Connection, domain_id: int, kind: Kind, scheme: str, value: str) -> int:
    """How much of a domain is published or registered with a code: participants, services, or endpoints."""
    found: Select[Any]
    match kind:
        case Kind.PARTICIPANT:
            found = _participants(domain_id, scheme, value)
        case Kind.DOCUMENT_TYPE:
            found = _services(domain_id).where(
                service.c.scheme == scheme, service.c.value.in_(_spellings(scheme, value))
            )
        case Kind.PROCESS:
            found = (
                _services(domain_id)
                .join(process_metadata, process_metadata.c.service_id == service.c.id)
                .join(process, process.c.process_metadata_id == process_metadata.c.id)
                .where(process.c.scheme == scheme, process.c.value == value)
                .distinct()
            )
        case Kind.TRANSPORT_PROFILE:
            found = (
                select(endpoint.c.id)
                .join(access_point, access_point.c.id == endpoint.c.access_point_id)
                .where(access_point.c.domain_id == domain_id, access_point.c.transport_profile == value)
            )
    return int(connection.execute(select(func.count()).select_from(found.subquery())).scalar_one())


def _participants(domain_id: int, scheme: str, icd: str) -> Select[tuple[str, str]]:
    """Those of the SMP and of the SML, each once, by either form of an identifier with an ICD."""
    either = [
        select(table.c.scheme, table.c.value_key).where(
            table.c.domain_id == domain_id,
            or_(
                (table.c.scheme == scheme) & table.c.value_key.startswith(f"{icd}:", autoescape=True),
                table.c.scheme == f"{EBCORE_PREFIX}iso6523:{icd}",
            ),
        )
        for table in (service_group, registration)
    ]
    both = union(*either).subquery()
    return select(both.c.scheme, both.c.value_key)


def _services(domain_id: int) -> Select[tuple[int]]:
    groups = service.join(service_group, service_group.c.id == service.c.service_group_id)
    return select(service.c.id).select_from(groups).where(service_group.c.domain_id == domain_id)


def _spellings(scheme: str, value: str) -> list[str]:
    """A wildcard document type is listed without its `*`."""
    identifier = DocumentTypeIdentifier(scheme, value)
    parts = identifier.parts
    if not identifier.is_wildcard or parts is None:
        return [value]
    return [value, str(replace(parts, customization_id=f"{parts.customization_id}{STAR}"))]
