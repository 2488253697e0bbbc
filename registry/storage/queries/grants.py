# SPDX-License-Identifier: Apache-2.0
"""Roles that accounts have at places."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from registry.storage.tables import account, role_grant
from registry.storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Place:
    """Where a role counts: the level, and the columns that say where. `key` is all of it as one text."""

    level: str
    domain_id: int | None = None
    owner_group_id: int | None = None
    scheme: str | None = None
    value_key: str | None = None

    @property
    def key(self) -> str:
        """Equal for equal places, different for different ones."""
        parts = (self.domain_id, self.owner_group_id, self.scheme, self.value_key)
        return ":".join((self.level, *(str(part) for part in parts if part is not None)))


@dataclass(frozen=True, slots=True)
class GrantRow:
    """A grant as stored; `source` is local, or oidc where it follows the groups of a provider."""

    id: int
    account_id: int
    role: str
    source: str
    created_at: datetime
    place: Place


_COLUMNS = [role_grant.c[name] for name in ("id", "account_id", "role", "source", "created_at")]
_PLACE = [role_grant.c[name] for name in Place.__dataclass_fields__]
_SELECT = select(*_COLUMNS, *_PLACE).order_by(role_grant.c.id)


def put(work: UnitOfWork, account_id: int, role: str, place: Place, source: str) -> int:
    """Give an account a role at a place, or another one than it has there from the same source; returns the id."""
    c = role_grant.c
    held = (c.account_id == account_id, c.source == source, c.scope_key == place.key)
    changed = work.connection.execute(update(role_grant).where(*held).values(role=role).returning(c.id)).scalar()
    if changed is not None:
        return int(changed)
    values = {"account_id": account_id, "role": role, "source": source, "scope_key": place.key, "created_at": work.now}
    values |= {name: getattr(place, name) for name in Place.__dataclass_fields__}
    return int(work.connection.execute(insert(role_grant).values(values).returning(c.id)).scalar_one())


def by_id(connection: Connection, grant_id: int) -> GrantRow | None:
    """One grant."""
    row = connection.execute(_SELECT.where(role_grant.c.id == grant_id)).first()
    return None if row is None else _grant(row)


def of_account(connection: Connection, account_id: int) -> list[GrantRow]:
    """Every grant of an account."""
    return [_grant(row) for row in connection.execute(_SELECT.where(role_grant.c.account_id == account_id))]


def of_group(connection: Connection, owner_group_id: int) -> list[GrantRow]:
    """Every grant for a group of participants."""
    return [_grant(row) for row in connection.execute(_SELECT.where(role_grant.c.owner_group_id == owner_group_id))]


def at_place(connection: Connection, place: Place) -> list[GrantRow]:
    """Every grant at just this place."""
    return [_grant(row) for row in connection.execute(_SELECT.where(role_grant.c.scope_key == place.key))]


def page(connection: Connection, after_id: int, size: int, *, domain_id: int | None = None) -> list[GrantRow]:
    """Up to `size` grants with ids after `after_id`; with `domain_id` those in that domain."""
    query = _SELECT.where(role_grant.c.id > after_id).limit(size)
    if domain_id is not None:
        query = query.where(role_grant.c.domain_id == domain_id)
    return [_grant(row) for row in connection.execute(query)]


def count(connection: Connection, account_id: int) -> int:
    """How many grants an account has."""
    query = select(func.count()).select_from(role_grant).where(role_grant.c.account_id == account_id)
    return int(connection.execute(query).scalar_one())


def remove(work: UnitOfWork, grant_id: int) -> None:
    """Delete a grant."""
    work.connection.execute(delete(role_grant).where(role_grant.c.id == grant_id))


def remove_all(work: UnitOfWork, account_id: int) -> None:
    """Delete every grant of an account."""
    work.connection.execute(delete(role_grant).where(role_grant.c.account_id == account_id))


def lock_system_admins(work: UnitOfWork) -> set[int]:
    """The active accounts that are administrators of the system; nobody else takes one away meanwhile."""
    c = role_grant.c
    # In order of id, so that two who look at the same time don't wait for each other.
    query = (
        select(c.account_id)
        .join_from(role_grant, account)
        .where(c.level == "system", c.role == "admin", account.c.state == "active")
        .order_by(account.c.id, c.id)
        .with_for_update()
    )
    return set(work.connection.execute(query).scalars())


def _grant(row: Sequence[Any]) -> GrantRow:
    grant_id, account_id, role, source, created_at = row[:5]
    return GrantRow(grant_id, account_id, role, source, created_at, Place(*row[5:]))
