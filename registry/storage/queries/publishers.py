# SPDX-License-Identifier: Apache-2.0
"""Publishers (the SMPs that an SML knows), and the certificates that may speak for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from registry.errors import AlreadyExistsError
from registry.storage.tables import publisher, publisher_certificate, registration
from registry.storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class PublisherRow:
    """A publisher as stored."""

    id: int
    domain_id: int
    smp_id: str
    logical_address: str
    physical_address: str
    suspended: bool


_COLUMNS = [publisher.c[name] for name in PublisherRow.__dataclass_fields__]


def find(connection: Connection, domain_ids: Sequence[int], smp_id: str) -> list[PublisherRow]:
    """The publishers with this id in these domains; ids compare without case, as DNS names do."""
    query = select(*_COLUMNS).where(publisher.c.domain_id.in_(domain_ids), publisher.c.smp_id_key == smp_id.lower())
    return [PublisherRow(*row) for row in connection.execute(query.order_by(publisher.c.domain_id))]


def of_domain(connection: Connection, domain_id: int) -> list[PublisherRow]:
    """All publishers of a domain."""
    query = select(*_COLUMNS).where(publisher.c.domain_id == domain_id).order_by(publisher.c.id)
    return [PublisherRow(*row) for row in connection.execute(query)]


def owned_by(
    connection: Connection, domain_ids: Sequence[int], certificate_sha256: str, at: datetime
) -> list[PublisherRow]:
    """The publishers in these domains for which a certificate may speak at that moment."""
    query = (
        select(*_COLUMNS)
        .join(publisher_certificate, publisher_certificate.c.publisher_id == publisher.c.id)
        .where(publisher.c.domain_id.in_(domain_ids), _usable(certificate_sha256, at))
        .order_by(publisher.c.id)
    )
    return [PublisherRow(*row) for row in connection.execute(query)]


def _usable(certificate_sha256: str, at: datetime) -> ColumnElement[bool]:
    c = publisher_certificate.c
    return (
        (c.certificate_sha256 == certificate_sha256)
        & or_(c.usable_from.is_(None), c.usable_from <= at)
        & or_(c.usable_until.is_(None), c.usable_until > at)
    )


def smp_ids(connection: Connection, publisher_ids: set[int]) -> dict[int, str]:
    """The SMP ids of publishers."""
    query = select(publisher.c.id, publisher.c.smp_id).where(publisher.c.id.in_(publisher_ids))
    return {int(row[0]): str(row[1]) for row in connection.execute(query)}


def add(work: UnitOfWork, domain_id: int, smp_id: str, logical: str, physical: str) -> int:
    """Insert a publisher; returns its id. Raises AlreadyExistsError when the id is taken in the domain."""
    values = {
        "domain_id": domain_id,
        "smp_id": smp_id,
        "smp_id_key": smp_id.lower(),
        "logical_address": logical,
        "physical_address": physical,
        "suspended": False,
        "modified_at": work.now,
    }
    try:
        return int(work.connection.execute(insert(publisher).values(values).returning(publisher.c.id)).scalar_one())
    except IntegrityError as error:
        raise AlreadyExistsError(f"the SMP {smp_id!r} exists already") from error


def add_certificate(work: UnitOfWork, publisher_id: int, certificate_sha256: str) -> None:
    """Let a certificate, stored already, speak for a publisher from now on."""
    values = {"publisher_id": publisher_id, "certificate_sha256": certificate_sha256, "usable_from": work.now}
    work.connection.execute(insert(publisher_certificate).values(values))


def change_addresses(work: UnitOfWork, publisher_id: int, logical: str, physical: str) -> None:
    """Replace a publisher's addresses."""
    work.connection.execute(
        update(publisher)
        .where(publisher.c.id == publisher_id)
        .values(logical_address=logical, physical_address=physical, modified_at=work.now)
    )


def remove(work: UnitOfWork, publisher_id: int) -> None:
    """Delete a publisher that has no registrations left."""
    work.connection.execute(delete(publisher).where(publisher.c.id == publisher_id))


def registrations_of(connection: Connection, publisher_id: int) -> int:
    """How many registrations a publisher has."""
    query = select(func.count()).select_from(registration).where(registration.c.publisher_id == publisher_id)
    return int(connection.execute(query).scalar_one())
