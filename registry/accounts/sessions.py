# SPDX-License-Identifier: Apache-2.0
"""Sessions of people: begun by a login, ended by time, by themselves, or by an administrator. Only hashes are kept.

Each login has a secret of its own, so nobody can make somebody use a session that they know (fixation).
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from registry import telemetry
from registry.accounts.accounts import audited, existing_account
from registry.accounts.lockout import begin_attempt, forget_attempts, is_locked
from registry.accounts.names import name_key
from registry.accounts.passwords import hash_password, is_outdated, matches
from registry.accounts.tokens import secret_hash
from registry.audit.events import record
from registry.errors import NotFoundError, UnauthorizedError
from registry.storage.engine import Actor, Database
from registry.storage.queries import accounts, credentials, sessions
from registry.storage.queries.sessions import SessionRow
from registry.storage.unit_of_work import UnitOfWork

LIFETIME = timedelta(hours=12)
IDLE = timedelta(hours=1)
_MAX_ADDRESS = 64
_MAX_NAME = 200  # longer than any account's
_MAX_USER_AGENT = 200
_WRONG = "the name or the password is wrong"
_STRANGER = Actor("login")


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session that has begun. With `must_change` it can do nothing but change the password."""

    secret: str = field(repr=False)
    must_change: bool
    expires_at: datetime
    id: int
    account_id: int


class Sessions:
    """Begins and ends sessions. They last `lifetime` at most, and `idle` without use (see `Authenticator`)."""

    def __init__(self, database: Database, lifetime: timedelta = LIFETIME, idle: timedelta = IDLE) -> None:
        self._database = database
        self._lifetime = lifetime
        self.idle = idle

    def login(self, name: str, password: str, *, address: str = "", user_agent: str = "") -> NewSession:
        """Begin a session with a password. Blocking, and slow on purpose.

        Raises UnauthorizedError, which says the same whatever is wrong and takes as long; TooManyRequestsError while
        the name has to wait, whether somebody has it or not.
        """
        name = name[:_MAX_NAME]
        count = begin_attempt(self._database, _STRANGER, name)
        with self._database.read() as connection:
            held = credentials.password_by_name(connection, name_key(name))
        if not matches(None if held is None else held.hash, password) or held is None:
            self._tell_of_lock(name, count)
            raise UnauthorizedError(_WRONG)
        better = hash_password(password) if is_outdated(held.hash) else None
        with self._database.write(_person(held.account_id)) as work:
            now = credentials.password_by_name(work.connection, name_key(name))
            if now is None or now.hash != held.hash:
                raise UnauthorizedError(_WRONG)  # disabled or changed while we looked
            if better is not None:
                credentials.set_password(work, held.account_id, better, must_change=held.must_change)
            forget_attempts(work, name)
            credentials.used(work, credentials.PASSWORD, account_id=held.account_id)
            return self._begin(work, held.account_id, "password", address, user_agent, must_change=held.must_change)

    def begin(self, account_id: int, method: str, *, address: str = "", user_agent: str = "") -> NewSession:
        """Begin a session for somebody whom a provider has identified. Raises UnauthorizedError, NotFoundError."""
        with self._database.write(_person(account_id)) as work:
            held = accounts.lock(work, account_id)
            if held is None:
                raise NotFoundError(f"there is no account with the number {account_id}")
            if held.state != "active":
                raise UnauthorizedError(f"the account is {held.state}")
            return self._begin(work, account_id, method, address, user_agent, must_change=False)

    def logout(self, secret: str) -> None:
        """End the session with this secret; does nothing where there is none."""
        with self._database.read() as connection:
            held = sessions.by_hash(connection, secret_hash(secret))
        if held is not None:
            self._end(_person(held.account_id), held)

    def revoke(self, session_id: int, actor: Actor | None = None) -> None:
        """End a session; `actor` is who wants that, by default whose it is. Raises NotFoundError."""
        with self._database.read() as connection:
            held = sessions.by_id(connection, session_id)
        if held is None:
            raise NotFoundError(f"there is no session with the number {session_id}")
        self._end(actor or _person(held.account_id), held)

    def revoke_all(self, account_id: int, actor: Actor | None = None) -> int:
        """End every session of an account; returns how many there were. Raises NotFoundError."""
        with self._database.write(actor or _person(account_id)) as work:
            account = existing_account(work.connection, account_id)
            ended = sessions.revoke_all(work, account_id)
            if ended:
                record(work, "accounts:session:revoke", audited(account), before={"sessions": ended})
            return ended

    def page(self, *, account_id: int | None = None, after_id: int = 0, size: int) -> list[SessionRow]:
        """Up to `size` sessions that have not ended, with numbers after `after_id`."""
        with self._database.read() as connection:
            return sessions.page(connection, after_id, size, self._database.now(), account_id=account_id)

    def _begin(
        self, work: UnitOfWork, account_id: int, method: str, address: str, user_agent: str, *, must_change: bool
    ) -> NewSession:
        secret = secrets.token_urlsafe(32)
        expires_at = work.now + self._lifetime
        seen_from = (address[:_MAX_ADDRESS], _printable(user_agent)[:_MAX_USER_AGENT])
        session_id = sessions.add(work, secret_hash(secret), account_id, method, expires_at, *seen_from)
        after = {"id": session_id, "method": method, "expires_at": expires_at.isoformat()}
        record(work, "accounts:session:create", _person(account_id).name, after=after)
        return NewSession(secret, must_change, expires_at, session_id, account_id)

    def _end(self, actor: Actor, held: SessionRow) -> None:
        with self._database.write(actor) as work:
            if sessions.revoke(work, held.id):
                subject = audited(existing_account(work.connection, held.account_id))
                record(work, "accounts:session:revoke", subject, before={"id": held.id})

    def _tell_of_lock(self, name: str, count: int) -> None:
        """Write down that a name has to wait, and for a name that nobody has as much as for others."""
        if not is_locked(count):
            return
        with self._database.write(_STRANGER) as work:
            account = accounts.by_name(work.connection, name_key(name))
            # What was typed may be a password, so of a name that nobody has nothing is kept.
            subject = "login" if account is None else audited(account)
            record(work, "accounts:login:lock", subject, after={"failures": count})


def _person(account_id: int) -> Actor:
    return Actor(f"person:{account_id}", telemetry.request_id.get())


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)
