# SPDX-License-Identifier: Apache-2.0
"""Registrations at the SML."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, bindparam, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from registry.errors import AlreadyExistsError
from registry.storage.statements import insert_rows, rows_among
from registry.storage.tables import registration
from registry.storage.types import to_microseconds
from registry.storage.unit_of_work import UnitOfWork

_CHUNK = 400


@dataclass(frozen=True, slots=True)
class RegistrationRow:
    """A registered participant; `value` as spelled, `value_key` as compared, `label` its owner name in the zone.

    `services` are its own, as stored; None where it has those of the domain. `event` is the audit event that tells of
    its registration where that was one of many, None where it has one of its own.
    """

    id: int
    domain_id: int
    scheme: str
    value: str
    value_key: str
    naptr_service: str
    publisher_id: int
    label: str
    services: str | None
    suspended: bool
    event: int | None


Held = tuple[str, str, str]
"""Scheme, value key and NAPTR service of a registration."""


class NewRegistration(NamedTuple):
    """What is needed to register a participant; `services` are its own, None where it has those of the domain."""

    scheme: str
    value: str
    value_key: str
    naptr_service: str
    label: str
    services: str | None = None
    suspended: bool = False


_NEW = (
    "domain_id",
    "publisher_id",
    "scheme",
    "value",
    "value_key",
    "naptr_service",
    "label",
    "services",
    "suspended",
    "modified_at",
    "event",
)
_HELD = "SELECT value_key, naptr_service FROM registration WHERE domain_id = ? AND scheme = ? AND value_key"
_COLUMNS = [registration.c[name] for name in RegistrationRow.__dataclass_fields__]
# Made once: to put these together takes longer than to run them, and each new participant needs all of them.
# The scheme is named, since the index has it before the value: without it the whole domain is looked through.
_IN_SCHEME = select(*_COLUMNS).where(
    registration.c.domain_id == bindparam("domain"), registration.c.scheme == bindparam("scheme")
)
_WITH_VALUE = _IN_SCHEME.where(registration.c.value_key == bindparam("value"))
_WITH_VALUES = _IN_SCHEME.where(registration.c.value_key.in_(bindparam("values", expanding=True)))
# One after the other by id, so that two lists with the same participants don't wait for each other.
_LOCK_VALUE = _WITH_VALUE.order_by(registration.c.id).with_for_update()
_LOCK_VALUES = _WITH_VALUES.order_by(registration.c.id).with_for_update()


def find(
    connection: Connection, domain_id: int, keys: Sequence[tuple[str, str]], *, lock: bool = False
) -> list[RegistrationRow]:
    """The registrations of the (scheme, value key) pairs in a domain, for every service.

    With `lock` nobody else changes them before the end of this transaction; SQLite has one writer anyway.
    """
    one, several = (_LOCK_VALUE, _LOCK_VALUES) if lock else (_WITH_VALUE, _WITH_VALUES)
    by_scheme: dict[str, set[str]] = {}
    for scheme, value in keys:
        by_scheme.setdefault(scheme, set()).add(value)
    found: list[RegistrationRow] = []
    for scheme in sorted(by_scheme):
        values = sorted(by_scheme[scheme])
        for start in range(0, len(values), _CHUNK):
            part = values[start : start + _CHUNK]
            parameters = {"domain": domain_id, "scheme": scheme}
            if len(part) == 1:
                result = connection.execute(one, parameters | {"value": part[0]})
            else:
                result = connection.execute(several, parameters | {"values": part})
            found.extend(RegistrationRow(*row) for row in result)
    return found


def held(connection: Connection, domain_id: int, keys: Iterable[tuple[str, str]]) -> list[Held]:
    """The registrations of the (scheme, value key) pairs in a domain, for every service, by no more than that."""
    by_scheme: dict[str, list[str]] = {}
    for scheme, value in keys:
        by_scheme.setdefault(scheme, []).append(value)
    return [
        (scheme, value, service)
        for scheme, values in by_scheme.items()
        for value, service in rows_among(connection, _HELD, values, domain_id, scheme)
    ]


def lock(connection: Connection, domain_id: int, scheme: str, value_key: str) -> None:
    """Let nobody else change the registrations of a participant until the transaction ends."""
    c = registration.c
    query = select(c.id).where(c.domain_id == domain_id, c.scheme == scheme, c.value_key == value_key)
    connection.execute(query.with_for_update())


def add(
    work: UnitOfWork, domain_id: int, publisher_id: int, new: Sequence[NewRegistration], event: int | None = None
) -> None:
    """Register participants for a publisher; `event` is the sequence of the audit event that tells of all of them.

    Raises AlreadyExistsError when another transaction registered one of them first: the database has the last word on
    who owns a participant.
    """
    at = to_microseconds(work.now)
    rows = [
        (
            domain_id,
            publisher_id,
            n.scheme,
            n.value,
            n.value_key,
            n.naptr_service,
            n.label,
            n.services,
            n.suspended,
            at,
            event,
        )
        for n in new
    ]
    try:
        insert_rows(work.connection, registration.name, _NEW, rows)
    except IntegrityError as error:
        raise AlreadyExistsError("one of the participants was registered meanwhile") from error


def remove(work: UnitOfWork, ids: Sequence[int]) -> None:
    """Delete registrations."""
    for start in range(0, len(ids), _CHUNK):
        work.connection.execute(delete(registration).where(registration.c.id.in_(ids[start : start + _CHUNK])))


def move(work: UnitOfWork, ids: Sequence[int], publisher_id: int) -> None:
    """Give registrations, which have no migration any more, to another publisher."""
    work.connection.execute(
        update(registration).where(registration.c.id.in_(ids)).values(publisher_id=publisher_id, modified_at=work.now)
    )


def change_services(work: UnitOfWork, registration_id: int, services: str | None) -> None:
    """Replace the services of a registration; None for those of its domain."""
    values = {"services": services, "modified_at": work.now}
    work.connection.execute(update(registration).where(registration.c.id == registration_id).values(values))


def set_suspended(work: UnitOfWork, ids: Sequence[int], *, suspended: bool) -> None:
    """Suspend registrations, or resume them; their names are another thing."""
    for start in range(0, len(ids), _CHUNK):
        part = registration.c.id.in_(ids[start : start + _CHUNK])
        work.connection.execute(update(registration).where(part).values(suspended=suspended, modified_at=work.now))


def name_service(work: UnitOfWork, domain_id: int, naptr_service: str) -> None:
    """Let all registrations of a domain be for this NAPTR service."""
    work.connection.execute(
        update(registration).where(registration.c.domain_id == domain_id).values(naptr_service=naptr_service)
    )


def page(
    connection: Connection, publisher_id: int, after_id: int, size: int, *, lock: bool = False
) -> list[RegistrationRow]:
    """Up to `size` registrations of a publisher with ids after `after_id`, in order of registration.

    `lock` as that of `find`: what was given to another publisher meanwhile isn't among them.
    """
    query = (
        select(*_COLUMNS)
        .where(registration.c.publisher_id == publisher_id, registration.c.id > after_id)
        .order_by(registration.c.id)
        .limit(size)
    )
    return [RegistrationRow(*row) for row in connection.execute(query.with_for_update() if lock else query)]


def with_services(
    connection: Connection, publisher_id: int, after_id: int, size: int, *, lock: bool = False
) -> list[RegistrationRow]:
    """As `page`, of those with services of their own."""
    query = _few(select(*_COLUMNS)).where(registration.c.publisher_id == publisher_id, registration.c.id > after_id)
    query = query.order_by(registration.c.id).limit(size)
    return [RegistrationRow(*row) for row in connection.execute(query.with_for_update() if lock else query)]


def count_of(connection: Connection, publisher_id: int, most: int | None, *, own_services: bool = False) -> int:
    """How many registrations a publisher has, or has with services of their own, counted no further than `most`."""
    every = select(registration.c.id)
    some = (_few(every) if own_services else every).where(registration.c.publisher_id == publisher_id).limit(most)
    return int(connection.execute(select(func.count()).select_from(some.subquery())).scalar_one())


def names_of(connection: Connection, publisher_id: int) -> int:
    """How many names in DNS a publisher's registrations have, but those that are suspended."""
    c = registration.c
    labels = select(c.label).where(c.publisher_id == publisher_id, c.suspended.is_(False)).distinct()
    return int(connection.execute(select(func.count()).select_from(labels.subquery())).scalar_one())


def _few(query: Select[Any]) -> Select[Any]:
    """Only registrations with services of their own. SQLite has to be told that there is an index of them."""
    query = query.where(registration.c.services.is_not(None))
    return query.with_hint(registration, "INDEXED BY ix_registration_services", "sqlite")


def move_part(work: UnitOfWork, from_id: int, to_id: int, after_id: int, upto_id: int) -> None:
    """Give the registrations of one publisher with ids after `after_id`, up to `upto_id`, to another one."""
    c = registration.c
    work.connection.execute(
        update(registration)
        .where(c.publisher_id == from_id, c.id > after_id, c.id <= upto_id)
        .values(publisher_id=to_id, modified_at=work.now)
    )
