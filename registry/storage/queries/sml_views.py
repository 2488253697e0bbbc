# SPDX-License-Identifier: Apache-2.0
"""What an administrator sees of the SML: publishers with their certificates, registrations, open migrations."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, func, select, tuple_

from registry.storage.queries.beginnings import EVERYTHING, LOOKED_AT, Beginning
from registry.storage.queries.migrations import is_open
from registry.storage.tables import certificate, migration, publisher, publisher_certificate, registration

Place = tuple[int | str, ...]
"""Where a registration stands: its id; or scheme, value key and NAPTR service."""


@dataclass(frozen=True, slots=True)
class PublisherView:
    """A publisher, with how many registrations it has."""

    id: int
    smp_id: str
    logical_address: str
    physical_address: str
    suspended: bool
    modified_at: datetime
    registrations: int


@dataclass(frozen=True, slots=True)
class PublisherCertificate:
    """A certificate that may speak for a publisher from and until an instant; None: without that bound."""

    sha256: str
    subject: str
    not_before: datetime | None
    not_after: datetime | None
    usable_from: datetime | None
    usable_until: datetime | None


@dataclass(frozen=True, slots=True)
class RegistrationView:
    """A registration with its publisher, and whether its migration is open."""

    id: int
    scheme: str
    value: str
    value_key: str
    naptr_service: str
    label: str
    smp_id: str
    modified_at: datetime
    services: str | None
    suspended: bool
    migrating: bool


@dataclass(frozen=True, slots=True)
class RegistrationFilter:
    """Which registrations are wanted: those of a publisher, those of participants that begin in some way."""

    publisher_id: int | None = None
    beginnings: Sequence[Beginning] = (EVERYTHING,)

    @property
    def in_order_of_time(self) -> bool:
        """Whether they stand in the order in which a publisher registered them, not in that of their keys."""
        return self.publisher_id is not None and list(self.beginnings) == [EVERYTHING]

    def place(self, row: RegistrationView) -> Place:
        """Where a registration stands in the order of these: each order has its index."""
        return (row.id,) if self.in_order_of_time else (row.scheme, row.value_key, row.naptr_service)


_c = registration.c
_REGISTRATIONS = (
    select(func.count())
    .select_from(registration)
    .where(registration.c.publisher_id == publisher.c.id)
    .correlate(publisher)
    .scalar_subquery()
)
_PUBLISHER = (
    *(publisher.c[name] for name in PublisherView.__dataclass_fields__ if name != "registrations"),
    _REGISTRATIONS,
)


def publishers(connection: Connection, domain_id: int, after: str, size: int) -> list[PublisherView]:
    """Up to `size` publishers of a domain with ids, in lower case, behind `after`; in that order."""
    query = select(*_PUBLISHER).where(publisher.c.domain_id == domain_id, publisher.c.smp_id_key > after)
    return [PublisherView(*row) for row in connection.execute(query.order_by(publisher.c.smp_id_key).limit(size))]


def publisher_view(connection: Connection, domain_id: int, smp_id: str) -> PublisherView | None:
    """One publisher of a domain."""
    query = select(*_PUBLISHER).where(publisher.c.domain_id == domain_id, publisher.c.smp_id_key == smp_id.lower())
    row = connection.execute(query).first()
    return None if row is None else PublisherView(*row)


def certificates_of(connection: Connection, publisher_id: int) -> list[PublisherCertificate]:
    """The certificates of a publisher, whether they may speak for it now or not."""
    held, known = publisher_certificate.c, certificate.c
    columns = (known.sha256, known.subject, known.not_before, known.not_after, held.usable_from, held.usable_until)
    query = (
        select(*columns)
        .select_from(publisher_certificate.join(certificate, held.certificate_sha256 == known.sha256))
        .where(held.publisher_id == publisher_id)
        .order_by(known.sha256)
    )
    return [PublisherCertificate(*row) for row in connection.execute(query)]


def registrations(
    connection: Connection, domain_id: int, wanted: RegistrationFilter, after: Place, size: int, at: datetime
) -> tuple[list[RegistrationView], Place]:
    """Up to `size` registrations of a domain behind the one at the place `after`, or with () the first.

    With them the place behind which others may follow, () where none do. There may be fewer, though others follow,
    where the publisher has none among LOOKED_AT in a row.
    """
    if wanted.in_order_of_time:
        query = select(_c.id).where(_c.publisher_id == wanted.publisher_id, _c.domain_id == domain_id)
        query = query.where(_c.id > after[0]) if after else query
        ids = [*connection.execute(query.order_by(_c.id).limit(size + 1)).scalars()]
        return _views(connection, ids[:size], at), (ids[size - 1],) if len(ids) > size else ()
    found: list[tuple[int, Place]] = []
    stopped: Place = ()
    key = [str(part) for part in after]
    for part in wanted.beginnings:
        if stopped or len(found) > size:
            break
        if not part.is_before(key):
            more, stopped = _walked(connection, domain_id, wanted.publisher_id, part, key, size + 1 - len(found))
            found += more
    if len(found) > size:
        stopped = found[size - 1][1]
    return _views(connection, [number for number, _ in found[:size]], at), stopped


def _walked(
    connection: Connection, domain_id: int, publisher_id: int | None, part: Beginning, after: Sequence[str], size: int
) -> tuple[list[tuple[int, Place]], Place]:
    """Registrations of a beginning, id and place, and where the look at others' stopped before its end."""
    place = _c.scheme, _c.value_key, _c.naptr_service
    others = part.looked_at(_c.value_key)
    conditions = [_c.domain_id == domain_id]
    if publisher_id is not None and _has_few(connection, publisher_id):
        few = select(_c.id).where(_c.publisher_id == publisher_id)
        conditions = [_c.id.in_(few), _c.domain_id + 0 == domain_id]
    elif publisher_id is not None:
        others.append(_c.publisher_id + 0 == publisher_id)
    # One participant is registered once for each of its services: they stand together.
    conditions += part.conditions(_c.scheme, _c.value_key, after[:2], among=True)
    if after:
        conditions.append(tuple_(*place) > tuple_(*after))
    last: Any = None
    if others:
        looked = select(*place).where(*conditions).order_by(*place)
        last = connection.execute(looked.offset(LOOKED_AT - 1).limit(1)).first()
        conditions += others
    if last is not None:
        conditions.append(tuple_(*place) <= tuple_(*last))
    rows = connection.execute(select(_c.id, *place).where(*conditions).order_by(*place).limit(size)).all()
    return [(row[0], tuple(row[1:])) for row in rows], () if last is None or len(rows) == size else tuple(last)


