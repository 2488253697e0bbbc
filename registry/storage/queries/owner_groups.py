# SPDX-License-Identifier: Apache-2.0
"""Groups of participants of a domain, and which participant is in which."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from registry.errors import AlreadyExistsError
from registry.storage.tables import owner_group, service_group
from registry.storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class OwnerGroupRow:
    """A group of participants as stored."""

    id: int
    domain_id: int
    name: str
    description: str
    modified_at: datetime


_COLUMNS = [owner_group.c[name] for name in OwnerGroupRow.__dataclass_fields__]


def add(work: UnitOfWork, domain_id: int, name: str, description: str) -> OwnerGroupRow:
    """Insert a group. Raises AlreadyExistsError where the domain has one of that name."""
    values = {"domain_id": domain_id, "name": name, "description": description, "modified_at": work.now}
    try:
        row = work.connection.execute(insert(owner_group).values(values).returning(*_COLUMNS)).one()
    except IntegrityError as error:
        raise AlreadyExistsError(f"a group named {name!r} exists already in this domain") from error
    return OwnerGroupRow(*row)


def by_id(connection: Connection, group_id: int) -> OwnerGroupRow | None:
    """One group."""
    row = connection.execute(select(*_COLUMNS).where(owner_group.c.id == group_id)).first()
    return None if row is None else OwnerGroupRow(*row)


def by_name(connection: Connection, domain_id: int, name: str) -> OwnerGroupRow | None:
    """A domain's group of that name."""
    c = owner_group.c
    row = connection.execute(select(*_COLUMNS).where(c.domain_id == domain_id, c.name == name)).first()
    return None if row is None else OwnerGroupRow(*row)


def lock(work: UnitOfWork, group_id: int) -> OwnerGroupRow | None:
    """One group, which nobody else changes or puts participants into before the end of this transaction."""
    row = work.connection.execute(select(*_COLUMNS).where(owner_group.c.id == group_id).with_for_update()).first()
    return None if row is None else OwnerGroupRow(*row)


def page(connection: Connection, domain_id: int | None, after_id: int, size: int) -> list[OwnerGroupRow]:
    """Up to `size` groups with ids after `after_id`, of one domain or of all."""
    query = select(*_COLUMNS).where(owner_group.c.id > after_id).order_by(owner_group.c.id).limit(size)
    if domain_id is not None:
        query = query.where(owner_group.c.domain_id == domain_id)
    return [OwnerGroupRow(*row) for row in connection.execute(query)]


def change(work: UnitOfWork, group_id: int, values: Mapping[str, str]) -> None:
    """Set columns of a group. Raises AlreadyExistsError where the name is taken in its domain."""
    statement = update(owner_group).where(owner_group.c.id == group_id).values(modified_at=work.now, **values)
    try:
        work.connection.execute(statement)
    except IntegrityError as error:
        raise AlreadyExistsError(f"a group named {values.get('name')!r} exists already in this domain") from error


def remove(work: UnitOfWork, group_id: int) -> None:
    """Delete a group with the grants for it."""
    work.connection.execute(delete(owner_group).where(owner_group.c.id == group_id))


def participants(connection: Connection, group_id: int) -> int:
    """How many participants are in a group."""
    query = select(func.count()).select_from(service_group).where(service_group.c.owner_group_id == group_id)
    return int(connection.execute(query).scalar_one())


def of_participant(connection: Connection, domain_id: int, scheme: str, value_key: str) -> tuple[bool, int | None]:
    """Whether a domain has this participant, and the id of its group."""
    c = service_group.c
    query = select(c.owner_group_id).where(c.domain_id == domain_id, c.scheme == scheme, c.value_key == value_key)
    row = connection.execute(query).first()
    return (False, None) if row is None else (True, row[0])


def place(work: UnitOfWork, domain_id: int, scheme: str, value_key: str, group_id: int | None) -> None:
    """Put a participant into a group of its domain, or into none."""
    c = service_group.c
    of_it = (c.domain_id == domain_id, c.scheme == scheme, c.value_key == value_key)
    work.connection.execute(update(service_group).where(*of_it).values(owner_group_id=group_id))


def names_of(connection: Connection, service_group_ids: Collection[int]) -> dict[int, str]:
    """The names of the owner groups of participants that are in one, by the service group's number."""
    query = (
        select(service_group.c.id, owner_group.c.name)
        .join_from(service_group, owner_group, service_group.c.owner_group_id == owner_group.c.id)
        .where(service_group.c.id.in_(service_group_ids))
    )
    return {int(number): str(name) for number, name in connection.execute(query)}
