# SPDX-License-Identifier: Apache-2.0
"""What an SMP would have to sign if somebody asked for it now: there are no signed bytes for its present state."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select

from registry.storage.queries.documents import access_points_version
from registry.storage.queries.signed_groups import GroupKey
from registry.storage.tables import service, service_group, signed_document, signed_service_group, signing_key

_SERVICES: Select[Any] = (
    select(service.c.id)
    .select_from(service_group)
    .join(service, service.c.service_group_id == service_group.c.id)
    .join(signing_key, (signing_key.c.domain_id == service_group.c.domain_id) & signing_key.c.active)
    .outerjoin(
        signed_document,
        (signed_document.c.service_id == service.c.id)
        & (signed_document.c.dialect == bindparam("dialect"))
        & (signed_document.c.content_version == service.c.content_version)
        & (signed_document.c.access_points_version == access_points_version())
        & (signed_document.c.signing_key_id == signing_key.c.id),
    )
    .where(
        service_group.c.domain_id == bindparam("domain_id"),
        service.c.id > bindparam("after"),
        signed_document.c.service_id.is_(None),
    )
)
_GROUPS: Select[Any] = (
    select(service_group.c.id, service_group.c.scheme, service_group.c.value_key)
    .join(signing_key, (signing_key.c.domain_id == service_group.c.domain_id) & signing_key.c.active)
    .outerjoin(
        signed_service_group,
        (signed_service_group.c.service_group_id == service_group.c.id)
        & (signed_service_group.c.dialect == bindparam("dialect"))
        & (signed_service_group.c.content_version == service_group.c.content_version)
        & (signed_service_group.c.signing_key_id == signing_key.c.id),
    )
    .where(
        service_group.c.domain_id == bindparam("domain_id"),
        service_group.c.id > bindparam("after"),
        signed_service_group.c.service_group_id.is_(None),
    )
)


def services(
    connection: Connection, domain_id: int, dialect: str, now: datetime, *, after: int, limit: int
) -> list[int]:
    """The ids of services whose metadata aren't signed in a dialect, in order; none where there is no signing key."""
    parameters = {"domain_id": domain_id, "dialect": dialect, "now": now, "after": after}
    return list(connection.execute(_SERVICES.order_by(service.c.id).limit(limit), parameters).scalars())


def count_services(connection: Connection, domain_id: int, dialect: str, now: datetime) -> int:
    """How many `services` there are."""
    parameters = {"domain_id": domain_id, "dialect": dialect, "now": now, "after": 0}
    return int(connection.execute(select(func.count()).select_from(_SERVICES.subquery()), parameters).scalar_one())


def groups(
    connection: Connection, domain_id: int, dialect: str, *, after: int, limit: int
) -> list[tuple[int, GroupKey]]:
    """Service groups that aren't signed in a dialect, with their ids, in order."""
    parameters = {"domain_id": domain_id, "dialect": dialect, "after": after}
    rows = connection.execute(_GROUPS.order_by(service_group.c.id).limit(limit), parameters)
    return [(row_id, GroupKey(domain_id, scheme, value_key, dialect)) for row_id, scheme, value_key in rows]


def count_groups(connection: Connection, domain_id: int, dialect: str) -> int:
    """How many `groups` there are."""
    parameters = {"domain_id": domain_id, "dialect": dialect, "after": 0}
    return int(connection.execute(select(func.count()).select_from(_GROUPS.subquery()), parameters).scalar_one())
