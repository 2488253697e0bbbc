# SPDX-License-Identifier: Apache-2.0
"""Sessions of people who logged in; only the hash of a session's secret is known here."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from registry.storage.tables import session
from registry.storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session; `revoked_at` is None as long as nobody ended it, whether it has expired or not."""

    id: int
    account_id: int
    method: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    address: str
    user_agent: str


_COLUMNS = [session.c[name] for name in SessionRow.__dataclass_fields__]


def add(
    work: UnitOfWork, sha256: str, account_id: int, method: str, expires_at: datetime, address: str, user_agent: str
) -> int:
    """Insert a session that begins now; returns its id."""
    values = {
        "token_sha256": sha256,
        "account_id": account_id,
        "method": method,
        "created_at": work.now,
        "last_seen_at": work.now,
        "expires_at": expires_at,
        "address": address,
        "user_agent": user_agent,
    }
    return int(work.connection.execute(insert(session).values(values).returning(session.c.id)).scalar_one())


def by_id(connection: Connection, session_id: int) -> SessionRow | None:
    """One session."""
    row = connection.execute(select(*_COLUMNS).where(session.c.id == session_id)).first()
    return None if row is None else SessionRow(*row)


def by_hash(connection: Connection, sha256: str) -> SessionRow | None:
    """The session with this secret."""
    row = connection.execute(select(*_COLUMNS).where(session.c.token_sha256 == sha256)).first()
    return None if row is None else SessionRow(*row)


def page(
    connection: Connection, after_id: int, size: int, now: datetime, *, account_id: int | None = None
) -> list[SessionRow]:
    """Up to `size` sessions that have not ended, with ids after `after_id`."""
    c = session.c
    query = select(*_COLUMNS).where(c.id > after_id, c.revoked_at.is_(None), c.expires_at > now)
    if account_id is not None:
        query = query.where(c.account_id == account_id)
    return [SessionRow(*row) for row in connection.execute(query.order_by(c.id).limit(size))]


def seen(work: UnitOfWork, session_id: int) -> None:
    """Note that it was used now."""
    work.connection.execute(update(session).where(session.c.id == session_id).values(last_seen_at=work.now))


def revoke(work: UnitOfWork, session_id: int) -> bool:
    """End a session; whether it had not ended before."""
    c = session.c
    statement = update(session).where(c.id == session_id, c.revoked_at.is_(None)).values(revoked_at=work.now)
    return bool(work.connection.execute(statement).rowcount)


def revoke_all(work: UnitOfWork, account_id: int) -> int:
    """End every session of an account; returns how many had not ended before."""
    c = session.c
    open_ones = (c.account_id == account_id, c.revoked_at.is_(None), c.expires_at > work.now)
    return int(work.connection.execute(update(session).where(*open_ones).values(revoked_at=work.now)).rowcount)


def remove_all(work: UnitOfWork, account_id: int) -> None:
    """Delete an account's sessions."""
    work.connection.execute(delete(session).where(session.c.account_id == account_id))
