# SPDX-License-Identifier: Apache-2.0
"""Publishers (the SMPs that an SML knows), and the certificates that may speak for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, insert, or_, select, update
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
_FIND = (
    select(*_COLUMNS)
    .where(
        publisher.c.domain_id.in_(bindparam("domains", expanding=True)), publisher.c.smp_id_key == bindparam("smp_id")
    )
    .order_by(publisher.c.domain_id)
)


def find(connection: Connection, domain_ids: Sequence[int], smp_id: str) -> list[PublisherRow]:
    """The publishers with this id in these domains; ids compare without case, as DNS names do."""
    parameters = {"domains": [*domain_ids], "smp_id": smp_id.lower()}
    return [PublisherRow(*row) for row in connection.execute(_FIND, parameters)]


def lock(connection: Connection, domain_id: int, smp_id: str) -> None:
    """Let nobody else change a publisher until the transaction ends."""
    c = publisher.c
    query = select(c.id).where(c.domain_id == domain_id, c.smp_id_key == smp_id.lower())
    connection.execute(query.with_for_update())


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


def add_certificate(
    work: UnitOfWork,
    publisher_id: int,
    certificate_sha256: str,
    usable_from: datetime | None = None,
    usable_until: datetime | None = None,
) -> None:
    """Let a certificate, stored already, speak for a publisher from now or a given moment on.

    Raises AlreadyExistsError where it does or did so already.
    """
    values = {
        "publisher_id": publisher_id,
        "certificate_sha256": certificate_sha256,
        "usable_from": usable_from or work.now,
        "usable_until": usable_until,
    }
    try:
        work.connection.execute(insert(publisher_certificate).values(values))
    except IntegrityError as error:
        raise AlreadyExistsError("the certificate is one of the publisher's already") from error


def change_certificate(
    work: UnitOfWork,
    publisher_id: int,
    certificate_sha256: str,
    usable_from: datetime | None,
    usable_until: datetime | None,
) -> None:
    """Replace the window in which a certificate may speak for a publisher."""
    c = publisher_certificate.c
    work.connection.execute(
        update(publisher_certificate)
        .where(c.publisher_id == publisher_id, c.certificate_sha256 == certificate_sha256)
        .values(usable_from=usable_from, usable_until=usable_until)
    )


def remove_certificate(work: UnitOfWork, publisher_id: int, certificate_sha256: str) -> None:
    """Forget that a certificate was to speak for a publisher."""
    c = publisher_certificate.c
    work.connection.execute(
        delete(publisher_certificate).where(c.publisher_id == publisher_id, c.certificate_sha256 == certificate_sha256)
    )


def touch(work: UnitOfWork, publisher_id: int) -> None:
    """Note that something that belongs to a publisher has changed."""
    work.connection.execute(update(publisher).where(publisher.c.id == publisher_id).values(modified_at=work.now))


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
