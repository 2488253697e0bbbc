# SPDX-License-Identifier: Apache-2.0
"""Finds who a secret or a certificate belongs to: one statement for account and grants, asked by every request.

It goes around the engine's transactions, which cost more than the statement does: a statement alone is consistent by
itself. Its connections are its own, few, and closed with the database's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, bindparam, create_engine, event, literal_column, select
from sqlalchemy.exc import SQLAlchemyError

from registry.errors import TechnicalError
from registry.storage.engine import Database
from registry.storage.queries.grants import Place
from registry.storage.tables import account, credential, role_grant, session, token
from registry.storage.types import from_microseconds

_CONNECTIONS = 4
_WAIT_S = 10  # for a connection that is free, and for the answer
_GRANT = (
    role_grant.c.role,
    role_grant.c.level,
    role_grant.c.domain_id,
    role_grant.c.owner_group_id,
    role_grant.c.scheme,
    role_grant.c.value_key,
)
_ACCOUNT = (account.c.id, account.c.kind, account.c.name, account.c.state)


@dataclass(frozen=True, slots=True)
class Identity:
    """An account with its roles, as (role, place)."""

    id: int
    kind: str
    name: str
    state: str
    grants: tuple[tuple[str, Place], ...]


@dataclass(frozen=True, slots=True)
class TokenIdentity:
    """A token that isn't revoked, expired or not, and whose it is.

    `good_until` is where its secret ends: with the token, or before that where the token has got another secret.
    """

    id: int
    name: str
    domain_id: int | None
    role: str
    management: str
    good_until: datetime | None
    last_used_at: datetime | None
    account: Identity | None


@dataclass(frozen=True, slots=True)
class SessionIdentity:
    """A session that nobody has ended, expired or not, and whose it is.

    `must_change` says that the account's password has to be changed before anything else.
    """

    id: int
    method: str
    last_seen_at: datetime
    expires_at: datetime
    must_change: bool
    account: Identity


@dataclass(frozen=True, slots=True)
class CertificateIdentity:
    """Whose client certificate it is."""

    last_used_at: datetime | None
    account: Identity


class IdentityReader:
    """Looks up by SHA-256, in hexadecimal. Blocking; every method raises TechnicalError where the database fails."""

    def __init__(self, database: Database) -> None:
        own: dict[str, Any] = {"connect_args": {"check_same_thread": False, "isolation_level": None}}
        if not database.is_sqlite:
            options = {"application_name": "edelivery-registry", "options": f"-c statement_timeout={_WAIT_S * 1000}"}
            own = {"connect_args": {"autocommit": True} | options}
        self._engine = create_engine(
            database.url, pool_size=_CONNECTIONS, max_overflow=0, pool_timeout=_WAIT_S, pool_reset_on_return=None, **own
        )
        self._errors = self._engine.dialect.loaded_dbapi.Error
        event.listen(database.engine, "engine_disposed", lambda _engine: self._engine.dispose())
        self._token = self._compiled(_token(token.c.token_sha256, token.c.expires_at))
        self._replaced = self._compiled(_token(token.c.replaced_sha256, token.c.replaced_until))
        self._session = self._compiled(_session())
        self._certificate = self._compiled(_certificate())

    def token(self, sha256: str) -> TokenIdentity | None:
        """The token with this secret, or with it before it got its present one."""
        rows = self._rows(self._token, sha256) or self._rows(self._replaced, sha256)
        if not rows:
            return None
        found, name, domain_id, role, management, expires_at, good_until, last_used_at = rows[0][:8]
        ends = [instant for instant in (expires_at, good_until) if instant is not None]
        until = from_microseconds(min(ends)) if ends else None
        return TokenIdentity(
            found, name, domain_id, role, management, until, _instant(last_used_at), _identity(rows, 8)
        )

    def session(self, sha256: str) -> SessionIdentity | None:
        """The session with this secret."""
        rows = self._rows(self._session, sha256)
        if not rows:
            return None
        found, method, last_seen_at, expires_at, must_change = rows[0][:5]
        seen, ends = from_microseconds(last_seen_at), from_microseconds(expires_at)
        identity = _identity(rows, 5)
        assert identity is not None  # noqa: S101  # a session has an account
        return SessionIdentity(found, method, seen, ends, bool(must_change), identity)

    def certificate(self, sha256: str) -> CertificateIdentity | None:
        """The credential of a client certificate."""
        rows = self._rows(self._certificate, sha256)
        identity = _identity(rows, 1) if rows else None
        return None if identity is None else CertificateIdentity(_instant(rows[0][0]), identity)

    def _compiled(self, statement: Select[Any]) -> tuple[str, tuple[str, ...] | None]:
        compiled = statement.compile(dialect=self._engine.dialect)
        return str(compiled), None if compiled.positiontup is None else tuple(compiled.positiontup)

    def _rows(self, compiled: tuple[str, tuple[str, ...] | None], sha256: str) -> list[Sequence[Any]]:
        statement, positions = compiled
        values: Any = {"sha256": sha256} if positions is None else (sha256,) * len(positions)
        for left in reversed(range(_CONNECTIONS + 1)):
            try:
                return self._fetch(statement, values)
            except (self._errors, SQLAlchemyError) as error:
                # A server that was started anew has closed them all, and each is noticed when it is used: SQLAlchemy's
                # own look before each use would cost as much as the statement.
                if not left or not isinstance(error, self._errors):
                    raise TechnicalError(f"the database failed: {type(error).__name__}") from error
        raise AssertionError

    def _fetch(self, statement: str, values: Any) -> list[Sequence[Any]]:
        pooled = self._engine.raw_connection()
        try:
            # Each connection has one cursor: to make one takes a third of the time of the statement.
            cursor: Any = pooled.info.get("cursor")
            if cursor is None:
                cursor = pooled.info["cursor"] = pooled.driver_connection.cursor()  # type: ignore[union-attr]
            rows: list[Sequence[Any]] = cursor.execute(statement, values).fetchall()
        except self._errors:
            pooled.invalidate()
            raise
        finally:
            pooled.close()
        return rows


def _with_grants(source: Any) -> Any:
    return source.outerjoin(role_grant, role_grant.c.account_id == account.c.id)


def _token(column: Any, until: Any) -> Select[Any]:
    c = token.c
    columns = (c.id, c.name, c.domain_id, c.role, c.management, c.expires_at, until, c.last_used_at)
    source = _with_grants(token.outerjoin(account, account.c.id == c.account_id))
    found = select(*columns, *_ACCOUNT, *_GRANT).select_from(source)
    return found.where(column == bindparam("sha256"), c.revoked_at.is_(None))


def _session() -> Select[Any]:
    c = session.c
    columns = (c.id, c.method, c.last_seen_at, c.expires_at, credential.c.must_change)
    password = and_(credential.c.account_id == account.c.id, credential.c.kind == literal_column("'password'"))
    source = _with_grants(session.join(account, account.c.id == c.account_id)).outerjoin(credential, password)
    found = select(*columns, *_ACCOUNT, *_GRANT).select_from(source)
    return found.where(c.token_sha256 == bindparam("sha256"), c.revoked_at.is_(None))


def _certificate() -> Select[Any]:
    c = credential.c
    source = _with_grants(credential.join(account, account.c.id == c.account_id))
    found = select(c.last_used_at, *_ACCOUNT, *_GRANT).select_from(source)
    return found.where(c.kind == literal_column("'certificate'"), c.lookup == bindparam("sha256"))


def _instant(stored: int | None) -> datetime | None:
    return None if stored is None else from_microseconds(stored)


def _identity(rows: Sequence[Sequence[Any]], at: int) -> Identity | None:
    """The account that begins in this column, with the grants of all rows."""
    account_id, kind, name, state = rows[0][at : at + 4]
    if account_id is None:
        return None
    grants = tuple((row[at + 4], Place(*row[at + 5 :])) for row in rows if row[at + 4] is not None)
    return Identity(account_id, kind, name, state, grants)
