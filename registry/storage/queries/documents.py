# SPDX-License-Identifier: Apache-2.0
"""Signed documents, found by the stamp of what they show."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BindParameter, Connection, ScalarSelect, Select, bindparam, case, func, literal_column, select
from sqlalchemy.exc import IntegrityError

from registry.errors import NotFoundError
from registry.storage.queries.service_groups import is_served
from registry.storage.tables import (
    access_point,
    endpoint,
    service,
    service_group,
    signed_document,
    signing_key,
)
from registry.storage.types import Instant
from registry.storage.unit_of_work import UnitOfWork
from registry.storage.upsert import insert_if_new


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a signed document shows: the service's content, its access points' versions, and who signed."""

    service_id: int
    content_version: int
    access_points_version: int
    signing_key_id: int


@dataclass(frozen=True, slots=True)
class SignedDocument:
    """The bytes that are served, with their HTTP validators; `last_modified` in seconds since 1970."""

    body: bytes
    etag: str
    last_modified: int


def _parameter(name: str, type_: object = None) -> BindParameter[object]:
    return bindparam(name, type_=type_)  # type: ignore[arg-type]


# Statements are made once: putting them together, aliases above all, takes longer than running them.
_named = access_point.alias("named")
_successor = access_point.alias("successor")


def access_points_version() -> ScalarSelect[int]:
    """The sum of the versions of the access points that a service shows at the moment `now`, which is a parameter."""
    named, successor = _named, _successor
    grown = case((named.c.successor_at <= _parameter("now", Instant()), successor.c.version), else_=literal_column("0"))
    return (
        select(func.coalesce(func.sum(named.c.version + grown), literal_column("0")))
        .select_from(endpoint.join(named, named.c.id == endpoint.c.access_point_id))
        .outerjoin(successor, successor.c.id == named.c.successor_id)
        .where(endpoint.c.service_id == service.c.id)
        .correlate(service)
        .scalar_subquery()
    )


def next_change() -> ScalarSelect[datetime]:
    """When a service's documents change next without anybody writing, after `now`; for `current_document`."""
    return (
        select(func.min(_named.c.successor_at))
        .select_from(endpoint.join(_named, _named.c.id == endpoint.c.access_point_id))
        .where(endpoint.c.service_id == service.c.id, _named.c.successor_at > _parameter("now", Instant()))
        .correlate(service)
        .scalar_subquery()
    )


def current_document(*, with_body: bool) -> Select[tuple[object, ...]]:
    """The statement of an SMP GET: the service that is asked, its stamp now, and the document signed for that stamp.

    Who is private isn't found.

    Parameters: domain_id, scheme, value_key, document_scheme, document_key, dialect, now. No row: no such service.
    A row whose etag is NULL: nobody has signed this state yet; NULL signing key: the domain has none.
    Columns: service id, content version, access points version, signing key id, etag, last modified, body.
    """
    version = access_points_version()
    body = [signed_document.c.body] if with_body else []
    return (
        select(
            service.c.id,
            service.c.content_version,
            version.label("access_points_version"),
            signing_key.c.id.label("signing_key_id"),
            signed_document.c.etag,
            signed_document.c.last_modified,
            *body,
        )
        .select_from(service_group)
        .join(service, service.c.service_group_id == service_group.c.id)
        .outerjoin(signing_key, (signing_key.c.domain_id == service_group.c.domain_id) & signing_key.c.active)
        .outerjoin(
            signed_document,
            (signed_document.c.service_id == service.c.id)
            & (signed_document.c.dialect == _parameter("dialect"))
            & (signed_document.c.content_version == service.c.content_version)
            & (signed_document.c.access_points_version == version)
            & (signed_document.c.signing_key_id == signing_key.c.id),
        )
        .where(
            service_group.c.domain_id == _parameter("domain_id"),
            service_group.c.scheme == _parameter("scheme"),
            service_group.c.value_key == _parameter("value_key"),
            service.c.scheme == _parameter("document_scheme"),
            service.c.value_key == _parameter("document_key"),
            is_served(),
        )
    )


_STAMP = (
    select(
        service.c.id,
        service.c.content_version,
        access_points_version().label("v"),
        signing_key.c.id,
    )
    .select_from(service)
    .join(service_group, service_group.c.id == service.c.service_group_id)
    .join(signing_key, (signing_key.c.domain_id == service_group.c.domain_id) & signing_key.c.active)
    .where(service.c.id == bindparam("service_id"))
)


def stamp_of(connection: Connection, service_id: int, now: datetime) -> Stamp | None:
    """The stamp of what a service shows now; None where its domain has no signing key."""
    row = connection.execute(_STAMP, {"service_id": service_id, "now": now}).first()
    return None if row is None else Stamp(*row)


def find(connection: Connection, stamp: Stamp, dialect: str) -> SignedDocument | None:
    """The document signed for a stamp."""
    c = signed_document.c
    query = select(c.body, c.etag, c.last_modified).where(
        c.service_id == stamp.service_id,
        c.dialect == dialect,
        c.content_version == stamp.content_version,
        c.access_points_version == stamp.access_points_version,
        c.signing_key_id == stamp.signing_key_id,
    )
    row = connection.execute(query).first()
    return None if row is None else SignedDocument(bytes(row.body), row.etag, row.last_modified)


def store(work: UnitOfWork, stamp: Stamp, dialect: str, document: SignedDocument) -> None:
    """Keep a document that was signed for a stamp; the first one stays where two signed at once.

    Raises NotFoundError when the service has been withdrawn meanwhile.
    """
    values = {
        "service_id": stamp.service_id,
        "dialect": dialect,
        "content_version": stamp.content_version,
        "access_points_version": stamp.access_points_version,
        "signing_key_id": stamp.signing_key_id,
        "body": document.body,
        "etag": document.etag,
        "last_modified": document.last_modified,
        "signed_at": work.now,
    }
    try:
        work.connection.execute(insert_if_new(work.connection, signed_document), values)
    except IntegrityError as error:
        raise NotFoundError("the service metadata were withdrawn while they were signed") from error