def _has_few(connection: Connection, publisher_id: int) -> bool:
    some = select(_c.id).where(_c.publisher_id == publisher_id).limit(LOOKED_AT).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one()) < LOOKED_AT


def _views(connection: Connection, ids: Sequence[int], at: datetime) -> list[RegistrationView]:
    if not ids:
        return []
    rows = connection.execute(_registrations(at).where(_c.id.in_(ids)))
    found = {row.id: RegistrationView(*row) for row in rows}
    return [found[number] for number in ids]


def registration_view(
    connection: Connection, domain_id: int, scheme: str, value_key: str, naptr_service: str, at: datetime
) -> RegistrationView | None:
    """One registration."""
    c = registration.c
    query = _registrations(at).where(
        c.domain_id == domain_id, c.scheme == scheme, c.value_key == value_key, c.naptr_service == naptr_service
    )
    row = connection.execute(query).first()
    return None if row is None else RegistrationView(*row)


def _registrations(at: datetime) -> Select[Any]:
    c = registration.c
    opened = and_(migration.c.registration_id == c.id, is_open(at))
    return select(
        c.id,
        c.scheme,
        c.value,
        c.value_key,
        c.naptr_service,
        c.label,
        publisher.c.smp_id,
        c.modified_at,
        c.services,
        c.suspended,
        migration.c.registration_id.is_not(None),
    ).select_from(
        registration.join(publisher, publisher.c.id == c.publisher_id).outerjoin(migration, opened),
    )
