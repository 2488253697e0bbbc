# SPDX-License-Identifier: Apache-2.0
"""Publishers (the SMPs that an SML knows), and the certificates that may speak for them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from registry.errors import AlreadyExistsError
from registry.storage.queries.callers import Bearer
from registry.storage.statements import run
from registry.storage.tables import certificate, publisher, publisher_certificate, registration
from registry.storage.types import Instant
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
    removing: bool = False
    """Whether a job removes it: for its callers it is gone."""


_COLUMNS = [
    *(publisher.c[name] for name in PublisherRow.__dataclass_fields__ if name != "removing"),
    publisher.c.removing_at.is_not(None).label("removing"),
]
_FIND = (
    select(*_COLUMNS)
    .where(
        publisher.c.domain_id.in_(bindparam("domains", expanding=True)),
        publisher.c.smp_id_key == bindparam("smp_id"),
        publisher.c.removing_at.is_(None),
    )
    .order_by(publisher.c.domain_id)
)
_HELD = """
SELECT id, domain_id, smp_id, logical_address, physical_address, suspended, removing_at IS NOT NULL
FROM publisher WHERE id = ?
"""


def find(connection: Connection, domain_ids: Sequence[int], smp_id: str) -> list[PublisherRow]:
    """The publishers with this id in these domains, but those that a job removes; ids compare without case, as DNS
    names do.
    """
    parameters = {"domains": [*domain_ids], "smp_id": smp_id.lower()}
    return [PublisherRow(*row) for row in connection.execute(_FIND, parameters)]


def lock(connection: Connection, domain_ids: Sequence[int], smp_id: str) -> None:
    """Let nobody else change the publishers with this id in these domains until the transaction ends."""
    c = publisher.c
    query = select(c.id).where(c.domain_id.in_(domain_ids), c.smp_id_key == smp_id.lower()).order_by(c.id)
    connection.execute(query.with_for_update())


def hold(work: UnitOfWork, publisher_id: int) -> PublisherRow | None:
    """A publisher as it is, and stays until the transaction ends, though others may hold it, too."""
    connection = work.connection
    share = "" if connection.dialect.name == "sqlite" else "FOR SHARE"
    row = next(iter(run(connection, _HELD + share, (publisher_id,))), None)
    return None if row is None else PublisherRow(*row[:-2], *map(bool, row[-2:]))


def of_domain(connection: Connection, domain_id: int) -> list[PublisherRow]:
    """All publishers of a domain."""
    query = select(*_COLUMNS).where(publisher.c.domain_id == domain_id).order_by(publisher.c.id)
    return [PublisherRow(*row) for row in connection.execute(query)]


def owned_by(
    connection: Connection,
    domain_ids: Sequence[int],
    bearer: Bearer,
    named_in: Sequence[int],
    at: datetime,
) -> list[PublisherRow]:
    """The publishers in these domains for which a certificate may speak at that moment.

    In the domains `named_in` also those for which another one may that has the same issuer and subject.
    """
    query, parameters = _asked(_owned, domain_ids, bearer, named_in, at)
    return [PublisherRow(*row) for row in connection.execute(query, parameters)]


def called(
    connection: Connection,
    domain_ids: Sequence[int],
    smp_id: str,
    bearer: Bearer,
    named_in: Sequence[int],
    at: datetime,
) -> list[tuple[PublisherRow, bool]]:
    """What `find` gives, and of each publisher whether it would be among those of `owned_by`."""
    query, parameters = _asked(_called, domain_ids, bearer, named_in, at)
    rows = connection.execute(query, parameters | {"smp_id": smp_id.lower()})
    return [(PublisherRow(*row), bool(owned)) for *row, owned in rows]


def _asked(
    query: Callable[[bool], Select[Any]],
    domain_ids: Sequence[int],
    bearer: Bearer,
    named_in: Sequence[int],
    at: datetime,
) -> tuple[Select[Any], dict[str, Any]]:
    named = bool(named_in and bearer.issuer and bearer.subject)  # stored names are empty where they couldn't be read
    parameters = {"domains": [*domain_ids], "sha256": bearer.sha256, "at": at}
    if named:
        parameters |= {"named_in": [*named_in], "issuer": bearer.issuer, "subject": bearer.subject}
    return query(named), parameters


# Each call at the SML asks, and putting a statement together takes longer than the answer.
@cache
def _owned(named: bool) -> Select[Any]:
    query = select(*_COLUMNS).distinct().select_from(publisher)
    query = query.join(publisher_certificate, publisher_certificate.c.publisher_id == publisher.c.id)
    in_domains = publisher.c.domain_id.in_(bindparam("domains", expanding=True))
    return _speaking(query, named).where(in_domains, publisher.c.removing_at.is_(None)).order_by(publisher.c.id)


@cache
def _called(named: bool) -> Select[Any]:
    c = publisher_certificate.c
    speaking = _speaking(select(c.publisher_id).select_from(publisher_certificate), named)
    return _FIND.add_columns(speaking.where(c.publisher_id == publisher.c.id).correlate(publisher).exists())


def _speaking(query: Select[Any], named: bool) -> Select[Any]:
    """Only with certificates by which the bearer may speak."""
    c, at = publisher_certificate.c, bindparam("at", type_=Instant)
    owning = c.certificate_sha256 == bindparam("sha256")
    if named:
        query = query.join(certificate, certificate.c.sha256 == c.certificate_sha256)
        same = (certificate.c.issuer == bindparam("issuer")) & (certificate.c.subject == bindparam("subject"))
        owning = or_(owning, publisher.c.domain_id.in_(bindparam("named_in", expanding=True)) & same)
    usable = or_(c.usable_from.is_(None), c.usable_from <= at) & or_(c.usable_until.is_(None), c.usable_until > at)
    return query.where(owning, usable)


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
        "added_by": work.actor,
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


def set_suspended(work: UnitOfWork, publisher_id: int, *, suspended: bool) -> None:
    """Suspend a publisher, or resume it; its names are another thing."""
    values = {"suspended": suspended, "modified_at": work.now}
    work.connection.execute(update(publisher).where(publisher.c.id == publisher_id).values(values))


def begin_removal(work: UnitOfWork, publisher_id: int) -> None:
    """Let a publisher be gone for its callers, while what it has is removed."""
    values = {"removing_at": work.now, "modified_at": work.now}
    work.connection.execute(update(publisher).where(publisher.c.id == publisher_id).values(values))


def by_id(connection: Connection, publisher_id: int, *, lock: bool = False) -> PublisherRow | None:
    """One publisher; with `lock` nobody else changes it before the end of this transaction."""
    query = select(*_COLUMNS).where(publisher.c.id == publisher_id)
    row = connection.execute(query.with_for_update() if lock else query).first()
    return None if row is None else PublisherRow(*row)


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
