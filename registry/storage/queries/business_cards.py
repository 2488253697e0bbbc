# SPDX-License-Identifier: Apache-2.0
"""Business cards, by the service group that they belong to."""

from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.exc import IntegrityError

from registry.errors import NotFoundError
from registry.storage.queries.documents import SignedDocument
from registry.storage.queries.service_groups import is_served
from registry.storage.tables import business_card, service_group
from registry.storage.types import to_microseconds
from registry.storage.unit_of_work import UnitOfWork
from registry.storage.upsert import upsert

_FIND = (
    select(business_card.c.body, business_card.c.etag, business_card.c.modified_at)
    .join(service_group, service_group.c.id == business_card.c.service_group_id)
    .where(
        service_group.c.domain_id == bindparam("domain_id"),
        service_group.c.scheme == bindparam("scheme"),
        service_group.c.value_key == bindparam("value_key"),
    )
)
_SERVED = _FIND.where(is_served())


def find(
    connection: Connection, domain_id: int, scheme: str, value_key: str, *, served: bool = False
) -> SignedDocument | None:
    """The card of a participant as it is served, unsigned; `value_key` is the value as its scheme compares it.

    With `served` as public listeners see it: who is private isn't there.
    """
    parameters = {"domain_id": domain_id, "scheme": scheme, "value_key": value_key}
    row = connection.execute(_SERVED if served else _FIND, parameters).first()
    if row is None:
        return None
    return SignedDocument(bytes(row.body), row.etag, to_microseconds(row.modified_at) // 1_000_000)


def put(work: UnitOfWork, group_id: int, body: bytes, etag: str) -> None:
    """Make or replace the card of a service group. Raises NotFoundError when the group has gone meanwhile."""
    values = {"body": body, "etag": etag, "modified_at": work.now}
    statement = upsert(work.connection, business_card).values(service_group_id=group_id, **values)
    try:
        work.connection.execute(statement.on_conflict_do_update(index_elements=["service_group_id"], set_=values))
    except IntegrityError as error:
        raise NotFoundError("the service group was removed while its business card was written") from error


def remove(work: UnitOfWork, group_id: int) -> None:
    """Delete the card of a service group, if there is one."""
    work.connection.execute(delete(business_card).where(business_card.c.service_group_id == group_id))
