# SPDX-License-Identifier: Apache-2.0
"""Accounts of people and programs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from registry.errors import AlreadyExistsError
from registry.storage.tables import account
from registry.storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account as stored: `kind` is person or program, `state` active, disabled or erased."""

    id: int
    kind: str
    name: str
    display_name: str
    email: str
    state: str
    created_at: datetime
    modified_at: datetime


_COLUMNS = [account.c[name] for name in AccountRow.__dataclass_fields__]


def add(work: UnitOfWork, kind: str, name: str, name_key: str, display_name: str, email: str) -> AccountRow:
    """Insert an active account. Raises AlreadyExistsError where the name is taken, in whatever case."""
    values = {
        "kind": kind,
        "name": name,
        "name_key": name_key,
        "display_name": display_name,
        "email": email,
        "state": "active",
        "created_at": work.now,
        "modified_at": work.now,
    }
    try:
        row = work.connection.execute(insert(account).values(values).returning(*_COLUMNS)).one()
    except IntegrityError as error:
        raise AlreadyExistsError(f"an account named {name!r} exists already") from error
    return AccountRow(*row)


def by_id(connection: Connection, account_id: int) -> AccountRow | None:
    """An account, whatever its state."""
    row = connection.execute(select(*_COLUMNS).where(account.c.id == account_id)).first()
    return None if row is None else AccountRow(*row)


def by_name(connection: Connection, name_key: str) -> AccountRow | None:
    """The account whose case-folded name this is."""
    row = connection.execute(select(*_COLUMNS).where(account.c.name_key == name_key)).first()
    return None if row is None else AccountRow(*row)


def lock(work: UnitOfWork, account_id: int) -> AccountRow | None:
    """An account, which nobody else changes before the end of this transaction."""
    row = work.connection.execute(select(*_COLUMNS).where(account.c.id == account_id).with_for_update()).first()
    return None if row is None else AccountRow(*row)


def page(
    connection: Connection, after_id: int, size: int, *, kind: str | None = None, state: str | None = None
) -> list[AccountRow]:
    """Up to `size` accounts with ids after `after_id`."""
    query = select(*_COLUMNS).where(account.c.id > after_id).order_by(account.c.id).limit(size)
    if kind is not None:
        query = query.where(account.c.kind == kind)
    if state is not None:
        query = query.where(account.c.state == state)
    return [AccountRow(*row) for row in connection.execute(query)]


def change(work: UnitOfWork, account_id: int, values: Mapping[str, Any]) -> None:
    """Set columns of an account. Raises AlreadyExistsError where the name is taken."""
    statement = update(account).where(account.c.id == account_id).values(modified_at=work.now, **values)
    try:
        work.connection.execute(statement)
    except IntegrityError as error:
        raise AlreadyExistsError(f"an account named {values.get('name')!r} exists already") from error
