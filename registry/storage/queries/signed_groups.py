# SPDX-License-Identifier: Apache-2.0
"""Signed service groups, found by the stamp of what they show."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select

from registry.errors import ConfigurationError
from registry.storage.queries.documents import SignedDocument
from registry.storage.queries.service_groups import is_served
from registry.storage.tables import service_group, signed_service_group, signing_key
from registry.storage.unit_of_work import UnitOfWork
from registry.storage.upsert import insert_if_new


@dataclass(frozen=True, slots=True)
class GroupKey:
    """What a GET asks for; the value as its scheme compares it."""

    domain_id: int
    scheme: str
    value_key: str
    dialect: str


@dataclass(frozen=True, slots=True)
class GroupStamp:
    """What a signed service group shows: the group's content, when that changed, and who signed."""

    service_group_id: int
    content_version: int
    modified_at: datetime
    signing_key_id: int


@dataclass(frozen=True, slots=True)
class FoundGroup:
    """A service group that exists: its present stamp, and the document signed for that, if somebody has signed it."""

    stamp: GroupStamp
    document: SignedDocument | None


CURRENT: Select[Any] = (
    select(
        service_group.c.id,
        service_group.c.content_version,
        service_group.c.modified_at,
        signing_key.c.id.label("signing_key_id"),
        signed_service_group.c.body,
        signed_service_group.c.etag,
        signed_service_group.c.last_modified,
    )
    .select_from(service_group)
    .outerjoin(signing_key, (signing_key.c.domain_id == service_group.c.domain_id) & signing_key.c.active)
    .outerjoin(
        signed_service_group,
        (signed_service_group.c.service_group_id == service_group.c.id)
        & (signed_service_group.c.dialect == bindparam("dialect"))
        & (signed_service_group.c.content_version == service_group.c.content_version)
        & (signed_service_group.c.signing_key_id == signing_key.c.id),
    )
    .where(
        service_group.c.domain_id == bindparam("domain_id"),
        service_group.c.scheme == bindparam("scheme"),
        service_group.c.value_key == bindparam("value_key"),
    )
)
"""The statement of `find`, with parameters domain_id, scheme, value_key and dialect.

Columns: group id, content version, modified at, signing key id, body, etag, last modified.
"""
SERVED = CURRENT.where(is_served())
"""`CURRENT` as public listeners see it."""


def find(connection: Connection, key: GroupKey, *, served: bool = False) -> FoundGroup | None:
    """A group's present stamp and the document signed for that, if there is one; None where there is no such group.

    With `served` as public listeners see it. Raises ConfigurationError where the domain has no signing key.
    """
    return found_of_row(connection.execute(SERVED if served else CURRENT, asdict(key)).first())


def found_of_row(row: Any) -> FoundGroup | None:
    """What a row of `CURRENT` says. Raises as `find`."""
    if row is None:
        return None
    group_id, content_version, modified_at, signing_key_id, body, etag, last_modified = row
    if signing_key_id is None:
        raise ConfigurationError("the domain has no signing key, so it can't publish")
    stamp = GroupStamp(group_id, content_version, modified_at, signing_key_id)
    return FoundGroup(stamp, None if etag is None else SignedDocument(bytes(body), etag, last_modified))


def store(work: UnitOfWork, stamp: GroupStamp, dialect: str, document: SignedDocument) -> None:
    """Keep a document that was signed for a stamp; does nothing where the group has changed or gone meanwhile."""
    now = select(service_group.c.content_version, service_group.c.modified_at).where(
        service_group.c.id == stamp.service_group_id
    )
    row = work.connection.execute(now).first()
    if row is None or tuple(row) != (stamp.content_version, stamp.modified_at):
        return
    values = {
        "service_group_id": stamp.service_group_id,
        "dialect": dialect,
        "content_version": stamp.content_version,
        "signing_key_id": stamp.signing_key_id,
        "body": document.body,
        "etag": document.etag,
        "last_modified": document.last_modified,
        "signed_at": work.now,
    }
    work.connection.execute(insert_if_new(work.connection, signed_service_group), values)
