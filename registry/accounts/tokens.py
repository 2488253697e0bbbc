# SPDX-License-Identifier: Apache-2.0
"""Tokens of programs, and of people for their programs. Only a token's hash is kept.

A token belongs to an account and may do what that may, up to a role and in one domain or all. One without an account
is a program by itself, for commands that set up a small installation; it never administers.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from registry.accounts.accounts import active_account, audited
from registry.accounts.permissions import Role
from registry.audit.events import record
from registry.errors import ConflictError, NotFoundError, Reason, ValidationError
from registry.storage.engine import Actor, Database
from registry.storage.queries import tokens
from registry.storage.queries.tokens import TokenRow
from registry.storage.unit_of_work import UnitOfWork

_PREFIX = "edr_"
MANAGEMENT = ("native", "phoss", "domismp")
"""How a program may speak to the management listener: our way, or that of the product that it was written for."""
MAX_OVERLAP = timedelta(days=30)


def create_token(
    database: Database,
    actor: Actor,
    name: str,
    *,
    account_id: int | None = None,
    role: Role = Role.EDITOR,
    domain_id: int | None = None,
    lasts: timedelta | None = None,
    management: str = MANAGEMENT[0],
) -> str:
    """Make a token and return it; it can't be shown again.

    `management` is one of `MANAGEMENT`. Raises ValidationError with all reasons for what can't be used,
    AlreadyExistsError for a name that is taken, NotFoundError and ConflictError for an account that can't have tokens.
    """
    _check(name, management, role, account_id)
    secret = _PREFIX + secrets.token_urlsafe(32)
    with database.write(actor) as work:
        owner = None if account_id is None else active_account(work, account_id)
        row = tokens.add(
            work,
            name,
            secret_hash(secret),
            account_id=account_id,
            role=role.value,
            domain_id=domain_id,
            management=management,
            expires_at=None if lasts is None else work.now + lasts,
        )
        after = _told(row) | {"account": None if owner is None else audited(owner), "management": management}
        record(work, "accounts:token:create", f"token:{name}", domain_id=domain_id, after={"name": name} | after)
    return secret


def rotate_token(
    database: Database,
    actor: Actor,
    token_id: int,
    *,
    overlap: timedelta = timedelta(0),
    lasts: timedelta | None = None,
) -> str:
    """Give a token a new secret and return it; the one before is good for `overlap` more.

    `lasts` sets a new end; without it the token ends when it would have. Raises NotFoundError, ConflictError for one
    that is revoked or has expired (with `lasts` only revoked ones), ValidationError for too long an overlap.
    """
    if not timedelta(0) <= overlap <= MAX_OVERLAP:
        raise ValidationError.of("TOKEN-OVERLAP", f"two secrets are good for at most {MAX_OVERLAP.days} days")
    secret = _PREFIX + secrets.token_urlsafe(32)
    with database.write(actor) as work:
        held = _live(work, token_id)
        ends = held.expires_at if lasts is None else work.now + lasts
        if ends is not None and ends <= work.now:
            raise ConflictError(f"the token {held.name!r} has expired; say how long the new one lasts")
        until = work.now + overlap if overlap else None
        if until is not None and held.expires_at is not None:
            until = min(until, held.expires_at)  # what has ended doesn't begin again
        tokens.replace(work, token_id, secret_hash(secret), replaced_until=until, expires_at=ends)
        after = {"expires_at": _text(ends), "replaced_until": _text(until)}
        before = {"expires_at": _text(held.expires_at)}
        record(work, "accounts:token:rotate", _subject(held), domain_id=held.domain_id, before=before, after=after)
    return secret


def revoke_token(database: Database, actor: Actor, token_id: int) -> None:
    """End a token at once. Its name stays taken, since the audit names it. Raises NotFoundError, ConflictError."""
    with database.write(actor) as work:
        held = _live(work, token_id)
        tokens.revoke(work, token_id)
        record(work, "accounts:token:revoke", _subject(held), domain_id=held.domain_id, before=_told(held))


def find_token(database: Database, name: str) -> TokenRow:
    """A token by its name. Raises NotFoundError."""
    with database.read() as connection:
        found = tokens.by_name(connection, name)
    if found is None:
        raise NotFoundError(f"there is no token {name!r}")
    return found


def list_tokens(database: Database, *, account_id: int | None = None, after_id: int = 0, size: int) -> list[TokenRow]:
    """Up to `size` tokens with numbers after `after_id`, of one account or of all; revoked ones, too."""
    with database.read() as connection:
        return tokens.page(connection, after_id, size, account_id=account_id)


def secret_hash(secret: str) -> str:
    """What is kept of the secret of a token or a session, in hexadecimal."""
    # It has 256 random bits, so one round of a fast hash is enough; nobody can search that space.
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


def _check(name: str, management: str, role: Role, account_id: int | None) -> None:
    reasons = []
    if not name.strip() or len(name) > 64 or not name.isprintable():
        reasons.append(Reason("TOKEN-NAME", "a token's name has 1 to 64 printable characters"))
    if management not in MANAGEMENT:
        message = f"a token's way of management is one of {', '.join(MANAGEMENT)}"
        reasons.append(Reason("TOKEN-MANAGEMENT", message))
    if account_id is None and role is Role.ADMIN:
        reasons.append(Reason("TOKEN-ROLE", "a token that administers belongs to an account; say which one"))
    if reasons:
        raise ValidationError(reasons)


def _live(work: UnitOfWork, token_id: int) -> TokenRow:
    held = tokens.lock(work, token_id)
    if held is None:
        raise NotFoundError(f"there is no token with the number {token_id}")
    if held.revoked_at is not None:
        raise ConflictError(f"the token {held.name!r} is revoked")
    return held


def _subject(row: TokenRow) -> str:
    return f"token:{row.name}"


def _told(row: TokenRow) -> dict[str, Any]:
    return {"role": row.role, "domain_id": row.domain_id, "expires_at": _text(row.expires_at)}


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()
